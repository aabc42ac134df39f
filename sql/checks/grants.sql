-- A right that nobody should hold: fynlo_app deleting, truncating or writing the log, fynlo_readonly writing.
-- The audit log may be added to, not changed.
select c.oid::regclass::text as object, refused.role || ' holds ' || refused.privilege as detail
  from pg_class c
 cross join (values ('fynlo_app', 'DELETE', null), ('fynlo_app', 'TRUNCATE', null),
                    ('fynlo_app', 'INSERT', '^(order_events|feed_heads|touched)'),
                    ('fynlo_app', 'UPDATE', '^(order_events|feed_heads|touched|audit_log)'),
                    ('fynlo_readonly', 'INSERT', null), ('fynlo_readonly', 'UPDATE', null),
                    ('fynlo_readonly', 'DELETE', null), ('fynlo_readonly', 'TRUNCATE', null)
            ) as refused (role, privilege, only_on)
 where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
   and c.relkind in ('r', 'p', 'v', 'm', 'f')
   and (refused.only_on is null or c.relname ~ refused.only_on)
   and case when refused.privilege in ('INSERT', 'UPDATE')
            then has_any_column_privilege(refused.role, c.oid, refused.privilege)
            else has_table_privilege(refused.role, c.oid, refused.privilege) end
 order by 1, 2
