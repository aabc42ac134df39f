-- The whole schema as its migrations make it: for reading and for diffs. Generated, never run, never edited:
--   python -m fynlo.db.schema
-- The months of order_events are left out, so that it does not change with the calendar.
--
-- PostgreSQL database dump
--

\restrict fynlo


SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: fynlo; Type: SCHEMA; Schema: -; Owner: fynlo_owner
--

CREATE SCHEMA fynlo;


ALTER SCHEMA fynlo OWNER TO fynlo_owner;

--
-- Name: public; Type: SCHEMA; Schema: -; Owner: pg_database_owner
--

CREATE SCHEMA public;


ALTER SCHEMA public OWNER TO pg_database_owner;

--
-- Name: SCHEMA public; Type: COMMENT; Schema: -; Owner: pg_database_owner
--

COMMENT ON SCHEMA public IS 'standard public schema';


--
-- Name: accept_invitation(bytea, text, text, text); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.accept_invitation(p_token_hash bytea, p_password_hash text, p_address text, p_request text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.accept_invitation(p_token_hash bytea, p_password_hash text, p_address text, p_request text) OWNER TO fynlo_feed;

--
-- Name: accept_invitation_as(bytea, uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.accept_invitation_as(p_token_hash bytea, p_user uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.accept_invitation_as(p_token_hash bytea, p_user uuid) OWNER TO fynlo_feed;

--
-- Name: audit(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.audit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Arguments: the action of an insert, that of an update, and the columns that are nobody's business or change
-- by themselves. An update that changes none of the others is not noted.
declare
  hidden text[] := string_to_array(coalesce(tg_argv[2], ''), ',') || array['restaurant_id', 'created_at', 'updated_at'];
  new_row jsonb := to_jsonb(new) - hidden;
  old_row jsonb;
  changed_before jsonb;
  changed_after jsonb;
begin
  if tg_op = 'UPDATE' then
    old_row := to_jsonb(old) - hidden;
    select jsonb_object_agg(n.key, old_row -> n.key), jsonb_object_agg(n.key, n.value)
      into changed_before, changed_after
      from jsonb_each(new_row) n
     where n.value is distinct from old_row -> n.key;
    if changed_after is null then
      return null;
    end if;
  else
    changed_after := new_row;
  end if;
  insert into audit_log (restaurant_id, action, entity_id, actor, approver, device_id, address, request_id,
                         before, after)
  select coalesce((to_jsonb(new) ->> 'restaurant_id')::uuid, (to_jsonb(new) ->> 'id')::uuid),
         case tg_op when 'INSERT' then tg_argv[0] else tg_argv[1] end,
         coalesce((to_jsonb(new) ->> 'id')::uuid, (to_jsonb(new) ->> 'membership_id')::uuid),
         nullif(current_setting('app.user_id', true), '')::uuid,
         nullif(current_setting('app.approver', true), '')::uuid,
         nullif(current_setting('app.device_id', true), '')::uuid,
         nullif(current_setting('app.address', true), ''),
         nullif(current_setting('app.request_id', true), ''),
         changed_before, changed_after;
  return null;
end
$$;


ALTER FUNCTION fynlo.audit() OWNER TO fynlo_feed;

--
-- Name: audit_person(uuid, text, uuid, text, text, jsonb); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.audit_person(p_user uuid, p_action text, p_device uuid, p_address text, p_request text, p_after jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Something that concerns a person and no restaurant: it is noted wherever they work; on a device, where it stands.
begin
  insert into audit_log (restaurant_id, action, entity_id, actor, device_id, address, request_id, after)
  select m.restaurant_id, p_action, p_user, p_user, p_device, p_address, p_request, p_after
    from memberships m
   where m.user_id = p_user and m.ended_at is null and m.invited_at is null
     and (p_device is null or exists (select from devices d where d.restaurant_id = m.restaurant_id and d.id = p_device));
end
$$;


ALTER FUNCTION fynlo.audit_person(p_user uuid, p_action text, p_device uuid, p_address text, p_request text, p_after jsonb) OWNER TO fynlo_feed;

--
-- Name: availability_json(text, integer, timestamp with time zone); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.availability_json(p_availability text, p_stock integer, p_until timestamp with time zone) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select case when p_until <= now() then json_build_object('state', 'in_stock')
              else json_strip_nulls(json_build_object(
                'state', case when p_stock = 0 then 'out_of_stock' else p_availability end,
                'quantity', p_stock, 'until', fynlo.rfc3339(p_until))) end
$$;


ALTER FUNCTION fynlo.availability_json(p_availability text, p_stock integer, p_until timestamp with time zone) OWNER TO fynlo_feed;

--
-- Name: bring_back(integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.bring_back(p_limit integer) RETURNS TABLE(back integer, next_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.bring_back(p_limit integer) OWNER TO fynlo_feed;

--
-- Name: business_date(timestamp with time zone, text, time without time zone); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.business_date(p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select case
    when local.at::time >= p_cutoff then local.at::date
    when exists (
      select from unnest(array[interval '0', interval '30 minutes', interval '1 hour', interval '2 hours']) as back
       cross join lateral (
         select ((local.at::date + p_cutoff) at time zone p_timezone) - back as at) first_shown
       where first_shown.at at time zone p_timezone = local.at::date + p_cutoff and p_at >= first_shown.at
    ) then local.at::date
    else local.at::date - 1 end
    from (select p_at at time zone p_timezone as at) local
$$;


ALTER FUNCTION fynlo.business_date(p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) OWNER TO fynlo_feed;

--
-- Name: change_password(uuid, uuid, text); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.change_password(p_user uuid, p_session uuid, p_password_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- A new password ends every other sign-in of the person.
begin
  update users u set password_hash = p_password_hash where u.id = p_user;
  update sessions s set revoked_at = now(), revoked_reason = 'password_changed'
   where s.user_id = p_user and s.id <> p_session and s.revoked_at is null;
end
$$;


ALTER FUNCTION fynlo.change_password(p_user uuid, p_session uuid, p_password_hash text) OWNER TO fynlo_feed;

--
-- Name: checks_json(uuid, uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.checks_json(p_restaurant uuid, p_order uuid) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select json_agg(json_build_object(
           'id', c.id, 'total', c.total, 'paid', s.paid, 'due', greatest(0, c.total - s.paid), 'items', c.items,
           'remainder', c.remainder) order by c.position, c.id)
    from checks c
   cross join lateral (
     select coalesce(sum(p.amount - p.unapplied), 0)::bigint as paid
       from payments p
      where p.restaurant_id = c.restaurant_id and p.order_id = c.order_id and p.check_id = c.id
        and p.state = 'captured') s
   where c.restaurant_id = p_restaurant and c.order_id = p_order and c.replaced_at is null
$$;


ALTER FUNCTION fynlo.checks_json(p_restaurant uuid, p_order uuid) OWNER TO fynlo_feed;

--
-- Name: claim_key(uuid, uuid, text, text, text, bytea); Type: FUNCTION; Schema: fynlo; Owner: fynlo_owner
--

CREATE FUNCTION fynlo.claim_key(p_restaurant uuid, p_actor uuid, p_method text, p_path text, p_key text, p_hash bytea) RETURNS TABLE(claim text, status integer, headers jsonb, body bytea)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Claims an Idempotency-Key for this transaction: 'none' (no key), 'new', 'replay' with the first
-- answer, or 'mismatch' (another body). While the first request still runs, the insert waits for it,
-- as long as lock_timeout allows.
begin
  if p_key is null or p_restaurant is null then
    return query select 'none', null::integer, null::jsonb, null::bytea;
    return;
  end if;
  loop
    insert into idempotency_keys as k (restaurant_id, actor, method, path, key, request_hash)
    values (p_restaurant, p_actor, p_method, p_path, p_key, p_hash)
    on conflict do nothing;
    if found then
      return query select 'new', null::integer, null::jsonb, null::bytea;
      return;
    end if;
    return query
      select case when k.request_hash = p_hash then 'replay' else 'mismatch' end, k.status, k.headers, k.body
        from idempotency_keys k
       where k.restaurant_id = p_restaurant and k.actor = p_actor and k.method = p_method
         and k.path = p_path and k.key = p_key;
    if found then
      return;
    end if;
    -- pruned between the two statements: it is new again
  end loop;
end
$$;


ALTER FUNCTION fynlo.claim_key(p_restaurant uuid, p_actor uuid, p_method text, p_path text, p_key text, p_hash bytea) OWNER TO fynlo_owner;

--
-- Name: claim_webhooks(uuid, double precision, boolean, integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.claim_webhooks(p_lease uuid, p_lease_s double precision, p_failing boolean, p_limit integer) RETURNS TABLE(restaurant_id uuid, id uuid, url text, types text[], secrets text[], epoch uuid, seq bigint, attempts integer, failing_for_s double precision, dead_in_a_row integer, version bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Takes at most p_limit endpoints that have something to be sent and that nobody delivers to, for p_lease_s
-- seconds: those whose last delivery failed, or the others. Who has waited longest comes first.
begin
  return query
    with due as (
      select w.restaurant_id, w.id
        from webhooks w join feed_heads h on h.restaurant_id = w.restaurant_id
       where w.active and w.archived_at is null
         and (w.attempts > 0) = p_failing
         and (w.next_attempt_at is null or w.next_attempt_at <= now())
         and (w.lease_until is null or w.lease_until <= now())
         and (h.seq > w.seq or h.epoch <> w.epoch)
       order by w.lease_until nulls first
       limit p_limit
         for update of w skip locked
    )
    update webhooks w
       set lease = p_lease, lease_until = now() + make_interval(secs => p_lease_s)
      from due d
     where w.restaurant_id = d.restaurant_id and w.id = d.id
    returning w.restaurant_id, w.id, w.url, w.types,
              array[w.secret] || case when w.old_secrets_until > now() then w.old_secrets else '{}' end,
              w.epoch, w.seq, w.attempts,
              coalesce(extract(epoch from now() - w.failing_since), 0)::double precision,
              w.dead_in_a_row, w.version;
end
$$;


ALTER FUNCTION fynlo.claim_webhooks(p_lease uuid, p_lease_s double precision, p_failing boolean, p_limit integer) OWNER TO fynlo_feed;

--
-- Name: credentials(text); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.credentials(p_email text) RETURNS TABLE(id uuid, email text, name text, password_hash text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- The one person of an e-mail address, for signing in.
begin
  return query
    select u.id, u.email, u.name, u.password_hash from users u where u.email = lower(p_email);
end
$$;


ALTER FUNCTION fynlo.credentials(p_email text) OWNER TO fynlo_feed;

--
-- Name: uuid7(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_owner
--

CREATE FUNCTION fynlo.uuid7() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    AS $$
  -- RFC 9562 version 7: 48 bits of milliseconds, then version, variant and random bits.
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;


ALTER FUNCTION fynlo.uuid7() OWNER TO fynlo_owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: devices; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.devices (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    station_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    user_id uuid NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT devices_kind_check CHECK ((kind = ANY (ARRAY['kitchen'::text, 'till'::text]))),
    CONSTRAINT devices_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY public.devices FORCE ROW LEVEL SECURITY;


ALTER TABLE public.devices OWNER TO fynlo_owner;

--
-- Name: TABLE devices; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.devices IS 'Kitchen displays and tills that were paired; each is a user with a membership.';


--
-- Name: COLUMN devices.station_ids; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.devices.station_ids IS 'The stations a kitchen display shows; empty: all of them.';


--
-- Name: device(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.device(p_device uuid) RETURNS SETOF public.devices
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ select * from devices d where d.id = p_device $$;


ALTER FUNCTION fynlo.device(p_device uuid) OWNER TO fynlo_feed;

--
-- Name: device_seen(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.device_seen(p_session uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
update devices d set last_seen_at = now()
  from sessions s where s.id = p_session and d.id = s.device_id and d.user_id = s.user_id
$$;


ALTER FUNCTION fynlo.device_seen(p_session uuid) OWNER TO fynlo_feed;

--
-- Name: drain(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.drain() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
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


ALTER FUNCTION fynlo.drain() OWNER TO fynlo_feed;

--
-- Name: drop_event_month(integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_owner
--

CREATE FUNCTION fynlo.drop_event_month(p_months integer) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '200ms'
    AS $$
-- Drops the oldest month if it ended p_months ago or longer and lies below every floor; returns its name, null
-- where there is none. One a call, so that each is a short transaction.
--
-- A partition beside a default one cannot be detached concurrently, so this takes ACCESS EXCLUSIVE on the whole log
-- for the instant of the commit (its files go after that). While it waits for that lock, every order waits behind
-- it: hence 200 ms, and then the month is left to the next run. It isn't urgent; orders are.
declare
  old record;
begin
  if coalesce(p_months, 0) < 1 then
    raise exception 'the log is kept for a month at least, not %', p_months
      using errcode = 'invalid_parameter_value';
  end if;
  if not pg_try_advisory_xact_lock(hashtext('fynlo.make_event_partitions')) then
    return null;
  end if;
  select m.* into old from fynlo.event_months() m order by m.starts limit 1;
  if not found or old.ends > now() - make_interval(months => p_months)
     or fynlo.still_needed(old.starts, old.ends) then
    return null;
  end if;
  execute format('drop table %s', old.name);  -- a regclass as text: quoted where it must be
  return old.name;
exception
  when lock_not_available then
    raise warning 'order_events is being read: % is left to the next run', old.name;
    return null;
  when insufficient_privilege then
    raise warning '% does not belong to fynlo_owner: it is not dropped', old.name;
    return null;
end
$$;


ALTER FUNCTION fynlo.drop_event_month(p_months integer) OWNER TO fynlo_owner;

--
-- Name: due(text, bigint, bigint, bigint); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.due(p_status text, p_total bigint, p_paid bigint, p_returned bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select case when p_status = 'cancelled' then 0 else greatest(0, p_total - (p_paid - p_returned)) end $$;


ALTER FUNCTION fynlo.due(p_status text, p_total bigint, p_paid bigint, p_returned bigint) OWNER TO fynlo_feed;

--
-- Name: enter(uuid, uuid, text, uuid, uuid, text, text); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.enter(p_user uuid, p_restaurant uuid, p_kind text, p_id uuid, p_device uuid, p_request text, p_address text) RETURNS TABLE(restaurant_id uuid, role text, name text, timezone text, currency text, day_cutoff time without time zone, prices_include_tax boolean, tax_rounding text, tax_scope text, service_charge_percentage numeric, service_charge_taxable boolean, service_charge_from_covers integer, discount_limit_percentage numeric, menu_version bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.enter(p_user uuid, p_restaurant uuid, p_kind text, p_id uuid, p_device uuid, p_request text, p_address text) OWNER TO fynlo_feed;

--
-- Name: event_months(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_owner
--

CREATE FUNCTION fynlo.event_months() RETURNS TABLE(name text, starts timestamp with time zone, ends timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
  -- The partitions of the log that stand for a time, the oldest first: all but the default one.
  select c.oid::regclass::text, bounds[1]::timestamptz, bounds[2]::timestamptz
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
   cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                   $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) as bounds
   where i.inhparent = 'public.order_events'::regclass and bounds is not null
   order by 2
$_$;


ALTER FUNCTION fynlo.event_months() OWNER TO fynlo_owner;

--
-- Name: expected_cash(uuid, uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.expected_cash(p_restaurant uuid, p_shift uuid) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select (s.opening_amount
          + (select coalesce(sum(p.amount + p.tip), 0) from payments p
              where p.restaurant_id = s.restaurant_id and p.shift_id = s.id and p.method = 'cash'
                and p.state = 'captured')
          - (select coalesce(sum(f.amount + f.tip), 0) from refunds f
              where f.restaurant_id = s.restaurant_id and f.shift_id = s.id and f.method = 'cash')
          + (select coalesce(sum(case m.type when 'paid_in' then m.amount else -m.amount end), 0)
               from shift_movements m
              where m.restaurant_id = s.restaurant_id and m.shift_id = s.id))::bigint
    from shifts s where s.restaurant_id = p_restaurant and s.id = p_shift
$$;


ALTER FUNCTION fynlo.expected_cash(p_restaurant uuid, p_shift uuid) OWNER TO fynlo_feed;

--
-- Name: external_person(uuid, text, text); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.external_person(p_sub uuid, p_email text, p_name text) RETURNS TABLE(user_id uuid, email text, name text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.external_person(p_sub uuid, p_email text, p_name text) OWNER TO fynlo_feed;

--
-- Name: feed_status(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.feed_status(p_restaurant uuid) RETURNS TABLE(restaurant_id uuid, name text, seq bigint, floor_seq bigint, epoch uuid, newest_seq bigint, newest_at timestamp with time zone, replay_from timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- One restaurant, or all (null), by name: its head, its newest event, and when the oldest one was written that
-- screens may still replay.
begin
  return query
    select h.restaurant_id, r.name, h.seq, h.floor_seq, h.epoch, newest.seq, newest.created_at,
           oldest.created_at
      from feed_heads h
      join restaurants r on r.id = h.restaurant_id
      left join lateral (
        select e.seq, e.created_at from order_events e
         where e.restaurant_id = h.restaurant_id order by e.seq desc limit 1
      ) newest on true
      left join lateral (
        select e.created_at from order_events e
         where e.restaurant_id = h.restaurant_id and e.seq > h.floor_seq order by e.seq limit 1
      ) oldest on true
     where p_restaurant is null or h.restaurant_id = p_restaurant
     order by r.name, r.id;
end
$$;


ALTER FUNCTION fynlo.feed_status(p_restaurant uuid) OWNER TO fynlo_feed;

--
-- Name: found_restaurant(uuid, uuid, text, text, text, text, text); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.found_restaurant(p_user uuid, p_id uuid, p_name text, p_timezone text, p_currency text, p_request text, p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.found_restaurant(p_user uuid, p_id uuid, p_name text, p_timezone text, p_currency text, p_request text, p_address text) OWNER TO fynlo_feed;

--
-- Name: give_stock(uuid[], bigint[], uuid[], bigint[]); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.give_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.give_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) OWNER TO fynlo_feed;

--
-- Name: invitation_of(bytea); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.invitation_of(p_token_hash bytea) RETURNS TABLE(user_id uuid, email text, name text, password_hash text, external boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.invitation_of(p_token_hash bytea) OWNER TO fynlo_feed;

--
-- Name: invite(uuid, text, text, text, uuid, bytea, integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.invite(p_restaurant uuid, p_email text, p_name text, p_role text, p_by uuid, p_token_hash bytea, p_lifetime_s integer) RETURNS TABLE(invitation_id uuid, expires_at timestamp with time zone, membership_id uuid, user_id uuid, name text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.invite(p_restaurant uuid, p_email text, p_name text, p_role text, p_by uuid, p_token_hash bytea, p_lifetime_s integer) OWNER TO fynlo_feed;

--
-- Name: keep_closed(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.keep_closed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  raise exception 'shift % was counted and stays as it is', old.id
    using errcode = 'restrict_violation', hint = 'Open a new shift; correct the drawer by a movement there.';
end
$$;


ALTER FUNCTION fynlo.keep_closed() OWNER TO fynlo_feed;

--
-- Name: keep_menu(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.keep_menu() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Keeps what stood until now; for what is new, that there was nothing. A product's groups are kept under the product.
begin
  if tg_op <> 'INSERT' then
    insert into menu_history (restaurant_id, kind, entity_id, old_row)
    select old.restaurant_id, tg_table_name, coalesce((r ->> 'id')::uuid, (r ->> 'product_id')::uuid), r
      from to_jsonb(old) r;
  end if;
  if tg_op = 'INSERT' or tg_op = 'UPDATE' and tg_table_name = 'product_modifier_groups' then
    insert into menu_history (restaurant_id, kind, entity_id, old_row)
    select new.restaurant_id, tg_table_name, coalesce((r ->> 'id')::uuid, (r ->> 'product_id')::uuid),
           jsonb_strip_nulls(jsonb_build_object('absent', true, 'group_id',
             case when tg_table_name = 'product_modifier_groups' then r ->> 'group_id' end))
      from to_jsonb(new) r;
  end if;
  return null;
end
$$;


ALTER FUNCTION fynlo.keep_menu() OWNER TO fynlo_feed;

--
-- Name: keep_reported(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.keep_reported() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- What a Z has reported stays as it was reported; it may move with its order when that is merged.
declare
  moves text[] := array['order_id', 'check_id', 'updated_at'];
begin
  if old.z_id is not null and to_jsonb(new) - moves is distinct from to_jsonb(old) - moves then
    raise exception '% % was reported by a Z and stays as it is', tg_table_name, old.id
      using errcode = 'restrict_violation', hint = 'Refund a payment instead: the refund belongs to the next Z.';
  end if;
  return new;
end
$$;


ALTER FUNCTION fynlo.keep_reported() OWNER TO fynlo_feed;

--
-- Name: live_screens(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.live_screens() RETURNS TABLE(restaurant_id uuid, connection_id uuid, process_id uuid, host text, pid integer, kind text, user_id uuid, connected_at timestamp with time zone, sent_seq bigint, acknowledged_seq bigint, acknowledged_at timestamp with time zone, waiting integer, lag_s double precision, stale boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- The screens of every restaurant whose process is alive, as it told. lag_s: how long the oldest event has been
-- waiting to be acknowledged.
begin
  return query
    select s.restaurant_id, s.connection_id, s.process_id, p.host, p.pid, s.kind, s.user_id, s.connected_at,
           s.sent_seq, s.acknowledged_seq, s.acknowledged_at, s.waiting,
           coalesce(greatest(0, extract(epoch from now() - s.waiting_since)), 0)::double precision, s.stale
      from screens s join fynlo.processes p on p.id = s.process_id
     where p.leased_until >= now();
end
$$;


ALTER FUNCTION fynlo.live_screens() OWNER TO fynlo_feed;

--
-- Name: log_status(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.log_status() RETURNS TABLE(months bigint, oldest_month text, bytes bigint, default_events bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- The log as it lies on disk: how many months, the oldest of them, the size of all with their indexes, and the
-- events for which no month was made.
begin
  return query
    select (select count(*) from fynlo.event_months()),
           (select m.name from fynlo.event_months() m order by m.starts limit 1),
           (select sum(pg_total_relation_size(i.inhrelid))::bigint from pg_inherits i
             where i.inhparent = 'public.order_events'::regclass),
           (select count(*) from order_events_default);
end
$$;


ALTER FUNCTION fynlo.log_status() OWNER TO fynlo_feed;

--
-- Name: make_event_partitions(integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_owner
--

CREATE FUNCTION fynlo.make_event_partitions(p_months_ahead integer DEFAULT 3) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '900ms'
    AS $$
-- Makes the partitions of order_events from this month to p_months_ahead months on; returns those it made.
-- While another process is at it, there is nothing to do. It never fails for what others do: a month whose
-- events already stand in the default partition stays there, and what is locked is left to the next run.
declare
  month date;
  partition_name text;
begin
  if not pg_try_advisory_xact_lock(hashtext('fynlo.make_event_partitions')) then
    return;
  end if;
  for month in
    select generate_series(date_trunc('month', now() at time zone 'UTC'),
                           date_trunc('month', now() at time zone 'UTC') + make_interval(months => p_months_ahead),
                           interval '1 month')::date
  loop
    partition_name := 'order_events_' || to_char(month, 'YYYY_MM');
    if to_regclass('public.' || partition_name) is null then
      begin
        execute format('create table public.%I partition of public.order_events for values from (%L) to (%L)',
                       partition_name, month::timestamp at time zone 'UTC',
                       (month + interval '1 month')::timestamp at time zone 'UTC');
      exception
        when check_violation then
          raise warning 'events of % stand in order_events_default already: that month stays there', month;
          continue;
        when lock_not_available then
          raise warning 'order_events is locked: the partition for % is left to the next run', month;
          return;
      end;
      execute format('alter table public.%I enable row level security', partition_name);
      execute format('alter table public.%I force row level security', partition_name);
      execute format('create trigger %I before delete or truncate on public.%I
                      for each statement execute function fynlo.refuse_delete()',
                     partition_name || '_keep', partition_name);
      return next partition_name;
    end if;
  end loop;
end
$$;


ALTER FUNCTION fynlo.make_event_partitions(p_months_ahead integer) OWNER TO fynlo_owner;

--
-- Name: memberships_of(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.memberships_of(p_user uuid) RETURNS TABLE(restaurant_id uuid, name text, role text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Where a person works, by name.
begin
  return query
    select r.id, r.name, m.role
      from memberships m join restaurants r on r.id = m.restaurant_id
     where m.user_id = p_user and m.ended_at is null and m.invited_at is null
     order by r.name, r.id;
end
$$;


ALTER FUNCTION fynlo.memberships_of(p_user uuid) OWNER TO fynlo_feed;

--
-- Name: menu_was(uuid, text, uuid, timestamp with time zone); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.menu_was(p_restaurant uuid, p_kind text, p_id uuid, p_at timestamp with time zone) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select coalesce((
    select h.old_row from menu_history h
     where h.restaurant_id = p_restaurant and h.kind = p_kind and h.entity_id = p_id and h.replaced_at > p_at
     order by h.replaced_at, h.place
     limit 1), '{}')
$$;


ALTER FUNCTION fynlo.menu_was(p_restaurant uuid, p_kind text, p_id uuid, p_at timestamp with time zone) OWNER TO fynlo_feed;

--
-- Name: new_head(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.new_head() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  insert into feed_heads (restaurant_id) values (new.id);
  return null;
end
$$;


ALTER FUNCTION fynlo.new_head() OWNER TO fynlo_feed;

--
-- Name: note_checks(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_checks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  perform fynlo.raise_versions((select array_agg(distinct c.order_id) from changed c));
  return null;
end
$$;


ALTER FUNCTION fynlo.note_checks() OWNER TO fynlo_feed;

--
-- Name: note_currency(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_currency() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- A menu shows the restaurant's currency beside each price.
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id) values (new.id, 'menu', new.id)
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;


ALTER FUNCTION fynlo.note_currency() OWNER TO fynlo_feed;

--
-- Name: note_items_insert(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_items_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_items_insert() OWNER TO fynlo_feed;

--
-- Name: note_items_update(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_items_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_items_update() OWNER TO fynlo_feed;

--
-- Name: note_menu(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_menu() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select distinct c.restaurant_id, 'menu', c.restaurant_id from changed c
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;


ALTER FUNCTION fynlo.note_menu() OWNER TO fynlo_feed;

--
-- Name: note_modifiers_insert(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_modifiers_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  perform fynlo.raise_versions((select array_agg(distinct n.order_id) from new_rows n));
  return null;
end
$$;


ALTER FUNCTION fynlo.note_modifiers_insert() OWNER TO fynlo_feed;

--
-- Name: note_modifiers_update(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_modifiers_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  perform fynlo.raise_versions((
    select array_agg(distinct changed.order_id)
      from ((table new_rows except table old_rows) union all (table old_rows except table new_rows)) changed));
  return null;
end
$$;


ALTER FUNCTION fynlo.note_modifiers_update() OWNER TO fynlo_feed;

--
-- Name: note_orders_insert(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_orders_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id, created)
  select n.restaurant_id, 'order', n.id, true from new_rows n;
  perform fynlo.note_seats((select array_agg(n.table_id) from new_rows n where n.table_id is not null));
  return null;
end
$$;


ALTER FUNCTION fynlo.note_orders_insert() OWNER TO fynlo_feed;

--
-- Name: note_orders_update(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_orders_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_orders_update() OWNER TO fynlo_feed;

--
-- Name: note_payments_insert(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_payments_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
  of_orders uuid[] := (select array_agg(distinct n.order_id) from new_rows n);
begin
  perform fynlo.settle(of_orders);
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select n.restaurant_id, 'payment', n.id from new_rows n where n.state = 'captured';
  return null;
end
$$;


ALTER FUNCTION fynlo.note_payments_insert() OWNER TO fynlo_feed;

--
-- Name: note_payments_update(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_payments_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_payments_update() OWNER TO fynlo_feed;

--
-- Name: note_refunds_insert(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_refunds_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
  of_orders uuid[] := (select array_agg(distinct n.order_id) from new_rows n);
begin
  perform fynlo.settle(of_orders);
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select n.restaurant_id, 'refund', n.id from new_rows n;
  return null;
end
$$;


ALTER FUNCTION fynlo.note_refunds_insert() OWNER TO fynlo_feed;

--
-- Name: note_refunds_update(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_refunds_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_refunds_update() OWNER TO fynlo_feed;

--
-- Name: note_seats(uuid[]); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_seats(p_tables uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_seats(p_tables uuid[]) OWNER TO fynlo_feed;

--
-- Name: note_sections(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_sections() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_sections() OWNER TO fynlo_feed;

--
-- Name: note_stock(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_stock() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.note_stock() OWNER TO fynlo_feed;

--
-- Name: note_tables(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.note_tables() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  insert into fynlo.touched (restaurant_id, entity, entity_id)
  select c.restaurant_id, 'table', c.id from changed c
  on conflict (txid, entity_id) do nothing;
  return null;
end
$$;


ALTER FUNCTION fynlo.note_tables() OWNER TO fynlo_feed;

--
-- Name: on_sale(text, integer, timestamp with time zone); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.on_sale(p_availability text, p_stock integer, p_until timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select case when p_until <= now() then 'in_stock' when p_stock = 0 then 'out_of_stock' else p_availability end
$$;


ALTER FUNCTION fynlo.on_sale(p_availability text, p_stock integer, p_until timestamp with time zone) OWNER TO fynlo_feed;

--
-- Name: order_changed(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.order_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Before an update that changes anything: a higher version, and the payment status and closing time that fit.
begin
  if new.id <> old.id or new.restaurant_id <> old.restaurant_id then
    raise exception 'an order keeps its id and its restaurant' using errcode = 'check_violation';
  end if;
  if new.version <= old.version then
    new.version := old.version + 1;
  end if;
  new.updated_at := clock_timestamp();
  new.payment_status := fynlo.payment_status(new.total, new.paid, new.refunded, new.returned);
  if new.status in ('completed', 'cancelled', 'merged') then
    new.closed_at := coalesce(new.closed_at, new.updated_at);
  else
    new.closed_at := null;
  end if;
  return new;
end
$$;


ALTER FUNCTION fynlo.order_changed() OWNER TO fynlo_feed;

--
-- Name: order_defaults(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.order_defaults() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Fills in what an insert leaves out: the business date, the number, the settings of the restaurant, the
-- closing time of an order that is closed. A number that is given moves the day's counter up to it.
begin
  select coalesce(new.business_date, fynlo.business_date(new.placed_at, r.timezone, r.day_cutoff)),
         coalesce(new.currency, r.currency),
         coalesce(new.prices_include_tax, r.prices_include_tax),
         coalesce(new.tax_rounding, r.tax_rounding),
         coalesce(new.tax_scope, r.tax_scope),
         coalesce(new.service_charge_percentage, r.service_charge_percentage),
         coalesce(new.service_charge_taxable, r.service_charge_taxable),
         coalesce(new.service_charge_from_covers, r.service_charge_from_covers)
    into new.business_date, new.currency, new.prices_include_tax, new.tax_rounding, new.tax_scope,
         new.service_charge_percentage, new.service_charge_taxable, new.service_charge_from_covers
    from restaurants r where r.id = new.restaurant_id;
  if not found then
    raise exception 'restaurant % does not exist', new.restaurant_id using errcode = 'foreign_key_violation';
  end if;
  if new.status in ('completed', 'cancelled', 'merged') then
    new.closed_at := coalesce(new.closed_at, clock_timestamp());
  end if;
  insert into day_counters as c (restaurant_id, business_date, last_number)
  values (new.restaurant_id, new.business_date, coalesce(new.number, 1))
  on conflict (restaurant_id, business_date)
  do update set last_number = case when new.number is null then c.last_number + 1
                                   else greatest(c.last_number, new.number) end
  returning coalesce(new.number, c.last_number) into new.number;
  return new;
end
$$;


ALTER FUNCTION fynlo.order_defaults() OWNER TO fynlo_feed;

--
-- Name: pair_device(uuid, text, text, uuid[], uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.pair_device(p_restaurant uuid, p_user_code text, p_name text, p_station_ids uuid[], p_by uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.pair_device(p_restaurant uuid, p_user_code text, p_name text, p_station_ids uuid[], p_by uuid) OWNER TO fynlo_feed;

--
-- Name: password_hash_of(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.password_hash_of(p_user uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ select u.password_hash from users u where u.id = p_user $$;


ALTER FUNCTION fynlo.password_hash_of(p_user uuid) OWNER TO fynlo_feed;

--
-- Name: payments; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.payments (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    order_id uuid NOT NULL,
    check_id uuid,
    shift_id uuid,
    method text NOT NULL,
    state text DEFAULT 'captured'::text NOT NULL,
    amount bigint NOT NULL,
    unapplied bigint DEFAULT 0 NOT NULL,
    tip bigint DEFAULT 0 NOT NULL,
    tendered bigint,
    reference text,
    reason text,
    taken_by uuid,
    business_date date NOT NULL,
    request_hash bytea,
    z_id uuid,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    captured_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    voided_at timestamp with time zone,
    CONSTRAINT payments_amount_check CHECK ((amount >= 0)),
    CONSTRAINT payments_captured CHECK (((captured_at IS NOT NULL) = (state = ANY (ARRAY['captured'::text, 'voided'::text])))),
    CONSTRAINT payments_method_check CHECK ((method = ANY (ARRAY['cash'::text, 'card'::text, 'gift_card'::text, 'other'::text]))),
    CONSTRAINT payments_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'captured'::text, 'failed'::text, 'voided'::text]))),
    CONSTRAINT payments_tendered CHECK ((tendered >= (amount + tip))),
    CONSTRAINT payments_tip_check CHECK ((tip >= 0)),
    CONSTRAINT payments_unapplied CHECK (((unapplied >= 0) AND (unapplied <= amount)))
);

ALTER TABLE ONLY public.payments FORCE ROW LEVEL SECURITY;


ALTER TABLE public.payments OWNER TO fynlo_owner;

--
-- Name: COLUMN payments.state; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.payments.state IS 'pending: reserved until the terminal has answered; then captured or failed. voided: it was the wrong tender.';


--
-- Name: COLUMN payments.amount; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.payments.amount IS 'Towards the order, without tip; minor units. `unapplied` of it was more than was due.';


--
-- Name: COLUMN payments.business_date; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.payments.business_date IS 'The restaurant''s day of trade on which it was captured, or begun.';


--
-- Name: COLUMN payments.z_id; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.payments.z_id IS 'The Z that reported it: the first one taken after it. Set once.';


--
-- Name: COLUMN payments.voided_at; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.payments.voided_at IS 'When it was voided. A shift that was closed before was counted with it, and its X keeps it.';


--
-- Name: payment_json(public.payments); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.payment_json(p public.payments) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select json_build_object(
    'id', p.id, 'order_id', p.order_id, 'check_id', p.check_id, 'shift_id', p.shift_id, 'method', p.method,
    'state', p.state, 'amount', p.amount, 'unapplied', p.unapplied, 'tip', p.tip, 'tendered', p.tendered,
    'change', p.tendered - p.amount - p.tip, 'reference', p.reference, 'reason', p.reason, 'taken_by', p.taken_by,
    'business_date', p.business_date, 'created_at', fynlo.rfc3339(p.created_at),
    'captured_at', fynlo.rfc3339(p.captured_at), 'refunded', coalesce(sum(f.amount), 0),
    'refunds', coalesce(json_agg(fynlo.refund_json(f) order by f.created_at, f.id)
                        filter (where f.id is not null), '[]'))
    from (select) as always
    left join refunds f on f.restaurant_id = p.restaurant_id and f.payment_id = p.id
$$;


ALTER FUNCTION fynlo.payment_json(p public.payments) OWNER TO fynlo_feed;

--
-- Name: payment_status(bigint, bigint, bigint, bigint); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.payment_status(p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when p_refunded > 0 then case when p_refunded >= p_paid then 'refunded' else 'partially_refunded' end
              when p_paid = 0 then 'unpaid'
              when p_paid - p_returned >= p_total then 'paid'
              else 'partially_paid' end
$$;


ALTER FUNCTION fynlo.payment_status(p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint) OWNER TO fynlo_feed;

--
-- Name: payment_voided(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.payment_voided() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- By the clock: who voids waits for the count of its shift, and is after it then.
begin
  new.voided_at := clock_timestamp();
  return new;
end
$$;


ALTER FUNCTION fynlo.payment_voided() OWNER TO fynlo_feed;

--
-- Name: payments_json(uuid, uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.payments_json(p_restaurant uuid, p_order uuid) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select json_agg(fynlo.payment_json(p) order by p.created_at, p.id)
    from payments p where p.restaurant_id = p_restaurant and p.order_id = p_order
$$;


ALTER FUNCTION fynlo.payments_json(p_restaurant uuid, p_order uuid) OWNER TO fynlo_feed;

--
-- Name: poll_device_grant(bytea); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.poll_device_grant(p_code_hash bytea) RETURNS TABLE(state text, interval_s integer, user_id uuid, name text, device_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.poll_device_grant(p_code_hash bytea) OWNER TO fynlo_feed;

--
-- Name: product_changed(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.product_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Before an update that changes anything but the stock: a higher version.
declare
  stock text[] := array['availability', 'stock', 'low_stock_at', 'out_until'];
begin
  if new.version <= old.version and to_jsonb(new) - stock is distinct from to_jsonb(old) - stock then
    new.version := old.version + 1;
  end if;
  return new;
end
$$;


ALTER FUNCTION fynlo.product_changed() OWNER TO fynlo_feed;

--
-- Name: prune_default_events(integer, integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.prune_default_events(p_months integer, p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Deletes at most p_limit events older than p_months from the default partition, which is never dropped; none
-- above a floor, and none that is younger than a month which is still there. Returns how many: who gets as many as
-- it asked for asks again.
declare
  edge timestamptz := least(now() - make_interval(months => p_months),
                            (select min(m.ends) from fynlo.event_months() m));
  pruned integer;
begin
  if coalesce(p_months, 0) < 1 then
    raise exception 'the log is kept for a month at least, not %', p_months
      using errcode = 'invalid_parameter_value';
  end if;
  delete from order_events_default
   where ctid = any (array(
     select e.ctid from order_events_default e
       left join feed_heads h on h.restaurant_id = e.restaurant_id
      where e.created_at < edge and e.seq <= coalesce(h.floor_seq, e.seq)
      limit p_limit));
  get diagnostics pruned = row_count;
  return pruned;
end
$$;


ALTER FUNCTION fynlo.prune_default_events(p_months integer, p_limit integer) OWNER TO fynlo_feed;

--
-- Name: prune_device_grants(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.prune_device_grants() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ delete from device_grants g where g.expires_at < now() - interval '1 day' $$;


ALTER FUNCTION fynlo.prune_device_grants() OWNER TO fynlo_feed;

--
-- Name: prune_idempotency_keys(integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.prune_idempotency_keys(p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- Forgets at most p_limit keys older than 30 days, of every restaurant; returns how many. Who asks for as
-- many as it gets asks again.
declare
  pruned integer;
begin
  with old as (
    select k.ctid as place from idempotency_keys k
     where k.created_at < now() - interval '30 days'
     order by k.created_at
     limit p_limit
       for update skip locked
  )
  delete from idempotency_keys k using old where k.ctid = old.place;
  get diagnostics pruned = row_count;
  return pruned;
end
$$;


ALTER FUNCTION fynlo.prune_idempotency_keys(p_limit integer) OWNER TO fynlo_feed;

--
-- Name: raise_floors(integer, uuid, integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.raise_floors(p_days integer, p_after uuid, p_limit integer) RETURNS TABLE(upto uuid, raised integer, busy integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
-- Raises the floors of at most p_limit restaurants, in id order behind p_after, to their newest event older than
-- p_days. Returns the last restaurant looked at (null: there are no more), how many floors rose, and how many
-- could not because a writer holds the head: the next walk comes by again. Waits for nobody, and whoever waits
-- for a head waits for one short commit. A floor never falls.
declare
  edge timestamptz := now() - make_interval(days => p_days);
  due uuid[];
  floors bigint[];
begin
  if coalesce(p_days, 0) < 1 then
    raise exception 'replay has to reach back a day at least, not %', p_days
      using errcode = 'invalid_parameter_value';
  end if;
  -- Without locks, and in one snapshot of heads and log, so that no event committed meanwhile can be below. The
  -- search begins at the floor of the last walk and ends at the first event that is young enough: by the primary
  -- key, in months not wholly before the edge. It passes each event once in its life.
  with heads as materialized (
    select h.restaurant_id, h.seq, h.floor_seq
      from feed_heads h
     where h.restaurant_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
       and h.floor_seq < h.seq
     order by h.restaurant_id
     limit p_limit
  ), edges as (
    select h.restaurant_id, h.floor_seq, coalesce(young.seq - 1, h.seq) as wanted
      from heads h
      left join lateral (
        select e.seq from order_events e
         where e.restaurant_id = h.restaurant_id and e.seq > h.floor_seq and e.created_at >= edge
         order by e.seq
         limit 1
      ) young on true
  )
  select (select h.restaurant_id from heads h order by h.restaurant_id desc limit 1),
         array_agg(e.restaurant_id order by e.restaurant_id) filter (where e.wanted > e.floor_seq),
         array_agg(e.wanted order by e.restaurant_id) filter (where e.wanted > e.floor_seq)
    into upto, due, floors
    from edges e;

  update feed_heads h set floor_seq = free.wanted
    from (select k.restaurant_id, d.wanted
            from unnest(due, floors) as d (restaurant_id, wanted)
            join feed_heads k on k.restaurant_id = d.restaurant_id
           where k.floor_seq < d.wanted
           order by k.restaurant_id
             for no key update of k skip locked) free
   where h.restaurant_id = free.restaurant_id and h.floor_seq < free.wanted;
  get diagnostics raised = row_count;
  busy := coalesce(cardinality(due), 0) - raised;
  return next;
end
$$;


ALTER FUNCTION fynlo.raise_floors(p_days integer, p_after uuid, p_limit integer) OWNER TO fynlo_feed;

--
-- Name: raise_versions(uuid[]); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.raise_versions(p_orders uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
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


ALTER FUNCTION fynlo.raise_versions(p_orders uuid[]) OWNER TO fynlo_feed;

--
-- Name: read_events(uuid[], bigint[], integer); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.read_events(p_restaurants uuid[], p_after bigint[], p_limit integer) RETURNS TABLE(restaurant_id uuid, seq bigint, type text, entity_id uuid, data text, created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.read_events(p_restaurants uuid[], p_after bigint[], p_limit integer) OWNER TO fynlo_feed;

--
-- Name: read_heads(uuid[]); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.read_heads(p_restaurants uuid[]) RETURNS TABLE(restaurant_id uuid, seq bigint, floor_seq bigint, epoch uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  return query
    select h.restaurant_id, h.seq, h.floor_seq, h.epoch
      from feed_heads h where h.restaurant_id = any (p_restaurants);
end
$$;


ALTER FUNCTION fynlo.read_heads(p_restaurants uuid[]) OWNER TO fynlo_feed;

--
-- Name: refunds; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.refunds (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    payment_id uuid NOT NULL,
    order_id uuid NOT NULL,
    shift_id uuid,
    method text NOT NULL,
    amount bigint NOT NULL,
    from_unapplied bigint DEFAULT 0 NOT NULL,
    returned bigint DEFAULT 0 NOT NULL,
    tip bigint DEFAULT 0 NOT NULL,
    service_charge bigint DEFAULT 0 NOT NULL,
    tax_breakdown jsonb DEFAULT '[]'::jsonb NOT NULL,
    items jsonb DEFAULT '[]'::jsonb NOT NULL,
    reason text NOT NULL,
    made_by uuid,
    approved_by uuid,
    business_date date NOT NULL,
    request_hash bytea,
    z_id uuid,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT refunds_amount_check CHECK ((amount >= 0)),
    CONSTRAINT refunds_method_check CHECK ((method = ANY (ARRAY['cash'::text, 'card'::text, 'gift_card'::text, 'other'::text]))),
    CONSTRAINT refunds_parts CHECK (((from_unapplied >= 0) AND (returned >= 0) AND ((from_unapplied + returned) <= amount))),
    CONSTRAINT refunds_something CHECK (((amount + tip) >= 1)),
    CONSTRAINT refunds_tip_check CHECK ((tip >= 0))
);

ALTER TABLE ONLY public.refunds FORCE ROW LEVEL SECURITY;


ALTER TABLE public.refunds OWNER TO fynlo_owner;

--
-- Name: COLUMN refunds.from_unapplied; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.refunds.from_unapplied IS 'The part that gave back what was taken beyond what was due.';


--
-- Name: COLUMN refunds.returned; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.refunds.returned IS 'The part that gave back what the order no longer cost, a line voided after it was paid, say.';


--
-- Name: COLUMN refunds.tax_breakdown; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.refunds.tax_breakdown IS 'The sale that the rest reverses, by rate, as in orders; with service_charge, what of it lies outside tax.';


--
-- Name: refund_json(public.refunds); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.refund_json(f public.refunds) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select json_build_object(
    'id', f.id, 'payment_id', f.payment_id, 'amount', f.amount, 'tip', f.tip, 'method', f.method,
    'reason', f.reason, 'items', f.items, 'made_by', f.made_by, 'approved_by', f.approved_by,
    'business_date', f.business_date, 'shift_id', f.shift_id, 'created_at', fynlo.rfc3339(f.created_at))
$$;


ALTER FUNCTION fynlo.refund_json(f public.refunds) OWNER TO fynlo_feed;

--
-- Name: refuse_change(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_owner
--

CREATE FUNCTION fynlo.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  raise exception '% is append-only: nobody changes what was noted', tg_table_name
    using errcode = 'restrict_violation';
end
$$;


ALTER FUNCTION fynlo.refuse_change() OWNER TO fynlo_owner;

--
-- Name: refuse_delete(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.refuse_delete() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- An argument names the role whose functions may delete here.
begin
  if tg_op = 'DELETE' and current_user = tg_argv[0] then
    return null;
  end if;
  raise exception '% keeps its rows: orders are cancelled, lines are voided, events are kept', tg_table_name
    using errcode = 'restrict_violation',
          hint = 'Set a status instead. Old events are dropped by the month, as whole partitions.';
end
$$;


ALTER FUNCTION fynlo.refuse_delete() OWNER TO fynlo_feed;

--
-- Name: restaurants_of(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.restaurants_of(p_user uuid) RETURNS TABLE(restaurant_id uuid, name text, role text, timezone text, day_cutoff time without time zone, currency text, prices_include_tax boolean, tax_rounding text, tax_scope text, service_charge_percentage numeric, service_charge_taxable boolean, service_charge_from_covers integer, discount_limit_percentage numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.restaurants_of(p_user uuid) OWNER TO fynlo_feed;

--
-- Name: rfc3339(timestamp with time zone); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.rfc3339(p_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;


ALTER FUNCTION fynlo.rfc3339(p_at timestamp with time zone) OWNER TO fynlo_feed;

--
-- Name: rotate_epochs(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.rotate_epochs(p_restaurant uuid) RETURNS TABLE(restaurant_id uuid, name text, seq bigint, epoch uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '5s'
    AS $$
-- A new epoch for one restaurant's log, or for all (null), for when its history is another one since a restore:
-- every screen loads everything anew. All processes are told when it commits.
begin
  return query
    with locked as (
      select h.restaurant_id from feed_heads h
       where p_restaurant is null or h.restaurant_id = p_restaurant
       order by h.restaurant_id  -- as drain() does
         for no key update
    ), rotated as (
      update feed_heads h set epoch = fynlo.uuid7()
        from locked l where h.restaurant_id = l.restaurant_id
      returning h.restaurant_id, h.seq, h.epoch
    )
    select p.id, p.name, r.seq, r.epoch
      from rotated r join restaurants p on p.id = r.restaurant_id
     order by p.name, p.id;
  if found then
    perform pg_notify('fynlo_control', 'heads');
  end if;
end
$$;


ALTER FUNCTION fynlo.rotate_epochs(p_restaurant uuid) OWNER TO fynlo_feed;

--
-- Name: session_state(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.session_state(p_session uuid) RETURNS TABLE(user_id uuid, email text, name text, revoked boolean, device_id uuid, of_device boolean, restaurant_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.session_state(p_session uuid) OWNER TO fynlo_feed;

--
-- Name: settle(uuid[]); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.settle(p_orders uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- What was paid, tipped and refunded, added up anew from the payments and refunds of these orders. A change of
-- those is one of their orders, though none of the sums be another.
begin
  update orders o
     set paid = s.paid, unapplied = s.unapplied - r.from_unapplied, tips = s.tips - r.tips,
         refunded = r.refunded, returned = r.returned, version = o.version + 1
    from unnest(p_orders) as wanted (id)
   cross join lateral (
     select coalesce(sum(p.amount - p.unapplied), 0)::bigint as paid,
            coalesce(sum(p.unapplied), 0)::bigint as unapplied, coalesce(sum(p.tip), 0)::bigint as tips
       from orders x join payments p on p.restaurant_id = x.restaurant_id and p.order_id = x.id
      where x.id = wanted.id and p.state = 'captured'
   ) s
   cross join lateral (
     select coalesce(sum(f.amount - f.from_unapplied), 0)::bigint as refunded,
            coalesce(sum(f.from_unapplied), 0)::bigint as from_unapplied,
            coalesce(sum(f.returned), 0)::bigint as returned, coalesce(sum(f.tip), 0)::bigint as tips
       from orders x join refunds f on f.restaurant_id = x.restaurant_id and f.order_id = x.id
      where x.id = wanted.id
   ) r
   where o.id = wanted.id
     and (o.paid, o.unapplied, o.tips, o.refunded, o.returned)
         is distinct from (s.paid, s.unapplied - r.from_unapplied, s.tips - r.tips, r.refunded, r.returned);
  perform fynlo.raise_versions(p_orders);
end
$$;


ALTER FUNCTION fynlo.settle(p_orders uuid[]) OWNER TO fynlo_feed;

--
-- Name: still_needed(timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.still_needed(p_from timestamp with time zone, p_to timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
-- Whether a month has to stay: an event of it is above its restaurant's floor, or an older one without a month is
-- still there; the log loses its oldest events only, so that what is left of it has no hole. One look into the
-- index a restaurant.
begin
  return exists (select from order_events_default e where e.created_at < p_to)
      or exists (
    select from feed_heads h
     cross join lateral (
       select e.seq from order_events e
        where e.restaurant_id = h.restaurant_id and e.seq > h.floor_seq
          and e.created_at >= p_from and e.created_at < p_to
        order by e.seq
        limit 1
     ) above);
end
$$;


ALTER FUNCTION fynlo.still_needed(p_from timestamp with time zone, p_to timestamp with time zone) OWNER TO fynlo_feed;

--
-- Name: table_json(uuid, uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.table_json(p_restaurant uuid, p_table uuid) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
  select json_build_object(
    'id', t.id, 'restaurant_id', t.restaurant_id, 'section_id', t.section_id, 'section_name', s.name,
    'name', t.name, 'seats', t.seats, 'sort_order', t.sort_order,
    'status', case when o.id is null then t.state else 'occupied' end, 'order_id', o.id,
    'position', case when t.position_x is not null then json_build_object('x', t.position_x, 'y', t.position_y) end,
    'archived', t.archived_at is not null)
    from tables t
    left join sections s on s.restaurant_id = t.restaurant_id and s.id = t.section_id
    left join orders o on o.restaurant_id = t.restaurant_id and o.table_id = t.id and o.closed_at is null
   where t.restaurant_id = p_restaurant and t.id = p_table
$$;


ALTER FUNCTION fynlo.table_json(p_restaurant uuid, p_table uuid) OWNER TO fynlo_feed;

--
-- Name: take_stock(uuid[], bigint[], uuid[], bigint[]); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.take_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.take_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) OWNER TO fynlo_feed;

--
-- Name: tell_membership(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.tell_membership() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


ALTER FUNCTION fynlo.tell_membership() OWNER TO fynlo_feed;

--
-- Name: tell_revoked(); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.tell_revoked() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- The argument is what was revoked: session, device.
begin
  perform pg_notify('fynlo_control', tg_argv[0] || ':' || new.id::text);
  return null;
end
$$;


ALTER FUNCTION fynlo.tell_revoked() OWNER TO fynlo_feed;

--
-- Name: tell_screens(uuid, text, integer, double precision, json, json, boolean); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.tell_screens(p_process uuid, p_host text, p_pid integer, p_lease_s double precision, p_changed json, p_gone json, p_whole boolean) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- False: the process was not known here (it is new, its lease was over, or Postgres had crashed), so what it
-- told before is gone and it must tell everything. p_whole: what is not in p_changed has gone. Times come as
-- seconds ago, so that the clocks of the hosts do not matter.
declare
  known boolean;
  dead uuid[];
begin
  update fynlo.processes set leased_until = now() + make_interval(secs => p_lease_s) where id = p_process;
  known := found;
  if not known then
    insert into fynlo.processes (id, host, pid, leased_until)
    values (p_process, p_host, p_pid, now() + make_interval(secs => p_lease_s));
  end if;

  if p_whole then
    delete from screens s where s.process_id = p_process;
  else
    delete from screens s
     using json_to_recordset(p_gone) as g (restaurant_id uuid, connection_id uuid)
     where s.restaurant_id = g.restaurant_id and s.connection_id = g.connection_id;
  end if;

  insert into screens as s (restaurant_id, connection_id, process_id, kind, user_id, connected_at, sent_seq,
                            acknowledged_seq, acknowledged_at, waiting, waiting_since, stale)
  select c.restaurant_id, c.connection_id, p_process, c.kind, c.user_id,
         now() - make_interval(secs => c.connected_s), c.sent_seq, c.acknowledged_seq,
         now() - make_interval(secs => c.acknowledged_s), c.waiting,
         now() - make_interval(secs => c.waiting_s), c.stale
    from json_to_recordset(p_changed) as c (
      restaurant_id uuid, connection_id uuid, kind text, user_id uuid, connected_s double precision,
      sent_seq bigint, acknowledged_seq bigint, acknowledged_s double precision, waiting integer,
      waiting_s double precision, stale boolean)
  on conflict (restaurant_id, connection_id) do update
     set process_id = excluded.process_id, sent_seq = excluded.sent_seq,
         acknowledged_seq = excluded.acknowledged_seq, acknowledged_at = excluded.acknowledged_at,
         waiting = excluded.waiting, waiting_since = excluded.waiting_since, stale = excluded.stale,
         updated_at = now();

  with gone as (
    select p.id from fynlo.processes p where p.leased_until < now() for update skip locked
  ), swept as (
    delete from fynlo.processes p using gone g where p.id = g.id returning p.id
  )
  select array_agg(id) into dead from swept;
  if dead is not null then
    delete from screens s where s.process_id = any (dead);
  end if;
  return known;
end
$$;


ALTER FUNCTION fynlo.tell_screens(p_process uuid, p_host text, p_pid integer, p_lease_s double precision, p_changed json, p_gone json, p_whole boolean) OWNER TO fynlo_feed;

--
-- Name: terms(numeric, bigint, text); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.terms(p_percentage numeric, p_amount bigint, p_reason text) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when p_percentage is not null or p_amount is not null then
    json_build_object('percentage', trim_scale(p_percentage)::text, 'amount', p_amount, 'reason', p_reason) end
$$;


ALTER FUNCTION fynlo.terms(p_percentage numeric, p_amount bigint, p_reason text) OWNER TO fynlo_feed;

--
-- Name: to_refund(text, bigint, bigint, bigint, bigint, bigint); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.to_refund(p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select p_unapplied + least(p_paid - p_refunded, greatest(0, p_paid - p_returned
                                                   - case when p_status = 'cancelled' then 0 else p_total end))
$$;


ALTER FUNCTION fynlo.to_refund(p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint) OWNER TO fynlo_feed;

--
-- Name: trading_day(uuid, timestamp with time zone, text, time without time zone); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.trading_day(p_restaurant uuid, p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) RETURNS date
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- The business date of an order: that of its time, unless a Z has closed it; then today's. A Z that is being taken is
-- waited for, and holds until the order has committed.
declare
  day date := fynlo.business_date(p_at, p_timezone, p_cutoff);
  today date := fynlo.business_date(now(), p_timezone, p_cutoff);
begin
  if day < today then
    perform 1 from z_counters z where z.restaurant_id = p_restaurant for share;
    if exists (select from z_reports z where z.restaurant_id = p_restaurant and z.business_date = day) then
      return today;
    end if;
  end if;
  return day;
end
$$;


ALTER FUNCTION fynlo.trading_day(p_restaurant uuid, p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) OWNER TO fynlo_feed;

--
-- Name: who_watches(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.who_watches(p_restaurant uuid) RETURNS TABLE(restaurant_id uuid, restaurant text, who text, connection_id uuid, kind text, host text, pid integer, connected_at timestamp with time zone, acknowledged_seq bigint, acknowledged_at timestamp with time zone, waiting integer, lag_s double precision, stale boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- The screens of a restaurant (null: of every one), with who is signed in at them: an address, or a device by its name.
begin
  return query
    select s.restaurant_id, r.name, coalesce(u.email, u.name), s.connection_id, s.kind, s.host, s.pid, s.connected_at,
           s.acknowledged_seq, s.acknowledged_at, s.waiting, s.lag_s, s.stale
      from fynlo.live_screens() s
      join restaurants r on r.id = s.restaurant_id
      join users u on u.id = s.user_id
     where p_restaurant is null or s.restaurant_id = p_restaurant;
end
$$;


ALTER FUNCTION fynlo.who_watches(p_restaurant uuid) OWNER TO fynlo_feed;

--
-- Name: withdraw_screens(uuid); Type: FUNCTION; Schema: fynlo; Owner: fynlo_feed
--

CREATE FUNCTION fynlo.withdraw_screens(p_process uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
-- The process ends, and all its screens have gone.
begin
  delete from fynlo.processes p where p.id = p_process;
  delete from screens s where s.process_id = p_process;
end
$$;


ALTER FUNCTION fynlo.withdraw_screens(p_process uuid) OWNER TO fynlo_feed;

--
-- Name: migrations; Type: TABLE; Schema: fynlo; Owner: fynlo_owner
--

CREATE TABLE fynlo.migrations (
    name text NOT NULL,
    kind text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    duration_ms integer NOT NULL,
    CONSTRAINT migrations_kind_check CHECK ((kind = ANY (ARRAY['ordered'::text, 'repeatable'::text])))
);


ALTER TABLE fynlo.migrations OWNER TO fynlo_owner;

--
-- Name: processes; Type: TABLE; Schema: fynlo; Owner: fynlo_owner
--

CREATE UNLOGGED TABLE fynlo.processes (
    id uuid NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    leased_until timestamp with time zone NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

ALTER TABLE ONLY fynlo.processes FORCE ROW LEVEL SECURITY;


ALTER TABLE fynlo.processes OWNER TO fynlo_owner;

--
-- Name: TABLE processes; Type: COMMENT; Schema: fynlo; Owner: fynlo_owner
--

COMMENT ON TABLE fynlo.processes IS 'The server processes that have screens. One that was killed leaves its row; it counts until its lease is over.';


--
-- Name: touched; Type: TABLE; Schema: fynlo; Owner: fynlo_owner
--

CREATE UNLOGGED TABLE fynlo.touched (
    txid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    restaurant_id uuid NOT NULL,
    entity text NOT NULL,
    entity_id uuid NOT NULL,
    created boolean DEFAULT false NOT NULL,
    status_before text,
    items_added uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    items_voided uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    CONSTRAINT touched_entity_check CHECK ((entity = ANY (ARRAY['order'::text, 'menu'::text, 'payment'::text, 'refund'::text, 'table'::text, 'stock'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

ALTER TABLE ONLY fynlo.touched FORCE ROW LEVEL SECURITY;


ALTER TABLE fynlo.touched OWNER TO fynlo_owner;

--
-- Name: TABLE touched; Type: COMMENT; Schema: fynlo; Owner: fynlo_owner
--

COMMENT ON TABLE fynlo.touched IS 'What the running transactions have changed so far; each drains its own rows into order_events at commit.';


--
-- Name: audit_log; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.audit_log (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    action text NOT NULL,
    entity_id uuid,
    actor uuid,
    approver uuid,
    device_id uuid,
    address text,
    request_id text,
    before jsonb,
    after jsonb,
    CONSTRAINT audit_log_action_check CHECK (((length(action) >= 1) AND (length(action) <= 100)))
);

ALTER TABLE ONLY public.audit_log FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_log OWNER TO fynlo_owner;

--
-- Name: TABLE audit_log; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.audit_log IS 'Append-only: who did what, from where, with which approval. Triggers write it, so that psql leaves a trace too.';


--
-- Name: COLUMN audit_log.before; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.audit_log.before IS 'What changed, as it was; never a password, a PIN or a token.';


--
-- Name: categories; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.categories (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    name text NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL,
    station_id uuid,
    archived_at timestamp with time zone,
    CONSTRAINT categories_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE ONLY public.categories FORCE ROW LEVEL SECURITY;


ALTER TABLE public.categories OWNER TO fynlo_owner;

--
-- Name: COLUMN categories.station_id; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.categories.station_id IS 'Where the kitchen makes what stands in this category.';


--
-- Name: checks; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.checks (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    order_id uuid NOT NULL,
    "position" integer NOT NULL,
    total bigint NOT NULL,
    items jsonb DEFAULT '[]'::jsonb NOT NULL,
    remainder boolean DEFAULT false NOT NULL,
    replaced_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT checks_total_check CHECK ((total >= 0))
);

ALTER TABLE ONLY public.checks FORCE ROW LEVEL SECURITY;


ALTER TABLE public.checks OWNER TO fynlo_owner;

--
-- Name: TABLE checks; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.checks IS 'The parts an order was split into to be paid. A check that nothing was paid on is replaced by splitting again.';


--
-- Name: COLUMN checks.remainder; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.checks.remainder IS 'Bears what no check was made for: lines added later.';


--
-- Name: day_counters; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.day_counters (
    restaurant_id uuid NOT NULL,
    business_date date NOT NULL,
    last_number integer NOT NULL,
    CONSTRAINT day_counters_last_number_check CHECK ((last_number >= 1))
);

ALTER TABLE ONLY public.day_counters FORCE ROW LEVEL SECURITY;


ALTER TABLE public.day_counters OWNER TO fynlo_owner;

--
-- Name: TABLE day_counters; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.day_counters IS 'The last order number of each business day; locked until its order commits, so numbers have no gap.';


--
-- Name: device_grants; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.device_grants (
    device_code_hash bytea NOT NULL,
    user_code text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    interval_s integer DEFAULT 5 NOT NULL,
    polled_at timestamp with time zone,
    device_id uuid,
    denied_at timestamp with time zone,
    used_at timestamp with time zone,
    CONSTRAINT device_grants_device_code_hash_check CHECK ((length(device_code_hash) = 32)),
    CONSTRAINT device_grants_interval_s_check CHECK (((interval_s >= 1) AND (interval_s <= 600))),
    CONSTRAINT device_grants_kind_check CHECK ((kind = ANY (ARRAY['kitchen'::text, 'till'::text]))),
    CONSTRAINT device_grants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT device_grants_user_code_check CHECK (((length(user_code) >= 4) AND (length(user_code) <= 16)))
);

ALTER TABLE ONLY public.device_grants FORCE ROW LEVEL SECURITY;


ALTER TABLE public.device_grants OWNER TO fynlo_owner;

--
-- Name: COLUMN device_grants.interval_s; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.device_grants.interval_s IS 'Seconds the device must leave between two polls; raised by slow_down.';


--
-- Name: feed_heads; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.feed_heads (
    restaurant_id uuid NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    floor_seq bigint DEFAULT 0 NOT NULL,
    epoch uuid DEFAULT fynlo.uuid7() NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.feed_heads FORCE ROW LEVEL SECURITY;


ALTER TABLE public.feed_heads OWNER TO fynlo_owner;

--
-- Name: COLUMN feed_heads.seq; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.feed_heads.seq IS 'The seq of the newest event. n+1 cannot exist before n has committed or rolled back: the log has no holes.';


--
-- Name: COLUMN feed_heads.floor_seq; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.feed_heads.floor_seq IS 'Events up to this one may be gone; a client further behind takes a snapshot.';


--
-- Name: COLUMN feed_heads.epoch; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.feed_heads.epoch IS 'Changes when a database is restored, so that no client resumes into another history.';


--
-- Name: idempotency_keys; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.idempotency_keys (
    restaurant_id uuid NOT NULL,
    actor uuid NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;


ALTER TABLE public.idempotency_keys OWNER TO fynlo_owner;

--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.idempotency_keys IS 'The first answer to each Idempotency-Key, written in the transaction of its work; a row without status is work that is still running.';


--
-- Name: invitations; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.invitations (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    membership_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_token_hash_check CHECK ((length(token_hash) = 32))
);

ALTER TABLE ONLY public.invitations FORCE ROW LEVEL SECURITY;


ALTER TABLE public.invitations OWNER TO fynlo_owner;

--
-- Name: TABLE invitations; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.invitations IS 'One-time links by which staff choose a password. SHA-256 of the token; the token itself is never stored.';


--
-- Name: memberships; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.memberships (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    invited_at timestamp with time zone,
    ended_at timestamp with time zone,
    CONSTRAINT memberships_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'manager'::text, 'cashier'::text, 'server'::text, 'kitchen'::text, 'till'::text])))
);

ALTER TABLE ONLY public.memberships FORCE ROW LEVEL SECURITY;


ALTER TABLE public.memberships OWNER TO fynlo_owner;

--
-- Name: COLUMN memberships.invited_at; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.memberships.invited_at IS 'Set while somebody who has a sign-in of their own has not accepted yet: until then they are not in.';


--
-- Name: COLUMN memberships.ended_at; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.memberships.ended_at IS 'When they left; who comes back gets the same row.';


--
-- Name: menu_history; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.menu_history (
    restaurant_id uuid NOT NULL,
    kind text NOT NULL,
    entity_id uuid NOT NULL,
    replaced_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    place bigint NOT NULL,
    old_row jsonb NOT NULL
);

ALTER TABLE ONLY public.menu_history FORCE ROW LEVEL SECURITY;


ALTER TABLE public.menu_history OWNER TO fynlo_owner;

--
-- Name: TABLE menu_history; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.menu_history IS 'What stood on the menu until it was replaced: an order made offline is priced by the menu as it was. kind is the table.';


--
-- Name: menu_history_place_seq; Type: SEQUENCE; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.menu_history ALTER COLUMN place ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.menu_history_place_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: modifier_groups; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.modifier_groups (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    name text NOT NULL,
    min_selections integer DEFAULT 0 NOT NULL,
    max_selections integer,
    archived_at timestamp with time zone,
    CONSTRAINT modifier_groups_check CHECK (((max_selections >= 1) AND (max_selections >= min_selections))),
    CONSTRAINT modifier_groups_min_selections_check CHECK ((min_selections >= 0)),
    CONSTRAINT modifier_groups_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE ONLY public.modifier_groups FORCE ROW LEVEL SECURITY;


ALTER TABLE public.modifier_groups OWNER TO fynlo_owner;

--
-- Name: COLUMN modifier_groups.max_selections; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.modifier_groups.max_selections IS 'Null: as many as the guest likes.';


--
-- Name: modifiers; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.modifiers (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    group_id uuid NOT NULL,
    name text NOT NULL,
    price bigint DEFAULT 0 NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL,
    availability text DEFAULT 'in_stock'::text NOT NULL,
    archived_at timestamp with time zone,
    stock integer,
    low_stock_at integer,
    out_until timestamp with time zone,
    CONSTRAINT modifiers_availability_check CHECK ((availability = ANY (ARRAY['in_stock'::text, 'counted'::text, 'out_of_stock'::text]))),
    CONSTRAINT modifiers_counted CHECK (((stock IS NOT NULL) = (availability = 'counted'::text))),
    CONSTRAINT modifiers_low_stock_at CHECK ((low_stock_at >= 0)),
    CONSTRAINT modifiers_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT modifiers_price_check CHECK ((price >= 0)),
    CONSTRAINT modifiers_stock CHECK ((stock >= 0))
);

ALTER TABLE ONLY public.modifiers FORCE ROW LEVEL SECURITY;


ALTER TABLE public.modifiers OWNER TO fynlo_owner;

--
-- Name: order_events; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.order_events (
    restaurant_id uuid NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    entity_id uuid NOT NULL,
    data json NOT NULL,
    actor uuid,
    device_id uuid,
    request_id text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    approver uuid
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY public.order_events FORCE ROW LEVEL SECURITY;


ALTER TABLE public.order_events OWNER TO fynlo_owner;

--
-- Name: TABLE order_events; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.order_events IS 'Append-only, one row an event, partitioned by month. Uniqueness of (restaurant_id, seq) rests on the head row.';


--
-- Name: COLUMN order_events.approver; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.order_events.approver IS 'Who gave their word and PIN for it, where somebody did.';


--
-- Name: order_events_default; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.order_events_default (
    restaurant_id uuid CONSTRAINT order_events_restaurant_id_not_null NOT NULL,
    seq bigint CONSTRAINT order_events_seq_not_null NOT NULL,
    type text CONSTRAINT order_events_type_not_null NOT NULL,
    entity_id uuid CONSTRAINT order_events_entity_id_not_null NOT NULL,
    data json CONSTRAINT order_events_data_not_null NOT NULL,
    actor uuid,
    device_id uuid,
    request_id text,
    created_at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT order_events_created_at_not_null NOT NULL,
    approver uuid
);

ALTER TABLE ONLY public.order_events_default FORCE ROW LEVEL SECURITY;


ALTER TABLE public.order_events_default OWNER TO fynlo_owner;

--
-- Name: TABLE order_events_default; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.order_events_default IS 'Catches what no month was made for; stays empty while fynlo.make_event_partitions() is run.';


--
-- Name: order_item_modifiers; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.order_item_modifiers (
    restaurant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    item_id uuid NOT NULL,
    modifier_id uuid NOT NULL,
    "position" integer NOT NULL,
    name text NOT NULL,
    price bigint NOT NULL,
    quantity integer NOT NULL,
    stock_taken integer DEFAULT 0 NOT NULL,
    CONSTRAINT order_item_modifiers_price_check CHECK ((price >= 0)),
    CONSTRAINT order_item_modifiers_quantity_check CHECK (((quantity >= 0) AND (quantity <= 999)))
);

ALTER TABLE ONLY public.order_item_modifiers FORCE ROW LEVEL SECURITY;


ALTER TABLE public.order_item_modifiers OWNER TO fynlo_owner;

--
-- Name: COLUMN order_item_modifiers.quantity; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.order_item_modifiers.quantity IS 'For one of the line; 0: taken off again before the line was sent.';


--
-- Name: order_items; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.order_items (
    restaurant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    "position" integer NOT NULL,
    product_id uuid NOT NULL,
    variant_id uuid,
    name text NOT NULL,
    variant_name text,
    station_id uuid,
    unit_price bigint NOT NULL,
    quantity integer NOT NULL,
    course integer DEFAULT 1 NOT NULL,
    notes text,
    status text DEFAULT 'held'::text NOT NULL,
    tax_rate numeric(7,4) NOT NULL,
    discount bigint DEFAULT 0 NOT NULL,
    total bigint NOT NULL,
    net bigint NOT NULL,
    request_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    void_reason text,
    discount_percentage numeric(7,4),
    discount_amount bigint,
    discount_reason text,
    stock_taken integer DEFAULT 0 NOT NULL,
    CONSTRAINT order_items_course_check CHECK (((course >= 1) AND (course <= 99))),
    CONSTRAINT order_items_discount_amount CHECK ((discount_amount >= 0)),
    CONSTRAINT order_items_discount_percentage CHECK (((discount_percentage >= (0)::numeric) AND (discount_percentage <= (100)::numeric))),
    CONSTRAINT order_items_quantity_check CHECK (((quantity >= 1) AND (quantity <= 999))),
    CONSTRAINT order_items_status_check CHECK ((status = ANY (ARRAY['held'::text, 'sent'::text, 'voided'::text]))),
    CONSTRAINT order_items_tax_rate_check CHECK (((tax_rate >= (0)::numeric) AND (tax_rate <= (100)::numeric))),
    CONSTRAINT order_items_unit_price_check CHECK ((unit_price >= 0))
);

ALTER TABLE ONLY public.order_items FORCE ROW LEVEL SECURITY;


ALTER TABLE public.order_items OWNER TO fynlo_owner;

--
-- Name: COLUMN order_items.name; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.order_items.name IS 'As it stood on the menu when it was ordered; so are price, rate and station.';


--
-- Name: COLUMN order_items.total; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.order_items.total IS 'After the line''s own discount, before its share of the order''s; minor units.';


--
-- Name: COLUMN order_items.net; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.order_items.net IS 'What the line adds to net sales: after all discounts, without tax; minor units.';


--
-- Name: COLUMN order_items.void_reason; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.order_items.void_reason IS 'Why the line was voided. A part of a line that is voided becomes a line of its own.';


--
-- Name: COLUMN order_items.stock_taken; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.order_items.stock_taken IS 'How many were taken from counted stock when the line was sent: so many come back.';


--
-- Name: orders; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.orders (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    number integer NOT NULL,
    business_date date NOT NULL,
    type text DEFAULT 'dine_in'::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    payment_status text DEFAULT 'unpaid'::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    table_id uuid,
    covers integer,
    customer_name text,
    notes text,
    status_reason text,
    created_by uuid,
    request_hash bytea,
    currency text NOT NULL,
    prices_include_tax boolean NOT NULL,
    tax_rounding text NOT NULL,
    tax_scope text NOT NULL,
    service_charge_percentage numeric(7,4),
    service_charge_taxable boolean NOT NULL,
    service_charge_from_covers integer,
    subtotal bigint DEFAULT 0 NOT NULL,
    discount bigint DEFAULT 0 NOT NULL,
    service_charge bigint DEFAULT 0 NOT NULL,
    tax bigint DEFAULT 0 NOT NULL,
    total bigint DEFAULT 0 NOT NULL,
    tips bigint DEFAULT 0 NOT NULL,
    paid bigint DEFAULT 0 NOT NULL,
    refunded bigint DEFAULT 0 NOT NULL,
    tax_breakdown jsonb DEFAULT '[]'::jsonb NOT NULL,
    placed_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    discount_percentage numeric(7,4),
    discount_amount bigint,
    discount_reason text,
    charge_rule text DEFAULT 'automatic'::text NOT NULL,
    charge_percentage numeric(7,4),
    charge_amount bigint,
    charge_reason text,
    unapplied bigint DEFAULT 0 NOT NULL,
    returned bigint DEFAULT 0 NOT NULL,
    merged_into uuid,
    CONSTRAINT orders_charge_amount CHECK ((charge_amount >= 0)),
    CONSTRAINT orders_charge_percentage CHECK (((charge_percentage >= (0)::numeric) AND (charge_percentage <= (100)::numeric))),
    CONSTRAINT orders_charge_rule CHECK ((charge_rule = ANY (ARRAY['automatic'::text, 'set'::text, 'waived'::text]))),
    CONSTRAINT orders_closed CHECK (((closed_at IS NOT NULL) = (status = ANY (ARRAY['completed'::text, 'cancelled'::text, 'merged'::text])))),
    CONSTRAINT orders_covers_check CHECK (((covers >= 1) AND (covers <= 999))),
    CONSTRAINT orders_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT orders_discount_amount CHECK ((discount_amount >= 0)),
    CONSTRAINT orders_discount_percentage CHECK (((discount_percentage >= (0)::numeric) AND (discount_percentage <= (100)::numeric))),
    CONSTRAINT orders_number_check CHECK ((number >= 1)),
    CONSTRAINT orders_payment_status_check CHECK ((payment_status = ANY (ARRAY['unpaid'::text, 'partially_paid'::text, 'paid'::text, 'partially_refunded'::text, 'refunded'::text]))),
    CONSTRAINT orders_service_charge_from_covers_check CHECK ((service_charge_from_covers >= 1)),
    CONSTRAINT orders_service_charge_percentage_check CHECK (((service_charge_percentage >= (0)::numeric) AND (service_charge_percentage <= (100)::numeric))),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'preparing'::text, 'ready'::text, 'completed'::text, 'cancelled'::text, 'merged'::text]))),
    CONSTRAINT orders_tax_rounding_check CHECK ((tax_rounding = ANY (ARRAY['half_up'::text, 'half_even'::text]))),
    CONSTRAINT orders_tax_scope_check CHECK ((tax_scope = ANY (ARRAY['bucket'::text, 'line'::text]))),
    CONSTRAINT orders_type_check CHECK ((type = ANY (ARRAY['dine_in'::text, 'takeaway'::text, 'delivery'::text])))
);

ALTER TABLE ONLY public.orders FORCE ROW LEVEL SECURITY;


ALTER TABLE public.orders OWNER TO fynlo_owner;

--
-- Name: COLUMN orders.number; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.number IS 'Counts 1, 2, 3 … per restaurant and business date. This, the date and the settings are filled in by trigger when left out.';


--
-- Name: COLUMN orders.version; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.version IS 'Raised by trigger with every change of the order or its lines.';


--
-- Name: COLUMN orders.request_hash; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.request_hash IS 'SHA-256 of the creating request: the same client-made id again is the same order.';


--
-- Name: COLUMN orders.service_charge_from_covers; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.service_charge_from_covers IS 'The charge applies from so many covers; null: only when asked for.';


--
-- Name: COLUMN orders.paid; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.paid IS 'Sum of the captured payments without what was booked as unapplied. This and the next are kept by triggers on payments and refunds.';


--
-- Name: COLUMN orders.discount_percentage; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.discount_percentage IS 'The order''s discount is a percentage or an amount, off what the lines come to after their own.';


--
-- Name: COLUMN orders.charge_rule; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.charge_rule IS 'automatic: by the settings the order was made under; set: by charge_percentage or charge_amount; waived: none.';


--
-- Name: COLUMN orders.unapplied; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.unapplied IS 'Taken beyond what was due, and not given back yet.';


--
-- Name: COLUMN orders.returned; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.returned IS 'The part of refunds that gave back what the order no longer costs; lines added later are due again.';


--
-- Name: COLUMN orders.merged_into; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.orders.merged_into IS 'The order that has its lines and payments now.';


--
-- Name: tables; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.tables (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    section_id uuid,
    name text NOT NULL,
    seats integer DEFAULT 2 NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL,
    archived_at timestamp with time zone,
    state text DEFAULT 'available'::text NOT NULL,
    position_x integer,
    position_y integer,
    CONSTRAINT tables_name_check CHECK (((length(name) >= 1) AND (length(name) <= 50))),
    CONSTRAINT tables_position CHECK (((position_x IS NULL) = (position_y IS NULL))),
    CONSTRAINT tables_seats_check CHECK (((seats >= 1) AND (seats <= 100))),
    CONSTRAINT tables_state CHECK ((state = ANY (ARRAY['available'::text, 'reserved'::text, 'cleaning'::text])))
);

ALTER TABLE ONLY public.tables FORCE ROW LEVEL SECURITY;


ALTER TABLE public.tables OWNER TO fynlo_owner;

--
-- Name: COLUMN tables.state; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.tables.state IS 'Said by hand; while an order is open at it a table is occupied, whatever stands here.';


--
-- Name: order_rows; Type: VIEW; Schema: public; Owner: fynlo_owner
--

CREATE VIEW public.order_rows WITH (security_invoker='true') AS
 SELECT o.id AS order_id,
    o.restaurant_id,
    o.currency,
    o.number,
    o.business_date,
    o.type,
    o.status,
    o.payment_status,
    o.version,
    o.table_id,
    t.name AS table_name,
    o.covers,
    o.customer_name,
    o.notes,
    o.status_reason,
    o.created_by,
    o.placed_at,
    o.created_at,
    o.updated_at,
    o.closed_at,
    o.subtotal,
    o.discount,
    o.service_charge,
    o.tax,
    o.total,
    o.tips,
    o.paid,
    o.refunded,
    fynlo.due(o.status, o.total, o.paid, o.returned) AS due,
    o.unapplied,
    fynlo.to_refund(o.status, o.total, o.paid, o.refunded, o.returned, o.unapplied) AS to_refund,
    o.tax_breakdown,
    o.merged_into,
    (trim_scale(o.discount_percentage))::text AS discount_percentage,
    o.discount_amount,
    o.discount_reason,
    o.charge_rule,
    (trim_scale(o.charge_percentage))::text AS charge_percentage,
    o.charge_amount,
    o.charge_reason,
    o.returned,
    o.prices_include_tax,
    o.tax_rounding,
    o.tax_scope,
    (trim_scale(o.service_charge_percentage))::text AS service_charge_percentage,
    o.service_charge_taxable,
    o.service_charge_from_covers,
    o.request_hash,
    i.id AS item_id,
    i.product_id,
    i.variant_id,
    i.name AS item_name,
    i.variant_name,
    i.station_id,
    i.unit_price,
    i.quantity,
    i.course,
    i.notes AS item_notes,
    i.status AS item_status,
    i.discount AS item_discount,
    i.total AS item_total,
    i.net AS item_net,
    (trim_scale(i.tax_rate))::text AS tax_rate,
    (trim_scale(i.discount_percentage))::text AS item_discount_percentage,
    i.discount_amount AS item_discount_amount,
    i.discount_reason AS item_discount_reason,
    i.void_reason,
    i.request_hash AS item_request_hash,
    i.stock_taken AS item_stock_taken,
    i."position" AS item_position,
    m.modifier_id,
    m.name AS modifier_name,
    m.price AS modifier_price,
    m.quantity AS modifier_quantity,
    m.stock_taken AS modifier_stock_taken,
    m."position" AS modifier_position
   FROM (((public.orders o
     LEFT JOIN public.tables t ON (((t.restaurant_id = o.restaurant_id) AND (t.id = o.table_id))))
     LEFT JOIN public.order_items i ON (((i.restaurant_id = o.restaurant_id) AND (i.order_id = o.id))))
     LEFT JOIN public.order_item_modifiers m ON (((m.restaurant_id = i.restaurant_id) AND (m.order_id = i.order_id) AND (m.item_id = i.id) AND (m.quantity > 0))));


ALTER VIEW public.order_rows OWNER TO fynlo_owner;

--
-- Name: pins; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.pins (
    restaurant_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    pin_hash text NOT NULL,
    set_by uuid,
    set_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.pins FORCE ROW LEVEL SECURITY;


ALTER TABLE public.pins OWNER TO fynlo_owner;

--
-- Name: TABLE pins; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.pins IS 'What staff sign in with on a paired device; argon2id.';


--
-- Name: product_modifier_groups; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.product_modifier_groups (
    restaurant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    group_id uuid NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.product_modifier_groups FORCE ROW LEVEL SECURITY;


ALTER TABLE public.product_modifier_groups OWNER TO fynlo_owner;

--
-- Name: product_variants; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.product_variants (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    product_id uuid NOT NULL,
    name text NOT NULL,
    price bigint NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL,
    archived_at timestamp with time zone,
    CONSTRAINT product_variants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT product_variants_price_check CHECK ((price >= 0))
);

ALTER TABLE ONLY public.product_variants FORCE ROW LEVEL SECURITY;


ALTER TABLE public.product_variants OWNER TO fynlo_owner;

--
-- Name: COLUMN product_variants.price; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.product_variants.price IS 'The whole price of the product in this variant, minor units.';


--
-- Name: products; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.products (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    category_id uuid NOT NULL,
    tax_class_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    price bigint NOT NULL,
    open_price boolean DEFAULT false NOT NULL,
    sku text,
    image_url text,
    sort_order integer DEFAULT 0 NOT NULL,
    availability text DEFAULT 'in_stock'::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    archived_at timestamp with time zone,
    stock integer,
    low_stock_at integer,
    out_until timestamp with time zone,
    CONSTRAINT products_availability_check CHECK ((availability = ANY (ARRAY['in_stock'::text, 'counted'::text, 'out_of_stock'::text]))),
    CONSTRAINT products_counted CHECK (((stock IS NOT NULL) = (availability = 'counted'::text))),
    CONSTRAINT products_low_stock_at CHECK ((low_stock_at >= 0)),
    CONSTRAINT products_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT products_price_check CHECK ((price >= 0)),
    CONSTRAINT products_stock CHECK ((stock >= 0))
);

ALTER TABLE ONLY public.products FORCE ROW LEVEL SECURITY;


ALTER TABLE public.products OWNER TO fynlo_owner;

--
-- Name: COLUMN products.price; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.products.price IS 'Minor units of the restaurant''s currency.';


--
-- Name: COLUMN products.open_price; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.products.open_price IS 'True: the till names the price of each sale.';


--
-- Name: COLUMN products.stock; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.products.stock IS 'How many are left to sell, where availability is counted; taken when a line is sent.';


--
-- Name: COLUMN products.out_until; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.products.out_until IS 'When what is counted or out of stock is simply in stock again.';


--
-- Name: refresh_tokens; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.refresh_tokens (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT refresh_tokens_token_hash_check CHECK ((length(token_hash) = 32))
);

ALTER TABLE ONLY public.refresh_tokens FORCE ROW LEVEL SECURITY;


ALTER TABLE public.refresh_tokens OWNER TO fynlo_owner;

--
-- Name: TABLE refresh_tokens; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.refresh_tokens IS 'SHA-256 of each refresh token; the token itself is never stored.';


--
-- Name: restaurants; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.restaurants (
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    name text NOT NULL,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    currency text NOT NULL,
    day_cutoff time without time zone DEFAULT '04:00:00'::time without time zone NOT NULL,
    prices_include_tax boolean DEFAULT true NOT NULL,
    tax_rounding text DEFAULT 'half_up'::text NOT NULL,
    tax_scope text DEFAULT 'bucket'::text NOT NULL,
    service_charge_percentage numeric(7,4),
    service_charge_taxable boolean DEFAULT false NOT NULL,
    service_charge_from_covers integer,
    menu_version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    discount_limit_percentage numeric(7,4) DEFAULT 20 NOT NULL,
    CONSTRAINT restaurants_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT restaurants_day_cutoff_check CHECK ((day_cutoff < '24:00:00'::time without time zone)),
    CONSTRAINT restaurants_discount_limit CHECK (((discount_limit_percentage >= (0)::numeric) AND (discount_limit_percentage <= (100)::numeric))),
    CONSTRAINT restaurants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT restaurants_service_charge_from_covers_check CHECK ((service_charge_from_covers >= 1)),
    CONSTRAINT restaurants_service_charge_percentage_check CHECK (((service_charge_percentage >= (0)::numeric) AND (service_charge_percentage <= (100)::numeric))),
    CONSTRAINT restaurants_tax_rounding_check CHECK ((tax_rounding = ANY (ARRAY['half_up'::text, 'half_even'::text]))),
    CONSTRAINT restaurants_tax_scope_check CHECK ((tax_scope = ANY (ARRAY['bucket'::text, 'line'::text]))),
    CONSTRAINT restaurants_timezone_known CHECK ((('2000-01-01 00:00:00+00'::timestamp with time zone AT TIME ZONE timezone) IS NOT NULL))
);

ALTER TABLE ONLY public.restaurants FORCE ROW LEVEL SECURITY;


ALTER TABLE public.restaurants OWNER TO fynlo_owner;

--
-- Name: COLUMN restaurants.day_cutoff; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.restaurants.day_cutoff IS 'Local time at which a business day begins; an order at 01:30 belongs to the evening before.';


--
-- Name: COLUMN restaurants.menu_version; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.restaurants.menu_version IS 'Raised by trigger with every change of the menu; part of every cache key.';


--
-- Name: COLUMN restaurants.discount_limit_percentage; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.restaurants.discount_limit_percentage IS 'Who may not refund needs somebody''s approval for a larger discount.';


--
-- Name: screens; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE UNLOGGED TABLE public.screens (
    restaurant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    process_id uuid NOT NULL,
    kind text NOT NULL,
    user_id uuid NOT NULL,
    connected_at timestamp with time zone NOT NULL,
    sent_seq bigint NOT NULL,
    acknowledged_seq bigint,
    acknowledged_at timestamp with time zone,
    waiting integer NOT NULL,
    waiting_since timestamp with time zone,
    stale boolean NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT screens_kind_check CHECK ((kind = ANY (ARRAY['pos'::text, 'kitchen'::text])))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

ALTER TABLE ONLY public.screens FORCE ROW LEVEL SECURITY;


ALTER TABLE public.screens OWNER TO fynlo_owner;

--
-- Name: TABLE screens; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.screens IS 'The open sockets, as their processes told a few seconds ago; fynlo.live_screens() leaves out those of dead processes.';


--
-- Name: COLUMN screens.acknowledged_seq; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.screens.acknowledged_seq IS 'The client has shown everything up to here; null: it never acknowledged, so nothing is known of it.';


--
-- Name: COLUMN screens.waiting; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.screens.waiting IS 'Events sent and not acknowledged; exact where it is 0, else never too few.';


--
-- Name: COLUMN screens.stale; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.screens.stale IS 'It acknowledged once, and an acknowledgement or a heartbeat is overdue.';


--
-- Name: sections; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.sections (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    name text NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL,
    archived_at timestamp with time zone,
    CONSTRAINT sections_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE ONLY public.sections FORCE ROW LEVEL SECURITY;


ALTER TABLE public.sections OWNER TO fynlo_owner;

--
-- Name: sessions; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.sessions (
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    device_id uuid,
    CONSTRAINT sessions_revoked_reason_check CHECK ((revoked_reason = ANY (ARRAY['logout'::text, 'logout_everywhere'::text, 'refresh_reused'::text, 'password_changed'::text])))
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;


ALTER TABLE public.sessions OWNER TO fynlo_owner;

--
-- Name: COLUMN sessions.device_id; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.sessions.device_id IS 'The paired device that it is of, or on which somebody signed in by PIN: it ends with the device.';


--
-- Name: shift_movements; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.shift_movements (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    shift_id uuid NOT NULL,
    type text NOT NULL,
    amount bigint NOT NULL,
    reason text,
    made_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT shift_movements_amount_check CHECK ((amount >= 1)),
    CONSTRAINT shift_movements_type_check CHECK ((type = ANY (ARRAY['paid_in'::text, 'paid_out'::text, 'drop'::text])))
);

ALTER TABLE ONLY public.shift_movements FORCE ROW LEVEL SECURITY;


ALTER TABLE public.shift_movements OWNER TO fynlo_owner;

--
-- Name: shifts; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.shifts (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    drawer text NOT NULL,
    opened_by uuid NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    opening_amount bigint NOT NULL,
    closed_by uuid,
    closed_at timestamp with time zone,
    counted_amount bigint,
    expected_amount bigint,
    CONSTRAINT shifts_closed CHECK ((((closed_at IS NULL) = (counted_amount IS NULL)) AND ((closed_at IS NULL) = (expected_amount IS NULL)))),
    CONSTRAINT shifts_counted_amount_check CHECK ((counted_amount >= 0)),
    CONSTRAINT shifts_drawer_check CHECK (((length(drawer) >= 1) AND (length(drawer) <= 100))),
    CONSTRAINT shifts_opening_amount_check CHECK ((opening_amount >= 0))
);

ALTER TABLE ONLY public.shifts FORCE ROW LEVEL SECURITY;


ALTER TABLE public.shifts OWNER TO fynlo_owner;

--
-- Name: TABLE shifts; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.shifts IS 'A drawer in somebody''s hands, from the float they were given to the count.';


--
-- Name: users; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.users (
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    email text,
    name text NOT NULL,
    password_hash text,
    supabase_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text DEFAULT 'person'::text NOT NULL,
    CONSTRAINT users_email_check CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 320)))),
    CONSTRAINT users_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'device'::text])))
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;


ALTER TABLE public.users OWNER TO fynlo_owner;

--
-- Name: COLUMN users.password_hash; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.users.password_hash IS 'argon2id; null where the person signs in through an external issuer only.';


--
-- Name: COLUMN users.supabase_id; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.users.supabase_id IS 'The `sub` of the external issuer''s tokens.';


--
-- Name: COLUMN users.kind; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.users.kind IS 'A device that was paired is a user too: what it does carries its id.';


--
-- Name: shift_rows; Type: VIEW; Schema: public; Owner: fynlo_owner
--

CREATE VIEW public.shift_rows WITH (security_invoker='true') AS
 SELECT s.id,
    s.restaurant_id,
    s.drawer,
    s.opened_by,
    u.name AS opened_by_name,
    s.opened_at,
    s.opening_amount,
    s.closed_by,
    s.closed_at,
    COALESCE(s.expected_amount, fynlo.expected_cash(s.restaurant_id, s.id)) AS expected_amount,
    s.counted_amount,
    COALESCE(m.movements, '[]'::json) AS movements
   FROM ((public.shifts s
     JOIN public.users u ON ((u.id = s.opened_by)))
     CROSS JOIN LATERAL ( SELECT json_agg(json_build_object('id', m_1.id, 'shift_id', m_1.shift_id, 'type', m_1.type, 'amount', m_1.amount, 'reason', m_1.reason, 'made_by', m_1.made_by, 'created_at', fynlo.rfc3339(m_1.created_at)) ORDER BY m_1.created_at, m_1.id) AS movements
           FROM public.shift_movements m_1
          WHERE ((m_1.restaurant_id = s.restaurant_id) AND (m_1.shift_id = s.id))) m);


ALTER VIEW public.shift_rows OWNER TO fynlo_owner;

--
-- Name: stations; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.stations (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    name text NOT NULL,
    kind text DEFAULT 'station'::text NOT NULL,
    warn_after_s integer DEFAULT 600 NOT NULL,
    late_after_s integer DEFAULT 1200 NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL,
    archived_at timestamp with time zone,
    CONSTRAINT stations_kind_check CHECK ((kind = ANY (ARRAY['station'::text, 'expo'::text]))),
    CONSTRAINT stations_late_after_s_check CHECK ((late_after_s >= 0)),
    CONSTRAINT stations_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT stations_warn_after_s_check CHECK ((warn_after_s >= 0))
);

ALTER TABLE ONLY public.stations FORCE ROW LEVEL SECURITY;


ALTER TABLE public.stations OWNER TO fynlo_owner;

--
-- Name: tax_classes; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.tax_classes (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    name text NOT NULL,
    dine_in_rate numeric(7,4) NOT NULL,
    takeaway_rate numeric(7,4) NOT NULL,
    delivery_rate numeric(7,4) NOT NULL,
    archived_at timestamp with time zone,
    CONSTRAINT tax_classes_delivery_rate_check CHECK (((delivery_rate >= (0)::numeric) AND (delivery_rate <= (100)::numeric))),
    CONSTRAINT tax_classes_dine_in_rate_check CHECK (((dine_in_rate >= (0)::numeric) AND (dine_in_rate <= (100)::numeric))),
    CONSTRAINT tax_classes_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT tax_classes_takeaway_rate_check CHECK (((takeaway_rate >= (0)::numeric) AND (takeaway_rate <= (100)::numeric)))
);

ALTER TABLE ONLY public.tax_classes FORCE ROW LEVEL SECURITY;


ALTER TABLE public.tax_classes OWNER TO fynlo_owner;

--
-- Name: TABLE tax_classes; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.tax_classes IS 'A rate, in percent, for each order type: cold takeaway can be zero-rated where eating in is not.';


--
-- Name: webhook_dead_letters; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.webhook_dead_letters (
    restaurant_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    attempts integer NOT NULL,
    last_status integer,
    last_error text,
    dead_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.webhook_dead_letters FORCE ROW LEVEL SECURITY;


ALTER TABLE public.webhook_dead_letters OWNER TO fynlo_owner;

--
-- Name: TABLE webhook_dead_letters; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.webhook_dead_letters IS 'Events that an endpoint did not take within a day; the event itself stands in the log.';


--
-- Name: webhooks; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.webhooks (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    url text NOT NULL,
    types text[] DEFAULT '{}'::text[] NOT NULL,
    secret text,
    old_secrets text[] DEFAULT '{}'::text[] NOT NULL,
    old_secrets_until timestamp with time zone,
    active boolean DEFAULT true NOT NULL,
    disabled_at timestamp with time zone,
    disabled_reason text,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    next_attempt_at timestamp with time zone,
    last_status integer,
    last_error text,
    delivered_at timestamp with time zone,
    dead_in_a_row integer DEFAULT 0 NOT NULL,
    missed_after bigint,
    missed_upto bigint,
    missed_at timestamp with time zone,
    lease uuid,
    lease_until timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    archived_at timestamp with time zone,
    CONSTRAINT webhooks_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT webhooks_dead_in_a_row_check CHECK ((dead_in_a_row >= 0)),
    CONSTRAINT webhooks_disabled CHECK ((((disabled_at IS NULL) = (disabled_reason IS NULL)) AND (NOT (active AND (disabled_at IS NOT NULL))))),
    CONSTRAINT webhooks_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['gone'::text, 'failing'::text]))),
    CONSTRAINT webhooks_secret CHECK (((secret IS NULL) = (archived_at IS NOT NULL))),
    CONSTRAINT webhooks_seq_check CHECK ((seq >= 0)),
    CONSTRAINT webhooks_url_check CHECK (((length(url) >= 1) AND (length(url) <= 2000)))
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.webhooks FORCE ROW LEVEL SECURITY;


ALTER TABLE public.webhooks OWNER TO fynlo_owner;

--
-- Name: COLUMN webhooks.types; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.types IS 'Event types, or groups of them as order.*; empty: all.';


--
-- Name: COLUMN webhooks.secret; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.secret IS 'Signs what is sent, so it stands here as it is; forgotten when the endpoint is archived.';


--
-- Name: COLUMN webhooks.old_secrets; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.old_secrets IS 'Sign beside the secret until old_secrets_until, while receivers change over.';


--
-- Name: COLUMN webhooks.active; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.active IS 'False: paused by somebody, or disabled by the server, and then disabled_at says when.';


--
-- Name: COLUMN webhooks.seq; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.seq IS 'The cursor: events up to this one were taken, passed over, or are dead letters.';


--
-- Name: COLUMN webhooks.attempts; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.attempts IS 'Failed deliveries of the event after seq.';


--
-- Name: COLUMN webhooks.missed_after; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.missed_after IS 'The last gap: events after this one up to missed_upto were no longer kept when their turn came.';


--
-- Name: COLUMN webhooks.lease; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.lease IS 'The delivery that has this endpoint until lease_until; nobody else sends to it meanwhile.';


--
-- Name: COLUMN webhooks.version; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON COLUMN public.webhooks.version IS 'Raised when somebody changes the endpoint; a delivery that began under an earlier one moves no cursor.';


--
-- Name: z_counters; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.z_counters (
    restaurant_id uuid NOT NULL,
    last_number integer NOT NULL,
    CONSTRAINT z_counters_last_number_check CHECK ((last_number >= 1))
);

ALTER TABLE ONLY public.z_counters FORCE ROW LEVEL SECURITY;


ALTER TABLE public.z_counters OWNER TO fynlo_owner;

--
-- Name: TABLE z_counters; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.z_counters IS 'The number of each restaurant''s last Z; locked until its Z commits, so numbers have no gap.';


--
-- Name: z_orders; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.z_orders (
    restaurant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    z_id uuid NOT NULL
);

ALTER TABLE ONLY public.z_orders FORCE ROW LEVEL SECURITY;


ALTER TABLE public.z_orders OWNER TO fynlo_owner;

--
-- Name: TABLE z_orders; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.z_orders IS 'The Z that reported an order: the first one taken after it was completed or cancelled.';


--
-- Name: z_reports; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.z_reports (
    restaurant_id uuid NOT NULL,
    id uuid DEFAULT fynlo.uuid7() NOT NULL,
    number integer NOT NULL,
    business_date date NOT NULL,
    taken_by uuid NOT NULL,
    taken_at timestamp with time zone DEFAULT now() NOT NULL,
    body json NOT NULL,
    CONSTRAINT z_reports_number_check CHECK ((number >= 1))
);

ALTER TABLE ONLY public.z_reports FORCE ROW LEVEL SECURITY;


ALTER TABLE public.z_reports OWNER TO fynlo_owner;

--
-- Name: TABLE z_reports; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.z_reports IS 'The end of a day of trade, as it was reported. Nobody changes one.';


--
-- Name: z_shifts; Type: TABLE; Schema: public; Owner: fynlo_owner
--

CREATE TABLE public.z_shifts (
    restaurant_id uuid NOT NULL,
    shift_id uuid NOT NULL,
    z_id uuid NOT NULL
);

ALTER TABLE ONLY public.z_shifts FORCE ROW LEVEL SECURITY;


ALTER TABLE public.z_shifts OWNER TO fynlo_owner;

--
-- Name: TABLE z_shifts; Type: COMMENT; Schema: public; Owner: fynlo_owner
--

COMMENT ON TABLE public.z_shifts IS 'The Z that reported the count of a shift: the first one taken after it was closed.';


--
-- Name: order_events_default; Type: TABLE ATTACH; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_events ATTACH PARTITION public.order_events_default DEFAULT;


--
-- Name: migrations migrations_pkey; Type: CONSTRAINT; Schema: fynlo; Owner: fynlo_owner
--

ALTER TABLE ONLY fynlo.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (name);


--
-- Name: processes processes_pkey; Type: CONSTRAINT; Schema: fynlo; Owner: fynlo_owner
--

ALTER TABLE ONLY fynlo.processes
    ADD CONSTRAINT processes_pkey PRIMARY KEY (id);


--
-- Name: touched touched_pkey; Type: CONSTRAINT; Schema: fynlo; Owner: fynlo_owner
--

ALTER TABLE ONLY fynlo.touched
    ADD CONSTRAINT touched_pkey PRIMARY KEY (txid, entity_id);


--
-- Name: audit_log audit_log_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_id_key UNIQUE (id);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: categories categories_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_id_key UNIQUE (id);


--
-- Name: categories categories_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: checks checks_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.checks
    ADD CONSTRAINT checks_id_key UNIQUE (id);


--
-- Name: checks checks_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.checks
    ADD CONSTRAINT checks_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: day_counters day_counters_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.day_counters
    ADD CONSTRAINT day_counters_pkey PRIMARY KEY (restaurant_id, business_date);


--
-- Name: device_grants device_grants_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.device_grants
    ADD CONSTRAINT device_grants_pkey PRIMARY KEY (device_code_hash);


--
-- Name: device_grants device_grants_user_code_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.device_grants
    ADD CONSTRAINT device_grants_user_code_key UNIQUE (user_code);


--
-- Name: devices devices_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_id_key UNIQUE (id);


--
-- Name: devices devices_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: devices devices_user_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_user_key UNIQUE (user_id);


--
-- Name: feed_heads feed_heads_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.feed_heads
    ADD CONSTRAINT feed_heads_pkey PRIMARY KEY (restaurant_id);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (restaurant_id, actor, method, path, key);


--
-- Name: invitations invitations_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_id_key UNIQUE (id);


--
-- Name: invitations invitations_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: invitations invitations_token_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_token_key UNIQUE (token_hash);


--
-- Name: memberships memberships_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_id_key UNIQUE (id);


--
-- Name: memberships memberships_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: memberships memberships_user_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_key UNIQUE (user_id, restaurant_id);


--
-- Name: menu_history menu_history_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.menu_history
    ADD CONSTRAINT menu_history_pkey PRIMARY KEY (restaurant_id, kind, entity_id, replaced_at, place);


--
-- Name: modifier_groups modifier_groups_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.modifier_groups
    ADD CONSTRAINT modifier_groups_id_key UNIQUE (id);


--
-- Name: modifier_groups modifier_groups_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.modifier_groups
    ADD CONSTRAINT modifier_groups_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: modifiers modifiers_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.modifiers
    ADD CONSTRAINT modifiers_id_key UNIQUE (id);


--
-- Name: modifiers modifiers_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.modifiers
    ADD CONSTRAINT modifiers_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: order_events order_events_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_events
    ADD CONSTRAINT order_events_pkey PRIMARY KEY (restaurant_id, seq, created_at);


--
-- Name: order_events_default order_events_default_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_events_default
    ADD CONSTRAINT order_events_default_pkey PRIMARY KEY (restaurant_id, seq, created_at);


--
-- Name: order_item_modifiers order_item_modifiers_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_item_modifiers
    ADD CONSTRAINT order_item_modifiers_pkey PRIMARY KEY (restaurant_id, order_id, item_id, modifier_id);


--
-- Name: order_items order_items_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_id_key UNIQUE (id);


--
-- Name: order_items order_items_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_pkey PRIMARY KEY (restaurant_id, order_id, id);


--
-- Name: orders orders_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_id_key UNIQUE (id);


--
-- Name: orders orders_number_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_number_key UNIQUE (restaurant_id, business_date, number);


--
-- Name: orders orders_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: payments payments_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_id_key UNIQUE (id);


--
-- Name: payments payments_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: pins pins_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.pins
    ADD CONSTRAINT pins_pkey PRIMARY KEY (restaurant_id, membership_id);


--
-- Name: product_modifier_groups product_modifier_groups_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_modifier_groups
    ADD CONSTRAINT product_modifier_groups_pkey PRIMARY KEY (restaurant_id, product_id, group_id);


--
-- Name: product_variants product_variants_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_variants
    ADD CONSTRAINT product_variants_id_key UNIQUE (id);


--
-- Name: product_variants product_variants_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_variants
    ADD CONSTRAINT product_variants_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: products products_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_id_key UNIQUE (id);


--
-- Name: products products_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: refresh_tokens refresh_tokens_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash);


--
-- Name: refunds refunds_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_id_key UNIQUE (id);


--
-- Name: refunds refunds_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: restaurants restaurants_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.restaurants
    ADD CONSTRAINT restaurants_pkey PRIMARY KEY (id);


--
-- Name: screens screens_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.screens
    ADD CONSTRAINT screens_pkey PRIMARY KEY (restaurant_id, connection_id);


--
-- Name: sections sections_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.sections
    ADD CONSTRAINT sections_id_key UNIQUE (id);


--
-- Name: sections sections_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.sections
    ADD CONSTRAINT sections_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);


--
-- Name: shift_movements shift_movements_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shift_movements
    ADD CONSTRAINT shift_movements_id_key UNIQUE (id);


--
-- Name: shift_movements shift_movements_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shift_movements
    ADD CONSTRAINT shift_movements_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: shifts shifts_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shifts
    ADD CONSTRAINT shifts_id_key UNIQUE (id);


--
-- Name: shifts shifts_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shifts
    ADD CONSTRAINT shifts_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: stations stations_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.stations
    ADD CONSTRAINT stations_id_key UNIQUE (id);


--
-- Name: stations stations_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.stations
    ADD CONSTRAINT stations_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: tables tables_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_id_key UNIQUE (id);


--
-- Name: tables tables_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: tax_classes tax_classes_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.tax_classes
    ADD CONSTRAINT tax_classes_id_key UNIQUE (id);


--
-- Name: tax_classes tax_classes_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.tax_classes
    ADD CONSTRAINT tax_classes_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: users users_email_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: users users_supabase_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_supabase_id_key UNIQUE (supabase_id);


--
-- Name: webhook_dead_letters webhook_dead_letters_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.webhook_dead_letters
    ADD CONSTRAINT webhook_dead_letters_pkey PRIMARY KEY (restaurant_id, webhook_id, epoch, seq);


--
-- Name: webhooks webhooks_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_id_key UNIQUE (id);


--
-- Name: webhooks webhooks_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: z_counters z_counters_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_counters
    ADD CONSTRAINT z_counters_pkey PRIMARY KEY (restaurant_id);


--
-- Name: z_orders z_orders_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_orders
    ADD CONSTRAINT z_orders_pkey PRIMARY KEY (restaurant_id, order_id);


--
-- Name: z_reports z_reports_id_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_reports
    ADD CONSTRAINT z_reports_id_key UNIQUE (id);


--
-- Name: z_reports z_reports_number_key; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_reports
    ADD CONSTRAINT z_reports_number_key UNIQUE (restaurant_id, number);


--
-- Name: z_reports z_reports_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_reports
    ADD CONSTRAINT z_reports_pkey PRIMARY KEY (restaurant_id, id);


--
-- Name: z_shifts z_shifts_pkey; Type: CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_shifts
    ADD CONSTRAINT z_shifts_pkey PRIMARY KEY (restaurant_id, shift_id);


--
-- Name: audit_log_newest_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX audit_log_newest_idx ON public.audit_log USING btree (restaurant_id, at DESC, id DESC);


--
-- Name: checks_order_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX checks_order_idx ON public.checks USING btree (restaurant_id, order_id) WHERE (replaced_at IS NULL);


--
-- Name: idempotency_keys_age_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX idempotency_keys_age_idx ON public.idempotency_keys USING btree (created_at);


--
-- Name: modifiers_group_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX modifiers_group_idx ON public.modifiers USING btree (restaurant_id, group_id);


--
-- Name: modifiers_out_until_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX modifiers_out_until_idx ON public.modifiers USING btree (out_until) WHERE (out_until IS NOT NULL);


--
-- Name: order_events_entity_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX order_events_entity_idx ON ONLY public.order_events USING btree (restaurant_id, entity_id, seq);


--
-- Name: order_events_default_restaurant_id_entity_id_seq_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX order_events_default_restaurant_id_entity_id_seq_idx ON public.order_events_default USING btree (restaurant_id, entity_id, seq);


--
-- Name: orders_newest_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX orders_newest_idx ON public.orders USING btree (restaurant_id, created_at DESC, id DESC);


--
-- Name: orders_one_open_per_table; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE UNIQUE INDEX orders_one_open_per_table ON public.orders USING btree (restaurant_id, table_id) WHERE ((closed_at IS NULL) AND (table_id IS NOT NULL));


--
-- Name: orders_open_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX orders_open_idx ON public.orders USING btree (restaurant_id) WHERE (closed_at IS NULL);


--
-- Name: payments_date_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX payments_date_idx ON public.payments USING btree (restaurant_id, business_date);


--
-- Name: payments_newest_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX payments_newest_idx ON public.payments USING btree (restaurant_id, created_at DESC, id DESC);


--
-- Name: payments_order_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX payments_order_idx ON public.payments USING btree (restaurant_id, order_id);


--
-- Name: payments_shift_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX payments_shift_idx ON public.payments USING btree (restaurant_id, shift_id) WHERE (shift_id IS NOT NULL);


--
-- Name: payments_unreported_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX payments_unreported_idx ON public.payments USING btree (restaurant_id) WHERE ((z_id IS NULL) AND (state = 'captured'::text));


--
-- Name: product_variants_product_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX product_variants_product_idx ON public.product_variants USING btree (restaurant_id, product_id);


--
-- Name: products_out_until_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX products_out_until_idx ON public.products USING btree (out_until) WHERE (out_until IS NOT NULL);


--
-- Name: refunds_date_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX refunds_date_idx ON public.refunds USING btree (restaurant_id, business_date);


--
-- Name: refunds_order_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX refunds_order_idx ON public.refunds USING btree (restaurant_id, order_id);


--
-- Name: refunds_payment_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX refunds_payment_idx ON public.refunds USING btree (restaurant_id, payment_id);


--
-- Name: refunds_shift_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX refunds_shift_idx ON public.refunds USING btree (restaurant_id, shift_id) WHERE (shift_id IS NOT NULL);


--
-- Name: refunds_unreported_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX refunds_unreported_idx ON public.refunds USING btree (restaurant_id) WHERE (z_id IS NULL);


--
-- Name: sessions_user_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX sessions_user_idx ON public.sessions USING btree (user_id) WHERE (revoked_at IS NULL);


--
-- Name: shift_movements_shift_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX shift_movements_shift_idx ON public.shift_movements USING btree (restaurant_id, shift_id);


--
-- Name: shifts_newest_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX shifts_newest_idx ON public.shifts USING btree (restaurant_id, opened_at DESC, id DESC);


--
-- Name: shifts_one_open_per_drawer; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE UNIQUE INDEX shifts_one_open_per_drawer ON public.shifts USING btree (restaurant_id, lower(drawer)) WHERE (closed_at IS NULL);


--
-- Name: shifts_one_open_per_person; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE UNIQUE INDEX shifts_one_open_per_person ON public.shifts USING btree (restaurant_id, opened_by) WHERE (closed_at IS NULL);


--
-- Name: z_orders_z_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX z_orders_z_idx ON public.z_orders USING btree (restaurant_id, z_id);


--
-- Name: z_reports_date_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX z_reports_date_idx ON public.z_reports USING btree (restaurant_id, business_date);


--
-- Name: z_shifts_z_idx; Type: INDEX; Schema: public; Owner: fynlo_owner
--

CREATE INDEX z_shifts_z_idx ON public.z_shifts USING btree (restaurant_id, z_id);


--
-- Name: order_events_default_pkey; Type: INDEX ATTACH; Schema: public; Owner: fynlo_owner
--

ALTER INDEX public.order_events_pkey ATTACH PARTITION public.order_events_default_pkey;


--
-- Name: order_events_default_restaurant_id_entity_id_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: fynlo_owner
--

ALTER INDEX public.order_events_entity_idx ATTACH PARTITION public.order_events_default_restaurant_id_entity_id_seq_idx;


--
-- Name: touched touched_drain; Type: TRIGGER; Schema: fynlo; Owner: fynlo_owner
--

CREATE CONSTRAINT TRIGGER touched_drain AFTER INSERT ON fynlo.touched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fynlo.drain();


--
-- Name: audit_log audit_log_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER audit_log_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_change();


--
-- Name: categories categories_keep_menu; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER categories_keep_menu AFTER INSERT OR DELETE ON public.categories FOR EACH ROW EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: categories categories_keep_menu_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER categories_keep_menu_update AFTER UPDATE OF archived_at ON public.categories FOR EACH ROW WHEN ((new.archived_at IS DISTINCT FROM old.archived_at)) EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: categories categories_note_delete; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER categories_note_delete AFTER DELETE ON public.categories REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: categories categories_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER categories_note_insert AFTER INSERT ON public.categories REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: categories categories_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER categories_note_update AFTER UPDATE ON public.categories REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: checks checks_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER checks_keep BEFORE DELETE OR TRUNCATE ON public.checks FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: checks checks_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER checks_note_insert AFTER INSERT ON public.checks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_checks();


--
-- Name: checks checks_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER checks_note_update AFTER UPDATE ON public.checks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_checks();


--
-- Name: devices devices_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER devices_audit AFTER INSERT OR UPDATE ON public.devices FOR EACH ROW EXECUTE FUNCTION fynlo.audit('device.paired', 'device.changed', 'last_seen_at');


--
-- Name: devices devices_tell; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER devices_tell AFTER UPDATE OF revoked_at ON public.devices FOR EACH ROW WHEN (((new.revoked_at IS NOT NULL) AND (old.revoked_at IS NULL))) EXECUTE FUNCTION fynlo.tell_revoked('device');


--
-- Name: invitations invitations_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER invitations_audit AFTER INSERT OR UPDATE ON public.invitations FOR EACH ROW EXECUTE FUNCTION fynlo.audit('staff.invited', 'invitation.changed', 'token_hash');


--
-- Name: memberships memberships_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER memberships_audit AFTER INSERT OR UPDATE ON public.memberships FOR EACH ROW EXECUTE FUNCTION fynlo.audit('staff.added', 'staff.changed');


--
-- Name: memberships memberships_tell; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER memberships_tell AFTER INSERT OR DELETE OR UPDATE ON public.memberships FOR EACH ROW EXECUTE FUNCTION fynlo.tell_membership();


--
-- Name: modifier_groups modifier_groups_keep_menu; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifier_groups_keep_menu AFTER INSERT OR DELETE ON public.modifier_groups FOR EACH ROW EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: modifier_groups modifier_groups_keep_menu_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifier_groups_keep_menu_update AFTER UPDATE OF name, min_selections, max_selections, archived_at ON public.modifier_groups FOR EACH ROW WHEN (((((new.name IS DISTINCT FROM old.name) OR (new.min_selections IS DISTINCT FROM old.min_selections)) OR (new.max_selections IS DISTINCT FROM old.max_selections)) OR (new.archived_at IS DISTINCT FROM old.archived_at))) EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: modifier_groups modifier_groups_note_delete; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifier_groups_note_delete AFTER DELETE ON public.modifier_groups REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: modifier_groups modifier_groups_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifier_groups_note_insert AFTER INSERT ON public.modifier_groups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: modifier_groups modifier_groups_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifier_groups_note_update AFTER UPDATE ON public.modifier_groups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: modifiers modifiers_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifiers_audit AFTER UPDATE OF availability, stock, low_stock_at, out_until ON public.modifiers FOR EACH ROW WHEN ((((((new.availability IS DISTINCT FROM old.availability) OR (new.stock IS DISTINCT FROM old.stock)) OR (new.low_stock_at IS DISTINCT FROM old.low_stock_at)) OR (new.out_until IS DISTINCT FROM old.out_until)) AND (CURRENT_USER <> 'fynlo_feed'::name))) EXECUTE FUNCTION fynlo.audit('modifier.created', 'modifier.availability');


--
-- Name: modifiers modifiers_keep_menu; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifiers_keep_menu AFTER INSERT OR DELETE ON public.modifiers FOR EACH ROW EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: modifiers modifiers_keep_menu_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifiers_keep_menu_update AFTER UPDATE OF group_id, name, price, archived_at ON public.modifiers FOR EACH ROW WHEN (((((new.group_id IS DISTINCT FROM old.group_id) OR (new.name IS DISTINCT FROM old.name)) OR (new.price IS DISTINCT FROM old.price)) OR (new.archived_at IS DISTINCT FROM old.archived_at))) EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: modifiers modifiers_note_delete; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifiers_note_delete AFTER DELETE ON public.modifiers REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: modifiers modifiers_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifiers_note_insert AFTER INSERT ON public.modifiers REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: modifiers modifiers_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER modifiers_note_update AFTER UPDATE ON public.modifiers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_stock();


--
-- Name: order_events_default order_events_default_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_events_default_keep BEFORE DELETE OR TRUNCATE ON public.order_events_default FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete('fynlo_feed');


--
-- Name: order_events order_events_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_events_keep BEFORE DELETE OR TRUNCATE ON public.order_events FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: order_item_modifiers order_item_modifiers_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_item_modifiers_keep BEFORE DELETE OR TRUNCATE ON public.order_item_modifiers FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: order_item_modifiers order_item_modifiers_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_item_modifiers_note_insert AFTER INSERT ON public.order_item_modifiers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_modifiers_insert();


--
-- Name: order_item_modifiers order_item_modifiers_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_item_modifiers_note_update AFTER UPDATE ON public.order_item_modifiers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_modifiers_update();


--
-- Name: order_items order_items_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_items_audit AFTER UPDATE OF status ON public.order_items FOR EACH ROW WHEN (((new.status = 'voided'::text) AND (old.status <> 'voided'::text))) EXECUTE FUNCTION fynlo.audit('order_item.created', 'order_item.voided');


--
-- Name: order_items order_items_audit_discount; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_items_audit_discount AFTER UPDATE OF discount_percentage, discount_amount ON public.order_items FOR EACH ROW WHEN ((((new.discount_percentage IS DISTINCT FROM old.discount_percentage) OR (new.discount_amount IS DISTINCT FROM old.discount_amount)) AND (new.status <> 'voided'::text))) EXECUTE FUNCTION fynlo.audit('order_item.created', 'order_item.discounted', 'total,net');


--
-- Name: order_items order_items_audit_part; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_items_audit_part AFTER INSERT ON public.order_items FOR EACH ROW WHEN ((new.status = 'voided'::text)) EXECUTE FUNCTION fynlo.audit('order_item.voided', 'order_item.changed');


--
-- Name: order_items order_items_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_items_keep BEFORE DELETE OR TRUNCATE ON public.order_items FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: order_items order_items_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_items_note_insert AFTER INSERT ON public.order_items REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_items_insert();


--
-- Name: order_items order_items_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER order_items_note_update AFTER UPDATE ON public.order_items REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_items_update();


--
-- Name: orders orders_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_audit AFTER UPDATE OF status ON public.orders FOR EACH ROW WHEN (((new.status = 'cancelled'::text) AND (old.status <> 'cancelled'::text))) EXECUTE FUNCTION fynlo.audit('order.created', 'order.cancelled', 'version,closed_at');


--
-- Name: orders orders_audit_charge; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_audit_charge AFTER UPDATE OF charge_rule, charge_percentage, charge_amount ON public.orders FOR EACH ROW WHEN ((((new.charge_rule IS DISTINCT FROM old.charge_rule) OR (new.charge_percentage IS DISTINCT FROM old.charge_percentage)) OR (new.charge_amount IS DISTINCT FROM old.charge_amount))) EXECUTE FUNCTION fynlo.audit('order.created', 'order.service_charge', 'version,subtotal,discount,tax,total,tax_breakdown,payment_status,closed_at');


--
-- Name: orders orders_audit_discount; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_audit_discount AFTER UPDATE OF discount_percentage, discount_amount ON public.orders FOR EACH ROW WHEN (((new.discount_percentage IS DISTINCT FROM old.discount_percentage) OR (new.discount_amount IS DISTINCT FROM old.discount_amount))) EXECUTE FUNCTION fynlo.audit('order.created', 'order.discounted', 'version,subtotal,service_charge,tax,total,tax_breakdown,payment_status,closed_at');


--
-- Name: orders orders_changed; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_changed BEFORE UPDATE ON public.orders FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION fynlo.order_changed();


--
-- Name: orders orders_defaults; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_defaults BEFORE INSERT ON public.orders FOR EACH ROW WHEN (((new.number IS NULL) OR (CURRENT_USER <> 'fynlo_app'::name))) EXECUTE FUNCTION fynlo.order_defaults();


--
-- Name: orders orders_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_keep BEFORE DELETE OR TRUNCATE ON public.orders FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: orders orders_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_note_insert AFTER INSERT ON public.orders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_orders_insert();


--
-- Name: orders orders_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER orders_note_update AFTER UPDATE ON public.orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_orders_update();


--
-- Name: payments payments_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER payments_audit AFTER UPDATE OF state ON public.payments FOR EACH ROW WHEN (((new.state = 'voided'::text) AND (old.state <> 'voided'::text))) EXECUTE FUNCTION fynlo.audit('payment.taken', 'payment.voided', 'request_hash');


--
-- Name: payments payments_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER payments_keep BEFORE DELETE OR TRUNCATE ON public.payments FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: payments payments_keep_reported; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER payments_keep_reported BEFORE UPDATE ON public.payments FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION fynlo.keep_reported();


--
-- Name: payments payments_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER payments_note_insert AFTER INSERT ON public.payments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_payments_insert();


--
-- Name: payments payments_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER payments_note_update AFTER UPDATE ON public.payments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_payments_update();


--
-- Name: payments payments_voided; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER payments_voided BEFORE UPDATE OF state ON public.payments FOR EACH ROW WHEN (((new.state = 'voided'::text) AND (old.state <> 'voided'::text))) EXECUTE FUNCTION fynlo.payment_voided();


--
-- Name: pins pins_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER pins_audit AFTER INSERT OR UPDATE ON public.pins FOR EACH ROW EXECUTE FUNCTION fynlo.audit('pin.set', 'pin.changed', 'pin_hash');


--
-- Name: product_modifier_groups product_modifier_groups_keep_menu; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_modifier_groups_keep_menu AFTER INSERT OR DELETE ON public.product_modifier_groups FOR EACH ROW EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: product_modifier_groups product_modifier_groups_keep_menu_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_modifier_groups_keep_menu_update AFTER UPDATE OF product_id, group_id, sort_order ON public.product_modifier_groups FOR EACH ROW WHEN ((((new.product_id IS DISTINCT FROM old.product_id) OR (new.group_id IS DISTINCT FROM old.group_id)) OR (new.sort_order IS DISTINCT FROM old.sort_order))) EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: product_modifier_groups product_modifier_groups_note_delete; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_modifier_groups_note_delete AFTER DELETE ON public.product_modifier_groups REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: product_modifier_groups product_modifier_groups_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_modifier_groups_note_insert AFTER INSERT ON public.product_modifier_groups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: product_modifier_groups product_modifier_groups_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_modifier_groups_note_update AFTER UPDATE ON public.product_modifier_groups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: product_variants product_variants_keep_menu; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_variants_keep_menu AFTER INSERT OR DELETE ON public.product_variants FOR EACH ROW EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: product_variants product_variants_keep_menu_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_variants_keep_menu_update AFTER UPDATE OF product_id, name, price, archived_at ON public.product_variants FOR EACH ROW WHEN (((((new.product_id IS DISTINCT FROM old.product_id) OR (new.name IS DISTINCT FROM old.name)) OR (new.price IS DISTINCT FROM old.price)) OR (new.archived_at IS DISTINCT FROM old.archived_at))) EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: product_variants product_variants_note_delete; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_variants_note_delete AFTER DELETE ON public.product_variants REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: product_variants product_variants_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_variants_note_insert AFTER INSERT ON public.product_variants REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: product_variants product_variants_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER product_variants_note_update AFTER UPDATE ON public.product_variants REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: products products_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER products_audit AFTER UPDATE OF availability, stock, low_stock_at, out_until ON public.products FOR EACH ROW WHEN ((((((new.availability IS DISTINCT FROM old.availability) OR (new.stock IS DISTINCT FROM old.stock)) OR (new.low_stock_at IS DISTINCT FROM old.low_stock_at)) OR (new.out_until IS DISTINCT FROM old.out_until)) AND (CURRENT_USER <> 'fynlo_feed'::name))) EXECUTE FUNCTION fynlo.audit('product.created', 'product.availability', 'version');


--
-- Name: products products_changed; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER products_changed BEFORE UPDATE ON public.products FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION fynlo.product_changed();


--
-- Name: products products_keep_menu; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER products_keep_menu AFTER INSERT OR DELETE ON public.products FOR EACH ROW EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: products products_keep_menu_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER products_keep_menu_update AFTER UPDATE OF category_id, tax_class_id, name, price, open_price, archived_at ON public.products FOR EACH ROW WHEN (((((((new.category_id IS DISTINCT FROM old.category_id) OR (new.tax_class_id IS DISTINCT FROM old.tax_class_id)) OR (new.name IS DISTINCT FROM old.name)) OR (new.price IS DISTINCT FROM old.price)) OR (new.open_price IS DISTINCT FROM old.open_price)) OR (new.archived_at IS DISTINCT FROM old.archived_at))) EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: products products_note_delete; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER products_note_delete AFTER DELETE ON public.products REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: products products_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER products_note_insert AFTER INSERT ON public.products REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: products products_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER products_note_update AFTER UPDATE ON public.products REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_stock();


--
-- Name: refunds refunds_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER refunds_audit AFTER INSERT ON public.refunds FOR EACH ROW EXECUTE FUNCTION fynlo.audit('payment.refunded', 'refund.changed', 'request_hash,tax_breakdown');


--
-- Name: refunds refunds_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER refunds_keep BEFORE DELETE OR TRUNCATE ON public.refunds FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: refunds refunds_keep_reported; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER refunds_keep_reported BEFORE UPDATE ON public.refunds FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION fynlo.keep_reported();


--
-- Name: refunds refunds_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER refunds_note_insert AFTER INSERT ON public.refunds REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_refunds_insert();


--
-- Name: refunds refunds_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER refunds_note_update AFTER UPDATE ON public.refunds REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_refunds_update();


--
-- Name: restaurants restaurants_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER restaurants_audit AFTER INSERT OR UPDATE ON public.restaurants FOR EACH ROW EXECUTE FUNCTION fynlo.audit('restaurant.created', 'restaurant.changed', 'menu_version');


--
-- Name: restaurants restaurants_head; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER restaurants_head AFTER INSERT ON public.restaurants FOR EACH ROW EXECUTE FUNCTION fynlo.new_head();


--
-- Name: restaurants restaurants_note_currency; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER restaurants_note_currency AFTER UPDATE OF currency ON public.restaurants FOR EACH ROW WHEN ((new.currency <> old.currency)) EXECUTE FUNCTION fynlo.note_currency();


--
-- Name: sections sections_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER sections_note_update AFTER UPDATE ON public.sections REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_sections();


--
-- Name: sessions sessions_tell; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER sessions_tell AFTER UPDATE OF revoked_at ON public.sessions FOR EACH ROW WHEN (((new.revoked_at IS NOT NULL) AND (old.revoked_at IS NULL))) EXECUTE FUNCTION fynlo.tell_revoked('session');


--
-- Name: shift_movements shift_movements_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER shift_movements_audit AFTER INSERT ON public.shift_movements FOR EACH ROW EXECUTE FUNCTION fynlo.audit('shift.movement', 'shift.movement');


--
-- Name: shift_movements shift_movements_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER shift_movements_keep BEFORE DELETE OR TRUNCATE ON public.shift_movements FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: shifts shifts_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER shifts_audit AFTER INSERT OR UPDATE ON public.shifts FOR EACH ROW EXECUTE FUNCTION fynlo.audit('shift.opened', 'shift.closed');


--
-- Name: shifts shifts_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER shifts_keep BEFORE DELETE OR TRUNCATE ON public.shifts FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_delete();


--
-- Name: shifts shifts_keep_closed; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER shifts_keep_closed BEFORE UPDATE ON public.shifts FOR EACH ROW WHEN (((old.closed_at IS NOT NULL) AND (old.* IS DISTINCT FROM new.*))) EXECUTE FUNCTION fynlo.keep_closed();


--
-- Name: tables tables_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER tables_note_insert AFTER INSERT ON public.tables REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_tables();


--
-- Name: tables tables_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER tables_note_update AFTER UPDATE ON public.tables REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_tables();


--
-- Name: tax_classes tax_classes_keep_menu; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER tax_classes_keep_menu AFTER INSERT OR DELETE ON public.tax_classes FOR EACH ROW EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: tax_classes tax_classes_keep_menu_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER tax_classes_keep_menu_update AFTER UPDATE OF dine_in_rate, takeaway_rate, delivery_rate ON public.tax_classes FOR EACH ROW WHEN ((((new.dine_in_rate IS DISTINCT FROM old.dine_in_rate) OR (new.takeaway_rate IS DISTINCT FROM old.takeaway_rate)) OR (new.delivery_rate IS DISTINCT FROM old.delivery_rate))) EXECUTE FUNCTION fynlo.keep_menu();


--
-- Name: tax_classes tax_classes_note_delete; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER tax_classes_note_delete AFTER DELETE ON public.tax_classes REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: tax_classes tax_classes_note_insert; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER tax_classes_note_insert AFTER INSERT ON public.tax_classes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: tax_classes tax_classes_note_update; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER tax_classes_note_update AFTER UPDATE ON public.tax_classes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION fynlo.note_menu();


--
-- Name: webhooks webhooks_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER webhooks_audit AFTER INSERT OR UPDATE OF url, types, active, archived_at, old_secrets_until ON public.webhooks FOR EACH ROW EXECUTE FUNCTION fynlo.audit('webhook.added', 'webhook.changed', 'secret,old_secrets,epoch,seq,attempts,failing_since,next_attempt_at,last_status,last_error,delivered_at,dead_in_a_row,missed_after,missed_upto,missed_at,lease,lease_until,version');


--
-- Name: z_orders z_orders_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER z_orders_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON public.z_orders FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_change();


--
-- Name: z_reports z_reports_audit; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER z_reports_audit AFTER INSERT ON public.z_reports FOR EACH ROW EXECUTE FUNCTION fynlo.audit('z.taken', 'z.changed', 'body');


--
-- Name: z_reports z_reports_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER z_reports_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON public.z_reports FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_change();


--
-- Name: z_shifts z_shifts_keep; Type: TRIGGER; Schema: public; Owner: fynlo_owner
--

CREATE TRIGGER z_shifts_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON public.z_shifts FOR EACH STATEMENT EXECUTE FUNCTION fynlo.refuse_change();


--
-- Name: audit_log audit_log_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: categories categories_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: categories categories_restaurant_id_station_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_restaurant_id_station_id_fkey FOREIGN KEY (restaurant_id, station_id) REFERENCES public.stations(restaurant_id, id);


--
-- Name: checks checks_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.checks
    ADD CONSTRAINT checks_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: checks checks_restaurant_id_order_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.checks
    ADD CONSTRAINT checks_restaurant_id_order_id_fkey FOREIGN KEY (restaurant_id, order_id) REFERENCES public.orders(restaurant_id, id);


--
-- Name: day_counters day_counters_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.day_counters
    ADD CONSTRAINT day_counters_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: device_grants device_grants_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.device_grants
    ADD CONSTRAINT device_grants_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);


--
-- Name: devices devices_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);


--
-- Name: devices devices_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: devices devices_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: feed_heads feed_heads_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.feed_heads
    ADD CONSTRAINT feed_heads_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: idempotency_keys idempotency_keys_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: invitations invitations_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);


--
-- Name: invitations invitations_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: invitations invitations_restaurant_id_membership_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_restaurant_id_membership_id_fkey FOREIGN KEY (restaurant_id, membership_id) REFERENCES public.memberships(restaurant_id, id);


--
-- Name: memberships memberships_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: memberships memberships_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: menu_history menu_history_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.menu_history
    ADD CONSTRAINT menu_history_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: modifier_groups modifier_groups_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.modifier_groups
    ADD CONSTRAINT modifier_groups_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: modifiers modifiers_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.modifiers
    ADD CONSTRAINT modifiers_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: modifiers modifiers_restaurant_id_group_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.modifiers
    ADD CONSTRAINT modifiers_restaurant_id_group_id_fkey FOREIGN KEY (restaurant_id, group_id) REFERENCES public.modifier_groups(restaurant_id, id);


--
-- Name: order_item_modifiers order_item_modifiers_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_item_modifiers
    ADD CONSTRAINT order_item_modifiers_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: order_item_modifiers order_item_modifiers_restaurant_id_modifier_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_item_modifiers
    ADD CONSTRAINT order_item_modifiers_restaurant_id_modifier_id_fkey FOREIGN KEY (restaurant_id, modifier_id) REFERENCES public.modifiers(restaurant_id, id);


--
-- Name: order_item_modifiers order_item_modifiers_restaurant_id_order_id_item_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_item_modifiers
    ADD CONSTRAINT order_item_modifiers_restaurant_id_order_id_item_id_fkey FOREIGN KEY (restaurant_id, order_id, item_id) REFERENCES public.order_items(restaurant_id, order_id, id);


--
-- Name: order_items order_items_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: order_items order_items_restaurant_id_order_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_restaurant_id_order_id_fkey FOREIGN KEY (restaurant_id, order_id) REFERENCES public.orders(restaurant_id, id);


--
-- Name: order_items order_items_restaurant_id_product_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_restaurant_id_product_id_fkey FOREIGN KEY (restaurant_id, product_id) REFERENCES public.products(restaurant_id, id);


--
-- Name: order_items order_items_restaurant_id_variant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_restaurant_id_variant_id_fkey FOREIGN KEY (restaurant_id, variant_id) REFERENCES public.product_variants(restaurant_id, id);


--
-- Name: orders orders_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);


--
-- Name: orders orders_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: orders orders_restaurant_id_table_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_restaurant_id_table_id_fkey FOREIGN KEY (restaurant_id, table_id) REFERENCES public.tables(restaurant_id, id);


--
-- Name: payments payments_restaurant_id_check_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_restaurant_id_check_id_fkey FOREIGN KEY (restaurant_id, check_id) REFERENCES public.checks(restaurant_id, id);


--
-- Name: payments payments_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: payments payments_restaurant_id_order_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_restaurant_id_order_id_fkey FOREIGN KEY (restaurant_id, order_id) REFERENCES public.orders(restaurant_id, id);


--
-- Name: payments payments_restaurant_id_shift_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_restaurant_id_shift_id_fkey FOREIGN KEY (restaurant_id, shift_id) REFERENCES public.shifts(restaurant_id, id);


--
-- Name: payments payments_restaurant_id_z_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_restaurant_id_z_id_fkey FOREIGN KEY (restaurant_id, z_id) REFERENCES public.z_reports(restaurant_id, id);


--
-- Name: payments payments_taken_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_taken_by_fkey FOREIGN KEY (taken_by) REFERENCES public.users(id);


--
-- Name: pins pins_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.pins
    ADD CONSTRAINT pins_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: pins pins_restaurant_id_membership_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.pins
    ADD CONSTRAINT pins_restaurant_id_membership_id_fkey FOREIGN KEY (restaurant_id, membership_id) REFERENCES public.memberships(restaurant_id, id);


--
-- Name: pins pins_set_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.pins
    ADD CONSTRAINT pins_set_by_fkey FOREIGN KEY (set_by) REFERENCES public.users(id);


--
-- Name: product_modifier_groups product_modifier_groups_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_modifier_groups
    ADD CONSTRAINT product_modifier_groups_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: product_modifier_groups product_modifier_groups_restaurant_id_group_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_modifier_groups
    ADD CONSTRAINT product_modifier_groups_restaurant_id_group_id_fkey FOREIGN KEY (restaurant_id, group_id) REFERENCES public.modifier_groups(restaurant_id, id);


--
-- Name: product_modifier_groups product_modifier_groups_restaurant_id_product_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_modifier_groups
    ADD CONSTRAINT product_modifier_groups_restaurant_id_product_id_fkey FOREIGN KEY (restaurant_id, product_id) REFERENCES public.products(restaurant_id, id);


--
-- Name: product_variants product_variants_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_variants
    ADD CONSTRAINT product_variants_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: product_variants product_variants_restaurant_id_product_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.product_variants
    ADD CONSTRAINT product_variants_restaurant_id_product_id_fkey FOREIGN KEY (restaurant_id, product_id) REFERENCES public.products(restaurant_id, id);


--
-- Name: products products_restaurant_id_category_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_restaurant_id_category_id_fkey FOREIGN KEY (restaurant_id, category_id) REFERENCES public.categories(restaurant_id, id);


--
-- Name: products products_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: products products_restaurant_id_tax_class_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_restaurant_id_tax_class_id_fkey FOREIGN KEY (restaurant_id, tax_class_id) REFERENCES public.tax_classes(restaurant_id, id);


--
-- Name: refresh_tokens refresh_tokens_session_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id);


--
-- Name: refunds refunds_approved_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id);


--
-- Name: refunds refunds_made_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.users(id);


--
-- Name: refunds refunds_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: refunds refunds_restaurant_id_order_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_restaurant_id_order_id_fkey FOREIGN KEY (restaurant_id, order_id) REFERENCES public.orders(restaurant_id, id);


--
-- Name: refunds refunds_restaurant_id_payment_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_restaurant_id_payment_id_fkey FOREIGN KEY (restaurant_id, payment_id) REFERENCES public.payments(restaurant_id, id);


--
-- Name: refunds refunds_restaurant_id_shift_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_restaurant_id_shift_id_fkey FOREIGN KEY (restaurant_id, shift_id) REFERENCES public.shifts(restaurant_id, id);


--
-- Name: refunds refunds_restaurant_id_z_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_restaurant_id_z_id_fkey FOREIGN KEY (restaurant_id, z_id) REFERENCES public.z_reports(restaurant_id, id);


--
-- Name: sections sections_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.sections
    ADD CONSTRAINT sections_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: sessions sessions_device_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_device_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);


--
-- Name: sessions sessions_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: shift_movements shift_movements_made_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shift_movements
    ADD CONSTRAINT shift_movements_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.users(id);


--
-- Name: shift_movements shift_movements_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shift_movements
    ADD CONSTRAINT shift_movements_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: shift_movements shift_movements_restaurant_id_shift_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shift_movements
    ADD CONSTRAINT shift_movements_restaurant_id_shift_id_fkey FOREIGN KEY (restaurant_id, shift_id) REFERENCES public.shifts(restaurant_id, id);


--
-- Name: shifts shifts_closed_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shifts
    ADD CONSTRAINT shifts_closed_by_fkey FOREIGN KEY (closed_by) REFERENCES public.users(id);


--
-- Name: shifts shifts_opened_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shifts
    ADD CONSTRAINT shifts_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES public.users(id);


--
-- Name: shifts shifts_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.shifts
    ADD CONSTRAINT shifts_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: stations stations_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.stations
    ADD CONSTRAINT stations_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: tables tables_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: tables tables_restaurant_id_section_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_restaurant_id_section_id_fkey FOREIGN KEY (restaurant_id, section_id) REFERENCES public.sections(restaurant_id, id);


--
-- Name: tax_classes tax_classes_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.tax_classes
    ADD CONSTRAINT tax_classes_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: webhook_dead_letters webhook_dead_letters_restaurant_id_webhook_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.webhook_dead_letters
    ADD CONSTRAINT webhook_dead_letters_restaurant_id_webhook_id_fkey FOREIGN KEY (restaurant_id, webhook_id) REFERENCES public.webhooks(restaurant_id, id);


--
-- Name: webhooks webhooks_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);


--
-- Name: webhooks webhooks_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: z_counters z_counters_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_counters
    ADD CONSTRAINT z_counters_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: z_orders z_orders_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_orders
    ADD CONSTRAINT z_orders_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: z_orders z_orders_restaurant_id_order_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_orders
    ADD CONSTRAINT z_orders_restaurant_id_order_id_fkey FOREIGN KEY (restaurant_id, order_id) REFERENCES public.orders(restaurant_id, id);


--
-- Name: z_orders z_orders_restaurant_id_z_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_orders
    ADD CONSTRAINT z_orders_restaurant_id_z_id_fkey FOREIGN KEY (restaurant_id, z_id) REFERENCES public.z_reports(restaurant_id, id);


--
-- Name: z_reports z_reports_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_reports
    ADD CONSTRAINT z_reports_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: z_reports z_reports_taken_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_reports
    ADD CONSTRAINT z_reports_taken_by_fkey FOREIGN KEY (taken_by) REFERENCES public.users(id);


--
-- Name: z_shifts z_shifts_restaurant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_shifts
    ADD CONSTRAINT z_shifts_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id);


--
-- Name: z_shifts z_shifts_restaurant_id_shift_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_shifts
    ADD CONSTRAINT z_shifts_restaurant_id_shift_id_fkey FOREIGN KEY (restaurant_id, shift_id) REFERENCES public.shifts(restaurant_id, id);


--
-- Name: z_shifts z_shifts_restaurant_id_z_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: fynlo_owner
--

ALTER TABLE ONLY public.z_shifts
    ADD CONSTRAINT z_shifts_restaurant_id_z_id_fkey FOREIGN KEY (restaurant_id, z_id) REFERENCES public.z_reports(restaurant_id, id);


--
-- Name: processes feed; Type: POLICY; Schema: fynlo; Owner: fynlo_owner
--

CREATE POLICY feed ON fynlo.processes TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: touched feed; Type: POLICY; Schema: fynlo; Owner: fynlo_owner
--

CREATE POLICY feed ON fynlo.touched TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: processes; Type: ROW SECURITY; Schema: fynlo; Owner: fynlo_owner
--

ALTER TABLE fynlo.processes ENABLE ROW LEVEL SECURITY;

--
-- Name: touched; Type: ROW SECURITY; Schema: fynlo; Owner: fynlo_owner
--

ALTER TABLE fynlo.touched ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.audit_log ENABLE ROW LEVEL SECURITY;

--
-- Name: categories; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.categories ENABLE ROW LEVEL SECURITY;

--
-- Name: checks; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.checks ENABLE ROW LEVEL SECURITY;

--
-- Name: day_counters; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.day_counters ENABLE ROW LEVEL SECURITY;

--
-- Name: device_grants; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.device_grants ENABLE ROW LEVEL SECURITY;

--
-- Name: devices; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.audit_log TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: categories feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.categories TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: checks feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.checks TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: day_counters feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.day_counters TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: device_grants feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.device_grants TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: devices feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.devices TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: feed_heads feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.feed_heads TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: idempotency_keys feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.idempotency_keys TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: invitations feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.invitations TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: memberships feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.memberships TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: menu_history feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.menu_history TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: modifier_groups feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.modifier_groups TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: modifiers feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.modifiers TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: order_events feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.order_events TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: order_events_default feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.order_events_default TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: order_item_modifiers feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.order_item_modifiers TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: order_items feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.order_items TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: orders feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.orders TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: payments feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.payments TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: pins feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.pins TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: product_modifier_groups feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.product_modifier_groups TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: product_variants feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.product_variants TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: products feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.products TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: refresh_tokens feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.refresh_tokens TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: refunds feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.refunds TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: restaurants feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.restaurants TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: screens feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.screens TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: sections feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.sections TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: sessions feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.sessions TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: shift_movements feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.shift_movements TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: shifts feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.shifts TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: stations feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.stations TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: tables feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.tables TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: tax_classes feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.tax_classes TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: users feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.users TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: webhook_dead_letters feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.webhook_dead_letters TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: webhooks feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.webhooks TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: z_counters feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.z_counters TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: z_orders feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.z_orders TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: z_reports feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.z_reports TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: z_shifts feed; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY feed ON public.z_shifts TO fynlo_feed USING (true) WITH CHECK (true);


--
-- Name: feed_heads; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.feed_heads ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: invitations; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.invitations ENABLE ROW LEVEL SECURITY;

--
-- Name: memberships; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;

--
-- Name: menu_history; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.menu_history ENABLE ROW LEVEL SECURITY;

--
-- Name: modifier_groups; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.modifier_groups ENABLE ROW LEVEL SECURITY;

--
-- Name: modifiers; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.modifiers ENABLE ROW LEVEL SECURITY;

--
-- Name: order_events; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.order_events ENABLE ROW LEVEL SECURITY;

--
-- Name: order_events_default; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.order_events_default ENABLE ROW LEVEL SECURITY;

--
-- Name: order_item_modifiers; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.order_item_modifiers ENABLE ROW LEVEL SECURITY;

--
-- Name: order_items; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.order_items ENABLE ROW LEVEL SECURITY;

--
-- Name: orders; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;

--
-- Name: users owner; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY owner ON public.users TO fynlo_owner USING (true) WITH CHECK (true);


--
-- Name: payments; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.payments ENABLE ROW LEVEL SECURITY;

--
-- Name: pins; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.pins ENABLE ROW LEVEL SECURITY;

--
-- Name: product_modifier_groups; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.product_modifier_groups ENABLE ROW LEVEL SECURITY;

--
-- Name: product_variants; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.product_variants ENABLE ROW LEVEL SECURITY;

--
-- Name: products; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.products ENABLE ROW LEVEL SECURITY;

--
-- Name: refresh_tokens; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.refresh_tokens ENABLE ROW LEVEL SECURITY;

--
-- Name: refunds; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.refunds ENABLE ROW LEVEL SECURITY;

--
-- Name: restaurants; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.restaurants ENABLE ROW LEVEL SECURITY;

--
-- Name: screens; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.screens ENABLE ROW LEVEL SECURITY;

--
-- Name: sections; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.sections ENABLE ROW LEVEL SECURITY;

--
-- Name: sessions; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

--
-- Name: shift_movements; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.shift_movements ENABLE ROW LEVEL SECURITY;

--
-- Name: shifts; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.shifts ENABLE ROW LEVEL SECURITY;

--
-- Name: stations; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.stations ENABLE ROW LEVEL SECURITY;

--
-- Name: tables; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.tables ENABLE ROW LEVEL SECURITY;

--
-- Name: tax_classes; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.tax_classes ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.audit_log USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: categories tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.categories USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: checks tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.checks USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: day_counters tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.day_counters USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: device_grants tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.device_grants TO fynlo_app USING (true) WITH CHECK (true);


--
-- Name: devices tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.devices USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: feed_heads tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.feed_heads USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: idempotency_keys tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.idempotency_keys USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: invitations tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.invitations USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: memberships tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.memberships USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: menu_history tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.menu_history USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: modifier_groups tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.modifier_groups USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: modifiers tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.modifiers USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: order_events tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.order_events USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: order_events_default tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.order_events_default USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: order_item_modifiers tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.order_item_modifiers USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: order_items tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.order_items USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: orders tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.orders USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: payments tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.payments USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: pins tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.pins USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: product_modifier_groups tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.product_modifier_groups USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: product_variants tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.product_variants USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: products tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.products USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: refresh_tokens tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.refresh_tokens TO fynlo_app USING (true) WITH CHECK (true);


--
-- Name: refunds tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.refunds USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: restaurants tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.restaurants USING ((id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: screens tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.screens USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: sections tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.sections USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: sessions tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.sessions TO fynlo_app USING (true) WITH CHECK (true);


--
-- Name: shift_movements tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.shift_movements USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: shifts tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.shifts USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: stations tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.stations USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: tables tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.tables USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: tax_classes tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.tax_classes USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: users tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.users FOR SELECT USING (((id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = users.id) AND (m.restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")))))));


--
-- Name: webhook_dead_letters tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.webhook_dead_letters USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: webhooks tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.webhooks USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: z_counters tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.z_counters USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: z_orders tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.z_orders USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: z_reports tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.z_reports USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: z_shifts tenant; Type: POLICY; Schema: public; Owner: fynlo_owner
--

CREATE POLICY tenant ON public.z_shifts USING ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((restaurant_id = ( SELECT (NULLIF(current_setting('app.restaurant_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: users; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

--
-- Name: webhook_dead_letters; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.webhook_dead_letters ENABLE ROW LEVEL SECURITY;

--
-- Name: webhooks; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.webhooks ENABLE ROW LEVEL SECURITY;

--
-- Name: z_counters; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.z_counters ENABLE ROW LEVEL SECURITY;

--
-- Name: z_orders; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.z_orders ENABLE ROW LEVEL SECURITY;

--
-- Name: z_reports; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.z_reports ENABLE ROW LEVEL SECURITY;

--
-- Name: z_shifts; Type: ROW SECURITY; Schema: public; Owner: fynlo_owner
--

ALTER TABLE public.z_shifts ENABLE ROW LEVEL SECURITY;

--
-- Name: SCHEMA fynlo; Type: ACL; Schema: -; Owner: fynlo_owner
--

GRANT ALL ON SCHEMA fynlo TO fynlo_feed;
GRANT USAGE ON SCHEMA fynlo TO fynlo_app;
GRANT USAGE ON SCHEMA fynlo TO fynlo_readonly;


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: pg_database_owner
--

GRANT ALL ON SCHEMA public TO fynlo_owner;
GRANT USAGE ON SCHEMA public TO fynlo_app;
GRANT USAGE ON SCHEMA public TO fynlo_readonly;
GRANT USAGE ON SCHEMA public TO fynlo_feed;


--
-- Name: FUNCTION accept_invitation(p_token_hash bytea, p_password_hash text, p_address text, p_request text); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.accept_invitation(p_token_hash bytea, p_password_hash text, p_address text, p_request text) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.accept_invitation(p_token_hash bytea, p_password_hash text, p_address text, p_request text) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.accept_invitation(p_token_hash bytea, p_password_hash text, p_address text, p_request text) TO fynlo_app;


--
-- Name: FUNCTION accept_invitation_as(p_token_hash bytea, p_user uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.accept_invitation_as(p_token_hash bytea, p_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.accept_invitation_as(p_token_hash bytea, p_user uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.accept_invitation_as(p_token_hash bytea, p_user uuid) TO fynlo_app;


--
-- Name: FUNCTION audit(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.audit() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.audit() TO fynlo_owner;


--
-- Name: FUNCTION audit_person(p_user uuid, p_action text, p_device uuid, p_address text, p_request text, p_after jsonb); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.audit_person(p_user uuid, p_action text, p_device uuid, p_address text, p_request text, p_after jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.audit_person(p_user uuid, p_action text, p_device uuid, p_address text, p_request text, p_after jsonb) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.audit_person(p_user uuid, p_action text, p_device uuid, p_address text, p_request text, p_after jsonb) TO fynlo_app;


--
-- Name: FUNCTION availability_json(p_availability text, p_stock integer, p_until timestamp with time zone); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.availability_json(p_availability text, p_stock integer, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.availability_json(p_availability text, p_stock integer, p_until timestamp with time zone) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.availability_json(p_availability text, p_stock integer, p_until timestamp with time zone) TO fynlo_app;


--
-- Name: FUNCTION bring_back(p_limit integer); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.bring_back(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.bring_back(p_limit integer) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.bring_back(p_limit integer) TO fynlo_app;


--
-- Name: FUNCTION business_date(p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.business_date(p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.business_date(p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.business_date(p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) TO fynlo_app;


--
-- Name: FUNCTION change_password(p_user uuid, p_session uuid, p_password_hash text); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.change_password(p_user uuid, p_session uuid, p_password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.change_password(p_user uuid, p_session uuid, p_password_hash text) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.change_password(p_user uuid, p_session uuid, p_password_hash text) TO fynlo_app;


--
-- Name: FUNCTION checks_json(p_restaurant uuid, p_order uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.checks_json(p_restaurant uuid, p_order uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.checks_json(p_restaurant uuid, p_order uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.checks_json(p_restaurant uuid, p_order uuid) TO fynlo_app;


--
-- Name: FUNCTION claim_key(p_restaurant uuid, p_actor uuid, p_method text, p_path text, p_key text, p_hash bytea); Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

REVOKE ALL ON FUNCTION fynlo.claim_key(p_restaurant uuid, p_actor uuid, p_method text, p_path text, p_key text, p_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.claim_key(p_restaurant uuid, p_actor uuid, p_method text, p_path text, p_key text, p_hash bytea) TO fynlo_app;


--
-- Name: FUNCTION claim_webhooks(p_lease uuid, p_lease_s double precision, p_failing boolean, p_limit integer); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.claim_webhooks(p_lease uuid, p_lease_s double precision, p_failing boolean, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.claim_webhooks(p_lease uuid, p_lease_s double precision, p_failing boolean, p_limit integer) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.claim_webhooks(p_lease uuid, p_lease_s double precision, p_failing boolean, p_limit integer) TO fynlo_app;


--
-- Name: FUNCTION credentials(p_email text); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.credentials(p_email text) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.credentials(p_email text) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.credentials(p_email text) TO fynlo_app;


--
-- Name: FUNCTION uuid7(); Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

REVOKE ALL ON FUNCTION fynlo.uuid7() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.uuid7() TO fynlo_app;
GRANT ALL ON FUNCTION fynlo.uuid7() TO fynlo_feed;


--
-- Name: TABLE devices; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.devices TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.devices TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.devices TO fynlo_feed;


--
-- Name: COLUMN devices.last_seen_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(last_seen_at) ON TABLE public.devices TO fynlo_feed;


--
-- Name: FUNCTION device(p_device uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.device(p_device uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.device(p_device uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.device(p_device uuid) TO fynlo_app;


--
-- Name: FUNCTION device_seen(p_session uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.device_seen(p_session uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.device_seen(p_session uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.device_seen(p_session uuid) TO fynlo_app;


--
-- Name: FUNCTION drain(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.drain() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.drain() TO fynlo_owner;


--
-- Name: FUNCTION drop_event_month(p_months integer); Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

REVOKE ALL ON FUNCTION fynlo.drop_event_month(p_months integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.drop_event_month(p_months integer) TO fynlo_app;


--
-- Name: FUNCTION due(p_status text, p_total bigint, p_paid bigint, p_returned bigint); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.due(p_status text, p_total bigint, p_paid bigint, p_returned bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.due(p_status text, p_total bigint, p_paid bigint, p_returned bigint) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.due(p_status text, p_total bigint, p_paid bigint, p_returned bigint) TO fynlo_app;
GRANT ALL ON FUNCTION fynlo.due(p_status text, p_total bigint, p_paid bigint, p_returned bigint) TO fynlo_readonly;


--
-- Name: FUNCTION enter(p_user uuid, p_restaurant uuid, p_kind text, p_id uuid, p_device uuid, p_request text, p_address text); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.enter(p_user uuid, p_restaurant uuid, p_kind text, p_id uuid, p_device uuid, p_request text, p_address text) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.enter(p_user uuid, p_restaurant uuid, p_kind text, p_id uuid, p_device uuid, p_request text, p_address text) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.enter(p_user uuid, p_restaurant uuid, p_kind text, p_id uuid, p_device uuid, p_request text, p_address text) TO fynlo_app;


--
-- Name: FUNCTION event_months(); Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

REVOKE ALL ON FUNCTION fynlo.event_months() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.event_months() TO fynlo_app;
GRANT ALL ON FUNCTION fynlo.event_months() TO fynlo_feed;


--
-- Name: FUNCTION expected_cash(p_restaurant uuid, p_shift uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.expected_cash(p_restaurant uuid, p_shift uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.expected_cash(p_restaurant uuid, p_shift uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.expected_cash(p_restaurant uuid, p_shift uuid) TO fynlo_app;
GRANT ALL ON FUNCTION fynlo.expected_cash(p_restaurant uuid, p_shift uuid) TO fynlo_readonly;


--
-- Name: FUNCTION external_person(p_sub uuid, p_email text, p_name text); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.external_person(p_sub uuid, p_email text, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.external_person(p_sub uuid, p_email text, p_name text) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.external_person(p_sub uuid, p_email text, p_name text) TO fynlo_app;


--
-- Name: FUNCTION feed_status(p_restaurant uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.feed_status(p_restaurant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.feed_status(p_restaurant uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.feed_status(p_restaurant uuid) TO fynlo_app;


--
-- Name: FUNCTION found_restaurant(p_user uuid, p_id uuid, p_name text, p_timezone text, p_currency text, p_request text, p_address text); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.found_restaurant(p_user uuid, p_id uuid, p_name text, p_timezone text, p_currency text, p_request text, p_address text) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.found_restaurant(p_user uuid, p_id uuid, p_name text, p_timezone text, p_currency text, p_request text, p_address text) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.found_restaurant(p_user uuid, p_id uuid, p_name text, p_timezone text, p_currency text, p_request text, p_address text) TO fynlo_app;


--
-- Name: FUNCTION give_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.give_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.give_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.give_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) TO fynlo_app;


--
-- Name: FUNCTION invitation_of(p_token_hash bytea); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.invitation_of(p_token_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.invitation_of(p_token_hash bytea) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.invitation_of(p_token_hash bytea) TO fynlo_app;


--
-- Name: FUNCTION invite(p_restaurant uuid, p_email text, p_name text, p_role text, p_by uuid, p_token_hash bytea, p_lifetime_s integer); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.invite(p_restaurant uuid, p_email text, p_name text, p_role text, p_by uuid, p_token_hash bytea, p_lifetime_s integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.invite(p_restaurant uuid, p_email text, p_name text, p_role text, p_by uuid, p_token_hash bytea, p_lifetime_s integer) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.invite(p_restaurant uuid, p_email text, p_name text, p_role text, p_by uuid, p_token_hash bytea, p_lifetime_s integer) TO fynlo_app;


--
-- Name: FUNCTION keep_closed(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.keep_closed() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.keep_closed() TO fynlo_owner;


--
-- Name: FUNCTION keep_menu(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.keep_menu() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.keep_menu() TO fynlo_owner;


--
-- Name: FUNCTION keep_reported(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.keep_reported() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.keep_reported() TO fynlo_owner;


--
-- Name: FUNCTION live_screens(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.live_screens() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.live_screens() TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.live_screens() TO fynlo_app;


--
-- Name: FUNCTION log_status(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.log_status() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.log_status() TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.log_status() TO fynlo_app;


--
-- Name: FUNCTION make_event_partitions(p_months_ahead integer); Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

REVOKE ALL ON FUNCTION fynlo.make_event_partitions(p_months_ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.make_event_partitions(p_months_ahead integer) TO fynlo_app;


--
-- Name: FUNCTION memberships_of(p_user uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.memberships_of(p_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.memberships_of(p_user uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.memberships_of(p_user uuid) TO fynlo_app;


--
-- Name: FUNCTION menu_was(p_restaurant uuid, p_kind text, p_id uuid, p_at timestamp with time zone); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.menu_was(p_restaurant uuid, p_kind text, p_id uuid, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.menu_was(p_restaurant uuid, p_kind text, p_id uuid, p_at timestamp with time zone) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.menu_was(p_restaurant uuid, p_kind text, p_id uuid, p_at timestamp with time zone) TO fynlo_app;


--
-- Name: FUNCTION new_head(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.new_head() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.new_head() TO fynlo_owner;


--
-- Name: FUNCTION note_checks(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_checks() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_checks() TO fynlo_owner;


--
-- Name: FUNCTION note_currency(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_currency() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_currency() TO fynlo_owner;


--
-- Name: FUNCTION note_items_insert(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_items_insert() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_items_insert() TO fynlo_owner;


--
-- Name: FUNCTION note_items_update(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_items_update() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_items_update() TO fynlo_owner;


--
-- Name: FUNCTION note_menu(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_menu() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_menu() TO fynlo_owner;


--
-- Name: FUNCTION note_modifiers_insert(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_modifiers_insert() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_modifiers_insert() TO fynlo_owner;


--
-- Name: FUNCTION note_modifiers_update(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_modifiers_update() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_modifiers_update() TO fynlo_owner;


--
-- Name: FUNCTION note_orders_insert(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_orders_insert() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_orders_insert() TO fynlo_owner;


--
-- Name: FUNCTION note_orders_update(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_orders_update() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_orders_update() TO fynlo_owner;


--
-- Name: FUNCTION note_payments_insert(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_payments_insert() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_payments_insert() TO fynlo_owner;


--
-- Name: FUNCTION note_payments_update(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_payments_update() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_payments_update() TO fynlo_owner;


--
-- Name: FUNCTION note_refunds_insert(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_refunds_insert() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_refunds_insert() TO fynlo_owner;


--
-- Name: FUNCTION note_refunds_update(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_refunds_update() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_refunds_update() TO fynlo_owner;


--
-- Name: FUNCTION note_seats(p_tables uuid[]); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_seats(p_tables uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_seats(p_tables uuid[]) TO fynlo_owner;


--
-- Name: FUNCTION note_sections(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_sections() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_sections() TO fynlo_owner;


--
-- Name: FUNCTION note_stock(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_stock() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_stock() TO fynlo_owner;


--
-- Name: FUNCTION note_tables(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.note_tables() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.note_tables() TO fynlo_owner;


--
-- Name: FUNCTION on_sale(p_availability text, p_stock integer, p_until timestamp with time zone); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.on_sale(p_availability text, p_stock integer, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.on_sale(p_availability text, p_stock integer, p_until timestamp with time zone) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.on_sale(p_availability text, p_stock integer, p_until timestamp with time zone) TO fynlo_app;


--
-- Name: FUNCTION order_changed(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.order_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.order_changed() TO fynlo_owner;


--
-- Name: FUNCTION order_defaults(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.order_defaults() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.order_defaults() TO fynlo_owner;


--
-- Name: FUNCTION pair_device(p_restaurant uuid, p_user_code text, p_name text, p_station_ids uuid[], p_by uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.pair_device(p_restaurant uuid, p_user_code text, p_name text, p_station_ids uuid[], p_by uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.pair_device(p_restaurant uuid, p_user_code text, p_name text, p_station_ids uuid[], p_by uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.pair_device(p_restaurant uuid, p_user_code text, p_name text, p_station_ids uuid[], p_by uuid) TO fynlo_app;


--
-- Name: FUNCTION password_hash_of(p_user uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.password_hash_of(p_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.password_hash_of(p_user uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.password_hash_of(p_user uuid) TO fynlo_app;


--
-- Name: TABLE payments; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.payments TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.payments TO fynlo_app;
GRANT SELECT ON TABLE public.payments TO fynlo_feed;


--
-- Name: COLUMN payments.order_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(order_id) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.check_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(check_id) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.shift_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(shift_id) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.state; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(state) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.unapplied; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(unapplied) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.reference; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(reference) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.reason; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(reason) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.business_date; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(business_date) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.z_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(z_id) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.captured_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(captured_at) ON TABLE public.payments TO fynlo_app;


--
-- Name: COLUMN payments.updated_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(updated_at) ON TABLE public.payments TO fynlo_app;


--
-- Name: FUNCTION payment_json(p public.payments); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.payment_json(p public.payments) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.payment_json(p public.payments) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.payment_json(p public.payments) TO fynlo_app;


--
-- Name: FUNCTION payment_status(p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.payment_status(p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.payment_status(p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.payment_status(p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint) TO fynlo_app;


--
-- Name: FUNCTION payment_voided(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.payment_voided() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.payment_voided() TO fynlo_owner;


--
-- Name: FUNCTION payments_json(p_restaurant uuid, p_order uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.payments_json(p_restaurant uuid, p_order uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.payments_json(p_restaurant uuid, p_order uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.payments_json(p_restaurant uuid, p_order uuid) TO fynlo_app;


--
-- Name: FUNCTION poll_device_grant(p_code_hash bytea); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.poll_device_grant(p_code_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.poll_device_grant(p_code_hash bytea) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.poll_device_grant(p_code_hash bytea) TO fynlo_app;


--
-- Name: FUNCTION product_changed(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.product_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.product_changed() TO fynlo_owner;


--
-- Name: FUNCTION prune_default_events(p_months integer, p_limit integer); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.prune_default_events(p_months integer, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.prune_default_events(p_months integer, p_limit integer) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.prune_default_events(p_months integer, p_limit integer) TO fynlo_app;


--
-- Name: FUNCTION prune_device_grants(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.prune_device_grants() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.prune_device_grants() TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.prune_device_grants() TO fynlo_app;


--
-- Name: FUNCTION prune_idempotency_keys(p_limit integer); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.prune_idempotency_keys(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.prune_idempotency_keys(p_limit integer) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.prune_idempotency_keys(p_limit integer) TO fynlo_app;


--
-- Name: FUNCTION raise_floors(p_days integer, p_after uuid, p_limit integer); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.raise_floors(p_days integer, p_after uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.raise_floors(p_days integer, p_after uuid, p_limit integer) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.raise_floors(p_days integer, p_after uuid, p_limit integer) TO fynlo_app;


--
-- Name: FUNCTION raise_versions(p_orders uuid[]); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.raise_versions(p_orders uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.raise_versions(p_orders uuid[]) TO fynlo_owner;


--
-- Name: FUNCTION read_events(p_restaurants uuid[], p_after bigint[], p_limit integer); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.read_events(p_restaurants uuid[], p_after bigint[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.read_events(p_restaurants uuid[], p_after bigint[], p_limit integer) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.read_events(p_restaurants uuid[], p_after bigint[], p_limit integer) TO fynlo_app;


--
-- Name: FUNCTION read_heads(p_restaurants uuid[]); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.read_heads(p_restaurants uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.read_heads(p_restaurants uuid[]) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.read_heads(p_restaurants uuid[]) TO fynlo_app;


--
-- Name: TABLE refunds; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.refunds TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.refunds TO fynlo_app;
GRANT SELECT ON TABLE public.refunds TO fynlo_feed;


--
-- Name: COLUMN refunds.order_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(order_id) ON TABLE public.refunds TO fynlo_app;


--
-- Name: COLUMN refunds.z_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(z_id) ON TABLE public.refunds TO fynlo_app;


--
-- Name: FUNCTION refund_json(f public.refunds); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.refund_json(f public.refunds) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.refund_json(f public.refunds) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.refund_json(f public.refunds) TO fynlo_app;


--
-- Name: FUNCTION refuse_change(); Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

REVOKE ALL ON FUNCTION fynlo.refuse_change() FROM PUBLIC;


--
-- Name: FUNCTION refuse_delete(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.refuse_delete() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.refuse_delete() TO fynlo_owner;


--
-- Name: FUNCTION restaurants_of(p_user uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.restaurants_of(p_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.restaurants_of(p_user uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.restaurants_of(p_user uuid) TO fynlo_app;


--
-- Name: FUNCTION rfc3339(p_at timestamp with time zone); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.rfc3339(p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.rfc3339(p_at timestamp with time zone) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.rfc3339(p_at timestamp with time zone) TO fynlo_app;
GRANT ALL ON FUNCTION fynlo.rfc3339(p_at timestamp with time zone) TO fynlo_readonly;


--
-- Name: FUNCTION rotate_epochs(p_restaurant uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.rotate_epochs(p_restaurant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.rotate_epochs(p_restaurant uuid) TO fynlo_owner;


--
-- Name: FUNCTION session_state(p_session uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.session_state(p_session uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.session_state(p_session uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.session_state(p_session uuid) TO fynlo_app;


--
-- Name: FUNCTION settle(p_orders uuid[]); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.settle(p_orders uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.settle(p_orders uuid[]) TO fynlo_owner;


--
-- Name: FUNCTION still_needed(p_from timestamp with time zone, p_to timestamp with time zone); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.still_needed(p_from timestamp with time zone, p_to timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.still_needed(p_from timestamp with time zone, p_to timestamp with time zone) TO fynlo_owner;


--
-- Name: FUNCTION table_json(p_restaurant uuid, p_table uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.table_json(p_restaurant uuid, p_table uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.table_json(p_restaurant uuid, p_table uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.table_json(p_restaurant uuid, p_table uuid) TO fynlo_app;


--
-- Name: FUNCTION take_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.take_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.take_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.take_stock(p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]) TO fynlo_app;


--
-- Name: FUNCTION tell_membership(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.tell_membership() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.tell_membership() TO fynlo_owner;


--
-- Name: FUNCTION tell_revoked(); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.tell_revoked() FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.tell_revoked() TO fynlo_owner;


--
-- Name: FUNCTION tell_screens(p_process uuid, p_host text, p_pid integer, p_lease_s double precision, p_changed json, p_gone json, p_whole boolean); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.tell_screens(p_process uuid, p_host text, p_pid integer, p_lease_s double precision, p_changed json, p_gone json, p_whole boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.tell_screens(p_process uuid, p_host text, p_pid integer, p_lease_s double precision, p_changed json, p_gone json, p_whole boolean) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.tell_screens(p_process uuid, p_host text, p_pid integer, p_lease_s double precision, p_changed json, p_gone json, p_whole boolean) TO fynlo_app;


--
-- Name: FUNCTION terms(p_percentage numeric, p_amount bigint, p_reason text); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.terms(p_percentage numeric, p_amount bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.terms(p_percentage numeric, p_amount bigint, p_reason text) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.terms(p_percentage numeric, p_amount bigint, p_reason text) TO fynlo_app;


--
-- Name: FUNCTION to_refund(p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.to_refund(p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.to_refund(p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.to_refund(p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint) TO fynlo_app;
GRANT ALL ON FUNCTION fynlo.to_refund(p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint) TO fynlo_readonly;


--
-- Name: FUNCTION trading_day(p_restaurant uuid, p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.trading_day(p_restaurant uuid, p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.trading_day(p_restaurant uuid, p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.trading_day(p_restaurant uuid, p_at timestamp with time zone, p_timezone text, p_cutoff time without time zone) TO fynlo_app;


--
-- Name: FUNCTION who_watches(p_restaurant uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.who_watches(p_restaurant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.who_watches(p_restaurant uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.who_watches(p_restaurant uuid) TO fynlo_app;


--
-- Name: FUNCTION withdraw_screens(p_process uuid); Type: ACL; Schema: fynlo; Owner: fynlo_feed
--

REVOKE ALL ON FUNCTION fynlo.withdraw_screens(p_process uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION fynlo.withdraw_screens(p_process uuid) TO fynlo_owner;
GRANT ALL ON FUNCTION fynlo.withdraw_screens(p_process uuid) TO fynlo_app;


--
-- Name: TABLE migrations; Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

GRANT SELECT ON TABLE fynlo.migrations TO fynlo_app;
GRANT SELECT ON TABLE fynlo.migrations TO fynlo_readonly;


--
-- Name: TABLE processes; Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE fynlo.processes TO fynlo_feed;


--
-- Name: TABLE touched; Type: ACL; Schema: fynlo; Owner: fynlo_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE fynlo.touched TO fynlo_feed;


--
-- Name: TABLE audit_log; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.audit_log TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.audit_log TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.audit_log TO fynlo_feed;


--
-- Name: TABLE categories; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.categories TO fynlo_readonly;
GRANT SELECT ON TABLE public.categories TO fynlo_app;
GRANT SELECT ON TABLE public.categories TO fynlo_feed;


--
-- Name: TABLE checks; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.checks TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.checks TO fynlo_app;
GRANT SELECT ON TABLE public.checks TO fynlo_feed;


--
-- Name: TABLE day_counters; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.day_counters TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.day_counters TO fynlo_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.day_counters TO fynlo_feed;


--
-- Name: TABLE device_grants; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.device_grants TO fynlo_app;
GRANT SELECT,DELETE ON TABLE public.device_grants TO fynlo_feed;


--
-- Name: COLUMN device_grants.interval_s; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(interval_s) ON TABLE public.device_grants TO fynlo_feed;


--
-- Name: COLUMN device_grants.polled_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(polled_at) ON TABLE public.device_grants TO fynlo_feed;


--
-- Name: COLUMN device_grants.device_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(device_id) ON TABLE public.device_grants TO fynlo_feed;


--
-- Name: COLUMN device_grants.used_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(used_at) ON TABLE public.device_grants TO fynlo_feed;


--
-- Name: TABLE feed_heads; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.feed_heads TO fynlo_readonly;
GRANT SELECT ON TABLE public.feed_heads TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.feed_heads TO fynlo_feed;


--
-- Name: COLUMN feed_heads.seq; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(seq) ON TABLE public.feed_heads TO fynlo_feed;


--
-- Name: COLUMN feed_heads.floor_seq; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(floor_seq) ON TABLE public.feed_heads TO fynlo_feed;


--
-- Name: COLUMN feed_heads.epoch; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(epoch) ON TABLE public.feed_heads TO fynlo_feed;


--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.idempotency_keys TO fynlo_app;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO fynlo_feed;


--
-- Name: COLUMN idempotency_keys.created_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(created_at) ON TABLE public.idempotency_keys TO fynlo_feed;


--
-- Name: TABLE invitations; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.invitations TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.invitations TO fynlo_feed;


--
-- Name: COLUMN invitations.accepted_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(accepted_at) ON TABLE public.invitations TO fynlo_feed;


--
-- Name: COLUMN invitations.revoked_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(revoked_at) ON TABLE public.invitations TO fynlo_feed;


--
-- Name: TABLE memberships; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.memberships TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.memberships TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.memberships TO fynlo_feed;


--
-- Name: COLUMN memberships.user_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(user_id) ON TABLE public.memberships TO fynlo_feed;


--
-- Name: COLUMN memberships.role; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(role) ON TABLE public.memberships TO fynlo_feed;


--
-- Name: COLUMN memberships.invited_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(invited_at) ON TABLE public.memberships TO fynlo_feed;


--
-- Name: COLUMN memberships.ended_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(ended_at) ON TABLE public.memberships TO fynlo_feed;


--
-- Name: TABLE menu_history; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.menu_history TO fynlo_readonly;
GRANT SELECT ON TABLE public.menu_history TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.menu_history TO fynlo_feed;


--
-- Name: TABLE modifier_groups; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.modifier_groups TO fynlo_readonly;
GRANT SELECT ON TABLE public.modifier_groups TO fynlo_app;
GRANT SELECT ON TABLE public.modifier_groups TO fynlo_feed;


--
-- Name: TABLE modifiers; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.modifiers TO fynlo_readonly;
GRANT SELECT ON TABLE public.modifiers TO fynlo_app;
GRANT SELECT ON TABLE public.modifiers TO fynlo_feed;


--
-- Name: COLUMN modifiers.availability; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(availability) ON TABLE public.modifiers TO fynlo_app;
GRANT UPDATE(availability) ON TABLE public.modifiers TO fynlo_feed;


--
-- Name: COLUMN modifiers.stock; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(stock) ON TABLE public.modifiers TO fynlo_app;
GRANT UPDATE(stock) ON TABLE public.modifiers TO fynlo_feed;


--
-- Name: COLUMN modifiers.low_stock_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(low_stock_at) ON TABLE public.modifiers TO fynlo_app;


--
-- Name: COLUMN modifiers.out_until; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(out_until) ON TABLE public.modifiers TO fynlo_app;
GRANT UPDATE(out_until) ON TABLE public.modifiers TO fynlo_feed;


--
-- Name: TABLE order_events; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.order_events TO fynlo_readonly;
GRANT SELECT ON TABLE public.order_events TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.order_events TO fynlo_feed;


--
-- Name: TABLE order_events_default; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.order_events_default TO fynlo_readonly;
GRANT SELECT ON TABLE public.order_events_default TO fynlo_app;
GRANT SELECT,DELETE ON TABLE public.order_events_default TO fynlo_feed;


--
-- Name: TABLE order_item_modifiers; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.order_item_modifiers TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.order_item_modifiers TO fynlo_app;
GRANT SELECT ON TABLE public.order_item_modifiers TO fynlo_feed;


--
-- Name: TABLE order_items; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.order_items TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.order_items TO fynlo_app;
GRANT SELECT ON TABLE public.order_items TO fynlo_feed;


--
-- Name: TABLE orders; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.orders TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.orders TO fynlo_app;
GRANT SELECT ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.payment_status; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(payment_status) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.version; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(version) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.tips; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(tips) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.paid; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(paid) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.refunded; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(refunded) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.updated_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(updated_at) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.closed_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(closed_at) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.unapplied; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(unapplied) ON TABLE public.orders TO fynlo_feed;


--
-- Name: COLUMN orders.returned; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(returned) ON TABLE public.orders TO fynlo_feed;


--
-- Name: TABLE tables; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.tables TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.tables TO fynlo_app;
GRANT SELECT ON TABLE public.tables TO fynlo_feed;


--
-- Name: COLUMN tables.state; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(state) ON TABLE public.tables TO fynlo_feed;


--
-- Name: TABLE order_rows; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.order_rows TO fynlo_readonly;
GRANT SELECT ON TABLE public.order_rows TO fynlo_app;
GRANT SELECT ON TABLE public.order_rows TO fynlo_feed;


--
-- Name: TABLE pins; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.pins TO fynlo_app;
GRANT SELECT ON TABLE public.pins TO fynlo_feed;


--
-- Name: TABLE product_modifier_groups; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.product_modifier_groups TO fynlo_readonly;
GRANT SELECT ON TABLE public.product_modifier_groups TO fynlo_app;
GRANT SELECT ON TABLE public.product_modifier_groups TO fynlo_feed;


--
-- Name: TABLE product_variants; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.product_variants TO fynlo_readonly;
GRANT SELECT ON TABLE public.product_variants TO fynlo_app;
GRANT SELECT ON TABLE public.product_variants TO fynlo_feed;


--
-- Name: TABLE products; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.products TO fynlo_readonly;
GRANT SELECT ON TABLE public.products TO fynlo_app;
GRANT SELECT ON TABLE public.products TO fynlo_feed;


--
-- Name: COLUMN products.availability; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(availability) ON TABLE public.products TO fynlo_app;
GRANT UPDATE(availability) ON TABLE public.products TO fynlo_feed;


--
-- Name: COLUMN products.stock; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(stock) ON TABLE public.products TO fynlo_app;
GRANT UPDATE(stock) ON TABLE public.products TO fynlo_feed;


--
-- Name: COLUMN products.low_stock_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(low_stock_at) ON TABLE public.products TO fynlo_app;


--
-- Name: COLUMN products.out_until; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(out_until) ON TABLE public.products TO fynlo_app;
GRANT UPDATE(out_until) ON TABLE public.products TO fynlo_feed;


--
-- Name: TABLE refresh_tokens; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.refresh_tokens TO fynlo_app;
GRANT SELECT ON TABLE public.refresh_tokens TO fynlo_feed;


--
-- Name: TABLE restaurants; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.restaurants TO fynlo_readonly;
GRANT SELECT ON TABLE public.restaurants TO fynlo_app;
GRANT SELECT,INSERT ON TABLE public.restaurants TO fynlo_feed;


--
-- Name: COLUMN restaurants.name; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(name) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.timezone; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(timezone) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.currency; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(currency) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.day_cutoff; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(day_cutoff) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.prices_include_tax; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(prices_include_tax) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.tax_rounding; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(tax_rounding) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.tax_scope; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(tax_scope) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.service_charge_percentage; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(service_charge_percentage) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.service_charge_taxable; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(service_charge_taxable) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.service_charge_from_covers; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(service_charge_from_covers) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.menu_version; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(menu_version) ON TABLE public.restaurants TO fynlo_feed;


--
-- Name: COLUMN restaurants.updated_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(updated_at) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: COLUMN restaurants.discount_limit_percentage; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(discount_limit_percentage) ON TABLE public.restaurants TO fynlo_app;


--
-- Name: TABLE screens; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.screens TO fynlo_readonly;
GRANT SELECT ON TABLE public.screens TO fynlo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.screens TO fynlo_feed;


--
-- Name: TABLE sections; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.sections TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.sections TO fynlo_app;
GRANT SELECT ON TABLE public.sections TO fynlo_feed;


--
-- Name: TABLE sessions; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.sessions TO fynlo_app;
GRANT SELECT ON TABLE public.sessions TO fynlo_feed;


--
-- Name: COLUMN sessions.revoked_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(revoked_at) ON TABLE public.sessions TO fynlo_feed;


--
-- Name: COLUMN sessions.revoked_reason; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(revoked_reason) ON TABLE public.sessions TO fynlo_feed;


--
-- Name: TABLE shift_movements; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.shift_movements TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.shift_movements TO fynlo_app;
GRANT SELECT ON TABLE public.shift_movements TO fynlo_feed;


--
-- Name: TABLE shifts; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.shifts TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.shifts TO fynlo_app;
GRANT SELECT ON TABLE public.shifts TO fynlo_feed;


--
-- Name: COLUMN shifts.closed_by; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(closed_by) ON TABLE public.shifts TO fynlo_app;


--
-- Name: COLUMN shifts.closed_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(closed_at) ON TABLE public.shifts TO fynlo_app;


--
-- Name: COLUMN shifts.counted_amount; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(counted_amount) ON TABLE public.shifts TO fynlo_app;


--
-- Name: COLUMN shifts.expected_amount; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(expected_amount) ON TABLE public.shifts TO fynlo_app;


--
-- Name: TABLE users; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT ON TABLE public.users TO fynlo_feed;


--
-- Name: COLUMN users.id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(id) ON TABLE public.users TO fynlo_readonly;
GRANT SELECT(id) ON TABLE public.users TO fynlo_app;


--
-- Name: COLUMN users.email; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(email) ON TABLE public.users TO fynlo_readonly;
GRANT SELECT(email) ON TABLE public.users TO fynlo_app;
GRANT UPDATE(email) ON TABLE public.users TO fynlo_feed;


--
-- Name: COLUMN users.name; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(name) ON TABLE public.users TO fynlo_readonly;
GRANT SELECT(name) ON TABLE public.users TO fynlo_app;


--
-- Name: COLUMN users.password_hash; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(password_hash) ON TABLE public.users TO fynlo_feed;


--
-- Name: COLUMN users.created_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(created_at) ON TABLE public.users TO fynlo_readonly;
GRANT SELECT(created_at) ON TABLE public.users TO fynlo_app;


--
-- Name: COLUMN users.kind; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(kind) ON TABLE public.users TO fynlo_readonly;
GRANT SELECT(kind) ON TABLE public.users TO fynlo_app;


--
-- Name: TABLE shift_rows; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.shift_rows TO fynlo_readonly;
GRANT SELECT ON TABLE public.shift_rows TO fynlo_app;
GRANT SELECT ON TABLE public.shift_rows TO fynlo_feed;


--
-- Name: TABLE stations; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.stations TO fynlo_readonly;
GRANT SELECT ON TABLE public.stations TO fynlo_app;
GRANT SELECT ON TABLE public.stations TO fynlo_feed;


--
-- Name: TABLE tax_classes; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.tax_classes TO fynlo_readonly;
GRANT SELECT ON TABLE public.tax_classes TO fynlo_app;
GRANT SELECT ON TABLE public.tax_classes TO fynlo_feed;


--
-- Name: TABLE webhook_dead_letters; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.webhook_dead_letters TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.webhook_dead_letters TO fynlo_app;
GRANT SELECT ON TABLE public.webhook_dead_letters TO fynlo_feed;


--
-- Name: TABLE webhooks; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.webhooks TO fynlo_app;
GRANT SELECT ON TABLE public.webhooks TO fynlo_feed;


--
-- Name: COLUMN webhooks.restaurant_id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(restaurant_id) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.id; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(id) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.url; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(url) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.types; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(types) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.active; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(active) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.disabled_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(disabled_at) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.disabled_reason; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(disabled_reason) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.epoch; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(epoch) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.seq; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(seq) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.attempts; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(attempts) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.failing_since; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(failing_since) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.next_attempt_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(next_attempt_at) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.last_status; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(last_status) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.last_error; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(last_error) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.delivered_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(delivered_at) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.dead_in_a_row; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(dead_in_a_row) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.missed_after; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(missed_after) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.missed_upto; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(missed_upto) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.missed_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(missed_at) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.lease; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT UPDATE(lease) ON TABLE public.webhooks TO fynlo_feed;


--
-- Name: COLUMN webhooks.lease_until; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(lease_until) ON TABLE public.webhooks TO fynlo_readonly;
GRANT UPDATE(lease_until) ON TABLE public.webhooks TO fynlo_feed;


--
-- Name: COLUMN webhooks.created_by; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(created_by) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.created_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(created_at) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: COLUMN webhooks.archived_at; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT(archived_at) ON TABLE public.webhooks TO fynlo_readonly;


--
-- Name: TABLE z_counters; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.z_counters TO fynlo_readonly;
GRANT SELECT,INSERT,UPDATE ON TABLE public.z_counters TO fynlo_app;
GRANT SELECT ON TABLE public.z_counters TO fynlo_feed;


--
-- Name: TABLE z_orders; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.z_orders TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.z_orders TO fynlo_app;
GRANT SELECT ON TABLE public.z_orders TO fynlo_feed;


--
-- Name: TABLE z_reports; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.z_reports TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.z_reports TO fynlo_app;
GRANT SELECT ON TABLE public.z_reports TO fynlo_feed;


--
-- Name: TABLE z_shifts; Type: ACL; Schema: public; Owner: fynlo_owner
--

GRANT SELECT ON TABLE public.z_shifts TO fynlo_readonly;
GRANT SELECT,INSERT ON TABLE public.z_shifts TO fynlo_app;
GRANT SELECT ON TABLE public.z_shifts TO fynlo_feed;


--
-- PostgreSQL database dump complete
--

\unrestrict fynlo

