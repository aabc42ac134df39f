-- Dead rows per table, when vacuum last came, and how many updates were HOT (touched no index).
-- orders and feed_heads are updated most: their HOT share falls when somebody indexes a column that changes.
select s.relid::regclass::text as table_name, pg_size_pretty(pg_total_relation_size(s.relid)) as size,
       s.n_live_tup as live, s.n_dead_tup as dead,
       round(100.0 * s.n_dead_tup / nullif(s.n_live_tup + s.n_dead_tup, 0), 1) as dead_percent,
       s.n_tup_upd as updates, round(100.0 * s.n_tup_hot_upd / nullif(s.n_tup_upd, 0), 1) as hot_percent,
       greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at,
       greatest(s.last_analyze, s.last_autoanalyze) as analyzed_at
  from pg_stat_user_tables s
 where s.schemaname in ('public', 'fynlo')
 order by s.n_dead_tup desc, 1
