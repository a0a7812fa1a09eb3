-- What is excluded of one base URL for all apps, as a fault of a region is, tells whose app is there: a partner sees those
-- of its own alone. Products are everybody's.
alter policy readers on slo.exclusion using (
  (select slo.sees_all()) or app_key in (select slo.seen_apps())
  or (app_key is null and (
    scope is null or position('://' in scope) = 0
    or scope in (select scope from slo.series where metric = 'app-availability')
  ))
);
