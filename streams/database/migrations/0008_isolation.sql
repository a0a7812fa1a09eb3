-- The dashboard reads as slo_reader, and says in each transaction for whom: slo.platform is 'on' for who sees all,
-- slo.partners the ids of the partners whose apps are seen. Who says nothing sees nothing.
create function slo.sees_all() returns boolean language sql stable parallel safe
return coalesce(current_setting('slo.platform', true), '') = 'on';

create function slo.seen_partners() returns text[] language sql stable parallel safe
return coalesce(nullif(current_setting('slo.partners', true), ''), '{}')::text[];

-- Row-level security on a table: readers get the rows that `condition` holds for, or all where they see all; services
-- are not bound by it. Every table that a reader may read and that tells of an app needs it.
create procedure slo.isolate(name regclass, condition text) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('create policy services on %s to slo_writer, slo_desk using (true) with check (true)', name);
  execute format(
    'create policy readers on %s for select to slo_reader using ((select slo.sees_all()) or (%s))', name, condition
  );
end
$$;

-- The same for a table that tells of the app in its column `app_key`.
create procedure slo.isolate_by_app(name regclass) language sql as $$
  call slo.isolate(name, 'app_key in (select app_key from slo.app)')
$$;

call slo.isolate('slo.app', 'partner_id = any((select slo.seen_partners())::text[])');
call slo.isolate_by_app('slo.series');
call slo.isolate('slo.day_counts', 'series in (select id from slo.series)');
call slo.isolate('slo.latency', 'series in (select id from slo.series)');
call slo.isolate('slo.day_sum', 'series in (select id from slo.series)');
call slo.isolate('slo.exclusion', 'app_key is null or app_key in (select app_key from slo.app)');
call slo.isolate_by_app('slo.alert');
call slo.isolate_by_app('slo.budget');
call slo.isolate_by_app('slo.appeal');
call slo.isolate_by_app('slo.decision');
call slo.isolate_by_app('slo.standing');
call slo.isolate_by_app('slo.standing_change');
call slo.isolate_by_app('slo.notification');
call slo.isolate('slo.delivery', 'notification in (select id from slo.notification)');
call slo.isolate('slo.delivery_attempt', 'delivery in (select id from slo.delivery)');

grant select on slo.app, slo.series, slo.day_counts, slo.latency, slo.day_sum, slo.exclusion, slo.alert,
  slo.notification, slo.delivery_attempt, slo.sink_offset to slo_reader;
-- Not what was sent: a digest tells of many apps.
grant select (id, seq, notification, channel, target, machine, thread, kind, state, reason, silence, created_at, due_at,
  attempts, held, digest, rendered_at, sent_at) on slo.delivery to slo_reader;

-- The fleet, the worst first; scopes may be too long for an index, so ties are put in order as they are read.
create function slo.worst_first(state text, consumed double precision) returns double precision
language sql immutable parallel safe
return case when state = 'NO_DATA' then 'infinity' when consumed is null then '-infinity' else -consumed end;
create function slo.fastest_first(burn double precision) returns double precision
language sql immutable parallel safe
return case when burn is null then 'infinity' else -burn end;
create index on slo.budget (slo.worst_first(state, consumed), app_key);
create index on slo.budget (slo.fastest_first(burn_1h), app_key);
create index on slo.alert (time_ms desc, incident_id desc, type desc);

-- Tokens of programs; only a digest is kept. Without `is_platform` it sees the apps of `partners`.
create table slo.api_token (
  name text primary key,
  digest bytea not null unique,
  is_platform boolean not null,
  partners text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

-- Who has logged in with a browser: `digest` is that of the secret in its cookie, `form_token` goes with every form.
create table slo.session (
  digest bytea primary key,
  name text not null,
  is_platform boolean not null,
  partners text[] not null,
  form_token text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index on slo.session (expires_at);

-- Links that are good for one login, or for a figure on somebody's page.
create table slo.login_link (
  digest bytea primary key,
  expires_at timestamptz not null
);

grant select, insert, update on slo.api_token to slo_desk;
grant select, insert, update, delete on slo.session, slo.login_link to slo_desk;
