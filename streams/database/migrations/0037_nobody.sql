-- Who is known by nothing that says what he may see, sees nothing: not what holds for all apps or all partners either.
create function slo.sees_any() returns boolean language sql stable parallel safe
return slo.sees_all() or slo.seen_partners() <> '{}';

alter policy readers on slo.exclusion using (
  (select slo.sees_all()) or app_key in (select slo.seen_apps())
  or ((select slo.sees_any()) and app_key is null and (
    scope is null or position('://' in scope) = 0
    or scope in (select scope from slo.series where metric = 'app-availability')
  ))
);
alter policy readers on slo.incident_public using (
  (select slo.sees_all()) or ((select slo.sees_any()) and visibility = 'ALL_PARTNERS')
  or (visibility = 'PARTNER' and partners && (select slo.seen_partners())::text[])
);
