-- A table without row-level security enabled and forced: whoever may read it reads every restaurant.
-- fynlo.migrations has no tenant: it names files.
-- What an extension brought is left to it.
select c.oid::regclass::text as object,
       case when c.relrowsecurity then 'enabled, not forced' else 'not enabled' end as detail
  from pg_class c
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p')
   and not (c.relrowsecurity and c.relforcerowsecurity)
   and c.oid <> 'fynlo.migrations'::regclass
   and not exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
 order by 1
