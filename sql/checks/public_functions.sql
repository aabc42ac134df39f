-- A function of schema fynlo that anybody may execute: some see every restaurant, so each is granted by name.
select p.oid::regprocedure::text as object,
       case when p.proacl is null then 'never revoked' else array_to_string(p.proacl, ', ') end as detail
  from pg_proc p
 where p.pronamespace = 'fynlo'::regnamespace
   and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as held
                where held.grantee = 0 and held.privilege_type = 'EXECUTE')
 order by 1
