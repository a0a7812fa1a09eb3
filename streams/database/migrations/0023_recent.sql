-- What was counted since it was last folded into day_counts, latency and day_sum: a row for each series and day of a
-- commit, appended and never changed (streams/history/recent.py). Whoever reads counts adds both up, by the views.
create table slo.recent (
  series int not null,
  day int not null,
  good int not null,
  bad int not null,
  packed bytea not null
);
create index on slo.recent (series, day);
alter table slo.recent alter packed set storage external;
call slo.isolate('slo.recent', 'series in (select id from slo.series)');
grant select, insert, delete on slo.recent to slo_writer;
grant select on slo.recent to slo_reader;

create view slo.all_sums with (security_invoker = true) as
select day, series, good, bad from slo.day_sum
union all select day, series, good, bad from slo.recent;

create view slo.all_counts with (security_invoker = true) as
select series, day, packed from slo.day_counts
union all select series, day, packed from slo.recent;

-- A row of latencies holds those from its six hours on: of the rest of the day, or in older ones of the six hours.
create view slo.all_latencies with (security_invoker = true) as
select series, chunk, packed from slo.latency
union all select series, 4 * day, packed from slo.recent;

grant select on slo.all_sums, slo.all_counts, slo.all_latencies to slo_writer, slo_reader;
