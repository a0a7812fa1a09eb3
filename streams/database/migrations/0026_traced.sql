-- What was told and sent in a stretch of time, for whoever exports it as spans.
create index on slo.notification (created_at);
create index on slo.delivery (coalesce(sent_at, dead_at));
