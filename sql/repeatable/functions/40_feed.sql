-- From a change to an event. Statement triggers note in fynlo.touched what a transaction touched; at
-- commit one deferred trigger drains the notes: it reads the final rows, writes one event a change and
-- moves each restaurant's head once. All of it runs as fynlo_feed, whose policies see every row.
set local role fynlo_feed;

create or replace function fynlo.rfc3339(p_at timestamptz) returns text
language sql stable parallel safe
as $$ select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

create or replace function fynlo.note_orders_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id, created)
  select n.restaurant_id, 'order', n.id, true from new_rows n;
  perform fynlo.note_seats((select array_agg(n.table_id) from new_rows n where n.table_id is not null));
  return null;
end
$$;

create or replace function fynlo.note_orders_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id, status_before)
  select n.restaurant_id, 'order', n.id, o.status
    from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
   where n.version <> o.version
  on conflict (txid, entity_id) do nothing;
  perform fynlo.note_seats((
    select array_agg(t.id) from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
     cross join unnest(array[n.table_id, o.table_id]) as t (id)
     where t.id is not null
       and (n.table_id is distinct from o.table_id or (n.closed_at is null) <> (o.closed_at is null))));
  return null;
end
$$;

create or replace function fynlo.note_seats(p_tables uuid[]) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Guests sat down at these tables or left them: what was said of a table by hand has been overtaken.
begin
  if p_tables is not null then
    update tables t set state = 'available' where t.id = any (p_tables) and t.state <> 'available';
    insert into fynlo.touched (restaurant_id, entity, entity_id)
    select t.restaurant_id, 'table', t.id from tables t where t.id = any (p_tables)
    on conflict (txid, entity_id) do nothing;
    -- Whoever took a table away has waited for its guests; whoever seats some has waited for them in turn, and looks.
    if exists (select from tables t
                 join orders o on o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null
                where t.id = any (p_tables) and t.archived_at is not null) then
      raise exception 'a table was taken away while guests were being seated at it'
        using errcode = 'serialization_failure', hint = 'Seat them at a table that is in use.';
    end if;
  end if;
end
$$;

create or replace function fynlo.note_tables() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select c.restaurant_id, 'table', c.id from changed c
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;

create or replace function fynlo.note_sections() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- A table is shown with the name of its section.
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select t.restaurant_id, 'table', t.id
    from changed c join tables t on t.restaurant_id = c.restaurant_id and t.section_id = c.id
   where t.archived_at is null
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;

create or replace function fynlo.note_payments_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  of_orders uuid[] := (select array_agg(distinct n.order_id) from new_rows n);
begin
  perform fynlo.settle(of_orders);
  perform fynlo.raise_versions(of_orders);
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select n.restaurant_id, 'payment', n.id from new_rows n where n.state = 'captured';
  return null;
end
$$;

create or replace function fynlo.note_payments_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Being reported by a Z is no change that a screen shows.
declare
  of_orders uuid[] := (
    select array_agg(distinct changed.order_id)
      from (select n.order_id from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
             where to_jsonb(n) - 'z_id' is distinct from to_jsonb(o) - 'z_id'
             union
            select o.order_id from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
             where n.order_id <> o.order_id) changed);
begin
  if of_orders is null then
    return null;
  end if;
  perform fynlo.settle(of_orders);
  perform fynlo.raise_versions(of_orders);
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select n.restaurant_id, 'payment', n.id
    from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
   where n.state = 'captured' and o.state <> 'captured'
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;

create or replace function fynlo.note_refunds_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  of_orders uuid[] := (select array_agg(distinct n.order_id) from new_rows n);
begin
  perform fynlo.settle(of_orders);
  perform fynlo.raise_versions(of_orders);
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select n.restaurant_id, 'refund', n.id from new_rows n;
  return null;
end
$$;

create or replace function fynlo.note_refunds_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- A refund moves with its payment when orders are merged.
begin
  perform fynlo.settle((
    select array_agg(distinct moved.id) from new_rows n
      join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id and n.order_id <> o.order_id
     cross join unnest(array[n.order_id, o.order_id]) as moved (id)));
  return null;
end
$$;

create or replace function fynlo.note_checks() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform fynlo.raise_versions((select array_agg(distinct c.order_id) from changed c));
  return null;
end
$$;

create or replace function fynlo.note_items_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform fynlo.raise_versions((select array_agg(distinct n.order_id) from new_rows n));
  -- a line that comes voided is the part of another that was
  insert into fynlo.touched as t (restaurant_id, entity, entity_id, items_added, items_voided)
  select n.restaurant_id, 'order', n.order_id,
         coalesce(array_agg(n.id order by n.position) filter (where n.status <> 'voided'), '{}'),
         coalesce(array_agg(n.id order by n.position) filter (where n.status = 'voided'), '{}')
    from new_rows n group by n.restaurant_id, n.order_id
  on conflict (txid, entity_id) do update
     set items_added = t.items_added || excluded.items_added,
         items_voided = t.items_voided || excluded.items_voided
    where not t.created;
  return null;
