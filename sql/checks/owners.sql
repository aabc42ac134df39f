-- A table, view or sequence that does not belong to fynlo_owner: policies and grants pass it over.
-- What an extension brought is left to it.
select c.oid::regclass::text as object, 'belongs to ' || c.relowner::regrole::text as detail
  from pg_class c
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
   and c.relowner <> 'fynlo_owner'::regrole
   and not exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
 order by 1
