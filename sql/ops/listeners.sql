-- The sessions that wake the screens, one listener a server process (and in coalesced mode one notifier), and how
-- full the queue of notifications is.
-- A queue that fills means a session listens and never reads: find it here and end it.
select pid, application_name, usename as login, client_addr, backend_start, state, wait_event,
       round((100 * pg_notification_queue_usage())::numeric, 2) as queue_percent
  from pg_stat_activity
 where datname = current_database() and application_name in ('fynlo-listener', 'fynlo-notifier')
 order by backend_start
