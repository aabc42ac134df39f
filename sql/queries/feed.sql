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

-- name: durability
-- The settings that an acknowledged order rests on.
select current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')

-- name: migrations_applied
-- Every migration file with its hash.
select name, sha256 from fynlo.migrations
