-- The apps of the partners that a reader asks for, by the index: through the policy of slo.app itself every query read
-- the whole catalogue.
create function slo.seen_apps() returns setof text language sql stable security definer rows 30
  set search_path = slo, pg_temp as $$
  select app_key from app where partner_id = any(slo.seen_partners())
$$;

create or replace procedure slo.isolate_by_app(name regclass) language sql as $$
  call slo.isolate(name, 'app_key in (select slo.seen_apps())')
$$;

do $$
declare
  one record;
begin
  for one in select tablename from pg_policies where schemaname = 'slo' and policyname = 'readers'
    and qual like '%app_key IN ( SELECT app.app_key%' and tablename <> 'exclusion'
  loop
    execute format(
      'alter policy readers on slo.%I using ((select slo.sees_all()) or app_key in (select slo.seen_apps()))',
      one.tablename
    );
  end loop;
end
$$;
alter policy readers on slo.app using ((select slo.sees_all()) or app_key in (select slo.seen_apps()));
alter policy readers on slo.exclusion using (
  (select slo.sees_all()) or app_key is null or app_key in (select slo.seen_apps())
);

-- The fleet in one state, the worst first: with few of them, all others would be read before.
create index on slo.budget (state, slo.worst_first(state, consumed), app_key);
