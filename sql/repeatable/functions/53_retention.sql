-- How long the log is kept. Two edges: what screens may replay ends at each restaurant's floor, a few days back;
-- what is kept as history ends months back. Floors rise first, and only what lies below every floor is dropped.
set local role fynlo_owner;

create or replace function fynlo.event_months()
returns table (name text, starts timestamptz, ends timestamptz)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
  -- The partitions of the log that stand for a time, the oldest first: all but the default one.
  select c.oid::regclass::text, bounds[1]::timestamptz, bounds[2]::timestamptz
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
   cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                   $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) as bounds
   where i.inhparent = 'public.order_events'::regclass and bounds is not null
   order by 2
$$;

set local role fynlo_feed;

create or replace function fynlo.raise_floors(p_days integer, p_after uuid, p_limit integer)
returns table (upto uuid, raised integer, busy integer)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off  -- a month with few rows is read by its key, too: it is not always small
as $$
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

create or replace function fynlo.still_needed(p_from timestamptz, p_to timestamptz) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off
as $$
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

create or replace function fynlo.prune_default_events(p_months integer, p_limit integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
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

create or replace function fynlo.rotate_epochs(p_restaurant uuid)
returns table (restaurant_id uuid, name text, seq bigint, epoch uuid)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '5s'
as $$
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

-- Only the owner of a table may drop its partitions.
set local role fynlo_owner;

create or replace function fynlo.drop_event_month(p_months integer) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'
set lock_timeout = '200ms'
as $$
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
