-- Payments and refunds. What they make of an order's sums the triggers on them say.

-- name: payments_page
-- Payments as they go out, newest first.
select fynlo.payment_json(p)::text
  from payments p
 where p.restaurant_id = %(restaurant_id)s
   and (%(business_date)s::date is null or p.business_date = %(business_date)s)
   and (%(method)s::text is null or p.method = %(method)s)
   and (%(state)s::text is null or p.state = %(state)s)
   and (%(before_at)s::timestamptz is null or (p.created_at, p.id) < (%(before_at)s, %(before_id)s::uuid))
 order by p.created_at desc, p.id desc
 limit %(limit)s

-- name: payment_read
-- One payment as it goes out.
select fynlo.payment_json(p)::text from payments p where p.restaurant_id = %(restaurant_id)s and p.id = %(id)s

-- name: payment_order
-- The order that a payment is of; it may move when orders are merged.
select p.order_id from payments p where p.restaurant_id = %(restaurant_id)s and p.id = %(id)s

-- name: payment_known
-- The payment with a client-made id: its order, and the hash of the request that made it.
select p.order_id, p.request_hash from payments p where p.restaurant_id = %(restaurant_id)s and p.id = %(id)s

-- name: shifts_of
-- The shift that is named and, where asked for, the one that the person has open; neither closes before the end of
-- the transaction.
with named as (
  select s.id, s.closed_at from shifts s
   where s.restaurant_id = %(restaurant_id)s and s.id = %(shift_id)s::uuid
     for share
), own as (
  select s.id from shifts s
   where s.restaurant_id = %(restaurant_id)s and s.opened_by = %(user_id)s and s.closed_at is null and %(own)s
     for share
)
select named.id, named.closed_at is not null, own.id
  from (select) as always
  left join named on true
  left join own on true

-- name: payment_insert
-- A payment, of the day of trade that it is now.
insert into payments (
  restaurant_id, id, order_id, check_id, shift_id, method, state, amount, unapplied, tip, tendered, reference, taken_by,
  business_date, request_hash, created_at, updated_at, captured_at)
select %(restaurant_id)s, %(id)s, %(order_id)s, %(check_id)s, %(shift_id)s, %(method)s, %(state)s, %(amount)s,
       %(unapplied)s, %(tip)s, %(tendered)s, %(reference)s, %(taken_by)s,
       fynlo.business_date(moment.at, %(timezone)s, %(day_cutoff)s), %(request_hash)s, moment.at, moment.at,
       case when %(state)s = 'captured' then moment.at end
  from (select clock_timestamp() as at) moment

-- name: payment_capture
-- The terminal has moved the money of a pending payment: it is of the day of trade that it is now.
update payments p
   set state = 'captured', check_id = %(check_id)s, shift_id = %(shift_id)s, unapplied = %(unapplied)s,
       reference = coalesce(%(reference)s, p.reference), captured_at = moment.at, updated_at = moment.at,
       business_date = fynlo.business_date(moment.at, %(timezone)s, %(day_cutoff)s)
  from (select clock_timestamp() as at) moment
 where p.restaurant_id = %(restaurant_id)s and p.id = %(id)s and p.state = 'pending'

-- name: payment_fail
-- Nothing has been taken of a pending payment.
update payments p set state = 'failed', reason = %(reason)s, updated_at = clock_timestamp()
 where p.restaurant_id = %(restaurant_id)s and p.id = %(id)s and p.state = 'pending'

-- name: payment_void
-- A captured payment is void, unless a Z has reported it: then no row comes back.
update payments p set state = 'voided', reason = %(reason)s, updated_at = clock_timestamp()
 where p.restaurant_id = %(restaurant_id)s and p.id = %(id)s and p.state = 'captured' and p.z_id is null
returning p.id

-- name: refund_known
-- The refund with a client-made id: its payment, and the hash of the request that made it.
select f.payment_id, f.request_hash from refunds f where f.restaurant_id = %(restaurant_id)s and f.id = %(id)s

-- name: refunds_of
-- What the refunds of an order were taken apart into, in the order they were made.
select f.payment_id, f.from_unapplied, f.service_charge, f.tax_breakdown
  from refunds f
 where f.restaurant_id = %(restaurant_id)s and f.order_id = %(order_id)s
 order by f.created_at, f.id

-- name: refund_insert
-- A refund, of the day of trade that it is now, approved by whom the transaction says.
insert into refunds (
  restaurant_id, id, payment_id, order_id, shift_id, method, amount, from_unapplied, returned, tip, service_charge,
  tax_breakdown, items, reason, made_by, approved_by, business_date, request_hash, created_at)
select %(restaurant_id)s, %(id)s, %(payment_id)s, %(order_id)s, %(shift_id)s, %(method)s, %(amount)s,
       %(from_unapplied)s, %(returned)s, %(tip)s, %(service_charge)s, %(tax_breakdown)s, %(items)s, %(reason)s,
       %(made_by)s, nullif(current_setting('app.approver', true), '')::uuid,
       fynlo.business_date(moment.at, %(timezone)s, %(day_cutoff)s), %(request_hash)s, moment.at
  from (select clock_timestamp() as at) moment

-- name: checks_save
-- The checks of an order as they are after its payments changed; the caller holds the order's lock.
insert into checks as c (restaurant_id, id, order_id, position, total, items, remainder)
select %(restaurant_id)s, x.id, %(order_id)s, x.position, x.total, x.items, x.remainder
  from json_to_recordset(%(checks)s) as x (
    id uuid, position integer, total bigint, items jsonb, remainder boolean)
on conflict (restaurant_id, id) do update
   set position = excluded.position, total = excluded.total, items = excluded.items, remainder = excluded.remainder
