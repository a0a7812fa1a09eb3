-- Where an app's records lie, among any number of partitions: `placed % partitions`. Null until history has looked.
alter table slo.series add column placed bigint;
create index on slo.series (metric, placed);

-- What each series has left of what each SLO of its metric allows, as of `as_of_ms`, without the time that is excluded
-- by what was known then. Derived: made anew from counts and exclusions at any time. Shares are 1 = all of it; null is
-- no number (streams/budgets/budget.py). `breached`: an alert of the series is open.
create table slo.budget (
  app_key text,
  metric text,
  scope text,
  slo text,
  target text not null,
  period_ms bigint not null,
  good bigint not null,
  bad bigint not null,
  covered_minutes int not null,
  state text not null check (state in ('MET', 'AT_RISK', 'EXHAUSTED', 'NO_DATA')),
  consumed double precision,
  remaining_events bigint,
  burn_1h double precision,
  burn_6h double precision,
  burn_1d double precision,
  burn_3d double precision,
  exhausted_at_ms bigint,
  as_of_ms bigint not null,
  breached boolean not null default false,
  primary key (app_key, metric, scope, slo)
) with (fillfactor = 70);
create index on slo.budget (state, consumed desc nulls first);
create index on slo.budget (metric, as_of_ms);
create index on slo.budget (app_key) where breached;

-- How far history has judged the policies and budget levels of an input partition: nothing up to `judged_ms` is judged
-- again. `last_seq` is the number of its last alert.
create table slo.judgement (
  topic text,
  part int,
  judged_ms bigint not null,
  last_seq bigint not null default 0,
  primary key (topic, part)
);

-- Where a series stands under an objective that history judges; only those that are not at rest. `breach` is the alert
-- of an open breach, as it was published.
create table slo.objective_state (
  app_key text,
  metric text,
  scope text,
  objective text,
  breached_at_ms bigint,
  run int not null,
  silent_ms bigint,
  breach bytea,
  primary key (metric, app_key, scope, objective)
);

-- Alerts of history on their way to Kafka, numbered without a gap in each input partition; gone once they are there.
create table slo.alert_outbox (
  topic text,
  part int,
  seq bigint,
  alert bytea not null,
  primary key (topic, part, seq)
);

grant select, insert, update, delete on slo.budget, slo.judgement, slo.objective_state, slo.alert_outbox to slo_writer;
grant select on slo.budget to slo_desk, slo_reader;
