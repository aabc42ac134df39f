-- The event log, as a restaurant reads it.

-- name: events_page
-- At most `limit` events after a seq, in order, until their data exceeds `max_bytes`, behind the epoch and the
-- head of the same moment; one row without an event where there is none.
with page as (
  select e.seq, e.type, e.entity_id, e.created_at, e.actor, e.data::text as data
    from order_events e
   where e.restaurant_id = %(restaurant_id)s and e.seq > %(after)s
   order by e.seq
   limit %(limit)s
), measured as (
  select p.*, sum(octet_length(p.data)) over (order by p.seq) - octet_length(p.data) as bytes_before
    from page p
)
select h.epoch, h.seq, m.seq, m.type, m.entity_id, m.created_at, m.actor, m.data
  from feed_heads h
  left join measured m on m.bytes_before < %(max_bytes)s
 where h.restaurant_id = %(restaurant_id)s
 order by m.seq
