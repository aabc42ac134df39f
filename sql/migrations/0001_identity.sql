-- Restaurants (the tenants), the people, and who works where.
set local role fynlo_owner;

create function fynlo.uuid7() returns uuid
language sql volatile parallel safe
as $$
  -- RFC 9562 version 7: 48 bits of milliseconds, then version, variant and random bits.
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

create table restaurants (
  id uuid primary key default fynlo.uuid7(),
  name text not null check (length(name) between 1 and 200),
  timezone text not null default 'UTC'
    constraint restaurants_timezone_known check (timestamptz '2000-01-01 00:00+00' at time zone timezone is not null),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  day_cutoff time not null default '04:00' check (day_cutoff < '24:00'),
  prices_include_tax boolean not null default true,
  tax_rounding text not null default 'half_up' check (tax_rounding in ('half_up', 'half_even')),
  tax_scope text not null default 'bucket' check (tax_scope in ('bucket', 'line')),
  service_charge_percentage numeric(7, 4) check (service_charge_percentage between 0 and 100),
  service_charge_taxable boolean not null default false,
  service_charge_from_covers integer check (service_charge_from_covers >= 1),
  menu_version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on column restaurants.day_cutoff is 'Local time at which a business day begins; an order at 01:30 belongs to the evening before.';
comment on column restaurants.menu_version is 'Raised by trigger with every change of the menu; part of every cache key.';

create table users (
  id uuid primary key default fynlo.uuid7(),
  email text not null check (email = lower(email) and length(email) between 3 and 320),
  name text not null,
  password_hash text,
  supabase_id uuid,
  created_at timestamptz not null default now(),
  constraint users_email_key unique (email),
  constraint users_supabase_id_key unique (supabase_id)
);
comment on column users.password_hash is 'argon2id; null where the person signs in through an external issuer only.';

create table memberships (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  user_id uuid not null references users (id),
  role text not null check (role in ('owner', 'manager', 'cashier', 'server', 'kitchen')),
  created_at timestamptz not null default now(),
  primary key (restaurant_id, id),
  constraint memberships_id_key unique (id),
  constraint memberships_user_key unique (user_id, restaurant_id)
);

-- A session is one sign-in: a family of refresh tokens that replace each other.
create table sessions (
  id uuid primary key default fynlo.uuid7(),
  user_id uuid not null references users (id),
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  revoked_reason text check (revoked_reason in ('logout', 'logout_everywhere', 'refresh_reused'))
);
create index sessions_user_idx on sessions (user_id) where revoked_at is null;

create table refresh_tokens (
  token_hash bytea primary key check (length(token_hash) = 32),
  session_id uuid not null references sessions (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
comment on table refresh_tokens is 'SHA-256 of each refresh token; the token itself is never stored.';
