-- The room and the kitchen's stations.

-- name: tables
-- A page of the tables in use, with what is open at them; one row without a table where there is none. The
-- first columns, on every row: the feed's position, and how many tables there are.
with found as (
  select t.id, t.restaurant_id, t.section_id, s.name as section_name, t.name, t.seats, t.sort_order,
         s.sort_order as section_sort
    from tables t
    left join sections s on s.restaurant_id = t.restaurant_id and s.id = t.section_id
   where t.restaurant_id = %(restaurant_id)s and t.archived_at is null
), page as (
  select * from found order by section_sort, section_name, sort_order, name, id
   limit %(limit)s offset %(offset)s
)
select h.epoch, h.seq, (select count(*) from found),
       t.id, t.restaurant_id, t.section_id, t.section_name, t.name, t.seats, t.sort_order,
       case when o.id is null then 'available' else 'occupied' end, o.id
  from feed_heads h
  left join page t on true
  left join orders o on o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null
 where h.restaurant_id = %(restaurant_id)s
 order by t.section_sort, t.section_name, t.sort_order, t.name, t.id

-- name: stations
-- A page of the stations in use; one row without a station where there is none. The first column, on every
-- row: how many there are.
with found as (
  select id, name, kind, warn_after_s, late_after_s, sort_order from stations
   where restaurant_id = %(restaurant_id)s and archived_at is null
), page as (
  select * from found order by sort_order, name, id limit %(limit)s offset %(offset)s
)
select (select count(*) from found), id, name, kind, warn_after_s, late_after_s, sort_order
  from (select) as always left join page on true
 order by sort_order, name, id
