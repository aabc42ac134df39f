-- Every open screen, with who is signed in at it; first those that have stopped acknowledging what they are sent.
-- `untracked`: it never acknowledged, so nothing is known of it. Told by the servers every few seconds.
select r.name as restaurant, s.kind, coalesce(u.email, u.name) as who, s.host, s.pid,
       case when s.stale then 'stale' when s.acknowledged_seq is null then 'untracked' else 'tracked' end as state,
       s.acknowledged_seq, s.acknowledged_at, s.sent_seq, s.waiting, round(s.lag_s::numeric, 1) as lag_s,
       s.connected_at, s.connection_id
  from fynlo.live_screens() s
  join restaurants r on r.id = s.restaurant_id
  join users u on u.id = s.user_id
 order by s.stale desc, s.acknowledged_seq is null, s.lag_s desc, r.name, s.connected_at
