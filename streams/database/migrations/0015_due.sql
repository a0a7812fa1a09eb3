-- In the order in which deliveries are claimed: thousands may be due since the same moment.
drop index slo.delivery_channel_due_at_idx;
create index on slo.delivery (channel, due_at, seq) where state = 'DUE' and digest is null and not held;
