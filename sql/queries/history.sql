-- What the log tells of one order.

-- name: order_history
-- The events of an order after a seq, in order, until their data exceeds `max_bytes`; before them the newest one up
-- to that seq, if it is kept. On every row how many there are, those left out counted with them. Those of its payments
-- and refunds are among them: they are looked for where the payments are now, as merging takes them along.
with recursive places (id, merged_into) as (
  select o.id, o.merged_into from orders o where o.restaurant_id = %(restaurant_id)s and o.id = %(id)s
   union
  select o.id, o.merged_into
    from places p join orders o on o.restaurant_id = %(restaurant_id)s and o.id = p.merged_into
), entities (id) as (
  select %(id)s::uuid
   union all
  select p.id from places x join payments p on p.restaurant_id = %(restaurant_id)s and p.order_id = x.id
   union all
  select f.id from places x join refunds f on f.restaurant_id = %(restaurant_id)s and f.order_id = x.id
), found as (
  (select b.* from order_events b
    where b.restaurant_id = %(restaurant_id)s and b.entity_id = %(id)s and b.seq <= %(after)s
    order by b.seq desc limit 1)
   union all
  (select e.*
     from entities x
    cross join lateral (
      select * from order_events l
       where l.restaurant_id = %(restaurant_id)s and l.entity_id = x.id and l.seq > %(after)s
       order by l.seq
       limit %(limit)s) e
    where x.id = %(id)s or e.data -> 'order' ->> 'id' = %(id)s::text
    order by e.seq
    limit %(limit)s)
), measured as (
  select f.*, sum(octet_length(f.data::text)) over (order by f.seq) - octet_length(f.data::text) as bytes_before
    from found f
)
select m.seq, m.type, m.created_at, m.actor, u.name, m.approver, a.name, m.device_id, d.name, m.request_id,
       (m.data -> 'order' ->> 'version')::bigint, (m.data -> 'order')::text, (select count(*) from found)
  from measured m
  left join users u on u.id = m.actor
  left join users a on a.id = m.approver
  left join devices d on d.restaurant_id = m.restaurant_id and d.id = m.device_id
 where m.bytes_before < %(max_bytes)s or m.seq <= %(after)s
 order by m.seq

-- name: order_at
-- The epoch of the log, an order as its newest event up to a seq has it with that one's seq, and the type of its
-- oldest event that is kept.
select h.epoch, e.seq, (e.data -> 'order')::text, oldest.type
  from feed_heads h
  left join lateral (
    select l.seq, l.data from order_events l
     where l.restaurant_id = %(restaurant_id)s and l.entity_id = %(id)s and l.seq <= %(seq)s
     order by l.seq desc limit 1) e on true
  left join lateral (
    select l.type from order_events l
     where l.restaurant_id = %(restaurant_id)s and l.entity_id = %(id)s
     order by l.seq limit 1) oldest on true
 where h.restaurant_id = %(restaurant_id)s

-- name: version_made
-- The version of its order that came of what was made under an id: an order, a payment, a refund; or, with a line,
-- of adding that to the order. No row where the log does not tell.
select (e.data -> 'order' ->> 'version')::bigint
  from order_events e
 where e.restaurant_id = %(restaurant_id)s and e.entity_id = %(id)s
   and case when %(line_id)s::uuid is null then e.type in ('order.created', 'payment.completed', 'payment.refunded')
            else e.type = 'order.items_added' and (e.data -> 'item_ids')::jsonb ? %(line_id)s::uuid::text end
 order by e.seq limit 1
