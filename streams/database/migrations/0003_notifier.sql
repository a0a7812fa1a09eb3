-- How far each partition of the alerts is taken in, as slo.sink_offset.
create table slo.notifier_offset (
  topic text,
  part int,
  epoch bigint not null,
  next bigint,
  primary key (topic, part)
);

-- What somebody is told: streams/notifier/notification.py. `data` is json, not jsonb: it is shown as it was published.
create table slo.notification (
  id text primary key,
  kind text not null,
  thread text not null,
  time_ms bigint not null,
  data json not null,
  app_key text,
  partner text,
  severity text,
  role text,
  created_at timestamptz not null default now()
);
create index on slo.notification (thread, kind);
create index on slo.notification (app_key, time_ms);

-- A notification's way to one target. `seq` is the order in which they were enqueued. While `lease_until` lies ahead,
-- `lease_by` alone may send it, and record what became of that. A row that is `held` waits for the next digest, and in
-- one it becomes what that delivery, its `digest`, becomes. `body` and `headers` are what is sent, the same bytes at
-- every attempt.
create table slo.delivery (
  id text primary key,
  seq bigint generated always as identity,
  notification text not null references slo.notification,
  channel text not null,
  target text not null,
  machine bool not null,
  thread text not null,
  kind text not null,
  state text not null check (state in ('DUE', 'SENT', 'DEAD', 'SUPPRESSED')),
  reason text,
  silence text,
  created_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  attempts int not null default 0,
  lease_by text,
  lease_until timestamptz,
  held bool not null default false,
  digest text references slo.delivery,
  rendered_at timestamptz,
  headers json,
  body bytea,
  remote_id text,
  sent_at timestamptz
);
alter table slo.delivery alter body set storage external;
create index on slo.delivery (channel, due_at) where state = 'DUE' and digest is null;
create index on slo.delivery (target, thread, seq);
create index on slo.delivery (target, channel, rendered_at) where not machine;
create index on slo.delivery (digest) where digest is not null;
create index on slo.delivery (notification);
create index on slo.delivery (state, created_at) where state <> 'SENT';

-- Every attempt, for people.
create table slo.delivery_attempt (
  delivery text not null references slo.delivery,
  at timestamptz not null,
  took_ms int not null,
  outcome text not null,
  detail text
);
create index on slo.delivery_attempt (delivery, at);

-- What is waited for before more is sent by a channel, or to one target of it.
create table slo.pause (
  key text primary key,
  channel text not null,
  since timestamptz not null,
  until timestamptz not null,
  failures int not null,
  why text not null
);

-- Who does not want to hear of what, and until when. `matchers` is a list of [name, operator, value].
create table slo.silence (
  id text primary key,
  matchers jsonb not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  by text not null,
  why text not null,
  created_at timestamptz not null default now()
);

grant select, insert, update, delete on slo.notifier_offset, slo.notification, slo.delivery, slo.delivery_attempt,
  slo.pause, slo.silence to slo_writer;
grant select, insert on slo.notification, slo.delivery to slo_desk;
grant select, insert, update on slo.silence to slo_desk;
grant select on slo.delivery_attempt, slo.pause to slo_desk;
