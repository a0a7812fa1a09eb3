-- The notifier's offsets are kept with those of history.
drop table slo.notifier_offset;

-- `is_open`: a breach without a recovery; whoever was told of it is reminded.
alter table slo.notification add column is_open bool not null default false;
create index on slo.notification (time_ms) where is_open;

-- What never got through within three days of this is dead.
alter table slo.delivery add column due_since timestamptz not null default now();
create index on slo.delivery (channel, target, due_at) where state = 'DUE' and held and digest is null;
create index on slo.delivery (silence) where state = 'SUPPRESSED' and silence is not null;

-- A name or a secret was refused: somebody has to mend that.
alter table slo.pause add column unauthorised bool not null default false;
