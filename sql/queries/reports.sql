-- Reports, each by one query.
--
-- Sales are orders that are not pending, cancelled or merged, on their own business date. Refunds of such orders
-- reverse a sale on the refund's business date. Everywhere total = net + service_charge + tax: net sales without tax
-- and service charge, and the service charge without its tax. `discount` and `gross`, which is before it, are as
-- the menu shows prices, with tax or without. What was refunded of the service charge stands in the refunds' net.

-- name: x_report
-- A row of shift_rows, and the payments and the refunds of that shift by method.
select r.*, p.methods, f.methods
  from shift_rows r
 cross join lateral (
   select coalesce(json_agg(json_build_object('method', m.method, 'count', m.count, 'amount', m.amount,
                                              'tips', m.tips) order by m.method), '[]') as methods
     from (select p.method, count(*) as count, sum(p.amount) as amount, sum(p.tip) as tips
             from payments p
            where p.restaurant_id = r.restaurant_id and p.shift_id = r.id and p.state = 'captured'
            group by p.method) m) p
 cross join lateral (
   select coalesce(json_agg(json_build_object('method', m.method, 'count', m.count, 'amount', m.amount,
                                              'tips', m.tips) order by m.method), '[]') as methods
     from (select f.method, count(*) as count, sum(f.amount) as amount, sum(f.tip) as tips
             from refunds f
            where f.restaurant_id = r.restaurant_id and f.shift_id = r.id
            group by f.method) m) f
 where r.restaurant_id = %(restaurant_id)s and r.id = %(id)s

-- name: z_number
-- The next number. No other Z of the restaurant is taken until the end of the transaction, and what is read next
-- sees the last one.
insert into z_counters as c (restaurant_id, last_number) values (%(restaurant_id)s, 1)
on conflict (restaurant_id) do update set last_number = c.last_number + 1
returning last_number

-- name: z_dates
-- The business date of the last Z, null if there is none, and that of now.
select (select z.business_date from z_reports z
         where z.restaurant_id = %(restaurant_id)s order by z.number desc limit 1),
       fynlo.business_date(now(), %(timezone)s, %(day_cutoff)s)

-- name: z_orders_to_report
-- The orders that were completed or cancelled and are in no Z yet, held until the end of the transaction: who refunds
-- one locks it before its payments, so a Z that stamps payments has its orders first.
select o.id from orders o
 where o.restaurant_id = %(restaurant_id)s and o.status in ('completed', 'cancelled')
   and not exists (select from z_orders z where z.restaurant_id = o.restaurant_id and z.order_id = o.id)
 order by o.id
   for key share

