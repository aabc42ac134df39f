-- Sales, takings and VAT, each by one query.
--
-- Sales are orders that are not pending, cancelled or merged, on their own business date. Refunds of such orders
-- reverse a sale on the refund's business date. Everywhere total = net + service_charge + tax: net sales without tax
-- and service charge, and the service charge without its tax. `discount` and `gross`, which is before it, are as
-- the menu shows prices, with tax or without. What was refunded of the service charge stands in the refunds' net.

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
