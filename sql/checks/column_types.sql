-- A column of a type that lies or is hard to change: timestamp without time zone, float, varchar, char, enum.
-- Instead: timestamptz, bigint or numeric, text with a CHECK.
select c.oid::regclass::text || '.' || a.attname as object, format_type(a.atttypid, a.atttypmod) as detail
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_type given on given.oid = a.atttypid
  join pg_type t on t.oid = case when given.typcategory = 'A' and given.typelem <> 0 then given.typelem
                                 when given.typtype = 'd' then given.typbasetype
                                 else given.oid end
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
   and (t.typtype = 'e'
        or t.oid in ('timestamp'::regtype, 'timetz'::regtype, 'real'::regtype, 'double precision'::regtype,
                     'varchar'::regtype, 'bpchar'::regtype))
 order by 1
