-- Roles are the server's, not the database's: another database of it may have made them, perhaps at this moment.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['slo_writer', 'slo_desk', 'slo_reader'] loop
    begin
      execute format('create role %I nologin', role_name);
      -- Whoever made them can take them on; other users are granted them by an administrator.
      execute format('grant %I to current_user', role_name);
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end
$$;

grant usage on schema slo to slo_writer, slo_desk, slo_reader;
grant select on slo.migration to slo_writer, slo_desk, slo_reader;
