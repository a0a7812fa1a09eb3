-- Services share one database, each with offsets of its own.
alter table slo.sink_offset add column reader text not null default 'history';
alter table slo.sink_offset drop constraint sink_offset_pkey, add primary key (reader, topic, part);
alter table slo.sink_offset alter column reader drop default;

-- The catalogue as it is now: the newest entry of each app that is listed. One without a partner is seen by the platform
-- alone. `known_ms`: Kafka timestamp of the entry.
create table slo.app (
  app_key text primary key,
  name text not null,
  partner_id text,
  partner_name text not null,
  email text not null,
  enrolled_at_ms bigint,
  healthcheck_urls text[] not null,
  excluded_client_keys text[] not null,
  known_ms bigint,
  part int not null,
  "offset" bigint not null
);
create index on slo.app (partner_id, app_key);

-- Every version of every exclusion, in the order of its partition; one without a `reason` withdraws it. `known_ms`: Kafka
-- timestamp of the version; null: known since ever. What acts is told by all versions of an id.
create table slo.exclusion (
  part int,
  "offset" bigint,
  id text not null,
  known_ms bigint,
  app_key text,
  metric text,
  scope text,
  reason text check (reason in ('PLANNED_DOWNTIME', 'PLATFORM_FAULT')),
  start_ms bigint,
  end_ms bigint,
  announced_ms bigint,
  primary key (part, "offset"),
  check ((reason is null) = (start_ms is null))
);
create index on slo.exclusion (id);

-- Every breach and recovery, as it was published. `record` is the alert object; the columns are what it is looked for by.
-- `partner_id` is that of the newest catalogue entry of its app: it moves with the app. `known_ms`: Kafka timestamp.
create table slo.alert (
  incident_id text,
  type text check (type in ('BREACH', 'RECOVERY')),
  app_key text not null,
  metric text not null,
  scope text not null,
  objective text not null,
  severity text not null,
  reason text not null,
  partner_id text,
  breached_at_ms bigint not null,
  time_ms bigint not null,
  known_ms bigint,
  part int not null,
  "offset" bigint not null,
  record jsonb not null,
  primary key (incident_id, type)
);
create index on slo.alert (app_key, time_ms);
create index on slo.alert (partner_id, time_ms);
create index on slo.alert (time_ms);

grant select, insert, update, delete on slo.app, slo.exclusion, slo.alert to slo_writer;
grant select on slo.app, slo.exclusion, slo.alert to slo_desk;
