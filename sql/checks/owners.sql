-- A table, view or sequence that does not belong to fynlo_owner: policies and grants pass it over.
select c.oid::regclass::text as object, 'belongs to ' || c.relowner::regrole::text as detail
  from pg_class c
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
   and c.relowner <> 'fynlo_owner'::regrole
 order by 1
