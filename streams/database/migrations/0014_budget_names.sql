-- Names may be longer than what an index takes: as series are, these rows are looked for by a digest of theirs.
alter table slo.budget drop constraint budget_pkey;
create unique index budget_name on slo.budget (slo.series_digest(app_key, metric, scope, slo));
create index on slo.budget (app_key);
alter table slo.objective_state drop constraint objective_state_pkey;
create unique index objective_state_name on slo.objective_state
  (slo.series_digest(app_key, metric, scope, objective));
create index on slo.objective_state (metric);
