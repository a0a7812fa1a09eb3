-- What persons say of the standing of an app. Nothing here is ever changed: a later row stands beside the earlier ones.
-- Times in milliseconds since 1970, by this server's clock.
create function slo.now_ms() returns bigint language sql volatile
  as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$;

-- A partner holds that a breach should not count.
create table slo.appeal (
  id bigint generated always as identity primary key,
  app_key text not null,
  incident_id text not null,
  who text not null check (who <> ''),
  why text not null check (why <> ''),
  at_ms bigint not null default slo.now_ms()
);
create index on slo.appeal (app_key);

create table slo.decision (
  id bigint generated always as identity primary key,
  app_key text not null,
  act text not null check (act in ('OVERRIDE', 'END_OVERRIDE', 'APPROVE_DEMOTION', 'REJECT_DEMOTION', 'REINSTATE',
                                   'ACCEPT_APPEAL', 'REJECT_APPEAL')),
  -- Of an override: where the app is to stand, and until when; null: until it is ended.
  stage text check (stage in ('CLEAR', 'NOTIFIED', 'REMEDIATION', 'DEMOTION_DUE', 'DEMOTED')),
  until_ms bigint,
  appeal bigint references slo.appeal,
  who text not null check (who <> ''),
  why text not null check (why <> ''),
  at_ms bigint not null default slo.now_ms(),
  check ((act = 'OVERRIDE') = (stage is not null)),
  check (until_ms is null or act = 'OVERRIDE'),
  check ((act in ('ACCEPT_APPEAL', 'REJECT_APPEAL')) = (appeal is not null))
);
create index on slo.decision (app_key);

-- Where each app stands, as it was told last. `steps` are the steps of the ladder that led there, `next_ms` is when it
-- changes by itself, if nothing happens; both are made anew from the facts.
create table slo.standing (
  app_key text primary key,
  stage text not null,
  since_ms bigint not null,
  reason text,
  time_ms bigint not null,
  is_review_due boolean not null default false,
  episodes jsonb not null,
  steps jsonb not null,
  next_ms bigint
);
create index on slo.standing (next_ms);

-- Every change that was told, in the order in which it was: `number` counts from 1 for each app.
create table slo.standing_change (
  app_key text,
  number int,
  stage text not null,
  former text not null,
  reason text not null,
  since_ms bigint not null,
  told_ms bigint not null default slo.now_ms(),
  primary key (app_key, number)
);

-- Apps whose facts have changed since they were looked at. One row for each time: whoever adds one never waits.
create table slo.standing_due (
  id bigint generated always as identity primary key,
  app_key text not null
);

-- What is still to be published on Kafka, in the order in which it was committed. `key` and `value` are as on the
-- topic; without a value it is a tombstone. `headers` has names and texts.
create table slo.outbox (
  position bigint primary key,
  topic text not null,
  key text not null,
  value bytea,
  headers jsonb not null default '{}'
);

create table slo.outbox_end (
  is_only boolean primary key default true check (is_only),
  position bigint not null
);
insert into slo.outbox_end (position) values (0);

-- Numbers without a gap: whoever adds a row waits for the one that is adding another.
create function slo.append_to_outbox() returns trigger language plpgsql security definer
  set search_path = slo, pg_temp as $$
begin
  update outbox_end set position = position + 1 returning position into new.position;
  return new;
end
$$;
create trigger append before insert on slo.outbox for each row execute function slo.append_to_outbox();

create function slo.app_is_due() returns trigger language plpgsql security definer
  set search_path = slo, pg_temp as $$
begin
  insert into standing_due (app_key) values (new.app_key);
  return null;
end
$$;
create trigger due after insert on slo.decision for each row execute function slo.app_is_due();

grant select, insert on slo.appeal, slo.decision to slo_writer, slo_desk;
grant select on slo.standing, slo.standing_change to slo_desk, slo_reader;
grant select on slo.appeal, slo.decision to slo_reader;
grant select, insert, update on slo.standing, slo.standing_change to slo_writer;
grant select, insert, delete on slo.standing_due to slo_writer;
grant select, insert, delete on slo.outbox to slo_writer;
grant insert on slo.outbox to slo_desk;
