-- A budget is written anew every few minutes, and mostly nothing changes but its counts and when they are of. Indexes
-- that nobody reads by made each of these a new entry in all of them: without them the row is changed in its place.
drop index slo.budget_metric_as_of_ms_idx;
drop index slo.budget_state_consumed_idx;
