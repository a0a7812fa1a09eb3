-- What tells a record of the outbox apart from one that had its position before a backup was restored.
alter table slo.outbox add id uuid not null default gen_random_uuid();
