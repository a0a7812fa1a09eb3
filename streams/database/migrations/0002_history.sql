-- One application's history lies in one database: two would count every event twice.
create table slo.application (
  is_only boolean primary key default true check (is_only),
  id text not null
);

-- How far each input partition is counted. `epoch` rises with every owner, so that an earlier one changes nothing more;
-- `watermark_ms` is up to when events were seen, `newest_ms` the greatest Kafka timestamp of an accepted record.
create table slo.sink_offset (
  topic text,
  part int,
  epoch bigint not null,
  next bigint,
  watermark_ms bigint,
  newest_ms bigint,
  primary key (topic, part)
);

-- What is counted. `source`: HOST and APP of iframes, PROD of all others, group:NAME of a group that never counts in an
-- SLO. `first_minute` is that of its first event, in minutes since 1970.
create table slo.series (
  id int generated always as identity primary key,
  app_key text not null,
  metric text not null,
  scope text not null,
  source text not null,
  first_minute int not null,
  unique (app_key, metric, scope, source)
);

-- Good and bad events of each minute of a day (days since 1970), packed and compressed: streams/history/codec.py. No
-- foreign keys in what follows: rows are written with their series, a million at a time, and never otherwise.
create table slo.day_counts (
  series int,
  day int,
  packed bytea not null,
  primary key (series, day)
) with (fillfactor = 85);
alter table slo.day_counts alter packed set storage external;

-- Latency histograms of five minutes each, six hours in a row (six hours since 1970): streams/history/latency.py.
create table slo.latency (
  series int,
  chunk int,
  packed bytea not null,
  primary key (series, chunk)
) with (fillfactor = 85);
alter table slo.latency alter packed set storage external;

create table slo.day_sum (
  day int,
  series int,
  good bigint not null,
  bad bigint not null,
  primary key (day, series)
) with (fillfactor = 85);

grant select, insert, update, delete on all tables in schema slo to slo_writer;
revoke insert, update, delete on slo.migration from slo_writer;
