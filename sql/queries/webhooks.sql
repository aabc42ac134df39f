-- Webhooks: the endpoints of a restaurant, and what their deliveries write.

-- name: webhook_insert
-- An endpoint that begins at the head of the log, unless the restaurant has `most` of them; how many came.
insert into webhooks (restaurant_id, id, url, types, secret, epoch, seq, created_by)
select h.restaurant_id, %(id)s, %(url)s, %(types)s, %(secret)s, h.epoch, h.seq, %(created_by)s
  from feed_heads h
 where h.restaurant_id = %(restaurant_id)s
   and (select count(*) from webhooks w
         where w.restaurant_id = h.restaurant_id and w.archived_at is null) < %(most)s

-- name: webhooks_page
-- A page of the endpoints, or one, oldest first, each with how many there are in all, the head of the log and
-- its newest dead letters. Never a secret.
with found as (
  select w.* from webhooks w
   where w.restaurant_id = %(restaurant_id)s and w.archived_at is null
     and (%(id)s::uuid is null or w.id = %(id)s)
), page as (
  select * from found order by created_at, id limit %(limit)s offset %(offset)s
)
select (select count(*) from found), p.id, p.restaurant_id, p.url, p.types, p.active, p.disabled_at,
       p.disabled_reason, p.epoch, p.seq, h.seq, p.attempts, p.next_attempt_at, p.last_status, p.last_error,
       p.delivered_at, p.missed_after, p.missed_upto, p.missed_at, d.total, d.newest, p.created_by, p.created_at
  from page p
  join feed_heads h on h.restaurant_id = p.restaurant_id
 cross join lateral (
   select count(*) as total,
          coalesce(json_agg(json_build_object(
            'seq', l.seq, 'type', l.type, 'attempts', l.attempts, 'last_status', l.last_status,
            'last_error', l.last_error, 'dead_at', l.dead_at) order by l.dead_at desc, l.seq desc)
            filter (where l.place <= 10), '[]')::text as newest
     from (select x.*, row_number() over (order by x.dead_at desc, x.seq desc) as place
             from webhook_dead_letters x
            where x.restaurant_id = p.restaurant_id and x.webhook_id = p.id) l
 ) d
 order by p.created_at, p.id

-- name: webhook_lock
-- An endpoint as somebody is about to change it; holds still until the end of the transaction.
select url, types, active, disabled_at is not null
  from webhooks
 where restaurant_id = %(restaurant_id)s and id = %(id)s and archived_at is null
   for update

-- name: webhook_update
-- Writes what somebody has changed. With `anew` what went wrong before is forgotten and the next event is
-- tried at once. A new secret has the ones before it sign along for a day.
update webhooks
   set url = %(url)s, types = %(types)s, active = %(active)s, version = version + 1,
       disabled_at = case when %(anew)s then null else disabled_at end,
       disabled_reason = case when %(anew)s then null else disabled_reason end,
       attempts = case when %(anew)s then 0 else attempts end,
       failing_since = case when %(anew)s then null else failing_since end,
       next_attempt_at = case when %(anew)s then null else next_attempt_at end,
       dead_in_a_row = case when %(anew)s then 0 else dead_in_a_row end,
       secret = coalesce(%(secret)s, secret),
       old_secrets = case when %(secret)s::text is null then old_secrets
                          when old_secrets_until > now() then (array[secret] || old_secrets)[1:3]
                          else array[secret] end,
       old_secrets_until = case when %(secret)s::text is null then old_secrets_until
                                else now() + interval '24 hours' end
 where restaurant_id = %(restaurant_id)s and id = %(id)s

-- name: webhook_archive
-- Ends an endpoint and forgets its secrets.
update webhooks
   set archived_at = now(), active = false, disabled_at = null, disabled_reason = null, secret = null,
       old_secrets = '{}', old_secrets_until = null, version = version + 1
 where restaurant_id = %(restaurant_id)s and id = %(id)s and archived_at is null

-- name: webhook_replay
-- Sets the cursor, and begins there as if nothing had gone wrong.
update webhooks
   set epoch = %(epoch)s, seq = %(seq)s, active = true, disabled_at = null, disabled_reason = null, attempts = 0,
       failing_since = null, next_attempt_at = null, dead_in_a_row = 0, missed_after = null, missed_upto = null,
       missed_at = null, version = version + 1
 where restaurant_id = %(restaurant_id)s and id = %(id)s and archived_at is null

