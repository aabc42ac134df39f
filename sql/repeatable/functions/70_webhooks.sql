-- Webhooks, of every restaurant: which are due.
set local role fynlo_feed;

create or replace function fynlo.claim_webhooks(
  p_lease uuid, p_lease_s double precision, p_failing boolean, p_limit integer
) returns table (restaurant_id uuid, id uuid, url text, types text[], secrets text[], epoch uuid, seq bigint,
                 attempts integer, failing_for_s double precision, dead_in_a_row integer, version bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Takes at most p_limit endpoints that have something to be sent and that nobody delivers to, for p_lease_s
-- seconds: those whose last delivery failed, or the others. Who has waited longest comes first.
begin
  return query
    with due as (
      select w.restaurant_id, w.id
        from webhooks w join feed_heads h on h.restaurant_id = w.restaurant_id
       where w.active and w.archived_at is null
         and (w.attempts > 0) = p_failing
         and (w.next_attempt_at is null or w.next_attempt_at <= now())
         and (w.lease_until is null or w.lease_until <= now())
         and (h.seq > w.seq or h.epoch <> w.epoch)
       order by w.lease_until nulls first
       limit p_limit
         for update of w skip locked
    )
    update webhooks w
       set lease = p_lease, lease_until = now() + make_interval(secs => p_lease_s)
      from due d
     where w.restaurant_id = d.restaurant_id and w.id = d.id
    returning w.restaurant_id, w.id, w.url, w.types,
              array[w.secret] || case when w.old_secrets_until > now() then w.old_secrets else '{}' end,
              w.epoch, w.seq, w.attempts,
              coalesce(extract(epoch from now() - w.failing_since), 0)::double precision,
              w.dead_in_a_row, w.version;
end
$$;
