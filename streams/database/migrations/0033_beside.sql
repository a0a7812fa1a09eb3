-- A notifier of the version before goes on until it is replaced, and writes an incident without two of its times: the
-- record tells the one, the timeline the other.
create function slo.incident_times() returns trigger language plpgsql as $$
begin
  new.found_ms := coalesce(new.found_ms, (extract(epoch from (new.record->>'detectedAt')::timestamptz) * 1000)::bigint);
  new.updated_ms := coalesce(new.updated_ms, (
    select min(at_ms) from slo.incident_entry where incident = new.id and act = 'NOTE' and is_public
  ));
  return new;
end
$$;
create trigger times before insert or update on slo.incident_public for each row
  when (new.found_ms is null or new.updated_ms is null) execute function slo.incident_times();

-- A digest is a list again, as that notifier reads and writes it: what is still open is marked in its place.
update slo.notification n set data = (
  select json_agg(
    case when exists (select from json_array_elements_text(n.data->'stillOpen') o where o::int = e.at - 1)
      then (e.alert::jsonb || '{"stillOpen": true}')::json else e.alert end
    order by e.at
  )
  from json_array_elements(n.data->'alerts') with ordinality e (alert, at)
)
where kind = 'DIGEST' and json_typeof(data) = 'object';
