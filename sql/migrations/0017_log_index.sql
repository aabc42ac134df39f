-- The history of one order, out of a log that is ordered by time. On a database in use its partitions are indexed
-- beforehand, without locking anybody out: sql/README.md, "An index on the log".
set local role fynlo_owner;

-- squawk-ignore require-concurrent-index-creation -- not to be had on a partitioned table; see above
create index if not exists order_events_entity_idx on order_events (restaurant_id, entity_id, seq);
