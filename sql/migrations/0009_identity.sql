-- People of other issuers, invitations, devices and their pairing, PINs, and the log of who did what.
set local role fynlo_owner;

-- A device signs in as a user of its own; a person of another issuer may come without an address.
-- squawk-ignore ban-drop-not-null -- nobody but this server reads it, and it expects none
alter table users alter column email drop not null;
alter table users add column kind text not null default 'person' check (kind in ('person', 'device'));
comment on column users.kind is 'A device that was paired is a user too: what it does carries its id.';
comment on column users.supabase_id is 'The `sub` of the external issuer''s tokens.';

alter table memberships add column invited_at timestamptz;
alter table memberships add column ended_at timestamptz;
comment on column memberships.invited_at is 'Set while somebody who has a sign-in of their own has not accepted yet: until then they are not in.';
comment on column memberships.ended_at is 'When they left; who comes back gets the same row.';
-- squawk-ignore ban-drop-constraint -- the same with one role more, a line below
alter table memberships drop constraint memberships_role_check;
alter table memberships add constraint memberships_role_check
  check (role in ('owner', 'manager', 'cashier', 'server', 'kitchen', 'till')) not valid;

create table invitations (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  membership_id uuid not null,
  token_hash bytea not null check (length(token_hash) = 32),
  created_by uuid not null references users (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz,
  primary key (restaurant_id, id),
  constraint invitations_id_key unique (id),
  constraint invitations_token_key unique (token_hash),
  foreign key (restaurant_id, membership_id) references memberships (restaurant_id, id)
);
comment on table invitations is 'One-time links by which staff choose a password. SHA-256 of the token; the token itself is never stored.';

create table pins (
  restaurant_id uuid not null references restaurants (id),
  membership_id uuid not null,
  pin_hash text not null,
  set_by uuid references users (id),
  set_at timestamptz not null default now(),
  primary key (restaurant_id, membership_id),
  foreign key (restaurant_id, membership_id) references memberships (restaurant_id, id)
);
comment on table pins is 'What staff sign in with on a paired device; argon2id.';

create table devices (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  kind text not null check (kind in ('kitchen', 'till')),
  name text not null check (length(name) between 1 and 200),
  station_ids uuid[] not null default '{}',
  user_id uuid not null references users (id),
  created_by uuid not null references users (id),
  created_at timestamptz not null default now(),
  last_seen_at timestamptz,
  revoked_at timestamptz,
  primary key (restaurant_id, id),
  constraint devices_id_key unique (id),
  constraint devices_user_key unique (user_id)
);
comment on table devices is 'Kitchen displays and tills that were paired; each is a user with a membership.';
comment on column devices.station_ids is 'The stations a kitchen display shows; empty: all of them.';

-- The OAuth 2.0 device grant (RFC 8628): a code on a screen, waiting for somebody to approve it.
create table device_grants (
  device_code_hash bytea primary key check (length(device_code_hash) = 32),
  user_code text not null check (length(user_code) between 4 and 16),
  kind text not null check (kind in ('kitchen', 'till')),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  interval_s integer not null default 5 check (interval_s between 1 and 600),
  polled_at timestamptz,
  device_id uuid references devices (id),
  denied_at timestamptz,
  used_at timestamptz,
  constraint device_grants_user_code_key unique (user_code)
);
comment on column device_grants.interval_s is 'Seconds the device must leave between two polls; raised by slow_down.';

alter table sessions add column device_id uuid;
alter table sessions add constraint sessions_device_fkey foreign key (device_id) references devices (id) not valid;
comment on column sessions.device_id is 'The paired device that it is of, or on which somebody signed in by PIN: it ends with the device.';
-- squawk-ignore ban-drop-constraint -- the same with one reason more
alter table sessions drop constraint sessions_revoked_reason_check;
alter table sessions add constraint sessions_revoked_reason_check
  check (revoked_reason in ('logout', 'logout_everywhere', 'refresh_reused', 'password_changed')) not valid;

create table audit_log (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  at timestamptz not null default clock_timestamp(),
  action text not null check (length(action) between 1 and 100),
  entity_id uuid,
  actor uuid,
  approver uuid,
  device_id uuid,
  address text,
  request_id text,
  before jsonb,
  after jsonb,
  primary key (restaurant_id, id),
  constraint audit_log_id_key unique (id)
);
create index audit_log_newest_idx on audit_log (restaurant_id, at desc, id desc);
comment on table audit_log is 'Append-only: who did what, from where, with which approval. Triggers write it, so that psql leaves a trace too.';
comment on column audit_log.before is 'What changed, as it was; never a password, a PIN or a token.';
