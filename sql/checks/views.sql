-- A view with its owner's rights instead of the caller's, or a materialised one, which RLS does not reach.
-- What an extension brought is left to it.
select c.oid::regclass::text as object,
       case c.relkind when 'm' then 'materialised' else 'no security_invoker' end as detail
  from pg_class c
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and (c.relkind = 'm'
        or c.relkind = 'v' and not exists (
             select from pg_options_to_table(c.reloptions) as option
              where option.option_name = 'security_invoker'
                and option.option_value in ('true', 'on', 'yes', '1')))
   and not exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
 order by 1
