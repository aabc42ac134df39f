-- The screens of all processes. Each process tells what changed among its own in one statement every few
-- seconds, and with that renews its lease; what a killed one left behind is swept by the others.
set local role fynlo_feed;

create or replace function fynlo.tell_screens(
  p_process uuid, p_host text, p_pid integer, p_lease_s double precision,
  p_changed json, p_gone json, p_whole boolean
) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
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

create or replace function fynlo.withdraw_screens(p_process uuid) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- The process ends, and all its screens have gone.
begin
  delete from fynlo.processes p where p.id = p_process;
  delete from screens s where s.process_id = p_process;
end
$$;

create or replace function fynlo.live_screens()
returns table (restaurant_id uuid, connection_id uuid, process_id uuid, host text, pid integer, kind text,
               user_id uuid, connected_at timestamptz, sent_seq bigint, acknowledged_seq bigint,
               acknowledged_at timestamptz, waiting integer, lag_s double precision, stale boolean)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
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

create or replace function fynlo.who_watches(p_restaurant uuid)
returns table (restaurant_id uuid, restaurant text, who text, connection_id uuid, kind text, host text, pid integer,
               connected_at timestamptz, acknowledged_seq bigint, acknowledged_at timestamptz, waiting integer,
               lag_s double precision, stale boolean)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
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
