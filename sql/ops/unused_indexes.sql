-- Indexes that no scan has used since the statistics began, largest first. Keys stay, used or not.
-- Look at since_when, and at each replica, before you drop one.
select i.indexrelid::regclass::text as index_name, i.indrelid::regclass::text as table_name,
       pg_size_pretty(pg_relation_size(i.indexrelid)) as size, s.idx_scan as scans,
       (select stats_reset from pg_stat_database where datname = current_database()) as since_when
  from pg_index i
  join pg_stat_user_indexes s on s.indexrelid = i.indexrelid
 where s.schemaname in ('public', 'fynlo') and s.idx_scan = 0 and not i.indisunique
 order by pg_relation_size(i.indexrelid) desc, 1
