-- People and where they work. People belong to no restaurant, so these functions see all of them; they do only
-- what somebody inside the restaurant of the transaction may ask for, or who holds a token.
set local role fynlo_feed;

create or replace function fynlo.invite(
  p_restaurant uuid, p_email text, p_name text, p_role text, p_by uuid, p_token_hash bytea, p_lifetime_s integer
) returns table (invitation_id uuid, expires_at timestamptz, membership_id uuid, user_id uuid, name text)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Employs somebody, and makes the token by which they choose a password. Who has a sign-in of their own is not
-- in before they have accepted. No row: they work here already.
declare
  person users;
  member memberships;
  known boolean;
begin
  if p_restaurant is distinct from nullif(current_setting('app.restaurant_id', true), '')::uuid then
    raise exception 'restaurant % is not the one of this transaction', p_restaurant;
  end if;
  loop
    insert into users as u (email, name) values (lower(p_email), p_name) on conflict (email) do nothing;
    select * into person from users u where u.email = lower(p_email) for no key update;
    exit when found;  -- else the address has just gone to somebody else
  end loop;
  known := person.password_hash is not null or person.supabase_id is not null;
  select * into member from memberships m where m.restaurant_id = p_restaurant and m.user_id = person.id for update;
  if member.id is null then
    insert into memberships as m (restaurant_id, user_id, role, invited_at)
    values (p_restaurant, person.id, p_role, case when known then now() end)
    returning * into member;
  elsif member.ended_at is not null or member.invited_at is not null or not known then
    update memberships m
       set role = p_role, ended_at = null,
           invited_at = case when known and (m.ended_at is not null or m.invited_at is not null) then now() end
     where m.restaurant_id = p_restaurant and m.id = member.id
    returning * into member;
  else
    return;
  end if;
  update invitations i set revoked_at = now()
   where i.restaurant_id = p_restaurant and i.membership_id = member.id
     and i.accepted_at is null and i.revoked_at is null;
  return query
    insert into invitations as i (restaurant_id, membership_id, token_hash, created_by, expires_at)
    values (p_restaurant, member.id, p_token_hash, p_by, now() + make_interval(secs => p_lifetime_s))
    returning i.id, i.expires_at, member.id, person.id, person.name;
end
$$;

drop function if exists fynlo.invitation_of(bytea);
create function fynlo.invitation_of(p_token_hash bytea)
returns table (user_id uuid, email text, name text, password_hash text, external boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Whose invitation a token is, locked; no row where it is unknown, used, revoked or too old, or where the address has
-- gone to who accepted another restaurant's first. The person is locked first, as in fynlo.invite(): who invites
-- them again meanwhile waits, and neither waits for ever.
begin
  perform from users u
   where u.id = (select m.user_id
                   from invitations i
                   join memberships m on m.restaurant_id = i.restaurant_id and m.id = i.membership_id
                  where i.token_hash = p_token_hash)
     for no key update;
  return query
    select u.id, u.email, u.name, u.password_hash, u.supabase_id is not null
      from invitations i
      join memberships m on m.restaurant_id = i.restaurant_id and m.id = i.membership_id
      join users u on u.id = m.user_id
     where i.token_hash = p_token_hash and i.accepted_at is null and i.revoked_at is null
       and i.expires_at > now() and m.ended_at is null
       and (u.email is not null or u.password_hash is not null or u.supabase_id is not null)
       for update of i;
end
$$;

drop function if exists fynlo.accept_invitation(bytea, text);
create or replace function fynlo.accept_invitation(
  p_token_hash bytea, p_password_hash text, p_address text, p_request text
) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Uses up a token that fynlo.invitation_of() has found: they are in from now on. A password is set where they had
-- none, and opens this restaurant alone: who works for others without one keeps their place there, as somebody else,
-- and the address is that of who has the password. Returns the person.
declare
  accepted invitations;
  person users;
  own uuid;
begin
  select * into accepted from invitations i where i.token_hash = p_token_hash;
  select u.* into person from memberships m join users u on u.id = m.user_id
   where m.restaurant_id = accepted.restaurant_id and m.id = accepted.membership_id;
  own := person.id;
  if person.password_hash is null then
    if exists (select from memberships m
                where m.user_id = person.id and m.restaurant_id <> accepted.restaurant_id and m.ended_at is null) then
      update users u set email = null where u.id = person.id;
      insert into users (email, name, password_hash) values (person.email, person.name, p_password_hash)
      returning id into own;
    else
      update users u set password_hash = p_password_hash where u.id = person.id;
    end if;
  end if;
  perform set_config('app.user_id', own::text, true),
          set_config('app.address', coalesce(p_address, ''), true),
          set_config('app.request_id', coalesce(p_request, ''), true);
  update memberships m set invited_at = null, user_id = own
   where m.restaurant_id = accepted.restaurant_id and m.id = accepted.membership_id
     and (m.invited_at is not null or m.user_id <> own);
  update invitations i set accepted_at = now() where i.restaurant_id = accepted.restaurant_id and i.id = accepted.id;
  return own;
end
$$;

create or replace function fynlo.password_hash_of(p_user uuid) returns text
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$ select u.password_hash from users u where u.id = p_user $$;

create or replace function fynlo.change_password(p_user uuid, p_session uuid, p_password_hash text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- A new password ends every other sign-in of the person.
begin
  update users u set password_hash = p_password_hash where u.id = p_user;
  update sessions s set revoked_at = now(), revoked_reason = 'password_changed'
   where s.user_id = p_user and s.id <> p_session and s.revoked_at is null;
end
$$;

create or replace function fynlo.found_restaurant(
  p_user uuid, p_id uuid, p_name text, p_timezone text, p_currency text, p_request text, p_address text
) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- A restaurant whose owner is the person. Nothing happens where the id is taken: then fynlo.enter() says whose it is.
begin
  perform set_config('app.user_id', p_user::text, true),
          set_config('app.request_id', coalesce(p_request, ''), true),
          set_config('app.address', coalesce(p_address, ''), true);
  insert into restaurants (id, name, timezone, currency) values (p_id, p_name, p_timezone, p_currency)
  on conflict (id) do nothing;
  if found then
    insert into memberships (restaurant_id, user_id, role) values (p_id, p_user, 'owner');
  end if;
end
$$;
