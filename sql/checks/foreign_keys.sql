-- A foreign key between tenant tables without restaurant_id: a row could point into another restaurant.
-- Row-level security does not help: the check of a foreign key runs without it.
with tenant_columns as (
  select a.attrelid, a.attnum from pg_attribute a where a.attname = 'restaurant_id' and not a.attisdropped
)
select f.conrelid::regclass::text as object,
       f.conname || ': ' || pg_get_constraintdef(f.oid) as detail
  from pg_constraint f
  join tenant_columns here on here.attrelid = f.conrelid
  join tenant_columns there on there.attrelid = f.confrelid
 where f.contype = 'f' and f.conparentid = 0
   and f.connamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and not exists (select from unnest(f.conkey, f.confkey) as pair (from_column, to_column)
                    where pair.from_column = here.attnum and pair.to_column = there.attnum)
 order by 1, 2
