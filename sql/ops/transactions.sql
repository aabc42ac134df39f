-- The oldest transactions: each keeps vacuum from every row that died since, in all restaurants.
-- The server ends its own after 30 s idle; an old one is somebody's psql, a backup or a replica.
select pid, usename as login, application_name, state,
       round(extract(epoch from now() - xact_start)::numeric, 1) as transaction_s,
       round(extract(epoch from now() - state_change)::numeric, 1) as in_this_state_s,
       age(backend_xmin) as xids_held, left(query, 80) as query
  from pg_stat_activity
 where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()
 order by xact_start
 limit 20
