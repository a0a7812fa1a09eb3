-- Events that came once their minute was complete, by the hours of a day: a row only where there are any.
create table slo.late (
  series int,
  day int,
  hours int[] not null,
  primary key (series, day)
) with (fillfactor = 85);
call slo.isolate('slo.late', 'series in (select id from slo.series)');
grant select, insert, update, delete on slo.late to slo_writer;
grant select on slo.late to slo_reader;
