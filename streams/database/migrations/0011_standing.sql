-- Of each 28 days (or as the rules say) that end at midnight of a day (days since 1970, UTC): the series that missed a
-- target of theirs by the raw counts. `excused` of the bad events lie in excluded minutes, by what was known at
-- `known_ms`; `is_covered`: a week of it was seen. Of such series alone there can be a target that is missed.
create table slo.period_verdict (
  app_key text,
  day int,
  metric text,
  scope text,
  slo text,
  good bigint not null,
  bad bigint not null,
  excused bigint not null,
  known_ms bigint not null,
  is_covered boolean not null,
  is_missed boolean not null,
  primary key (app_key, day, metric, scope, slo)
);

-- Up to which midnight periods were judged.
create table slo.period_end (
  is_only boolean primary key default true check (is_only),
  day int not null
);

create function slo.apps_are_due() returns trigger language plpgsql security definer
  set search_path = slo, pg_temp as $$
begin
  insert into standing_due (app_key) select distinct app_key from added;
  return null;
end
$$;
create trigger due after insert on slo.alert referencing new table as added
  for each statement execute function slo.apps_are_due();
create trigger due_again after insert on slo.period_verdict referencing new table as added
  for each statement execute function slo.apps_are_due();
create trigger due_anew after update on slo.period_verdict referencing new table as added
  for each statement execute function slo.apps_are_due();

create function slo.enrolment_is_due() returns trigger language plpgsql security definer
  set search_path = slo, pg_temp as $$
begin
  insert into standing_due (app_key) values (new.app_key);
  return null;
end
$$;
create trigger due after update of enrolled_at_ms on slo.app for each row
  when (old.enrolled_at_ms is distinct from new.enrolled_at_ms) execute function slo.enrolment_is_due();
create trigger due_first after insert on slo.app for each row
  when (new.enrolled_at_ms is not null) execute function slo.enrolment_is_due();

-- Whatever an exclusion said before, or says now: the apps with a breach whose window it touches. No window is longer
-- than three days.
create function slo.exclusion_is_due() returns trigger language plpgsql security definer
  set search_path = slo, pg_temp as $$
begin
  insert into standing_due (app_key)
  select distinct alert.app_key from exclusion join alert
    on alert.type = 'BREACH' and alert.severity = 'page'
    and (exclusion.app_key is null or exclusion.app_key = alert.app_key)
    and (exclusion.metric is null or exclusion.metric = alert.metric)
    and (exclusion.scope is null or exclusion.scope = alert.scope)
    and alert.time_ms > exclusion.start_ms
    and (exclusion.end_ms is null or alert.time_ms < exclusion.end_ms + 3 * 86400000::bigint)
  where exclusion.id in (select id from added);
  return null;
end
$$;
create trigger due after insert on slo.exclusion referencing new table as added
  for each statement execute function slo.exclusion_is_due();

grant select, insert, update, delete on slo.period_verdict to slo_writer;
grant select, insert, update on slo.period_end to slo_writer;
grant select on slo.period_verdict to slo_desk;
