-- For forgetting what was told long ago.
create index on slo.notification using brin (created_at);