-- name: enter_restaurant
-- Puts a delivery's transaction into the restaurant of its endpoint.
select set_config('app.restaurant_id', %(restaurant_id)s, true)

-- name: claim
-- Endpoints that are due, taken for so many seconds: of those that are well, and of those that fail.
select * from fynlo.claim_webhooks(%(lease)s, %(lease_s)s, false, %(well)s)
union all
select * from fynlo.claim_webhooks(%(lease)s, %(lease_s)s, true, %(failing)s)

-- name: webhook_advance
-- The cursor moves, because an event was taken or because what lies before it is not wanted; the lease begins
-- anew. No row where the lease went to somebody else or somebody changed the endpoint.
update webhooks
   set epoch = %(epoch)s, seq = %(seq)s, lease_until = now() + make_interval(secs => %(lease_s)s),
       attempts = case when %(taken)s then 0 else attempts end,
       failing_since = case when %(taken)s then null else failing_since end,
       next_attempt_at = case when %(taken)s then null else next_attempt_at end,
       dead_in_a_row = case when %(taken)s then 0 else dead_in_a_row end,
       last_status = case when %(taken)s then %(status)s else last_status end,
       last_error = case when %(taken)s then null else last_error end,
       delivered_at = case when %(taken)s then now() else delivered_at end
 where restaurant_id = %(restaurant_id)s and id = %(id)s and lease = %(lease)s and version = %(version)s

-- name: webhook_failed
-- The event after `seq` was not taken; it is tried again in so many seconds.
update webhooks
   set epoch = %(epoch)s, seq = %(seq)s, attempts = %(attempts)s,
       failing_since = case when %(attempts)s = 1 then now() else coalesce(failing_since, now()) end,
       next_attempt_at = now() + make_interval(secs => %(delay_s)s),
       last_status = %(status)s, last_error = %(error)s
 where restaurant_id = %(restaurant_id)s and id = %(id)s and lease = %(lease)s and version = %(version)s

-- name: webhook_dead
-- An event was not taken in all that time: it becomes a dead letter and the cursor passes it; after so many in
-- a row the endpoint is disabled.
with moved as (
  update webhooks
     set epoch = %(epoch)s, seq = %(seq)s, attempts = 0, failing_since = null, next_attempt_at = null,
         lease_until = now() + make_interval(secs => %(lease_s)s),
         last_status = %(status)s, last_error = %(error)s, dead_in_a_row = dead_in_a_row + 1,
         active = active and dead_in_a_row + 1 < %(most)s,
         disabled_at = case when active and dead_in_a_row + 1 >= %(most)s then now() else disabled_at end,
         disabled_reason = case when active and dead_in_a_row + 1 >= %(most)s then 'failing'
                                else disabled_reason end
   where restaurant_id = %(restaurant_id)s and id = %(id)s and lease = %(lease)s and version = %(version)s
  returning restaurant_id, id, epoch, seq, active
), dead as (
  insert into webhook_dead_letters as d (restaurant_id, webhook_id, epoch, seq, type, attempts, last_status, last_error)
  select m.restaurant_id, m.id, m.epoch, m.seq, %(type)s, %(attempts)s, %(status)s, %(error)s from moved m
  on conflict (restaurant_id, webhook_id, epoch, seq) do update
    set attempts = excluded.attempts, last_status = excluded.last_status, last_error = excluded.last_error,
        dead_at = now()
)
select active from moved

-- name: webhook_gone
-- The receiver said that it is gone for good: nothing more is sent.
update webhooks
   set epoch = %(epoch)s, seq = %(seq)s, active = false, disabled_at = now(), disabled_reason = 'gone',
       attempts = 0, failing_since = null, next_attempt_at = null, last_status = %(status)s, last_error = %(error)s
 where restaurant_id = %(restaurant_id)s and id = %(id)s and lease = %(lease)s and version = %(version)s

-- name: webhook_missed
-- Events after the cursor are no longer kept: the cursor passes them, and the gap is noted.
update webhooks
   set epoch = %(epoch)s, seq = %(seq)s, attempts = 0, failing_since = null, next_attempt_at = null,
       missed_after = %(after)s, missed_upto = %(seq)s, missed_at = now(),
       lease_until = now() + make_interval(secs => %(lease_s)s)
 where restaurant_id = %(restaurant_id)s and id = %(id)s and lease = %(lease)s and version = %(version)s

-- name: webhook_release
-- The delivery has ended; somebody else may go on.
update webhooks set lease = null, lease_until = now()
 where restaurant_id = %(restaurant_id)s and id = %(id)s and lease = %(lease)s
