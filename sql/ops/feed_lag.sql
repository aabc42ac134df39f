-- Per restaurant: where its log ends and when it last moved. `missing` must be 0: the log has no holes.
-- `fynlo feed status` says the same. How far each screen is: screens.sql.
select h.restaurant_id, r.name, h.epoch, h.seq, h.floor_seq, h.seq - h.floor_seq as replayable,
       oldest.created_at as replayable_since, newest.seq as newest_in_log,
       h.seq - coalesce(newest.seq, h.floor_seq) as missing,
       newest.created_at as last_event_at,
       round(extract(epoch from now() - newest.created_at)::numeric, 1) as silent_s,
       recent.events as events_last_hour, recent.seqs - recent.events as holes_last_hour
  from feed_heads h
  join restaurants r on r.id = h.restaurant_id
  left join lateral (select e.seq, e.created_at from order_events e
                      where e.restaurant_id = h.restaurant_id order by e.seq desc limit 1) newest on true
  left join lateral (select e.created_at from order_events e
                      where e.restaurant_id = h.restaurant_id and e.seq > h.floor_seq
                      order by e.seq limit 1) oldest on true
 cross join lateral (select count(*) as events, coalesce(max(e.seq) - min(e.seq) + 1, 0) as seqs
                       from order_events e
                      where e.restaurant_id = h.restaurant_id
                        and e.created_at > now() - interval '1 hour') recent
 order by newest.created_at desc nulls last, h.restaurant_id