-- name: z_take
-- A Z of these orders, and of every captured payment and every refund that is in none yet: they are counted by
-- the same statement that stamps them. The sale that a refund reverses counts once its order is reported.
with stamped as (
  update payments p set z_id = %(id)s
   where p.restaurant_id = %(restaurant_id)s and p.z_id is null and p.state = 'captured'
  returning p.id, p.method, p.amount, p.unapplied, p.tip, p.shift_id
), given_back as (
  update refunds f set z_id = %(id)s
   where f.restaurant_id = %(restaurant_id)s and f.z_id is null
  returning f.id, f.order_id, f.method, f.amount, f.tip, f.shift_id
), reported as (
  insert into z_orders (restaurant_id, order_id, z_id)
  select %(restaurant_id)s, o.id, %(id)s from unnest(%(orders)s::uuid[]) as o (id)
  returning order_id
), closed as (
  select o.* from orders o join reported r on r.order_id = o.id
   where o.restaurant_id = %(restaurant_id)s
), sold as (
  select * from closed where status = 'completed'
), reversed as (
  select f.service_charge, f.tax_breakdown
    from refunds f
   where f.restaurant_id = %(restaurant_id)s
     and (f.order_id in (select s.id from sold s)
          or f.id in (select g.id from given_back g)
             and exists (select from z_orders z join orders o on o.restaurant_id = z.restaurant_id and o.id = z.order_id
                          where z.restaurant_id = f.restaurant_id and z.order_id = f.order_id
                            and o.status = 'completed'))
), sold_taxes as (
  select b.rate, sum(b.net) as net, sum(b.tax) as tax, sum(b.gross) as gross
    from sold s cross join jsonb_to_recordset(s.tax_breakdown) as b (rate text, net bigint, tax bigint, gross bigint)
   group by b.rate
), reversed_taxes as (
  select b.rate, sum(b.net) as net, sum(b.tax) as tax, sum(b.gross) as gross
    from reversed r
   cross join jsonb_to_recordset(r.tax_breakdown) as b (rate text, net bigint, tax bigint, gross bigint)
   group by b.rate
), body as (
  select json_build_object(
    'currency', %(currency)s::text,
    'taken_by_name', (select u.name from users u where u.id = %(user_id)s),
    'payments', (select coalesce(json_agg(m order by m.method), '[]') from (
      select p.method, count(*) as count, sum(p.amount) as amount, sum(p.unapplied) as unapplied, sum(p.tip) as tips
        from stamped p group by p.method) m),
    'refunds', (select coalesce(json_agg(m order by m.method), '[]') from (
      select f.method, count(*) as count, sum(f.amount) as amount, sum(f.tip) as tips
        from given_back f group by f.method) m),
    'takings', (select coalesce(sum(p.amount + p.tip), 0) from stamped p)
               - (select coalesce(sum(f.amount + f.tip), 0) from given_back f),
    'sales', (select json_build_object(
        'orders', count(*), 'covers', coalesce(sum(s.covers), 0), 'subtotal', coalesce(sum(s.subtotal), 0),
        'discount', coalesce(sum(s.discount), 0), 'service_charge', coalesce(sum(s.service_charge), 0),
        'tax', coalesce(sum(s.tax), 0), 'total', coalesce(sum(s.total), 0),
        'tax_breakdown', (select coalesce(json_agg(t order by t.rate::numeric), '[]') from sold_taxes t))
      from sold s),
    'reversed', json_build_object(
        'service_charge', (select coalesce(sum(r.service_charge), 0) from reversed r),
        'total', (select coalesce(sum(r.service_charge), 0) from reversed r)
                 + (select coalesce(sum(t.gross), 0) from reversed_taxes t),
        'tax_breakdown', (select coalesce(json_agg(t order by t.rate::numeric), '[]') from reversed_taxes t)),
    'voids', (select json_build_object('count', coalesce(sum(i.quantity), 0), 'amount', coalesce(sum(i.total), 0))
      from closed c join order_items i on i.restaurant_id = c.restaurant_id and i.order_id = c.id
     where i.status = 'voided'),
    'cancelled', (select json_build_object('count', count(*), 'amount', coalesce(sum(c.total), 0))
      from closed c where c.status = 'cancelled'),
    'open_orders', (select json_build_object('count', count(*),
                                             'due', coalesce(sum(fynlo.due(o.total, o.paid, o.returned)), 0))
      from orders o where o.restaurant_id = %(restaurant_id)s and o.closed_at is null),
    'drawers', (select coalesce(json_agg(json_build_object(
        'shift_id', d.shift_id, 'drawer', s.drawer, 'opened_by_name', u.name, 'cash', d.cash,
        'closed_at', fynlo.rfc3339(s.closed_at), 'expected', s.expected_amount, 'counted', s.counted_amount,
        'difference', s.counted_amount - s.expected_amount) order by s.opened_at, s.id), '[]')
      from (select c.shift_id, sum(c.cash) as cash from (
              select p.shift_id, p.amount + p.tip as cash from stamped p where p.method = 'cash'
              union all
              select f.shift_id, -(f.amount + f.tip) from given_back f where f.method = 'cash') c
             group by c.shift_id) d
      left join shifts s on s.restaurant_id = %(restaurant_id)s and s.id = d.shift_id
      left join users u on u.id = s.opened_by),
    'open_shifts', (select coalesce(json_agg(json_build_object(
        'shift_id', s.id, 'drawer', s.drawer, 'opened_by_name', u.name, 'opened_at', fynlo.rfc3339(s.opened_at))
        order by s.opened_at, s.id), '[]')
      from shifts s join users u on u.id = s.opened_by
     where s.restaurant_id = %(restaurant_id)s and s.closed_at is null)) as body
)
insert into z_reports (restaurant_id, id, number, business_date, taken_by, taken_at, body)
select %(restaurant_id)s, %(id)s, %(number)s, %(business_date)s, %(user_id)s, clock_timestamp(), body.body from body
returning id, restaurant_id, number, business_date, taken_by, taken_at, body::text

