-- Orders, written whole and read whole.

-- name: order_insert
-- One order with its lines and their modifiers, numbered by its business date.
with counter as (
  insert into day_counters as c (restaurant_id, business_date, last_number)
  values (%(restaurant_id)s, fynlo.trading_day(%(restaurant_id)s, %(placed_at)s, %(timezone)s, %(day_cutoff)s), 1)
  on conflict (restaurant_id, business_date) do update set last_number = c.last_number + 1
  returning c.business_date, c.last_number
), o as (
  insert into orders (
    restaurant_id, id, number, business_date, type, status, table_id, covers, customer_name, notes,
    created_by, request_hash, currency, prices_include_tax, tax_rounding, tax_scope,
    service_charge_percentage, service_charge_taxable, service_charge_from_covers,
    subtotal, discount, service_charge, tax, total, tax_breakdown, placed_at)
  select %(restaurant_id)s, %(id)s, counter.last_number, counter.business_date, %(type)s, %(status)s,
         %(table_id)s, %(covers)s, %(customer_name)s, %(notes)s, %(created_by)s, %(request_hash)s,
         %(currency)s, %(prices_include_tax)s, %(tax_rounding)s, %(tax_scope)s,
         %(service_charge_percentage)s, %(service_charge_taxable)s, %(service_charge_from_covers)s,
         %(subtotal)s, %(discount)s, %(service_charge)s, %(tax)s, %(total)s, %(tax_breakdown)s, %(placed_at)s
    from counter
  returning restaurant_id, id, number, business_date, version, created_at, updated_at
), i as (
  insert into order_items (
    restaurant_id, order_id, id, position, product_id, variant_id, name, variant_name, station_id,
    unit_price, quantity, course, notes, status, tax_rate, discount, total, net, stock_taken)
  select o.restaurant_id, o.id, x.id, x.position, x.product_id, x.variant_id, x.name, x.variant_name,
         x.station_id, x.unit_price, x.quantity, x.course, x.notes, x.status, x.tax_rate, x.discount,
         x.total, x.net, x.stock_taken
    from o cross join json_to_recordset(%(items)s) as x (
      id uuid, position integer, product_id uuid, variant_id uuid, name text, variant_name text,
      station_id uuid, unit_price bigint, quantity integer, course integer, notes text, status text,
      tax_rate numeric, discount bigint, total bigint, net bigint, stock_taken integer)
), m as (
  insert into order_item_modifiers (restaurant_id, order_id, item_id, modifier_id, position, name, price, quantity,
                                    stock_taken)
  select o.restaurant_id, o.id, x.item_id, x.modifier_id, x.position, x.name, x.price, x.quantity, x.stock_taken
    from o cross join json_to_recordset(%(modifiers)s) as x (
      item_id uuid, modifier_id uuid, position integer, name text, price bigint, quantity integer,
      stock_taken integer)
)
select o.number, o.business_date, o.version, o.created_at, o.updated_at from o

-- name: order_save
-- An order as it is after a change: what of it may change, the lines that are others now, new lines, the modifiers
-- and checks that were added or changed. Its version rises; the caller holds its lock.
with o as (
  update orders set
    status = %(status)s, status_reason = %(status_reason)s, table_id = %(table_id)s, covers = %(covers)s,
    customer_name = %(customer_name)s, notes = %(notes)s, merged_into = %(merged_into)s,
    discount_percentage = %(discount_percentage)s, discount_amount = %(discount_amount)s,
    discount_reason = %(discount_reason)s, charge_rule = %(charge_rule)s,
    charge_percentage = %(charge_percentage)s, charge_amount = %(charge_amount)s, charge_reason = %(charge_reason)s,
    subtotal = %(subtotal)s, discount = %(discount)s, service_charge = %(service_charge)s, tax = %(tax)s,
    total = %(total)s, tax_breakdown = %(tax_breakdown)s, version = version + 1
   where restaurant_id = %(restaurant_id)s and id = %(id)s
  returning restaurant_id, id
), n as (
  update order_items i
     set quantity = x.quantity, course = x.course, notes = x.notes, status = x.status,
         discount_percentage = x.discount_percentage, discount_amount = x.discount_amount,
         discount_reason = x.discount_reason, discount = x.discount, total = x.total, net = x.net,
         void_reason = x.void_reason, stock_taken = x.stock_taken
    from o cross join json_to_recordset(%(changed)s) as x (
      id uuid, quantity integer, course integer, notes text, status text, discount_percentage numeric,
      discount_amount bigint, discount_reason text, discount bigint, total bigint, net bigint, void_reason text,
      stock_taken integer)
   where i.restaurant_id = o.restaurant_id and i.order_id = o.id and i.id = x.id
), i as (
  insert into order_items (
    restaurant_id, order_id, id, position, product_id, variant_id, name, variant_name, station_id,
    unit_price, quantity, course, notes, status, tax_rate, discount, total, net, void_reason, stock_taken, request_hash)
  select o.restaurant_id, o.id, x.id, x.position, x.product_id, x.variant_id, x.name, x.variant_name,
         x.station_id, x.unit_price, x.quantity, x.course, x.notes, x.status, x.tax_rate, x.discount,
         x.total, x.net, x.void_reason, x.stock_taken, %(request_hash)s
    from o cross join json_to_recordset(%(items)s) as x (
      id uuid, position integer, product_id uuid, variant_id uuid, name text, variant_name text,
      station_id uuid, unit_price bigint, quantity integer, course integer, notes text, status text,
      tax_rate numeric, discount bigint, total bigint, net bigint, void_reason text, stock_taken integer)
), m as (
  insert into order_item_modifiers as m (restaurant_id, order_id, item_id, modifier_id, position, name, price, quantity,
                                         stock_taken)
  select o.restaurant_id, o.id, x.item_id, x.modifier_id, x.position, x.name, x.price, x.quantity, x.stock_taken
    from o cross join json_to_recordset(%(modifiers)s) as x (
      item_id uuid, modifier_id uuid, position integer, name text, price bigint, quantity integer,
      stock_taken integer)
  on conflict (restaurant_id, order_id, item_id, modifier_id) do update
     set position = excluded.position, name = excluded.name, price = excluded.price, quantity = excluded.quantity,
         stock_taken = excluded.stock_taken
)
insert into checks as c (restaurant_id, id, order_id, position, total, items, remainder, replaced_at)
select o.restaurant_id, x.id, o.id, x.position, x.total, x.items, x.remainder,
       case when x.replaced then clock_timestamp() end
  from o cross join json_to_recordset(%(checks)s) as x (
    id uuid, position integer, total bigint, items jsonb, remainder boolean, replaced boolean)
