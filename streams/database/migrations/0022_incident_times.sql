-- When an incident was found and first told of publicly: its times by month, app and partner are read here, by whoever
-- sees it. Of its timeline the record keeps the end alone.
alter table slo.incident_public add found_ms bigint, add updated_ms bigint;
update slo.incident_public i set
  found_ms = (extract(epoch from (record->>'detectedAt')::timestamptz) * 1000)::bigint,
  updated_ms = (
    select min(e.at_ms) from slo.incident_entry e where e.incident = i.id and e.act = 'NOTE' and e.is_public
  );
alter table slo.incident_public alter found_ms set not null;

grant select (found_ms, updated_ms) on slo.incident_public to slo_reader;
grant select on slo.incident_public to slo_desk;
