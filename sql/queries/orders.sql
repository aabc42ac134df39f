-- Orders, written whole and read whole.

-- name: order_insert
-- One order with its lines and their modifiers, numbered by its business date.
with counter as (
  insert into day_counters as c (restaurant_id, business_date, last_number)
  values (%(restaurant_id)s, fynlo.business_date(%(placed_at)s, %(timezone)s, %(day_cutoff)s), 1)
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
    unit_price, quantity, course, notes, status, tax_rate, discount, total, net, request_hash)
  select o.restaurant_id, o.id, x.id, x.position, x.product_id, x.variant_id, x.name, x.variant_name,
         x.station_id, x.unit_price, x.quantity, x.course, x.notes, x.status, x.tax_rate, x.discount,
         x.total, x.net, null
    from o cross join json_to_recordset(%(items)s) as x (
      id uuid, position integer, product_id uuid, variant_id uuid, name text, variant_name text,
      station_id uuid, unit_price bigint, quantity integer, course integer, notes text, status text,
      tax_rate numeric, discount bigint, total bigint, net bigint)
), m as (
  insert into order_item_modifiers (restaurant_id, order_id, item_id, modifier_id, position, name, price, quantity)
  select o.restaurant_id, o.id, x.item_id, x.modifier_id, x.position, x.name, x.price, x.quantity
    from o cross join json_to_recordset(%(modifiers)s) as x (
      item_id uuid, modifier_id uuid, position integer, name text, price bigint, quantity integer)
)
select o.number, o.business_date, o.version, o.created_at, o.updated_at from o

-- name: order_append
-- New lines on an order, with its new totals and status; the caller holds the order's lock.
with o as (
  update orders set
    status = %(status)s, subtotal = %(subtotal)s, discount = %(discount)s,
    service_charge = %(service_charge)s, tax = %(tax)s, total = %(total)s,
    tax_breakdown = %(tax_breakdown)s, payment_status = %(payment_status)s, version = version + 1
   where restaurant_id = %(restaurant_id)s and id = %(id)s
  returning restaurant_id, id, version, updated_at
), n as (
  update order_items i set net = x.net
    from o cross join json_to_recordset(%(nets)s) as x (id uuid, net bigint)
   where i.restaurant_id = o.restaurant_id and i.order_id = o.id and i.id = x.id and i.net <> x.net
), i as (
  insert into order_items (
    restaurant_id, order_id, id, position, product_id, variant_id, name, variant_name, station_id,
    unit_price, quantity, course, notes, status, tax_rate, discount, total, net, request_hash)
  select o.restaurant_id, o.id, x.id, x.position, x.product_id, x.variant_id, x.name, x.variant_name,
         x.station_id, x.unit_price, x.quantity, x.course, x.notes, x.status, x.tax_rate, x.discount,
         x.total, x.net, %(request_hash)s
    from o cross join json_to_recordset(%(items)s) as x (
      id uuid, position integer, product_id uuid, variant_id uuid, name text, variant_name text,
      station_id uuid, unit_price bigint, quantity integer, course integer, notes text, status text,
      tax_rate numeric, discount bigint, total bigint, net bigint)
), m as (
  insert into order_item_modifiers (restaurant_id, order_id, item_id, modifier_id, position, name, price, quantity)
  select o.restaurant_id, o.id, x.item_id, x.modifier_id, x.position, x.name, x.price, x.quantity
    from o cross join json_to_recordset(%(modifiers)s) as x (
      item_id uuid, modifier_id uuid, position integer, name text, price bigint, quantity integer)
)
select o.version, o.updated_at from o

-- name: order_lock
-- Takes the lock of an order until the end of the transaction; its version then holds still.
select o.version from orders o where o.restaurant_id = %(restaurant_id)s and o.id = %(id)s for update

-- name: order_set_status
-- A new status; pending lines of an order that is cancelled stay as they are.
update orders set status = %(status)s, status_reason = %(reason)s, version = version + 1
 where restaurant_id = %(restaurant_id)s and id = %(id)s
returning version

-- name: order_read
-- One order, as rows of order_rows behind the feed's position.
select h.epoch, h.seq, r.*
  from order_rows r
  join feed_heads h on h.restaurant_id = r.restaurant_id
 where r.restaurant_id = %(restaurant_id)s and r.order_id = %(id)s
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
select h.epoch, h.seq, r.*
  from feed_heads h
  left join (page join order_rows r on r.restaurant_id = page.restaurant_id and r.order_id = page.id) on true
 where h.restaurant_id = %(restaurant_id)s
 order by r.created_at desc, r.order_id desc, r.item_position, r.item_id, r.modifier_position, r.modifier_id

-- name: order_void
-- Lines as they are after one was voided, wholly or in part, with the order's new totals; the caller holds the
-- order's lock. The voided part of a line is a copy of it with an id of its own.
with o as (
  update orders set
    subtotal = %(subtotal)s, discount = %(discount)s, service_charge = %(service_charge)s, tax = %(tax)s,
    total = %(total)s, tax_breakdown = %(tax_breakdown)s, payment_status = %(payment_status)s,
    version = version + 1
   where restaurant_id = %(restaurant_id)s and id = %(id)s
  returning restaurant_id, id
), n as (
  update order_items i
     set quantity = x.quantity, status = x.status, total = x.total, net = x.net,
         void_reason = case when i.id = %(item_id)s and x.status = 'voided' then %(reason)s else i.void_reason end
    from o cross join json_to_recordset(%(lines)s) as x (
      id uuid, quantity integer, status text, total bigint, net bigint)
   where i.restaurant_id = o.restaurant_id and i.order_id = o.id and i.id = x.id
     and (i.quantity, i.status, i.total, i.net) is distinct from (x.quantity, x.status, x.total, x.net)
), i as (
  insert into order_items (
    restaurant_id, order_id, id, position, product_id, variant_id, name, variant_name, station_id,
    unit_price, quantity, course, notes, status, tax_rate, discount, total, net, void_reason)
  select l.restaurant_id, l.order_id, %(part_id)s, l.position, l.product_id, l.variant_id, l.name,
         l.variant_name, l.station_id, l.unit_price, %(part_quantity)s, l.course, l.notes, 'voided', l.tax_rate,
         0, %(part_total)s, %(part_net)s, %(reason)s
    from o join order_items l on l.restaurant_id = o.restaurant_id and l.order_id = o.id and l.id = %(item_id)s
   where %(part_id)s::uuid is not null
)
insert into order_item_modifiers (restaurant_id, order_id, item_id, modifier_id, position, name, price, quantity)
select m.restaurant_id, m.order_id, %(part_id)s, m.modifier_id, m.position, m.name, m.price, m.quantity
  from o join order_item_modifiers m on m.restaurant_id = o.restaurant_id and m.order_id = o.id
                                    and m.item_id = %(item_id)s
 where %(part_id)s::uuid is not null
