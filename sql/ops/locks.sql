-- Who waits for a lock, for how long, and who holds it up. No row: nobody waits.
-- A chain has one head: the session that `held_up_by` names and that waits for nobody itself.
select w.pid, w.usename as login, w.application_name,
       round(extract(epoch from now() - w.query_start)::numeric, 1) as waits_s,
       l.locktype, coalesce(l.relation::regclass::text, l.transactionid::text) as waits_for, l.mode,
       b.pid as held_up_by, b.state as its_state,
       round(extract(epoch from now() - b.xact_start)::numeric, 1) as its_transaction_s,
       left(w.query, 80) as query, left(b.query, 80) as its_query
  from pg_stat_activity w
 cross join lateral unnest(pg_blocking_pids(w.pid)) as blocker (pid)
  join pg_stat_activity b on b.pid = blocker.pid
  left join pg_locks l on l.pid = w.pid and not l.granted
 where w.datname = current_database()
 order by waits_s desc, w.pid
