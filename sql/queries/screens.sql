-- The screens of all processes: what each process tells of its own, and what it reads of the others'.

-- name: tell_screens
-- What has changed among this process's screens since it last told. False: it must tell everything.
select fynlo.tell_screens(%(process)s, %(host)s, %(pid)s, %(lease_s)s, %(changed)s, %(gone)s, %(whole)s)

-- name: withdraw_screens
-- This process ends, and its screens with it.
select fynlo.withdraw_screens(%(process)s)

-- name: others_screens
-- The worst of the other processes' screens, each with how many there are of its sort in all.
select connection_id, kind, waiting, lag_s, stale, acknowledged_at,
       count(acknowledged_seq) over () as tracked,
       count(*) filter (where stale) over () as stale_ones,
       count(*) over () - count(acknowledged_seq) over () as untracked,
       max(lag_s) filter (where acknowledged_seq is not null) over () as lag_s_max
  from fynlo.live_screens()
 where process_id <> %(process)s
 order by stale desc, acknowledged_seq is null, lag_s desc, connection_id
 limit %(limit)s

-- name: who_watches
-- The screens of a restaurant, null for every one, with who is signed in at them: stale ones first.
select restaurant_id, restaurant, who, connection_id, kind, host, pid, connected_at, acknowledged_seq,
       acknowledged_at, waiting, lag_s, stale
  from fynlo.who_watches(%(restaurant_id)s)
 order by stale desc, acknowledged_seq is null, lag_s desc, restaurant, connected_at, connection_id
