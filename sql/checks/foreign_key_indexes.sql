-- A foreign key that a delete would look up without an index. Nothing is deleted, so most need none: it is about
-- tables that a role of the server may delete from, and keys that pass a delete on.
select f.conrelid::regclass::text as object, f.conname || ': ' || pg_get_constraintdef(f.oid) as detail
  from pg_constraint f
 where f.contype = 'f' and f.conparentid = 0
   and f.connamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and (f.confdeltype in ('c', 'n', 'd')
        or has_table_privilege('fynlo_app', f.confrelid, 'DELETE')
        or has_table_privilege('fynlo_feed', f.confrelid, 'DELETE'))
   and not exists (select from pg_index i
                    where i.indrelid = f.conrelid and i.indisvalid and i.indpred is null
                      and (i.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey)
 order by 1, 2
