-- Pairing and revoking devices. A device is a user with a membership, so that all that holds for people's
-- requests and sockets holds for its own.
set local role fynlo_feed;

create or replace function fynlo.pair_device(
  p_restaurant uuid, p_user_code text, p_name text, p_station_ids uuid[], p_by uuid
) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Approves the code on a screen: the device is one of the restaurant's from now on. Null: no such code waits.
declare
  waiting device_grants;
  device_user uuid;
  device uuid;
begin
  if p_restaurant is distinct from nullif(current_setting('app.restaurant_id', true), '')::uuid then
    raise exception 'restaurant % is not the one of this transaction', p_restaurant;
  end if;
  select * into waiting from device_grants g
   where g.user_code = p_user_code and g.device_id is null and g.denied_at is null and g.expires_at > now()
     for update;
  if not found then
    return null;
  end if;
  insert into users (kind, name) values ('device', coalesce(p_name, waiting.name)) returning id into device_user;
  insert into memberships (restaurant_id, user_id, role) values (p_restaurant, device_user, waiting.kind);
  insert into devices (restaurant_id, kind, name, station_ids, user_id, created_by)
  values (p_restaurant, waiting.kind, coalesce(p_name, waiting.name), p_station_ids, device_user, p_by)
  returning id into device;
  update device_grants g set device_id = device where g.device_code_hash = waiting.device_code_hash;
  return device;
end
$$;

create or replace function fynlo.poll_device_grant(p_code_hash bytea)
returns table (state text, interval_s integer, user_id uuid, name text, device_id uuid)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- What a device hears when it asks (RFC 8628, 3.5): approved, authorization_pending, slow_down, access_denied
-- or expired_token; no row where the code is unknown. An approved code can be asked for again for a minute:
-- the answer may have been lost.
declare
  found_grant device_grants;
  told text;
begin
  select * into found_grant from device_grants g where g.device_code_hash = p_code_hash for update;
  if not found then
    return;
  end if;
  told := case
    when found_grant.denied_at is not null then 'access_denied'
    when found_grant.used_at < now() - interval '1 minute' then 'expired_token'
    when found_grant.device_id is not null and found_grant.expires_at > now() - interval '1 minute' then 'approved'
    when found_grant.expires_at <= now() then 'expired_token'
    when found_grant.polled_at > clock_timestamp() - make_interval(secs => found_grant.interval_s - 0.5) then 'slow_down'
    else 'authorization_pending'
  end;
  update device_grants g
     set polled_at = clock_timestamp(),
         interval_s = least(600, g.interval_s + case told when 'slow_down' then 5 else 0 end),
         used_at = case told when 'approved' then coalesce(g.used_at, now()) end
   where g.device_code_hash = p_code_hash
  returning g.interval_s into found_grant.interval_s;
  return query
    select told, found_grant.interval_s, d.user_id, d.name, d.id
      from (select) as always left join devices d on d.id = found_grant.device_id and d.revoked_at is null;
end
$$;

create or replace function fynlo.prune_device_grants() returns void
language sql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$ delete from device_grants g where g.expires_at < now() - interval '1 day' $$;

create or replace function fynlo.device_seen(p_session uuid) returns void
language sql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
update devices d set last_seen_at = now()
  from sessions s where s.id = p_session and d.id = s.device_id and d.user_id = s.user_id
$$;

create or replace function fynlo.device(p_device uuid) returns setof devices
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$ select * from devices d where d.id = p_device $$;
