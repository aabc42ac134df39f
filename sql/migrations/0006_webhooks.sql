-- Webhooks: where a restaurant's events are sent, how far each endpoint has come, and what it never took.
set local role fynlo_owner;

create table webhooks (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  url text not null check (length(url) between 1 and 2000),
  types text[] not null default '{}',
  secret text,
  old_secrets text[] not null default '{}',
  old_secrets_until timestamptz,
  active boolean not null default true,
  disabled_at timestamptz,
  disabled_reason text check (disabled_reason in ('gone', 'failing')),
  -- how far it has come, and how the event after that goes
  epoch uuid not null,
  seq bigint not null check (seq >= 0),
  attempts integer not null default 0 check (attempts >= 0),
  failing_since timestamptz,
  next_attempt_at timestamptz,
  last_status integer,
  last_error text,
  delivered_at timestamptz,
  dead_in_a_row integer not null default 0 check (dead_in_a_row >= 0),
  missed_after bigint,
  missed_upto bigint,
  missed_at timestamptz,
  -- who delivers to it
  lease uuid,
  lease_until timestamptz,
  version bigint not null default 1,
  created_by uuid references users (id),
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint webhooks_id_key unique (id),
  constraint webhooks_disabled check ((disabled_at is null) = (disabled_reason is null)
                                      and not (active and disabled_at is not null)),
  constraint webhooks_secret check ((secret is null) = (archived_at is not null))
) with (fillfactor = 50);
comment on column webhooks.types is 'Event types, or groups of them as order.*; empty: all.';
comment on column webhooks.secret is 'Signs what is sent, so it stands here as it is; forgotten when the endpoint is archived.';
comment on column webhooks.old_secrets is 'Sign beside the secret until old_secrets_until, while receivers change over.';
comment on column webhooks.active is 'False: paused by somebody, or disabled by the server, and then disabled_at says when.';
comment on column webhooks.seq is 'The cursor: events up to this one were taken, passed over, or are dead letters.';
comment on column webhooks.attempts is 'Failed deliveries of the event after seq.';
comment on column webhooks.missed_after is 'The last gap: events after this one up to missed_upto were no longer kept when their turn came.';
comment on column webhooks.lease is 'The delivery that has this endpoint until lease_until; nobody else sends to it meanwhile.';
comment on column webhooks.version is 'Raised when somebody changes the endpoint; a delivery that began under an earlier one moves no cursor.';

create table webhook_dead_letters (
  restaurant_id uuid not null,
  webhook_id uuid not null,
  epoch uuid not null,
  seq bigint not null,
  type text not null,
  attempts integer not null,
  last_status integer,
  last_error text,
  dead_at timestamptz not null default now(),
  primary key (restaurant_id, webhook_id, epoch, seq),
  foreign key (restaurant_id, webhook_id) references webhooks (restaurant_id, id)
);
comment on table webhook_dead_letters is 'Events that an endpoint did not take within a day; the event itself stands in the log.';
