-- A tenant table whose primary key does not begin with restaurant_id, or whose id is not unique by itself.
-- fynlo.touched is keyed by transaction: it holds what runs now, of whatever restaurant.
with tenant_tables as (
  select c.oid, c.oid::regclass::text as object
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'restaurant_id' and not a.attisdropped
   where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
     and c.relkind in ('r', 'p') and c.oid <> 'fynlo.touched'::regclass
)
select t.object, 'the primary key does not begin with restaurant_id' as detail
  from tenant_tables t
 where not exists (select from pg_index i
                     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                    where i.indrelid = t.oid and i.indisprimary and a.attname = 'restaurant_id')
union all
select t.object, 'id is not unique by itself'
  from tenant_tables t
  join pg_attribute a on a.attrelid = t.oid and a.attname = 'id' and not a.attisdropped
 where not exists (select from pg_index i
                    where i.indrelid = t.oid and i.indisunique and i.indnkeyatts = 1
                      and i.indkey[0] = a.attnum and i.indpred is null)
 order by 1, 2
