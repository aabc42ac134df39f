-- The table of first answers: its size, and what the server's pruning (30 days) has left behind.
-- `unfinished` are keys without an answer in the log of committed work; there should be none.
select pg_size_pretty(pg_total_relation_size('idempotency_keys')) as size, count(*) as keys,
       count(*) filter (where created_at < now() - interval '30 days') as older_than_30_days,
       count(*) filter (where status is null) as unfinished,
       pg_size_pretty(coalesce(sum(length(body)), 0)) as answers, min(created_at) as oldest
  from idempotency_keys