on conflict (restaurant_id, id) do update
   set position = excluded.position, total = excluded.total, items = excluded.items,
       remainder = excluded.remainder, replaced_at = excluded.replaced_at

-- name: order_lock
-- Takes the lock of an order until the end of the transaction; its version then holds still.
select o.version from orders o where o.restaurant_id = %(restaurant_id)s and o.id = %(id)s for update

-- name: order_read
-- One order, as rows of order_rows behind the feed's position and, on the first row alone, its payments and its checks:
-- those are put together when the rows are sorted, or the sort would carry them.
select h.epoch, h.seq,
       case when row_number() over lines = 1 then fynlo.payments_json(r.restaurant_id, r.order_id)::text end,
       case when row_number() over lines = 1 then fynlo.checks_json(r.restaurant_id, r.order_id)::text end, r.*
  from feed_heads h cross join order_rows r
 where h.restaurant_id = %(restaurant_id)s and r.restaurant_id = %(restaurant_id)s and r.order_id = %(id)s
window lines as (order by r.item_position, r.item_id, r.modifier_position, r.modifier_id)
 order by r.item_position, r.item_id, r.modifier_position, r.modifier_id

-- name: orders_page
-- Orders, newest first, in the shape of order_read; one row with the feed's position where there are none.
with page as (
  select o.restaurant_id, o.id from orders o
   where o.restaurant_id = %(restaurant_id)s
     and (not %(only_open)s or o.closed_at is null)
     and (%(statuses)s::text[] is null or o.status = any (%(statuses)s))
     and (%(business_date)s::date is null or o.business_date = %(business_date)s)
     and (%(table_id)s::uuid is null or o.table_id = %(table_id)s)
     and (%(payment_status)s::text is null or o.payment_status = %(payment_status)s)
     and (%(before_at)s::timestamptz is null or (o.created_at, o.id) < (%(before_at)s, %(before_id)s::uuid))
   order by o.created_at desc, o.id desc
   limit %(limit)s
)
select h.epoch, h.seq,
       case when lag(r.order_id) over lines is distinct from r.order_id
            then fynlo.payments_json(r.restaurant_id, r.order_id)::text end,
       case when lag(r.order_id) over lines is distinct from r.order_id
            then fynlo.checks_json(r.restaurant_id, r.order_id)::text end, r.*
  from feed_heads h
  left join (page join order_rows r on r.restaurant_id = page.restaurant_id and r.order_id = page.id) on true
 where h.restaurant_id = %(restaurant_id)s
window lines as (order by r.created_at desc, r.order_id desc, r.item_position, r.item_id, r.modifier_position,
                          r.modifier_id)
 order by r.created_at desc, r.order_id desc, r.item_position, r.item_id, r.modifier_position, r.modifier_id

-- name: payment_orders
-- Those of these payments that there are, each with its order.
select p.id, p.order_id from payments p
 where p.restaurant_id = %(restaurant_id)s and p.id = any (%(payments)s)
