-- People who sign in through an external issuer. Its word counts for who somebody is, by `sub` alone, and never for
-- whose account here an e-mail address is.
set local role fynlo_feed;

create or replace function fynlo.external_person(p_sub uuid, p_email text, p_name text)
returns table (user_id uuid, email text, name text)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Who a `sub` is. Who was never seen is made, and works nowhere; the address becomes theirs where nobody has it.
begin
  return query select u.id, u.email, u.name from users u where u.supabase_id = p_sub;
  if found then
    return;
  end if;
  insert into users (supabase_id, email, name)
  select p_sub, case when not exists (select from users u where u.email = lower(p_email)) then lower(p_email) end, p_name
  on conflict do nothing;
  if not found then  -- made by somebody else meanwhile: the person, or one with the address
    insert into users (supabase_id, name) values (p_sub, p_name) on conflict do nothing;
  end if;
  return query select u.id, u.email, u.name from users u where u.supabase_id = p_sub;
end
$$;

create or replace function fynlo.accept_invitation_as(p_token_hash bytea, p_user uuid) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Uses an invitation up for somebody whose sign-in is an external issuer's, and who holds the token that was sent to
-- the address invited. The row that stood for that address becomes theirs, unless it is somebody already.
-- Returns accepted; or unusable, another's (theirs alone to accept), already_staff.
declare
  invited record;
  own memberships;
begin
  -- The people first, as fynlo.invite() does, so that neither waits for the other for ever; and one acceptance of
  -- somebody's after the other.
  perform from users u
   where u.id = p_user
      or u.id = (select m.user_id
                   from invitations i
                   join memberships m on m.restaurant_id = i.restaurant_id and m.id = i.membership_id
                  where i.token_hash = p_token_hash)
   order by u.id
     for no key update;
  select i.restaurant_id, i.membership_id, m.user_id, m.role,
         u.password_hash is not null or u.supabase_id is not null as known, u.email
    into invited
    from invitations i
    join memberships m on m.restaurant_id = i.restaurant_id and m.id = i.membership_id
    join users u on u.id = m.user_id
   where i.token_hash = p_token_hash and i.accepted_at is null and i.revoked_at is null
     and i.expires_at > now() and m.ended_at is null
     for update of i, m;
  if not found then
    return 'unusable';
  end if;
  if invited.user_id <> p_user and invited.known then
    return 'another''s';
  end if;
  perform set_config('app.user_id', p_user::text, true);
  if invited.user_id = p_user then
    update memberships m set invited_at = null
     where m.restaurant_id = invited.restaurant_id and m.id = invited.membership_id and m.invited_at is not null;
  else
    select * into own from memberships m
     where m.restaurant_id = invited.restaurant_id and m.user_id = p_user for update;
    if own.id is null then
      update memberships m set user_id = p_user, invited_at = null
       where m.restaurant_id = invited.restaurant_id and m.id = invited.membership_id;
    elsif own.ended_at is null and own.invited_at is null then
      return 'already_staff';
    else
      update memberships m set ended_at = now()
       where m.restaurant_id = invited.restaurant_id and m.id = invited.membership_id;
      update memberships m set role = invited.role, ended_at = null, invited_at = null
       where m.restaurant_id = invited.restaurant_id and m.id = own.id;
    end if;
    -- The address goes with them, so that who invites it again invites them: where they have none, and where
    -- nothing else waits for it.
    if exists (select from users u where u.id = p_user and u.email is null)
       and not exists (select from memberships m where m.user_id = invited.user_id and m.ended_at is null) then
      update users u set email = null where u.id = invited.user_id;
      update users u set email = invited.email where u.id = p_user;
    end if;
  end if;
  update invitations i set accepted_at = now() where i.token_hash = p_token_hash;
  return 'accepted';
end
$$;
