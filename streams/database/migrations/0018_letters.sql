-- When a delivery became dead: operators are told of those of the last hour, however long ago they were enqueued.
alter table slo.delivery add column dead_at timestamptz;
create index on slo.delivery (dead_at) where state = 'DEAD';

-- For deleting what was sent long ago.
create index on slo.delivery using brin (sent_at);
create index on slo.delivery_attempt using brin (at);
