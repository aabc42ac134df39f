-- Counted stock: taken when lines are sent, given back when they are voided, and what comes back by itself.
set local role fynlo_feed;

create or replace function fynlo.on_sale(p_availability text, p_stock integer, p_until timestamptz) returns text
language sql stable parallel safe
-- How it is sold now: in_stock, counted (some are left) or out_of_stock. When its time has come it is in stock.
as $$
  select case when p_until <= now() then 'in_stock' when p_stock = 0 then 'out_of_stock' else p_availability end
$$;

create or replace function fynlo.take_stock(
  p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]
) returns uuid[]
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Takes so many of each from the counted stock of the restaurant the transaction is in; returns what was counted.
-- All or nothing: where less is left of any, or it is out of stock, raises FY001 with what is left of each, as JSON
-- in the detail. Rows are locked products before modifiers, each by id, so two that take turns wait and never
-- deadlock. Ids are given once each; what is simply in stock is neither locked nor written.
declare
  place uuid := nullif(current_setting('app.restaurant_id', true), '')::uuid;
  short text;
  taken uuid[];
begin
  perform 1 from products p
    where p.restaurant_id = place and p.id = any (p_products) and p.availability <> 'in_stock'
    order by p.id for no key update;
  perform 1 from modifiers m
    where m.restaurant_id = place and m.id = any (p_modifiers) and m.availability <> 'in_stock'
    order by m.id for no key update;
  select jsonb_object_agg(s.id, coalesce(s.stock, 0))::text into short
    from (select p.id, p.stock, w.quantity, fynlo.on_sale(p.availability, p.stock, p.out_until) as state
            from unnest(p_products, p_quantities) as w (id, quantity)
            join products p on p.restaurant_id = place and p.id = w.id
          union all
          select m.id, m.stock, w.quantity, fynlo.on_sale(m.availability, m.stock, m.out_until)
            from unnest(p_modifiers, p_modifier_quantities) as w (id, quantity)
            join modifiers m on m.restaurant_id = place and m.id = w.id) s
   where s.state <> 'in_stock' and coalesce(s.stock, 0) < s.quantity;
  if short is not null then
    raise exception 'less is left than was asked for' using errcode = 'FY001', detail = short;
  end if;
  with of_products as (
    update products p set stock = p.stock - w.quantity
      from unnest(p_products, p_quantities) as w (id, quantity)
     where p.restaurant_id = place and p.id = w.id
       and fynlo.on_sale(p.availability, p.stock, p.out_until) = 'counted'
    returning p.id
  ), of_modifiers as (
    update modifiers m set stock = m.stock - w.quantity
      from unnest(p_modifiers, p_modifier_quantities) as w (id, quantity)
     where m.restaurant_id = place and m.id = w.id
       and fynlo.on_sale(m.availability, m.stock, m.out_until) = 'counted'
    returning m.id
  )
  select array_agg(t.id) into taken from (table of_products union all table of_modifiers) t;
  return coalesce(taken, '{}');
end
$$;

create or replace function fynlo.give_stock(
  p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]
) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Gives so many back to what is still counted, in the order of take_stock().
declare
  place uuid := nullif(current_setting('app.restaurant_id', true), '')::uuid;
begin
  perform 1 from products p
    where p.restaurant_id = place and p.id = any (p_products) and p.availability = 'counted'
    order by p.id for no key update;
  perform 1 from modifiers m
    where m.restaurant_id = place and m.id = any (p_modifiers) and m.availability = 'counted'
    order by m.id for no key update;
  update products p set stock = p.stock + w.quantity
    from unnest(p_products, p_quantities) as w (id, quantity)
   where p.restaurant_id = place and p.id = w.id and p.availability = 'counted';
  update modifiers m set stock = m.stock + w.quantity
    from unnest(p_modifiers, p_modifier_quantities) as w (id, quantity)
   where m.restaurant_id = place and m.id = w.id and m.availability = 'counted';
end
$$;

create or replace function fynlo.bring_back(p_limit integer) returns table (back integer, next_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Puts at most p_limit products and as many modifiers, of every restaurant, back in stock whose time has come; says how
-- many, and when the next one's comes. Waits for nobody: what a sale holds comes by again.
declare
  so_many integer;
begin
  with due as (
    select p.restaurant_id, p.id from products p
     where p.out_until <= now()
     order by p.out_until limit p_limit for no key update skip locked
  )
  update products p set availability = 'in_stock', stock = null, out_until = null
    from due where p.restaurant_id = due.restaurant_id and p.id = due.id;
  get diagnostics back = row_count;
  with due as (
    select m.restaurant_id, m.id from modifiers m
     where m.out_until <= now()
     order by m.out_until limit p_limit for no key update skip locked
  )
  update modifiers m set availability = 'in_stock', stock = null, out_until = null
    from due where m.restaurant_id = due.restaurant_id and m.id = due.id;
  get diagnostics so_many = row_count;
  back := back + so_many;
  next_at := least((select min(p.out_until) from products p), (select min(m.out_until) from modifiers m));
  return next;
end
$$;
