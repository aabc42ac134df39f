-- A security definer function with its caller's search_path, or an owner whose rights it should not lend.
-- A fixed path begins with pg_catalog and ends with pg_temp, which is searched first where it is not named.
select p.oid::regprocedure::text as object,
       case when p.proowner not in ('fynlo_feed'::regrole, 'fynlo_owner'::regrole)
            then 'belongs to ' || p.proowner::regrole::text
            else coalesce((select setting from unnest(p.proconfig) as setting
                            where setting like 'search\_path=%'), 'search_path of the caller') end as detail
  from pg_proc p
 where p.pronamespace in ('public'::regnamespace, 'fynlo'::regnamespace) and p.prosecdef
   and (p.proowner not in ('fynlo_feed'::regrole, 'fynlo_owner'::regrole)
        or not exists (select from unnest(p.proconfig) as setting
                        where setting ~ '^search_path=pg_catalog, ([a-z_]+, )*pg_temp$'))
 order by 1
