-- Why Kafka does not take a record, as it is too large: it stays, is never published, and holds up none behind it.
alter table slo.outbox add refused text;
grant update (refused) on slo.outbox to slo_writer;
