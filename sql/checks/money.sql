-- A column that holds money and is not bigint: amounts are whole minor units.
-- Told by their names, so a new word for an amount goes into the list.
select c.oid::regclass::text || '.' || a.attname as object, format_type(a.atttypid, a.atttypmod) as detail
  from pg_attribute a join pg_class c on c.oid = a.attrelid
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
   and (a.attname ~ ('(^|_)(price|amount|subtotal|total|net|gross|tax|discount|tips?|paid|refunded|due|change'
                     '|tendered|balance|fee|service_charge)$')
        and a.atttypid <> 'bigint'::regtype
        or a.atttypid in ('money'::regtype, 'money[]'::regtype))
   and a.atttypid <> 'boolean'::regtype
 order by 1
