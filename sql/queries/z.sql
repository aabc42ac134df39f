-- X and Z: what was taken in a shift so far, and the end of a day of trade.

-- name: x_report
-- A row of shift_rows, and the payments and the refunds of that shift by method. A drawer that was counted was counted
-- with what was voided afterwards.
select r.*, p.methods, f.methods
  from shift_rows r
 cross join lateral (
   select coalesce(json_agg(json_build_object('method', m.method, 'count', m.count, 'amount', m.amount,
                                              'tips', m.tips) order by m.method), '[]') as methods
     from (select p.method, count(*) as count, sum(p.amount) as amount, sum(p.tip) as tips
             from payments p
            where p.restaurant_id = r.restaurant_id and p.shift_id = r.id
              and (p.state = 'captured' or p.state = 'voided' and p.voided_at > r.closed_at)
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
-- the same statement that stamps them. The sale that a refund reverses counts once its order is reported. What was
-- counted in a drawer is in the first Z after the count, whether or not it has any of the drawer's cash.
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
), counted as (
  insert into z_shifts (restaurant_id, shift_id, z_id)
  select %(restaurant_id)s, s.id, %(id)s from shifts s
   where s.restaurant_id = %(restaurant_id)s and s.closed_at is not null
     and not exists (select from z_shifts z where z.restaurant_id = s.restaurant_id and z.shift_id = s.id)
  returning shift_id
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
                                             'due', coalesce(sum(fynlo.due(o.status, o.total, o.paid, o.returned)), 0))
      from orders o where o.restaurant_id = %(restaurant_id)s and o.closed_at is null),
    'drawers', (select coalesce(json_agg(json_build_object(
        'shift_id', d.shift_id, 'drawer', s.drawer, 'opened_by_name', u.name, 'cash', d.cash,
        'closed_at', fynlo.rfc3339(s.closed_at), 'expected', s.expected_amount, 'counted', s.counted_amount,
        'difference', s.counted_amount - s.expected_amount) order by s.opened_at, s.id), '[]')
      from (select c.shift_id, sum(c.cash) as cash from (
              select p.shift_id, p.amount + p.tip as cash from stamped p where p.method = 'cash'
              union all
              select f.shift_id, -(f.amount + f.tip) from given_back f where f.method = 'cash'
              union all
              select n.shift_id, 0 from counted n) c
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
