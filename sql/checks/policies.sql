-- A table that fynlo_feed does not see, or a tenant's policy that does not look at app.restaurant_id.
-- A partition is read and written through its parent, whose policies count.
-- What an extension brought is left to it.
select c.oid::regclass::text as object, 'no policy feed' as detail
  from pg_class c
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p') and not c.relispartition
   and c.oid <> 'fynlo.migrations'::regclass
   and not exists (select from pg_policy p
                    where p.polrelid = c.oid and 'fynlo_feed'::regrole = any (p.polroles))
   and not exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select c.oid::regclass::text, 'policy ' || p.polname
  from pg_policy p join pg_class c on c.oid = p.polrelid
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and p.polpermissive and p.polroles <> array['fynlo_feed'::regrole::oid]
   and exists (select from pg_attribute a
                where a.attrelid = c.oid and a.attname = 'restaurant_id' and not a.attisdropped)
   and exists (select from (values (pg_get_expr(p.polqual, p.polrelid)),
                                   (pg_get_expr(p.polwithcheck, p.polrelid))) as policy (expression)
                where policy.expression not like '%app.restaurant_id%')
 order by 1, 2
