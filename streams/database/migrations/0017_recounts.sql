-- What a breach came to when its window was counted again without what is excluded: the excuse, null where it counts.
-- Minutes are kept for five weeks, a standing depends on breaches of longer ago: of those it stays as it was then.
create table slo.recount (
  incident_id text primary key,
  excuse text
);

grant select, insert, update on slo.recount to slo_writer;
grant select on slo.recount to slo_desk;
