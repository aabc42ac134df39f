-- What orders, their parts, tables and stock look like as JSON: in events, and where a query answers with them.
set local role fynlo_feed;

create or replace function fynlo.rfc3339(p_at timestamptz) returns text
language sql stable parallel safe
as $$ select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

create or replace function fynlo.terms(p_percentage numeric, p_amount bigint, p_reason text) returns json
language sql immutable parallel safe
as $$
  select case when p_percentage is not null or p_amount is not null then
    json_build_object('percentage', trim_scale(p_percentage)::text, 'amount', p_amount, 'reason', p_reason) end
$$;

create or replace function fynlo.refund_json(f refunds) returns json
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
  select json_build_object(
    'id', f.id, 'payment_id', f.payment_id, 'amount', f.amount, 'tip', f.tip, 'method', f.method,
    'reason', f.reason, 'items', f.items, 'made_by', f.made_by, 'approved_by', f.approved_by,
    'business_date', f.business_date, 'shift_id', f.shift_id, 'created_at', fynlo.rfc3339(f.created_at))
$$;

create or replace function fynlo.payment_json(p payments) returns json
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
  select json_build_object(
    'id', p.id, 'order_id', p.order_id, 'check_id', p.check_id, 'shift_id', p.shift_id, 'method', p.method,
    'state', p.state, 'amount', p.amount, 'unapplied', p.unapplied, 'tip', p.tip, 'tendered', p.tendered,
    'change', p.tendered - p.amount - p.tip, 'reference', p.reference, 'reason', p.reason, 'taken_by', p.taken_by,
    'business_date', p.business_date, 'created_at', fynlo.rfc3339(p.created_at),
    'captured_at', fynlo.rfc3339(p.captured_at), 'refunded', coalesce(sum(f.amount), 0),
    'refunds', coalesce(json_agg(fynlo.refund_json(f) order by f.created_at, f.id)
                        filter (where f.id is not null), '[]'))
    from (select) as always
    left join refunds f on f.restaurant_id = p.restaurant_id and f.payment_id = p.id
$$;

create or replace function fynlo.payments_json(p_restaurant uuid, p_order uuid) returns json
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
-- The payments of an order in the order they were taken, each with its refunds; null where there are none.
as $$
  select json_agg(fynlo.payment_json(p) order by p.created_at, p.id)
    from payments p where p.restaurant_id = p_restaurant and p.order_id = p_order
$$;

create or replace function fynlo.checks_json(p_restaurant uuid, p_order uuid) returns json
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
-- The checks of an order, in their order, with what was paid on each; null where it was not split.
as $$
  select json_agg(json_build_object(
           'id', c.id, 'total', c.total, 'paid', s.paid, 'due', greatest(0, c.total - s.paid), 'items', c.items,
           'remainder', c.remainder) order by c.position, c.id)
    from checks c
   cross join lateral (
     select coalesce(sum(p.amount - p.unapplied), 0)::bigint as paid
       from payments p
      where p.restaurant_id = c.restaurant_id and p.order_id = c.order_id and p.check_id = c.id
        and p.state = 'captured') s
   where c.restaurant_id = p_restaurant and c.order_id = p_order and c.replaced_at is null
$$;

create or replace function fynlo.table_json(p_restaurant uuid, p_table uuid) returns json
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
  select json_build_object(
    'id', t.id, 'restaurant_id', t.restaurant_id, 'section_id', t.section_id, 'section_name', s.name,
    'name', t.name, 'seats', t.seats, 'sort_order', t.sort_order,
    'status', case when o.id is null then t.state else 'occupied' end, 'order_id', o.id,
    'position', case when t.position_x is not null then json_build_object('x', t.position_x, 'y', t.position_y) end,
    'archived', t.archived_at is not null)
    from tables t
    left join sections s on s.restaurant_id = t.restaurant_id and s.id = t.section_id
    left join orders o on o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null
   where t.restaurant_id = p_restaurant and t.id = p_table
$$;

create or replace function fynlo.availability_json(p_availability text, p_stock integer, p_until timestamptz)
returns json
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
-- Nothing left of what is counted is out of stock; what was out until a time that has come is in stock.
as $$
  select case when p_until <= now() then json_build_object('state', 'in_stock')
              else json_strip_nulls(json_build_object(
                'state', case when p_stock = 0 then 'out_of_stock' else p_availability end,
                'quantity', p_stock, 'until', fynlo.rfc3339(p_until))) end
$$;
