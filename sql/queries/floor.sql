-- The room and the kitchen's stations.

-- name: tables
-- A page of the tables in use, with what is open at them; one row without a table where there is none. The
-- first columns, on every row: the feed's position, and how many tables there are.
with found as (
  select t.id, t.restaurant_id, t.section_id, s.name as section_name, t.name, t.seats, t.sort_order,
         case when o.id is null then t.state else 'occupied' end as status, o.id as order_id,
         t.position_x, t.position_y, s.sort_order as section_sort
    from tables t
    left join sections s on s.restaurant_id = t.restaurant_id and s.id = t.section_id
    left join orders o on o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null
   where t.restaurant_id = %(restaurant_id)s and t.archived_at is null
     and (%(section_id)s::uuid is null or t.section_id = %(section_id)s)
     and (%(status)s::text is null or case when o.id is null then t.state else 'occupied' end = %(status)s)
), page as (
  select * from found order by section_sort, section_name, sort_order, name, id
   limit %(limit)s offset %(offset)s
)
select h.epoch, h.seq, (select count(*) from found),
       t.id, t.restaurant_id, t.section_id, t.section_name, t.name, t.seats, t.sort_order, t.status, t.order_id,
       t.position_x, t.position_y
  from feed_heads h
  left join page t on true
 where h.restaurant_id = %(restaurant_id)s
 order by t.section_sort, t.section_name, t.sort_order, t.name, t.id

-- name: table_read
-- A table in use, as `tables` has it.
select t.id, t.restaurant_id, t.section_id, s.name, t.name, t.seats, t.sort_order,
       case when o.id is null then t.state else 'occupied' end, o.id, t.position_x, t.position_y
  from tables t
  left join sections s on s.restaurant_id = t.restaurant_id and s.id = t.section_id
  left join orders o on o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null
 where t.restaurant_id = %(restaurant_id)s and t.id = %(id)s and t.archived_at is null

-- name: table_lock
-- A table in use; until the end of the transaction nobody changes it, and no guests sit down at it.
select name, section_id, seats, sort_order, state, position_x, position_y from tables
 where restaurant_id = %(restaurant_id)s and id = %(id)s and archived_at is null
   for update

-- name: table_order
-- The number of the order that is open at a table.
select o.number from orders o
 where o.restaurant_id = %(restaurant_id)s and o.table_id = %(id)s and o.closed_at is null

-- name: room_lock
-- Takes the lock under which the names of sections and tables stay different.
select from restaurants where id = %(restaurant_id)s for no key update

-- name: table_place
-- Whether another table in use has this name, and whether the section is there.
select exists (select from tables t
                where t.restaurant_id = %(restaurant_id)s and t.archived_at is null and t.id <> %(id)s
                  and lower(t.name) = lower(%(name)s)),
       %(section_id)s::uuid is null
         or exists (select from sections s
                     where s.restaurant_id = %(restaurant_id)s and s.id = %(section_id)s and s.archived_at is null)

-- name: table_insert
-- A new table.
insert into tables (restaurant_id, id, name, section_id, seats, sort_order, state, position_x, position_y)
values (%(restaurant_id)s, %(id)s, %(name)s, %(section_id)s, %(seats)s, %(sort_order)s, %(state)s, %(position_x)s,
        %(position_y)s)

-- name: table_update
-- A table as it is now; one that is as it was stays untouched, so that no screen hears of it.
update tables t
   set name = %(name)s, section_id = %(section_id)s, seats = %(seats)s, sort_order = %(sort_order)s,
       state = %(state)s, position_x = %(position_x)s, position_y = %(position_y)s
 where t.restaurant_id = %(restaurant_id)s and t.id = %(id)s
   and (t.name, t.section_id, t.seats, t.sort_order, t.state, t.position_x, t.position_y)
       is distinct from (%(name)s, %(section_id)s::uuid, %(seats)s, %(sort_order)s, %(state)s, %(position_x)s::integer,
                         %(position_y)s::integer)

-- name: table_archive
-- The table is in use no more; the orders that were there keep naming it.
update tables set archived_at = now() where restaurant_id = %(restaurant_id)s and id = %(id)s

-- name: sections
-- A page of the sections in use, in the order of the room; one row without a section where there is none. The
-- first column, on every row: how many there are.
with found as (
  select id, restaurant_id, name, sort_order from sections
   where restaurant_id = %(restaurant_id)s and archived_at is null
), page as (
  select * from found order by sort_order, name, id limit %(limit)s offset %(offset)s
)
select (select count(*) from found), id, restaurant_id, name, sort_order
  from (select) as always left join page on true
 order by sort_order, name, id

-- name: section_lock
-- A section in use, and how many tables in use stand in it. Asked under room_lock.
select s.name, s.sort_order,
       (select count(*) from tables t
         where t.restaurant_id = s.restaurant_id and t.section_id = s.id and t.archived_at is null)
  from sections s
 where s.restaurant_id = %(restaurant_id)s and s.id = %(id)s and s.archived_at is null
   for update

-- name: section_named
-- Whether another section in use has this name.
select exists (select from sections s
                where s.restaurant_id = %(restaurant_id)s and s.archived_at is null and s.id <> %(id)s
                  and lower(s.name) = lower(%(name)s))

-- name: section_insert
-- A new section.
insert into sections (restaurant_id, id, name, sort_order)
values (%(restaurant_id)s, %(id)s, %(name)s, %(sort_order)s)

-- name: section_update
-- A section as it is now; one that is as it was stays untouched.
update sections s set name = %(name)s, sort_order = %(sort_order)s
 where s.restaurant_id = %(restaurant_id)s and s.id = %(id)s
   and (s.name, s.sort_order) is distinct from (%(name)s, %(sort_order)s)

-- name: section_archive
-- The section is in use no more.
update sections set archived_at = now() where restaurant_id = %(restaurant_id)s and id = %(id)s

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
