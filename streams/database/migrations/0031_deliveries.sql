-- Why Kafka does not take a record, as it is too large: it stays, is never published, and holds up none behind it.
alter table slo.outbox add refused text;
grant update (refused) on slo.outbox to slo_writer;

-- Whether an earlier delivery of the same thread to the same target is still due is asked for each that is claimed: it
-- has to be found by all of these, or a thousand alerts at once cost a million rows.
create index on slo.delivery (thread, target, channel, seq);
drop index slo.delivery_target_thread_seq_idx;

-- What is given up, and for how long others wait.
create index on slo.delivery (due_since, channel) where state = 'DUE';

-- Lists, the newest first; of all, and of what was not told.
create unique index on slo.delivery (seq);
create index on slo.delivery (state, seq) where state in ('DEAD', 'SUPPRESSED');
drop index slo.delivery_state_created_at_idx;

-- A digest says which of its alerts are told again, as they are still open; none of those that wait to be sent does yet.
update slo.notification set data = json_build_object('alerts', data, 'stillOpen', '[]'::json)
where kind = 'DIGEST' and json_typeof(data) = 'array';
