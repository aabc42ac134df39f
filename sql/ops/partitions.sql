-- The partitions of the event log with their bounds and sizes, and how many months are made ahead of now.
-- months_ahead at 0: run select fynlo.make_event_partitions(); the server runs it too, while it runs.
select c.oid::regclass::text as partition, pg_get_expr(c.relpartbound, c.oid) as bounds,
       pg_size_pretty(pg_total_relation_size(c.oid)) as size, s.n_live_tup as about_events,
       (select count(*) from pg_inherits ahead join pg_class later on later.oid = ahead.inhrelid
         where ahead.inhparent = i.inhparent and later.relname ~ '^order_events_\d{4}_\d\d$'
           and later.relname > to_char(now() at time zone 'UTC', '"order_events_"YYYY_MM')) as months_ahead
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  left join pg_stat_user_tables s on s.relid = c.oid
 where i.inhparent = 'order_events'::regclass
 order by 1
