-- From a change to an event. At commit one deferred trigger drains the notes of 36_notes.sql: it reads the final
-- rows, writes one event a change and moves each restaurant's head once. It runs as fynlo_feed, whose policies see
-- every row.
set local role fynlo_feed;

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
         'due', fynlo.due(o.status, o.total, o.paid, o.returned), 'unapplied', o.unapplied,
         'to_refund', fynlo.to_refund(o.status, o.total, o.paid, o.refunded, o.returned, o.unapplied),
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
  insert into order_events (restaurant_id, seq, type, entity_id, data, actor, approver, device_id, request_id)
  select e.restaurant, h.base + row_number() over (partition by e.restaurant order by e.place), e.type, e.entity,
         e.data, nullif(current_setting('app.user_id', true), '')::uuid,
         nullif(current_setting('app.approver', true), '')::uuid,
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
