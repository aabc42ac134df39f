-- Paired devices, and those that wait for it.

-- name: device_grant_insert
-- A code that waits for approval.
insert into device_grants (device_code_hash, user_code, kind, name, expires_at, interval_s)
values (%(code_hash)s, %(user_code)s, %(kind)s, %(name)s, now() + make_interval(secs => %(lifetime_s)s),
        %(interval_s)s)

-- name: device_grant_poll
-- What the device is told; no row where the code is unknown.
select state, interval_s, user_id, name, device_id from fynlo.poll_device_grant(%(code_hash)s)

-- name: device_grants_prune
-- Forgets codes that nobody has asked for in a day.
select fynlo.prune_device_grants()

-- name: device_waiting
-- What waits under this code; no row where nothing does.
select kind, name, created_at, expires_at from device_grants
 where user_code = %(user_code)s and device_id is null and denied_at is null and expires_at > now()

-- name: device_pair
-- Approves a code; null where no such code waits.
select fynlo.pair_device(%(restaurant_id)s, %(user_code)s, %(name)s, %(station_ids)s, %(by)s)

-- name: device_deny
-- Turns a code away, once more where the answer was lost; no row where no such code waits.
update device_grants set denied_at = coalesce(denied_at, now())
 where user_code = %(user_code)s and device_id is null and expires_at > now()
returning user_code

-- name: stations_known
-- How many of these stations are the restaurant's.
select count(*) from stations where restaurant_id = %(restaurant_id)s and id = any (%(station_ids)s)

-- name: devices_page
-- The devices of a restaurant that were not revoked, by name, with how many there are in all.
select id, kind, name, station_ids, created_at, created_by, last_seen_at, count(*) over ()
  from devices
 where restaurant_id = %(restaurant_id)s and revoked_at is null
 order by name, id
 limit %(limit)s offset %(offset)s

-- name: device_read
-- A device, for itself or for who has just approved it.
select id, kind, name, station_ids, created_at, created_by, last_seen_at from fynlo.device(%(id)s)

-- name: device_update
-- A new name, other stations; null leaves them. No row where it was revoked.
update devices set name = coalesce(%(name)s, name), station_ids = coalesce(%(station_ids)s, station_ids)
 where restaurant_id = %(restaurant_id)s and id = %(id)s and revoked_at is null
returning id, kind, name, station_ids, created_at, created_by, last_seen_at

-- name: device_revoke
-- It is out, and so is who signed in on it by PIN. No row where it was revoked before.
with revoked as (
  update devices set revoked_at = now()
   where restaurant_id = %(restaurant_id)s and id = %(id)s and revoked_at is null
  returning restaurant_id, id, user_id
), ended as (
  update memberships m set ended_at = now() from revoked r
   where m.restaurant_id = r.restaurant_id and m.user_id = r.user_id
)
select id from revoked

-- name: pin_of
-- Who somebody is, with the hash of their PIN; no row where they do not work here.
select u.id, u.email, u.name, p.pin_hash
  from memberships m
  join users u on u.id = m.user_id
  left join pins p on p.restaurant_id = m.restaurant_id and p.membership_id = m.id
 where m.restaurant_id = %(restaurant_id)s and m.id = %(staff_id)s and m.ended_at is null and m.invited_at is null
