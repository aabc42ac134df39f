-- Which screens watch, through which process, and how far each of them is.
set local role fynlo_owner;

create unlogged table fynlo.processes (
  id uuid primary key,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now(),
  leased_until timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table fynlo.processes is 'The server processes that have screens. One that was killed leaves its row; it counts until its lease is over.';

create unlogged table screens (
  restaurant_id uuid not null,
  connection_id uuid not null,
  process_id uuid not null,
  kind text not null check (kind in ('pos', 'kitchen')),
  user_id uuid not null,
  connected_at timestamptz not null,
  sent_seq bigint not null,
  acknowledged_seq bigint,
  acknowledged_at timestamptz,
  waiting integer not null,
  waiting_since timestamptz,
  stale boolean not null,
  updated_at timestamptz not null default now(),
  primary key (restaurant_id, connection_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table screens is 'The open sockets, as their processes told a few seconds ago; fynlo.live_screens() leaves out those of dead processes.';
comment on column screens.acknowledged_seq is 'The client has shown everything up to here; null: it never acknowledged, so nothing is known of it.';
comment on column screens.waiting is 'Events sent and not acknowledged; exact where it is 0, else never too few.';
comment on column screens.stale is 'It acknowledged once, and an acknowledgement or a heartbeat is overdue.';