end
$$;

create or replace function fynlo.note_items_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  -- a line that went from one order to another changed both
  perform fynlo.raise_versions((
    select array_agg(distinct changed.order_id)
      from ((table new_rows except table old_rows) union all (table old_rows except table new_rows)) changed));
  insert into fynlo.touched as t (restaurant_id, entity, entity_id, items_voided)
  select n.restaurant_id, 'order', n.order_id, array_agg(n.id order by n.position)
    from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
   where n.status = 'voided' and o.status <> 'voided'
   group by n.restaurant_id, n.order_id
  on conflict (txid, entity_id) do update set items_voided = t.items_voided || excluded.items_voided
    where not t.created;
  return null;
end
$$;

create or replace function fynlo.note_modifiers_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform fynlo.raise_versions((select array_agg(distinct n.order_id) from new_rows n));
  return null;
end
$$;

create or replace function fynlo.note_modifiers_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform fynlo.raise_versions((
    select array_agg(distinct changed.order_id)
      from ((table new_rows except table old_rows) union all (table old_rows except table new_rows)) changed));
  return null;
end
$$;

create or replace function fynlo.raise_versions(p_orders uuid[]) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off  -- see drain()
as $$
-- A change of a line is a change of its order. An order already noted in this transaction has had its
-- version raised; for any other the update below raises it, and its own trigger notes it.
begin
  if exists (
    select from unnest(p_orders) as wanted (id)
     where not exists (select from fynlo.touched t
                        where t.txid = pg_current_xact_id() and t.entity_id = wanted.id)
  ) then
    update orders o set version = o.version + 1
     where o.id = any (p_orders)
       and not exists (select from fynlo.touched t
                        where t.txid = pg_current_xact_id() and t.entity_id = o.id);
  end if;
end
$$;

create or replace function fynlo.note_menu() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select distinct c.restaurant_id, 'menu', c.restaurant_id from changed c
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;

create or replace function fynlo.note_stock() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Of products or modifiers that were updated: whose stock is another, and whether a menu shows anything else anew.
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select n.restaurant_id, 'stock', n.id
    from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
   where (n.availability, n.stock, n.low_stock_at, n.out_until)
         is distinct from (o.availability, o.stock, o.low_stock_at, o.out_until)
  on conflict (txid, entity_id) do nothing;
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select distinct n.restaurant_id, 'menu', n.restaurant_id
    from new_rows n join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
   where to_jsonb(n) - array['availability', 'stock', 'low_stock_at', 'out_until']
         is distinct from to_jsonb(o) - array['availability', 'stock', 'low_stock_at', 'out_until']
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;

create or replace function fynlo.note_currency() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- A menu shows the restaurant's currency beside each price.
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id) values (new.id, 'menu', new.id)
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;

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

-- fynlo.touched is empty whenever vacuum looks at it, so the planner would read all of it, dead rows and
-- all, at every commit until the next vacuum: enable_seqscan keeps it on the key.
create or replace function fynlo.drain() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off
as $$
declare
  noted bigint;
  written bigint;
  restaurants_of uuid[];
  entities uuid[];
  types text[];
  datas json[];
  places uuid[] := '{}';
  bases bigint[] := '{}';
  current_restaurant uuid;
  events integer;
  base bigint;
