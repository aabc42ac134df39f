-- How the feed stands, for `fynlo feed status`.
set local role fynlo_feed;

create or replace function fynlo.feed_status(p_restaurant uuid)
returns table (restaurant_id uuid, name text, seq bigint, floor_seq bigint, epoch uuid, newest_seq bigint,
               newest_at timestamptz, replay_from timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
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

create or replace function fynlo.log_status()
returns table (months bigint, oldest_month text, bytes bigint, default_events bigint)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
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
