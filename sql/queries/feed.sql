-- The event log, as the hub reads it.

-- name: read_events
-- For each restaurant at most `limit` events after its position, in order.
select restaurant_id, seq, type, entity_id, data, created_at
  from fynlo.read_events(%(restaurants)s, %(after)s, %(limit)s)

-- name: read_heads
-- Where the log of each restaurant ends, where replay begins, and its epoch.
select restaurant_id, seq, floor_seq, epoch from fynlo.read_heads(%(restaurants)s)

-- name: make_event_partitions
-- Makes the partitions of the coming months, where they are missing.
select fynlo.make_event_partitions()

-- name: prune_idempotency_keys
-- Forgets at most `limit` answers older than 30 days, of every restaurant; how many.
select fynlo.prune_idempotency_keys(%(limit)s)

-- name: bring_back
-- Puts at most `limit` products and modifiers back in stock whose time has come; how many, and when the next one's
-- comes.
select back, next_at from fynlo.bring_back(%(limit)s)

-- name: open_notifier
-- Has this session's commits wait for no flush; its backend, as notifications name it.
select pg_backend_pid() from set_config('synchronous_commit', 'off', false)

-- name: notify
-- Wakes every process that listens, for these restaurants.
select pg_notify('fynlo_feed', restaurant::text) from unnest(%(restaurants)s::uuid[]) restaurant

-- name: keep_house
-- Whether this process may: one at a time does, until its connection ends.
select pg_try_advisory_lock(hashtext('fynlo.housekeeping'))

-- name: raise_floors
-- Raises the floors of at most `limit` restaurants behind `after` to `days` back: the last one looked at (null:
-- no more), how many rose, how many a writer held.
select upto, raised, busy from fynlo.raise_floors(%(days)s, %(after)s, %(limit)s)

-- name: drop_event_month
-- Drops the oldest month that ended `months` ago and that nobody may replay; its name, null where there is none.
select fynlo.drop_event_month(%(months)s)

-- name: prune_default_events
-- Deletes at most `limit` events older than `months` from the default partition; how many.
select fynlo.prune_default_events(%(months)s, %(limit)s)

-- name: feed_status
-- The head of one restaurant or (null) of all, its newest event, and the oldest that may be replayed.
select restaurant_id, name, seq, floor_seq, epoch, newest_seq, newest_at, replay_from
  from fynlo.feed_status(%(restaurant_id)s)

-- name: log_status
-- Months, the oldest month, bytes, and events without a month.
select months, oldest_month, bytes, default_events from fynlo.log_status()

-- name: listeners
-- The sessions that wake the screens, one a process; a login without pg_monitor sees no more than the pid of
-- another's.
select a.pid, a.usename::text, host(a.client_addr), a.backend_start
  from pg_stat_activity a
 where a.datname = current_database() and a.application_name = 'fynlo-listener'
 order by a.backend_start, a.pid

-- name: notification_queue
-- The share of the queue of notifications that is in use, 0 to 1, and the time.
select pg_notification_queue_usage(), clock_timestamp()

-- name: rotate_epochs
-- A new epoch for one restaurant or (null) for all, and who they are. As fynlo_owner.
select restaurant_id, name, seq, epoch from fynlo.rotate_epochs(%(restaurant_id)s)

-- name: durability
-- The settings that an acknowledged order rests on.
select current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')

-- name: migrations_applied
-- Every migration file with its hash.
select name, sha256 from fynlo.migrations
