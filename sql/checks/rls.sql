-- A table without row-level security enabled and forced: whoever may read it reads every restaurant.
-- fynlo.migrations has no tenant: it names files.
select c.oid::regclass::text as object,
       case when c.relrowsecurity then 'enabled, not forced' else 'not enabled' end as detail
  from pg_class c
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p')
   and not (c.relrowsecurity and c.relforcerowsecurity)
   and c.oid <> 'fynlo.migrations'::regclass
 order by 1