-- name: z_read
-- A Z as it was taken.
select z.id, z.restaurant_id, z.number, z.business_date, z.taken_by, z.taken_at, z.body::text
  from z_reports z where z.restaurant_id = %(restaurant_id)s and z.id = %(id)s

-- name: z_page
-- The Zs of a restaurant, newest first, those below a number where that is given; in the shape of z_read.
select z.id, z.restaurant_id, z.number, z.business_date, z.taken_by, z.taken_at, z.body::text
  from z_reports z
 where z.restaurant_id = %(restaurant_id)s and (%(below)s::integer is null or z.number < %(below)s)
 order by z.number desc
 limit %(limit)s

-- name: sales_by_order
-- Sales by business day, by the clock's hour (the hour that a clock change repeats is one), or by who made the order;
-- the first row is of all together. A refund counts on its own day and hour, with who made the order.
with sold as (
  select o.id, o.business_date, o.placed_at, o.created_by, o.subtotal, o.discount, o.tax, o.total,
         o.tips + f.tips as tips, i.items, i.net
    from orders o
   cross join lateral (
     select coalesce(sum(i.quantity), 0) as items, coalesce(sum(i.net), 0) as net from order_items i
      where i.restaurant_id = o.restaurant_id and i.order_id = o.id and i.status <> 'voided') i
   cross join lateral (
     select coalesce(sum(f.tip), 0) as tips from refunds f
      where f.restaurant_id = o.restaurant_id and f.order_id = o.id) f
   where o.restaurant_id = %(restaurant_id)s and o.business_date between %(from)s and %(to)s
     and o.status not in ('pending', 'cancelled', 'merged')
), figures as (
  select s.business_date, s.placed_at as at, s.created_by, s.id as order_id, s.items, s.subtotal as gross, s.discount,
         s.net, s.total - s.tax - s.net as service_charge, s.tax, s.total, s.tips,
         null::uuid as refund_id, 0 as back_net, 0 as back_tax, 0 as back_tips
    from sold s
   union all
  select f.business_date, f.created_at, o.created_by, null, 0, 0, 0, 0, 0, 0, 0, 0,
         f.id, b.net + f.service_charge, b.tax, f.tip
    from refunds f
    join orders o on o.restaurant_id = f.restaurant_id and o.id = f.order_id
   cross join lateral (
     select coalesce(sum(b.net), 0) as net, coalesce(sum(b.tax), 0) as tax
       from jsonb_to_recordset(f.tax_breakdown) as b (net bigint, tax bigint)) b
   where f.restaurant_id = %(restaurant_id)s and f.business_date between %(from)s and %(to)s
     and o.status not in ('pending', 'cancelled', 'merged')
), keyed as (
  select case %(group_by)s::text when 'day' then x.business_date::text
                                 when 'hour' then to_char(x.at at time zone %(timezone)s, 'HH24')
                                 else x.created_by::text end as key, x.*
    from figures x
), summed as (
  select grouping(k.key) = 1 as whole, k.key, count(k.order_id) as orders, sum(k.items) as items, sum(k.gross) as gross,
         sum(k.discount) as discount, sum(k.net) as net, sum(k.service_charge) as service_charge, sum(k.tax) as tax,
         sum(k.total) as total, sum(k.tips) as tips, count(k.refund_id) as refunds, sum(k.back_net) as back_net,
         sum(k.back_tax) as back_tax, sum(k.back_tips) as back_tips
    from keyed k
   group by grouping sets ((k.key), ())
)
select s.key,
       case %(group_by)s::text when 'day' then s.key
                               when 'hour' then s.key || ':00'
                               else (select u.name from users u where u.id = s.key::uuid) end as name,
       s.orders, coalesce(s.items, 0)::bigint, coalesce(s.gross, 0)::bigint, coalesce(s.discount, 0)::bigint,
       coalesce(s.net, 0)::bigint, coalesce(s.service_charge, 0)::bigint, coalesce(s.tax, 0)::bigint,
       coalesce(s.total, 0)::bigint, coalesce(s.tips, 0)::bigint, s.refunds, coalesce(s.back_net, 0)::bigint,
       coalesce(s.back_tax, 0)::bigint, coalesce(s.back_net + s.back_tax, 0)::bigint,
       coalesce(s.back_tips, 0)::bigint
  from summed s
 order by s.whole desc,
          case when %(group_by)s::text = 'hour'
               then (s.key::integer + 24 - extract(hour from %(day_cutoff)s::time)::integer) %% 24 end,
          name, s.key

