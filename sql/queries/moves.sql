-- Orders that go to another table, or into another order.

-- name: orders_lock
-- Takes the locks of orders, in the order of their ids, until the end of the transaction.
select o.id from orders o
 where o.restaurant_id = %(restaurant_id)s and o.id = any (%(ids)s)
 order by o.id
   for update

-- name: table_to_sit
-- The name of a table in use, which it stays until the end of the transaction, and the number of the order that is
-- open there.
select t.name,
       (select o.number from orders o
         where o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null)
  from tables t
 where t.restaurant_id = %(restaurant_id)s and t.id = %(id)s and t.archived_at is null
   for key share of t

-- name: order_take_over
-- The lines, payments and refunds of one order are another's, the lines behind those it has. All in one statement:
-- whether modifiers point at lines that are there is looked at when it ends.
with behind as (
  select coalesce(max(position), 0) as position from order_items
   where restaurant_id = %(restaurant_id)s and order_id = %(into)s
), i as (
  update order_items i set order_id = %(into)s, position = behind.position + i.position
    from behind
   where i.restaurant_id = %(restaurant_id)s and i.order_id = %(other)s
), m as (
  update order_item_modifiers m set order_id = %(into)s
   where m.restaurant_id = %(restaurant_id)s and m.order_id = %(other)s
), p as (
  update payments p set order_id = %(into)s, check_id = null, updated_at = clock_timestamp()
   where p.restaurant_id = %(restaurant_id)s and p.order_id = %(other)s
)
update refunds f set order_id = %(into)s
 where f.restaurant_id = %(restaurant_id)s and f.order_id = %(other)s
