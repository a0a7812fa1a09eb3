-- Rows are written some dozens of times in the first day of theirs, and never again in the five weeks that they are kept.
alter table slo.day_counts set (fillfactor = 100);
alter table slo.latency set (fillfactor = 100);
