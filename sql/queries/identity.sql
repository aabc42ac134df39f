-- Signing in and staying signed in.

-- name: credentials
-- The one person of an e-mail address, with the hash of their password.
select id, email, name, password_hash from fynlo.credentials(%(email)s)

-- name: memberships
-- Where a person works and as what, by name.
select restaurant_id, name, role from fynlo.memberships_of(%(user_id)s)

-- name: standing
-- Whose session it is, whether it still stands, and one row for each restaurant the person works in; on a device,
-- for the one where it stands.
select s.user_id, s.email, s.name, s.revoked, s.device_id, s.of_device, m.restaurant_id, m.name, m.role
  from fynlo.session_state(%(session_id)s) s
  left join lateral fynlo.memberships_of(s.user_id) m
    on s.restaurant_id is null or m.restaurant_id = s.restaurant_id

-- name: external_standing
-- Who the `sub` of an external issuer is, made where they were never seen; one row for each restaurant they work in.
select p.user_id, p.email, p.name, m.restaurant_id, m.name, m.role
  from fynlo.external_person(%(sub)s, %(email)s, %(name)s) p
  left join lateral fynlo.memberships_of(p.user_id) m on true

-- name: session_insert
-- A new sign-in with its first refresh token.
with session as (
  insert into sessions (id, user_id, device_id)
  values (%(session_id)s, %(user_id)s, %(device_id)s) returning id
)
insert into refresh_tokens (token_hash, session_id, expires_at)
select %(token_hash)s, id, now() + make_interval(secs => %(lifetime_s)s) from session

-- name: refresh_token_lock
-- A refresh token with its session, locked: how long ago it was used, whether it has expired.
select t.session_id, s.user_id, s.device_id, s.revoked_at is not null, t.expires_at <= now(),
       extract(epoch from clock_timestamp() - t.used_at)::float8
  from refresh_tokens t join sessions s on s.id = t.session_id
 where t.token_hash = %(token_hash)s
   for update of t, s

-- name: refresh_token_rotate
-- Marks a token as used (the first use counts) and adds its successor.
with used as (
  update refresh_tokens set used_at = coalesce(used_at, clock_timestamp())
   where token_hash = %(old_hash)s returning session_id
)
insert into refresh_tokens (token_hash, session_id, expires_at)
select %(new_hash)s, session_id, now() + make_interval(secs => %(lifetime_s)s) from used

-- name: session_revoke
-- Ends one session.
update sessions set revoked_at = now(), revoked_reason = %(reason)s
 where id = %(session_id)s and revoked_at is null

-- name: sessions_revoke_all
-- Ends every session of a person.
update sessions set revoked_at = now(), revoked_reason = 'logout_everywhere'
 where user_id = %(user_id)s and revoked_at is null

-- name: audit_person
-- Notes what somebody did or tried that concerns no one restaurant, wherever they work.
select fynlo.audit_person(%(user_id)s, %(action)s, %(device_id)s, %(address)s, %(request_id)s, %(after)s)

-- name: invitation_of
-- Whose invitation a token is, locked; no row where it cannot be used (any more).
select user_id, email, name, password_hash, external from fynlo.invitation_of(%(token_hash)s)

-- name: accept_invitation
-- Uses an invitation up, and sets a password where there was none; the person.
select fynlo.accept_invitation(%(token_hash)s, %(password_hash)s, %(address)s, %(request_id)s)

-- name: accept_invitation_as
-- Uses an invitation up for somebody of an external issuer: accepted, unusable, another's or already_staff.
select fynlo.accept_invitation_as(%(token_hash)s, %(user_id)s)

-- name: password_hash_of
-- The hash of a person's password; null where they have none.
select fynlo.password_hash_of(%(user_id)s)

-- name: change_password
-- A new password; every other sign-in of the person ends.
select fynlo.change_password(%(user_id)s, %(session_id)s, %(password_hash)s)

-- name: session_without_refresh
-- A sign-in that is not renewed: by PIN, on a device.
insert into sessions (id, user_id, device_id) values (%(session_id)s, %(user_id)s, %(device_id)s)

-- name: device_seen
-- The device of a session, where it has one, has just been heard of.
select fynlo.device_seen(%(session_id)s)

-- name: approver
-- Somebody who is asked to approve, with the hash of their PIN; no row where they do not work here.
select m.user_id, m.role, p.pin_hash
  from memberships m
  left join pins p on p.restaurant_id = m.restaurant_id and p.membership_id = m.id
 where m.restaurant_id = %(restaurant_id)s and m.id = %(staff_id)s and m.ended_at is null and m.invited_at is null

-- name: set_approver
-- Who approved what the rest of the transaction does, for the audit log.
select set_config('app.approver', %(user_id)s::text, true)
