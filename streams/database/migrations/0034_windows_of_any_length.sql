-- Whatever an exclusion said before, or says now: the apps with a breach whose window it touches, however long that is.
create or replace function slo.exclusion_is_due() returns trigger language plpgsql security definer
  set search_path = slo, pg_temp as $$
begin
  insert into standing_due (app_key)
  select distinct alert.app_key from exclusion join alert
    on alert.type = 'BREACH' and alert.severity = 'page'
    and (exclusion.app_key is null or exclusion.app_key = alert.app_key)
    and (exclusion.metric is null or exclusion.metric = alert.metric)
    and (exclusion.scope is null or exclusion.scope = alert.scope)
    and alert.time_ms > exclusion.start_ms
    and (exclusion.end_ms is null
      or alert.time_ms < exclusion.end_ms + (alert.record->>'measurementDurationSeconds')::bigint * 1000)
  where exclusion.id in (select id from added);
  return null;
end
$$;