begin
  -- The first row's trigger drains all rows of the transaction; each of the others looks for its own only:
  -- a look for any would walk over all the dead ones, once for every row.
  if not exists (select from fynlo.touched t
                  where t.txid = pg_current_xact_id() and t.entity_id = new.entity_id) then
    return null;
  end if;

  -- 1. What changed, and how it looks now. Each snapshot is built once, whatever the number of events.
  with gone as (
    delete from fynlo.touched t where t.txid = pg_current_xact_id() returning t.*
  ), locked as (  -- in id order, as the heads below: two that change the same menus take turns
    select r.id from restaurants r
     where r.id in (select g.restaurant_id from gone g where g.entity in ('menu', 'stock'))
     order by r.id for no key update
  ), menus as (
    update restaurants r set menu_version = r.menu_version + 1
      from locked l where r.id = l.id
    returning r.id, r.menu_version
  ), changes as (
    select g.restaurant_id, g.entity_id, g.created, g.status_before, g.items_added, g.items_voided,
           o.status, snapshot.body
      from gone g
      join orders o on o.restaurant_id = g.restaurant_id and o.id = g.entity_id
     cross join lateral (select json_build_object(
       'id', o.id, 'restaurant_id', o.restaurant_id, 'currency', o.currency, 'number', o.number,
       'business_date', o.business_date, 'type', o.type, 'status', o.status,
       'payment_status', o.payment_status, 'version', o.version, 'table_id', o.table_id,
       'table_name', (select t.name from tables t
                       where t.restaurant_id = o.restaurant_id and t.id = o.table_id),
       'covers', o.covers, 'customer_name', o.customer_name, 'notes', o.notes,
       'status_reason', o.status_reason, 'created_by', o.created_by, 'merged_into', o.merged_into,
       'placed_at', fynlo.rfc3339(o.placed_at), 'created_at', fynlo.rfc3339(o.created_at),
       'updated_at', fynlo.rfc3339(o.updated_at), 'closed_at', fynlo.rfc3339(o.closed_at),
       'items', coalesce((
         select json_agg(json_build_object(
           'id', i.id, 'product_id', i.product_id, 'variant_id', i.variant_id, 'name', i.name,
           'variant_name', i.variant_name, 'station_id', i.station_id, 'unit_price', i.unit_price,
           'quantity', i.quantity, 'course', i.course, 'notes', i.notes, 'status', i.status,
           'void_reason', i.void_reason, 'modifiers', coalesce((
             select json_agg(json_build_object('modifier_id', m.modifier_id, 'name', m.name,
                                               'price', m.price, 'quantity', m.quantity)
                             order by m.position, m.modifier_id)
               from order_item_modifiers m
              where m.restaurant_id = i.restaurant_id and m.order_id = i.order_id and m.item_id = i.id
                and m.quantity > 0
           ), '[]'::json),
           'discount_terms', fynlo.terms(i.discount_percentage, i.discount_amount, i.discount_reason),
           'discount', i.discount, 'total', i.total, 'net', i.net,
           'tax_rate', trim_scale(i.tax_rate)::text) order by i.position, i.id)
           from order_items i
          where i.restaurant_id = o.restaurant_id and i.order_id = o.id
       ), '[]'::json),
       'discount_terms', fynlo.terms(o.discount_percentage, o.discount_amount, o.discount_reason),
       'service_charge_terms', json_build_object(
         'rule', o.charge_rule, 'percentage', trim_scale(o.charge_percentage)::text, 'amount', o.charge_amount,
         'reason', o.charge_reason),
       'totals', json_build_object(
         'subtotal', o.subtotal, 'discount', o.discount, 'service_charge', o.service_charge,
         'tax', o.tax, 'total', o.total, 'tips', o.tips, 'paid', o.paid, 'refunded', o.refunded,
         'due', fynlo.due(o.total, o.paid, o.returned), 'unapplied', o.unapplied,
         'to_refund', fynlo.to_refund(o.total, o.paid, o.refunded, o.returned, o.unapplied),
         'tax_breakdown', o.tax_breakdown),
       'payments', coalesce(fynlo.payments_json(o.restaurant_id, o.id), '[]'::json),
       'checks', coalesce(fynlo.checks_json(o.restaurant_id, o.id), '[]'::json)) as body
     ) snapshot
     where g.entity = 'order'
  ), events as (
    select c.restaurant_id, c.entity_id, c.entity_id as subject, kind.place, kind.type, kind.data
      from changes c
     cross join lateral (
       select 0 as place, 'order.created' as type, json_build_object('order', c.body) as data
        where c.created
       union all
       select 1, 'order.items_added', json_build_object('order', c.body, 'item_ids', c.items_added)
        where not c.created and c.items_added <> '{}'
       union all
       select 2, 'order.item_voided', json_build_object('order', c.body, 'item_ids', c.items_voided)
        where not c.created and c.items_voided <> '{}'
       union all
       select 3,
              case c.status when 'completed' then 'order.completed' when 'cancelled' then 'order.cancelled'
                            else 'order.status_changed' end,
              json_build_object('order', c.body, 'from', c.status_before, 'to', c.status)
        where not c.created and c.status_before <> c.status
       union all
       select 4, 'order.updated', json_build_object('order', c.body)
        where not c.created and c.items_added = '{}' and c.items_voided = '{}'
          and c.status_before is not distinct from c.status
     ) kind
    union all
    select g.restaurant_id, g.entity_id, c.entity_id, 5, 'payment.completed',
           json_build_object('payment', fynlo.payment_json(p), 'order', c.body)
      from gone g
      join payments p on p.restaurant_id = g.restaurant_id and p.id = g.entity_id
      join changes c on c.restaurant_id = p.restaurant_id and c.entity_id = p.order_id
     where g.entity = 'payment'
    union all
    select g.restaurant_id, g.entity_id, c.entity_id, 6, 'payment.refunded',
           json_build_object('refund', fynlo.refund_json(f), 'payment', fynlo.payment_json(p), 'order', c.body)
      from gone g
      join refunds f on f.restaurant_id = g.restaurant_id and f.id = g.entity_id
      join payments p on p.restaurant_id = f.restaurant_id and p.id = f.payment_id
      join changes c on c.restaurant_id = f.restaurant_id and c.entity_id = f.order_id
     where g.entity = 'refund'
    union all
    select g.restaurant_id, g.entity_id, g.entity_id, 7, 'table.updated',
           json_build_object('table', fynlo.table_json(g.restaurant_id, g.entity_id))
      from gone g where g.entity = 'table'
    union all
    select g.restaurant_id, g.entity_id, g.entity_id, 8,
           case when s.availability = 'out_of_stock' or s.stock = 0 then 'inventory.out_of_stock'
                when s.stock <= s.low_stock_at then 'inventory.low_stock'
                else 'inventory.in_stock' end,
           json_build_object(s.named, s.id, 'name', s.name,
                             'availability', fynlo.availability_json(s.availability, s.stock, s.out_until),
                             'menu_version', m.menu_version)
      from gone g
      join menus m on m.id = g.restaurant_id
      join (select 'product_id' as named, p.restaurant_id, p.id, p.name, p.availability, p.stock, p.low_stock_at,
                   p.out_until from products p
            union all
            select 'modifier_id', x.restaurant_id, x.id, x.name, x.availability, x.stock, x.low_stock_at, x.out_until
              from modifiers x) s on s.restaurant_id = g.restaurant_id and s.id = g.entity_id
     where g.entity = 'stock'
    union all
    select m.id, m.id, m.id, 9, 'menu.updated', json_build_object('menu_version', m.menu_version)
      from menus m
     where exists (select from gone g where g.entity = 'menu' and g.entity_id = m.id)
  )
  select (select count(*) from gone), count(distinct e.entity_id),
         array_agg(e.restaurant_id order by e.restaurant_id, e.subject, e.place, e.entity_id),
         array_agg(e.entity_id order by e.restaurant_id, e.subject, e.place, e.entity_id),
         array_agg(e.type order by e.restaurant_id, e.subject, e.place, e.entity_id),
         array_agg(e.data order by e.restaurant_id, e.subject, e.place, e.entity_id)
    into noted, written, restaurants_of, entities, types, datas
    from events e;

  -- A policy or a join that hides a row must not swallow a ticket: then nothing commits.
  if noted <> written then
    raise exception 'the event log would miss % of % changes', noted - written, noted
      using hint = 'fynlo_feed must see every order: check its policies with `fynlo migrate status`.';
  end if;

  -- 2. Each head once, in id order, held until the flush: commit order is feed order, without deadlock.
  for current_restaurant, events in
    select r, count(*) from unnest(restaurants_of) r group by r order by r
  loop
    update feed_heads h set seq = h.seq + events
     where h.restaurant_id = current_restaurant
    returning h.seq - events into base;
    if not found then
      raise exception 'restaurant % has no feed head', current_restaurant;
    end if;
    places := places || current_restaurant;
    bases := bases || base;
    if current_setting('app.notify', true) is distinct from 'off' then  -- off: who commits tells it afterwards
      perform pg_notify('fynlo_feed', current_restaurant::text);
    end if;
  end loop;
  insert into order_events (restaurant_id, seq, type, entity_id, data, actor, device_id, request_id)
  select e.restaurant, h.base + row_number() over (partition by e.restaurant order by e.place), e.type, e.entity,
         e.data, nullif(current_setting('app.user_id', true), '')::uuid,
         nullif(current_setting('app.device_id', true), '')::uuid,
         nullif(current_setting('app.request_id', true), '')
    from unnest(restaurants_of, types, entities, datas) with ordinality
         as e (restaurant, type, entity, data, place)
    join unnest(places, bases) as h (restaurant, base) on h.restaurant = e.restaurant
   order by e.place;
  return null;
end
$$;

create or replace function fynlo.new_head() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into feed_heads (restaurant_id) values (new.id);
  return null;
end
$$;

create or replace function fynlo.tell_membership() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- The control channel: whose memberships changed, both where one passed from one person to another. A lost
-- hint costs the life of a cache entry.
begin
  if tg_op <> 'INSERT' then
    perform pg_notify('fynlo_control', 'member:' || old.user_id::text);
  end if;
  if tg_op <> 'DELETE' then
    perform pg_notify('fynlo_control', 'member:' || new.user_id::text);
  end if;
  return null;
end
$$;

create or replace function fynlo.tell_revoked() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- The argument is what was revoked: session, device.
begin
  perform pg_notify('fynlo_control', tg_argv[0] || ':' || new.id::text);
  return null;
end
$$;
