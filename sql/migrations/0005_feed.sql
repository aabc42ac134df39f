-- The event log, its heads, and the notes from which it is written at commit.
set local role fynlo_owner;

create table feed_heads (
  restaurant_id uuid primary key references restaurants (id),
  seq bigint not null default 0,
  floor_seq bigint not null default 0,
  epoch uuid not null default fynlo.uuid7()
) with (fillfactor = 50);
comment on column feed_heads.seq is 'The seq of the newest event. n+1 cannot exist before n has committed or rolled back: the log has no holes.';
comment on column feed_heads.floor_seq is 'Events up to this one may be gone; a client further behind takes a snapshot.';
comment on column feed_heads.epoch is 'Changes when a database is restored, so that no client resumes into another history.';

create table order_events (
  restaurant_id uuid not null,
  seq bigint not null,
  type text not null,
  entity_id uuid not null,
  data json not null,
  actor uuid,
  device_id uuid,
  request_id text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (restaurant_id, seq, created_at)
) partition by range (created_at);
comment on table order_events is 'Append-only, one row an event, partitioned by month. Uniqueness of (restaurant_id, seq) rests on the head row.';

create table order_events_default partition of order_events default;
comment on table order_events_default is 'Catches what no month was made for; stays empty while fynlo.make_event_partitions() is run.';

create unlogged table fynlo.touched (
  txid xid8 not null default pg_current_xact_id(),
  restaurant_id uuid not null,
  entity text not null check (entity in ('order', 'menu')),
  entity_id uuid not null,
  created boolean not null default false,
  status_before text,
  items_added uuid[] not null default '{}',
  items_voided uuid[] not null default '{}',
  primary key (txid, entity_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table fynlo.touched is 'What the running transactions have changed so far; each drains its own rows into order_events at commit.';
