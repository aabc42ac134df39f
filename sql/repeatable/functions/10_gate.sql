-- The gate: how a request enters its tenant. These functions see every restaurant, so they belong to
-- fynlo_feed, answer only what the caller is entitled to, and fix their search_path.
set local role fynlo_feed;

drop function if exists fynlo.enter(uuid, uuid, uuid, uuid, text);
drop function if exists fynlo.enter(uuid, uuid, text, uuid, uuid, text, text);

create function fynlo.enter(
  p_user uuid, p_restaurant uuid, p_kind text, p_id uuid, p_device uuid, p_request text, p_address text
) returns table (
  restaurant_id uuid, role text, name text, timezone text, currency text, day_cutoff time,
  prices_include_tax boolean, tax_rounding text, tax_scope text,
  service_charge_percentage numeric, service_charge_taxable boolean, service_charge_from_covers integer,
  discount_limit_percentage numeric, menu_version bigint
)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Finds the restaurant (of the thing of some kind, where an id is given), checks the membership, and sets the tenant,
-- person, device, address and request for the rest of the transaction. No row: absent, or not theirs. Who signed in
-- on a device is where it stands and nowhere else: their PIN there is a word of its managers.
declare
  wanted uuid := p_restaurant;
begin
  if p_id is not null then
    case p_kind
      when 'order' then select o.restaurant_id into wanted from orders o where o.id = p_id;
      when 'member of staff' then select m.restaurant_id into wanted from memberships m where m.id = p_id;
      when 'device' then select d.restaurant_id into wanted from devices d where d.id = p_id;
      when 'payment' then select p.restaurant_id into wanted from payments p where p.id = p_id;
      when 'table' then select t.restaurant_id into wanted from tables t where t.id = p_id;
      when 'section' then select s.restaurant_id into wanted from sections s where s.id = p_id;
      when 'shift' then select s.restaurant_id into wanted from shifts s where s.id = p_id;
      when 'Z report' then select z.restaurant_id into wanted from z_reports z where z.id = p_id;
      when 'product' then select p.restaurant_id into wanted from products p where p.id = p_id;
      when 'modifier' then select m.restaurant_id into wanted from modifiers m where m.id = p_id;
      when 'webhook' then select w.restaurant_id into wanted from webhooks w where w.id = p_id;
    end case;
  end if;
  return query
    select r.id, m.role, r.name, r.timezone, r.currency, r.day_cutoff,
           r.prices_include_tax, r.tax_rounding, r.tax_scope,
           r.service_charge_percentage, r.service_charge_taxable, r.service_charge_from_covers,
           r.discount_limit_percentage, r.menu_version
      from memberships m join restaurants r on r.id = m.restaurant_id
     where m.user_id = p_user and m.restaurant_id = wanted and m.ended_at is null and m.invited_at is null
       and (p_device is null or exists (select from devices d where d.restaurant_id = wanted and d.id = p_device));
  if found then
    perform set_config('app.restaurant_id', wanted::text, true),
            set_config('app.user_id', p_user::text, true),
            set_config('app.device_id', coalesce(p_device::text, ''), true),
            set_config('app.request_id', coalesce(p_request, ''), true),
            set_config('app.address', coalesce(p_address, ''), true);
  end if;
end
$$;

create or replace function fynlo.memberships_of(p_user uuid)
returns table (restaurant_id uuid, name text, role text)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Where a person works, by name.
begin
  return query
    select r.id, r.name, m.role
      from memberships m join restaurants r on r.id = m.restaurant_id
     where m.user_id = p_user and m.ended_at is null and m.invited_at is null
     order by r.name, r.id;
end
$$;

drop function if exists fynlo.restaurants_of(uuid);

create function fynlo.restaurants_of(p_user uuid)
returns table (restaurant_id uuid, name text, role text, timezone text, day_cutoff time, currency text,
               prices_include_tax boolean, tax_rounding text, tax_scope text,
               service_charge_percentage numeric, service_charge_taxable boolean,
               service_charge_from_covers integer, discount_limit_percentage numeric)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Where a person works, by name, with the settings.
begin
  return query
    select r.id, r.name, m.role, r.timezone, r.day_cutoff, r.currency, r.prices_include_tax, r.tax_rounding,
           r.tax_scope, r.service_charge_percentage, r.service_charge_taxable, r.service_charge_from_covers,
           r.discount_limit_percentage
      from memberships m join restaurants r on r.id = m.restaurant_id
     where m.user_id = p_user and m.ended_at is null and m.invited_at is null
     order by r.name, r.id;
end
$$;

create or replace function fynlo.credentials(p_email text)
returns table (id uuid, email text, name text, password_hash text)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- The one person of an e-mail address, for signing in.
begin
  return query
    select u.id, u.email, u.name, u.password_hash from users u where u.email = lower(p_email);
end
$$;

drop function if exists fynlo.session_state(uuid);
create function fynlo.session_state(p_session uuid)
returns table (user_id uuid, email text, name text, revoked boolean, device_id uuid, of_device boolean,
               restaurant_id uuid)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Whose a session is, and whether it still stands: it ends with the device that it is of, is that device's own or
-- somebody's on it, and is good for the restaurant where that stands.
begin
  return query
    select u.id, u.email, u.name, s.revoked_at is not null or d.revoked_at is not null, s.device_id,
           coalesce(d.user_id = u.id, false), d.restaurant_id
      from sessions s
      join users u on u.id = s.user_id
      left join devices d on d.id = s.device_id
     where s.id = p_session;
end
$$;

create or replace function fynlo.read_events(p_restaurants uuid[], p_after bigint[], p_limit integer)
returns table (restaurant_id uuid, seq bigint, type text, entity_id uuid, data text,
               created_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- For each restaurant at most p_limit events after its seq, in order. For the hub, which serves them all.
begin
  return query
    select e.restaurant_id, e.seq, e.type, e.entity_id, e.data::text, e.created_at
      from unnest(p_restaurants, p_after) as wanted (restaurant_id, after)
     cross join lateral (
       select * from order_events x
        where x.restaurant_id = wanted.restaurant_id and x.seq > wanted.after
        order by x.seq
        limit p_limit
     ) e
     order by e.restaurant_id, e.seq;
end
$$;

create or replace function fynlo.read_heads(p_restaurants uuid[])
returns table (restaurant_id uuid, seq bigint, floor_seq bigint, epoch uuid)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  return query
    select h.restaurant_id, h.seq, h.floor_seq, h.epoch
      from feed_heads h where h.restaurant_id = any (p_restaurants);
end
$$;
