-- Sums that disagree: an order with its lines, payments, refunds, checks or events, a day with its numbers, a Z with
-- its own. Each row is a fault, and should never be; it reads whole tables, so mind the hour.
with lines as (
  select i.restaurant_id, i.order_id, count(*) filter (where i.status <> 'voided') as counted,
         sum(i.total) filter (where i.status <> 'voided') as total,
         sum(i.discount) filter (where i.status <> 'voided') as discount,
         sum(i.net) filter (where i.status <> 'voided') as net
    from order_items i group by i.restaurant_id, i.order_id
), taxes as (
  select o.restaurant_id, o.id, sum((b ->> 'net')::bigint) as net, sum((b ->> 'tax')::bigint) as tax,
         sum((b ->> 'gross')::bigint) as gross,
         coalesce(bool_and((b ->> 'net')::bigint + (b ->> 'tax')::bigint = (b ->> 'gross')::bigint), true) as adds_up
    from orders o cross join jsonb_array_elements(o.tax_breakdown) b group by o.restaurant_id, o.id
), paid as (
  select p.restaurant_id, p.order_id, sum(p.amount - p.unapplied) as paid, sum(p.unapplied) as unapplied,
         sum(p.tip) as tips
    from payments p where p.state = 'captured' group by p.restaurant_id, p.order_id
), refunded as (
  select f.restaurant_id, f.order_id, sum(f.amount - f.from_unapplied) as refunded,
         sum(f.from_unapplied) as from_unapplied, sum(f.returned) as returned, sum(f.tip) as tips
    from refunds f group by f.restaurant_id, f.order_id
), split as (
  select c.restaurant_id, c.order_id, sum(greatest(0, c.total - coalesce(p.paid, 0))) as due
    from checks c
    left join (select restaurant_id, order_id, check_id, sum(amount - unapplied) as paid from payments
                where state = 'captured' and check_id is not null group by 1, 2, 3) p
      on p.restaurant_id = c.restaurant_id and p.order_id = c.order_id and p.check_id = c.id
   where c.replaced_at is null group by c.restaurant_id, c.order_id
), told as (
  select e.restaurant_id, (e.data #>> '{order,id}')::uuid as order_id,
         max((e.data #>> '{order,version}')::bigint) as version
    from order_events e where e.type like 'order.%' group by 1, 2
)
select o.restaurant_id, 'order' as what, o.id, f.fault, f.detail
  from orders o
  left join lines l on l.restaurant_id = o.restaurant_id and l.order_id = o.id
  left join taxes t on t.restaurant_id = o.restaurant_id and t.id = o.id
  left join paid p on p.restaurant_id = o.restaurant_id and p.order_id = o.id
  left join refunded r on r.restaurant_id = o.restaurant_id and r.order_id = o.id
  left join split s on s.restaurant_id = o.restaurant_id and s.order_id = o.id
  left join told e on e.restaurant_id = o.restaurant_id and e.order_id = o.id
 cross join lateral (values
   ('subtotal', o.subtotal <> coalesce(l.total + l.discount, 0), format('%s, lines %s', o.subtotal, l.total + l.discount)),
   ('discount', o.discount < coalesce(l.discount, 0) or o.discount > o.subtotal, format('%s of %s', o.discount, o.subtotal)),
   ('tax', o.tax <> coalesce(t.tax, 0) or not coalesce(t.adds_up, true), format('%s, by rate %s', o.tax, t.tax)),
   ('total', o.total <> o.subtotal - o.discount + o.service_charge
                        + case when o.prices_include_tax then 0 else o.tax end, format('%s', o.total)),
   ('paid', (o.paid, o.unapplied, o.tips, o.refunded, o.returned) is distinct from
            (coalesce(p.paid, 0), coalesce(p.unapplied, 0) - coalesce(r.from_unapplied, 0),
             coalesce(p.tips, 0) - coalesce(r.tips, 0), coalesce(r.refunded, 0), coalesce(r.returned, 0)),
    format('%s, payments %s', (o.paid, o.unapplied, o.tips, o.refunded, o.returned), (p.paid, r.refunded))),
   ('refunded', o.refunded > o.paid or o.unapplied < 0 or o.tips < 0 or o.returned > o.refunded,
    format('%s of %s', o.refunded, o.paid)),
   ('payment status', o.payment_status <> fynlo.payment_status(o.total, o.paid, o.refunded, o.returned), o.payment_status),
   ('checks', s.due <> fynlo.due(o.status, o.total, o.paid, o.returned),
    format('%s, due %s', s.due, fynlo.due(o.status, o.total, o.paid, o.returned))),
   -- the wrong tender may be voided afterwards; then the right one is still to be booked
   ('completed with money due', o.status = 'completed' and fynlo.due(o.status, o.total, o.paid, o.returned) > 0
                                and not exists (select from payments v where v.restaurant_id = o.restaurant_id
                                                   and v.order_id = o.id and v.state = 'voided'), ''),
   ('cancelled with money applied', o.status = 'cancelled' and o.paid > o.refunded, ''),
   ('merged with money', o.status = 'merged' and (o.paid <> 0 or o.total <> 0), ''),
   ('events', e.version is distinct from o.version and o.created_at > now() - interval '1 month',
    format('version %s, told %s', o.version, e.version))
 ) as f (fault, is_one, detail)
 where f.is_one
union all
select p.restaurant_id, 'payment', p.id, 'refunds', format('%s of %s', r.amount, p.amount)
  from payments p
  join (select restaurant_id, payment_id, sum(amount) as amount, sum(tip) as tip from refunds group by 1, 2) r
    on r.restaurant_id = p.restaurant_id and r.payment_id = p.id
 where r.amount > p.amount or r.tip > p.tip or p.state <> 'captured'
union all
select c.restaurant_id, 'day', null, 'order numbers',
       format('%s: the last is %s, there are %s', c.business_date, c.last_number, count(o.id))
  from day_counters c
  left join orders o on o.restaurant_id = c.restaurant_id and o.business_date = c.business_date
 group by c.restaurant_id, c.business_date, c.last_number
having count(o.id) <> c.last_number or max(o.number) <> c.last_number
union all
select z.restaurant_id, 'Z', null, 'numbers', format('the last is %s, there are %s', c.last_number, count(*))
  from z_reports z join z_counters c on c.restaurant_id = z.restaurant_id
 group by z.restaurant_id, c.last_number
having count(*) <> c.last_number
union all
select z.restaurant_id, 'Z', z.id, 'takings', format('%s, payments and refunds %s', z.body ->> 'takings',
                                                     coalesce(p.taken, 0) - coalesce(r.given_back, 0))
  from z_reports z
  left join (select restaurant_id, z_id, sum(amount + tip) as taken from payments where z_id is not null group by 1, 2) p
    on p.restaurant_id = z.restaurant_id and p.z_id = z.id
  left join (select restaurant_id, z_id, sum(amount + tip) as given_back from refunds where z_id is not null
              group by 1, 2) r
    on r.restaurant_id = z.restaurant_id and r.z_id = z.id
 where (z.body ->> 'takings')::bigint <> coalesce(p.taken, 0) - coalesce(r.given_back, 0)
union all
select h.restaurant_id, 'feed', null, 'seq', format('the head is %s, the log has %s of %s', h.seq, count(e.seq), h.seq)
  from feed_heads h
  left join order_events e on e.restaurant_id = h.restaurant_id
 group by h.restaurant_id, h.seq
having h.seq > 0 and (max(e.seq) <> h.seq or count(e.seq) <> max(e.seq) - min(e.seq) + 1)
 order by 1, 2, 4
