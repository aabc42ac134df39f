-- Who works in a restaurant.

-- name: staff_page
-- The people of a restaurant by name, with how many there are in all; devices are none.
select m.id, m.user_id, u.name, u.email, m.role, m.invited_at is not null, coalesce(p.pin_hash <> '', false),
       count(*) over ()
  from memberships m
  join users u on u.id = m.user_id
  left join pins p on p.restaurant_id = m.restaurant_id and p.membership_id = m.id
 where m.restaurant_id = %(restaurant_id)s and m.ended_at is null and u.kind = 'person'
 order by u.name, m.id
 limit %(limit)s offset %(offset)s

-- name: staff_lock
-- One of them, locked; the restaurant first, so that of two owners who leave at once one stays.
with place as (
  select r.id from restaurants r where r.id = %(restaurant_id)s for no key update
)
select m.id, m.user_id, u.name, u.email, m.role, m.invited_at is not null,
       exists (select from pins p
               where p.restaurant_id = m.restaurant_id and p.membership_id = m.id and p.pin_hash <> '')
  from place
  join memberships m on m.restaurant_id = place.id
  join users u on u.id = m.user_id
 where m.id = %(id)s and m.ended_at is null and u.kind = 'person'
   for update of m

-- name: staff_lock_address
-- The one of an e-mail address; no row where nobody who works here has it. The restaurant is locked, so that their
-- role holds still, and they are not: fynlo.invite() locks the person before the membership, as who accepts does.
with place as (
  select r.id from restaurants r where r.id = %(restaurant_id)s for no key update
)
select m.id, m.user_id, u.name, u.email, m.role, m.invited_at is not null,
       exists (select from pins p
               where p.restaurant_id = m.restaurant_id and p.membership_id = m.id and p.pin_hash <> '')
  from place
  join memberships m on m.restaurant_id = place.id
  join users u on u.id = m.user_id
 where u.email = lower(%(email)s) and m.ended_at is null

-- name: owners
-- How many owners a restaurant has who are in.
select count(*) from memberships
 where restaurant_id = %(restaurant_id)s and role = 'owner' and ended_at is null and invited_at is null

-- name: staff_role
-- Another role. Who becomes an owner needs a new invitation where theirs is open: a manager may hold its token.
with changed as (
  update memberships set role = %(role)s where restaurant_id = %(restaurant_id)s and id = %(id)s
  returning restaurant_id, id, role
)
update invitations i set revoked_at = now() from changed c
 where i.restaurant_id = c.restaurant_id and i.membership_id = c.id and c.role = 'owner'
   and i.accepted_at is null and i.revoked_at is null

-- name: staff_end
-- They have left: their open invitations are worth nothing any more.
with ended as (
  update memberships set ended_at = now(), invited_at = null
   where restaurant_id = %(restaurant_id)s and id = %(id)s
  returning restaurant_id, id
)
update invitations i set revoked_at = now() from ended e
 where i.restaurant_id = e.restaurant_id and i.membership_id = e.id and i.accepted_at is null
   and i.revoked_at is null

-- name: pin_set
-- The PIN of one of them, for paired devices.
insert into pins (restaurant_id, membership_id, pin_hash, set_by)
values (%(restaurant_id)s, %(id)s, %(pin_hash)s, %(set_by)s)
on conflict (restaurant_id, membership_id)
do update set pin_hash = excluded.pin_hash, set_by = excluded.set_by, set_at = now()

-- name: pin_forget
-- A PIN that somebody else than they or this owner chose is none any more: an empty hash is nothing's.
update pins p set pin_hash = '', set_by = %(by)s, set_at = now() from memberships m
 where p.restaurant_id = %(restaurant_id)s and p.membership_id = %(id)s
   and m.restaurant_id = p.restaurant_id and m.id = p.membership_id
   and p.set_by is distinct from m.user_id and p.set_by is distinct from %(by)s

-- name: invite
-- Employs somebody, with a token by which they choose a password. No row: they work here already.
select invitation_id, expires_at, membership_id, user_id, name
  from fynlo.invite(%(restaurant_id)s, %(email)s, %(name)s, %(role)s, %(by)s, %(token_hash)s, %(lifetime_s)s)