-- name: sales_by_item
-- Sales by product or by category, in the shape of sales_by_order. What an order has as a whole is shared over its
-- lines: its discount as on the bill, by largest remainder; tax and service charge in proportion, so that the parts
-- add up. Tips, orders without lines and refunds that name no line are of no product (key null).
with lines as (
  select o.id as order_id, o.prices_include_tax, o.tax, i.id as item_id, i.product_id, i.position,
         coalesce(i.quantity, 0) as items, coalesce(i.tax_rate, 0) as rate, coalesce(i.net, 0) as net,
         coalesce(i.total + i.discount, o.subtotal) as gross, coalesce(i.discount, 0) as own,
         coalesce(i.total, 0)::numeric as total,
         coalesce(sum(i.total) over of_order, 0) as of_all,
         o.discount - coalesce(sum(i.discount) over of_order, 0) as shared,
         o.total - o.tax - coalesce(sum(i.net) over of_order, 0) as charged,
         row_number() over (of_order order by i.position, i.id) = 1 as first
    from orders o
    left join order_items i on i.restaurant_id = o.restaurant_id and i.order_id = o.id and i.status <> 'voided'
   where o.restaurant_id = %(restaurant_id)s and o.business_date between %(from)s and %(to)s
     and o.status not in ('pending', 'cancelled', 'merged')
  window of_order as (partition by o.id)
), floored as (
  select l.*, case when l.of_all > 0 then div(l.shared * l.total, l.of_all)
                   when l.first then l.shared else 0 end as part
    from lines l
), discounted as (
  select f.*, f.part + case when f.of_all > 0
                             and row_number() over (partition by f.order_id
                                                    order by mod(f.shared * f.total, nullif(f.of_all, 0)) desc,
                                                             f.position, f.item_id)
                                 <= f.shared - sum(f.part) over (partition by f.order_id)
                            then 1 else 0 end as share
    from floored f
), weighed as (
  select d.*, d.total - d.share as kept, (d.total - d.share) * d.rate as taxed,
         case when d.prices_include_tax then d.total - d.share - d.net else 0 end as own_tax
    from discounted d
), summed_up as (
  select w.*,
         sum(w.kept) over (partition by w.order_id order by w.position, w.item_id) as kept_so_far,
         sum(w.kept) over (partition by w.order_id) as kept_of_all,
         sum(w.taxed) over (partition by w.order_id order by w.position, w.item_id) as taxed_so_far,
         sum(w.taxed) over (partition by w.order_id) as taxed_of_all,
         w.tax - sum(w.own_tax) over (partition by w.order_id) as tax_left
    from weighed w
), sold as (
  select s.order_id, s.product_id, s.items, s.gross, s.own + s.share as discount, s.net,
         case when s.kept_of_all > 0 then div(s.charged * s.kept_so_far, s.kept_of_all)
                                          - div(s.charged * (s.kept_so_far - s.kept), s.kept_of_all)
              when s.first then s.charged else 0 end as service_charge,
         s.own_tax + case when s.taxed_of_all > 0 then div(s.tax_left * s.taxed_so_far, s.taxed_of_all)
                                                       - div(s.tax_left * (s.taxed_so_far - s.taxed), s.taxed_of_all)
                          when s.first then s.tax_left else 0 end as tax
    from summed_up s
), reversals as (
  select f.id, f.tip, b.net + f.service_charge as net, b.tax, i.product_id, n.n,
         coalesce((n.item ->> 'amount')::numeric, 0) as amount,
         sum((n.item ->> 'amount')::numeric) over (partition by f.id order by n.n) as so_far,
         sum((n.item ->> 'amount')::numeric) over (partition by f.id) as of_all
    from refunds f
    join orders o on o.restaurant_id = f.restaurant_id and o.id = f.order_id
   cross join lateral (
     select coalesce(sum(b.net), 0) as net, coalesce(sum(b.tax), 0) as tax
       from jsonb_to_recordset(f.tax_breakdown) as b (net bigint, tax bigint)) b
    left join lateral jsonb_array_elements(f.items) with ordinality as n (item, n) on true
    left join order_items i on i.restaurant_id = f.restaurant_id and i.id = (n.item ->> 'item_id')::uuid
   where f.restaurant_id = %(restaurant_id)s and f.business_date between %(from)s and %(to)s
     and o.status not in ('pending', 'cancelled', 'merged')
), figures as (
  select s.product_id, s.order_id, s.items, s.gross, s.discount, s.net, s.service_charge, s.tax, 0 as tips,
         null::uuid as refund_id, 0 as back_net, 0 as back_tax, 0 as back_tips
    from sold s
   union all
  select null, null, 0, 0, 0, 0, 0, 0, o.tips + f.tips, null, 0, 0, 0
    from orders o
   cross join lateral (
     select coalesce(sum(f.tip), 0) as tips from refunds f
      where f.restaurant_id = o.restaurant_id and f.order_id = o.id) f
   where o.restaurant_id = %(restaurant_id)s and o.business_date between %(from)s and %(to)s
     and o.status not in ('pending', 'cancelled', 'merged') and o.tips + f.tips <> 0
   union all
  select r.product_id, null, 0, 0, 0, 0, 0, 0, 0, r.id,
         case when r.of_all > 0 then div(r.net * r.so_far, r.of_all) - div(r.net * (r.so_far - r.amount), r.of_all)
              when coalesce(r.n, 1) = 1 then r.net else 0 end,
         case when r.of_all > 0 then div(r.tax * r.so_far, r.of_all) - div(r.tax * (r.so_far - r.amount), r.of_all)
              when coalesce(r.n, 1) = 1 then r.tax else 0 end, 0
    from reversals r
   union all
  select null, null, 0, 0, 0, 0, 0, 0, 0, null, 0, 0, r.tip from reversals r where coalesce(r.n, 1) = 1 and r.tip <> 0
), keyed as (
  select case %(group_by)s::text when 'product' then p.id else p.category_id end as key, x.*
    from figures x
    left join products p on p.restaurant_id = %(restaurant_id)s and p.id = x.product_id
), summed as (
  select grouping(k.key) = 1 as whole, k.key, count(distinct k.order_id) as orders, sum(k.items) as items,
         sum(k.gross) as gross, sum(k.discount) as discount, sum(k.net) as net,
         sum(k.service_charge) as service_charge, sum(k.tax) as tax, sum(k.tips) as tips,
         count(distinct k.refund_id) as refunds, sum(k.back_net) as back_net, sum(k.back_tax) as back_tax,
         sum(k.back_tips) as back_tips
    from keyed k
   group by grouping sets ((k.key), ())
)
select s.key::text,
       case %(group_by)s::text
         when 'product' then (select p.name from products p where p.restaurant_id = %(restaurant_id)s and p.id = s.key)
         else (select c.name from categories c where c.restaurant_id = %(restaurant_id)s and c.id = s.key) end as name,
       s.orders, coalesce(s.items, 0)::bigint, coalesce(s.gross, 0)::bigint, coalesce(s.discount, 0)::bigint,
       coalesce(s.net, 0)::bigint, coalesce(s.service_charge, 0)::bigint, coalesce(s.tax, 0)::bigint,
       coalesce(s.net + s.service_charge + s.tax, 0)::bigint, coalesce(s.tips, 0)::bigint, s.refunds,
       coalesce(s.back_net, 0)::bigint, coalesce(s.back_tax, 0)::bigint,
       coalesce(s.back_net + s.back_tax, 0)::bigint, coalesce(s.back_tips, 0)::bigint
  from summed s
 order by s.whole desc, name, s.key

