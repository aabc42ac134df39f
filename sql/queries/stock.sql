-- What is left to sell.

-- name: stock_take
-- Takes from counted stock; the ids of the products and modifiers that are counted.
select fynlo.take_stock(%(products)s::uuid[], %(quantities)s::bigint[], %(modifiers)s::uuid[],
                        %(modifier_quantities)s::bigint[])

-- name: stock_give
-- Gives back to counted stock; returns nothing.
select fynlo.give_stock(%(products)s::uuid[], %(quantities)s::bigint[], %(modifiers)s::uuid[],
                        %(modifier_quantities)s::bigint[])

-- name: product_availability
-- Sets the availability of a product that is on the menu: its name, availability and low-stock threshold.
update products p
   set availability = %(state)s, stock = %(quantity)s, out_until = %(until)s,
       low_stock_at = case when %(keep_low)s then p.low_stock_at else %(low_stock_at)s::integer end
 where p.restaurant_id = %(restaurant_id)s and p.id = %(id)s and p.archived_at is null
returning p.name, fynlo.availability_json(p.availability, p.stock, p.out_until)::text, p.low_stock_at

-- name: modifier_availability
-- Sets the availability of a modifier that is on the menu: its name, availability and low-stock threshold.
update modifiers m
   set availability = %(state)s, stock = %(quantity)s, out_until = %(until)s,
       low_stock_at = case when %(keep_low)s then m.low_stock_at else %(low_stock_at)s::integer end
 where m.restaurant_id = %(restaurant_id)s and m.id = %(id)s and m.archived_at is null
returning m.name, fynlo.availability_json(m.availability, m.stock, m.out_until)::text, m.low_stock_at
