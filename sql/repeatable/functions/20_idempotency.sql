set local role fynlo_owner;

create or replace function fynlo.claim_key(
  p_restaurant uuid, p_actor uuid, p_method text, p_path text, p_key text, p_hash bytea
) returns table (claim text, status integer, headers jsonb, body bytea)
language plpgsql volatile
set search_path = pg_catalog, public, pg_temp
as $$
-- Claims an Idempotency-Key for this transaction: 'none' (no key), 'new', 'replay' with the first
-- answer, or 'mismatch' (another body). While the first request still runs, the insert waits for it,
-- as long as lock_timeout allows.
begin
  if p_key is null or p_restaurant is null then
    return query select 'none', null::integer, null::jsonb, null::bytea;
    return;
  end if;
  loop
    insert into idempotency_keys as k (restaurant_id, actor, method, path, key, request_hash)
    values (p_restaurant, p_actor, p_method, p_path, p_key, p_hash)
    on conflict do nothing;
    if found then
      return query select 'new', null::integer, null::jsonb, null::bytea;
      return;
    end if;
    return query
      select case when k.request_hash = p_hash then 'replay' else 'mismatch' end, k.status, k.headers, k.body
        from idempotency_keys k
       where k.restaurant_id = p_restaurant and k.actor = p_actor and k.method = p_method
         and k.path = p_path and k.key = p_key;
    if found then
      return;
    end if;
    -- pruned between the two statements: it is new again
  end loop;
end
$$;

set local role fynlo_feed;

create or replace function fynlo.prune_idempotency_keys(p_limit integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Forgets at most p_limit keys older than 30 days, of every restaurant; returns how many. Who asks for as
-- many as it gets asks again.
declare
  pruned integer;
begin
  with old as (
    select k.ctid as place from idempotency_keys k
     where k.created_at < now() - interval '30 days'
     order by k.created_at
     limit p_limit
       for update skip locked
  )
  delete from idempotency_keys k using old where k.ctid = old.place;
  get diagnostics pruned = row_count;
  return pruned;
end
$$;
