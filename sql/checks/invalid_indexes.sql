-- An index that no query uses: its concurrent build failed, or it lacks a partition. Drop and build it again.
select i.indexrelid::regclass::text as object, 'on ' || i.indrelid::regclass::text as detail
  from pg_index i join pg_class c on c.oid = i.indexrelid
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and not (i.indisvalid and i.indisready and i.indislive)
 order by 1
