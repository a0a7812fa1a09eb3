-- The record that was read last: whether a log that is long enough is the one that was read. Null until the first commit.
alter table slo.sink_offset add last_offset bigint, add last_ms bigint;
