-- What a transaction touched. Statement triggers note it in fynlo.touched; fynlo.drain() makes events of it at commit.
-- They run as fynlo_feed, whose policies see every row.
set local role fynlo_feed;

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
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select n.restaurant_id, 'refund', n.id from new_rows n;
  return null;
end
$$;

create or replace function fynlo.note_refunds_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- A refund moves with its payment when orders are merged; being reported by a Z is no change that a screen shows.
declare
  of_orders uuid[] := (
    select array_agg(distinct changed.order_id)
      from (select t.order_id from new_rows n
              join old_rows o on o.restaurant_id = n.restaurant_id and o.id = n.id
             cross join unnest(array[n.order_id, o.order_id]) as t (order_id)
             where to_jsonb(n) - 'z_id' is distinct from to_jsonb(o) - 'z_id') changed);
begin
  if of_orders is null then
    return null;
  end if;
  perform fynlo.settle(of_orders);
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
