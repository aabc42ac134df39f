-- The room.

-- name: tables
-- Every table in use, with what is open at it; one empty row where there is none. The first two columns,
-- on every row, are the feed's position.
select h.epoch, h.seq, t.id, t.restaurant_id, t.section_id, s.name, t.name, t.seats, t.sort_order,
       case when o.id is null then 'available' else 'occupied' end, o.id
  from feed_heads h
  left join tables t on t.restaurant_id = h.restaurant_id and t.archived_at is null
  left join sections s on s.restaurant_id = t.restaurant_id and s.id = t.section_id
  left join orders o on o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null
 where h.restaurant_id = %(restaurant_id)s
 order by s.sort_order, s.name, t.sort_order, t.name, t.id
