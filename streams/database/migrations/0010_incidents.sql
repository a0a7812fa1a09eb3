-- What happened to each incident, in order; what it is follows from that (streams/incidents/life.py). Only ever added
-- to: `data` is as streams/incidents/entry.py says. Times in milliseconds since 1970.
create table slo.incident_entry (
  id bigint generated always as identity primary key,
  incident text not null,
  act text not null check (act in ('FOUND', 'RAISED', 'JOINED', 'CONFIRMED', 'DISMISSED', 'STATE', 'NOTE', 'REPORTED',
    'CHANGED', 'MEASURED', 'SEVERITY', 'PAGED', 'TARGET', 'APPROVED', 'PIR')),
  at_ms bigint not null,
  who text not null check (who <> ''),
  why text not null,
  data jsonb not null default '{}',
  is_public boolean not null default false
);
create index on slo.incident_entry (incident, id);

-- One a partner: how many partners say that they are hit.
create table slo.incident_report (
  incident text,
  partner text,
  who text not null check (who <> ''),
  why text not null,
  at_ms bigint not null,
  primary key (incident, partner)
);

-- The incident as it is now, made of its entries at any time: `record` is the one of slo.incidents.v1, the columns are
-- what it is looked for by. `app_keys` and `partners` (their ids) are whose it is. Of one that was found: its scope,
-- when the latest breach joined, how many apps were breached at once at most, and since when they are few.
create table slo.incident (
  id text primary key,
  state text not null,
  verdict text not null,
  severity text,
  visibility text not null,
  is_trial boolean not null,
  title text not null,
  start_ms bigint not null,
  ended_ms bigint,
  changed_ms bigint not null,
  app_keys text[] not null,
  partners text[] not null,
  record jsonb not null,
  scope_kind text,
  scope_name text,
  latest_ms bigint,
  peak int not null default 0,
  quiet_since_ms bigint,
  told jsonb not null default '{}'
);
create index on slo.incident (start_ms);
create index on slo.incident using gin (partners);

-- Begins of breaches as they were judged: each once. `incident` is the one it went into, as one of its members or for
-- its app's sake; null: none. `at_ms` is when it counted, `breached_ms` when it was.
create table slo.onset (
  breach text primary key,
  app_key text not null,
  unit text not null,
  metric text not null,
  scope text not null,
  at_ms bigint not null,
  breached_ms bigint not null,
  incident text,
  is_member boolean not null default false
);
create index on slo.onset (at_ms);
create index on slo.onset (incident);

-- Up to which minute boundary common cause is judged, and from which on.
create table slo.incident_clock (
  is_only boolean primary key default true check (is_only),
  first_ms bigint not null,
  judged_ms bigint not null
);

-- Incidents with entries that were not looked at yet.
create table slo.incident_due (
  id bigint generated always as identity primary key,
  incident text not null
);

create function slo.incident_is_due() returns trigger language plpgsql security definer
  set search_path = slo, pg_temp as $$
begin
  insert into incident_due (incident) values (new.incident);
  return null;
end
$$;
create trigger due after insert on slo.incident_entry for each row execute function slo.incident_is_due();

-- Every breach with its end: null while it stands.
create view slo.breach as
select b.incident_id as id, b.app_key, b.metric, b.scope, b.objective, b.severity, b.breached_at_ms as breached_ms,
  (b.record->>'measurementDurationSeconds')::bigint * 1000 as window_ms, b.record->'appDetails'->>'partnerName'
  as partner_name, r.time_ms as ended_ms, r.reason as end_reason
from slo.alert b left join slo.alert r on r.incident_id = b.incident_id and r.type = 'RECOVERY'
where b.type = 'BREACH';

-- What partners may see of an incident: nothing of other partners' apps, nothing of the timeline that is not public.
create table slo.incident_public (
  id text primary key,
  visibility text not null,
  partners text[] not null,
  is_trial boolean not null,
  start_ms bigint not null,
  ended_ms bigint,
  changed_ms bigint not null,
  record jsonb not null
);
create index on slo.incident_public (start_ms);
create index on slo.incident_public using gin (partners);

-- Whose incident it is, app by app: a partner sees its own.
create table slo.incident_app (
  incident text,
  app_key text,
  primary key (incident, app_key)
);
create index on slo.incident_app (app_key);

-- The whole of it is the platform's.
call slo.isolate('slo.incident', 'false');
call slo.isolate('slo.incident_entry', 'false');
call slo.isolate('slo.incident_report', 'false');
call slo.isolate('slo.incident_public',
  'visibility = ''ALL_PARTNERS'' or visibility = ''PARTNER'' and partners && (select slo.seen_partners())::text[]');
call slo.isolate_by_app('slo.incident_app');

grant select on slo.breach to slo_writer, slo_desk;
grant select, insert on slo.incident_entry, slo.incident_report to slo_writer, slo_desk;
grant select, insert, update on slo.incident, slo.onset, slo.incident_clock to slo_writer;
grant select, insert, update, delete on slo.incident_public, slo.incident_app to slo_writer;
grant delete on slo.onset to slo_writer;
grant select, insert, delete on slo.incident_due to slo_writer;
grant select on slo.incident, slo.onset, slo.incident_app to slo_desk;
grant select on slo.incident, slo.incident_entry, slo.incident_report, slo.incident_app to slo_reader;
grant select (id, visibility, is_trial, start_ms, ended_ms, changed_ms, record) on slo.incident_public to slo_reader;
