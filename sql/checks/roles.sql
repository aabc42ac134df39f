-- One of the four roles that logs in, bypasses row-level security, or has the rights of another.
select r.rolname::text as object,
       concat_ws(', ', case when r.rolcanlogin then 'logs in' end, case when r.rolsuper then 'superuser' end,
                 case when r.rolbypassrls then 'bypasses row-level security' end,
                 case when r.rolcreaterole then 'makes roles' end,
                 (select 'member of ' || string_agg(m.roleid::regrole::text, ', ')
                    from pg_auth_members m where m.member = r.oid)) as detail
  from pg_roles r
 where r.rolname in ('fynlo_owner', 'fynlo_app', 'fynlo_readonly', 'fynlo_feed')
   and (r.rolcanlogin or r.rolsuper or r.rolbypassrls or r.rolcreaterole
        or exists (select from pg_auth_members m where m.member = r.oid))
 order by 1