-- name: takings
-- What was captured and what was given back, by method of payment and on its own business date; the first row is of
-- all together.
with figures as (
  select p.method, p.id as payment_id, p.amount, p.tip, null::uuid as refund_id, 0 as back_amount, 0 as back_tip
    from payments p
   where p.restaurant_id = %(restaurant_id)s and p.business_date between %(from)s and %(to)s and p.state = 'captured'
   union all
  select f.method, null, 0, 0, f.id, f.amount, f.tip
    from refunds f
   where f.restaurant_id = %(restaurant_id)s and f.business_date between %(from)s and %(to)s
)
select x.method, x.method, count(x.payment_id), coalesce(sum(x.amount), 0)::bigint, coalesce(sum(x.tip), 0)::bigint,
       count(x.refund_id), coalesce(sum(x.back_amount), 0)::bigint, coalesce(sum(x.back_tip), 0)::bigint,
       coalesce(sum(x.amount + x.tip - x.back_amount - x.back_tip), 0)::bigint
  from figures x
 group by grouping sets ((x.method), ())
 order by grouping(x.method) desc, x.method

-- name: vat
-- By tax rate what was sold, what refunds reversed, and what is left; the service charge outside tax has no rate; the
-- first row is of all together.
with sold as (
  select o.total, o.tax_breakdown from orders o
   where o.restaurant_id = %(restaurant_id)s and o.business_date between %(from)s and %(to)s
     and o.status not in ('pending', 'cancelled', 'merged')
), reversed as (
  select f.service_charge, f.tax_breakdown
    from refunds f join orders o on o.restaurant_id = f.restaurant_id and o.id = f.order_id
   where f.restaurant_id = %(restaurant_id)s and f.business_date between %(from)s and %(to)s
     and o.status not in ('pending', 'cancelled', 'merged')
), figures as (
  select b.rate, b.net, b.tax, b.gross, 0 as back_net, 0 as back_tax, 0 as back_gross
    from sold s cross join jsonb_to_recordset(s.tax_breakdown) as b (rate text, net bigint, tax bigint, gross bigint)
   union all
  select null, c.charge, 0, c.charge, 0, 0, 0
    from sold s
   cross join lateral (
     select s.total - coalesce(sum(b.gross), 0) as charge
       from jsonb_to_recordset(s.tax_breakdown) as b (gross bigint)) c
   where c.charge <> 0
   union all
  select b.rate, 0, 0, 0, b.net, b.tax, b.gross
    from reversed r
   cross join jsonb_to_recordset(r.tax_breakdown) as b (rate text, net bigint, tax bigint, gross bigint)
   union all
  select null, 0, 0, 0, r.service_charge, 0, r.service_charge from reversed r where r.service_charge <> 0
)
select grouping(x.rate) = 1, x.rate, coalesce(sum(x.net), 0)::bigint, coalesce(sum(x.tax), 0)::bigint,
       coalesce(sum(x.gross), 0)::bigint, coalesce(sum(x.back_net), 0)::bigint, coalesce(sum(x.back_tax), 0)::bigint,
       coalesce(sum(x.back_gross), 0)::bigint, coalesce(sum(x.net - x.back_net), 0)::bigint,
       coalesce(sum(x.tax - x.back_tax), 0)::bigint, coalesce(sum(x.gross - x.back_gross), 0)::bigint
  from figures x
 group by grouping sets ((x.rate), ())
 order by 1 desc, x.rate::numeric
