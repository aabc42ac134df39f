-- Who may do what. The application deletes nothing and cannot write the log.
set local role fynlo_owner;

grant select on all tables in schema public to fynlo_readonly, fynlo_app, fynlo_feed;
revoke all on sessions, refresh_tokens from fynlo_readonly;
revoke select on users from fynlo_readonly, fynlo_app;
grant select (id, email, name, created_at) on users to fynlo_readonly, fynlo_app;

grant insert, update on sessions, refresh_tokens, idempotency_keys, day_counters, orders, order_items,
  order_item_modifiers to fynlo_app;

grant insert on feed_heads, order_events to fynlo_feed;
grant insert, update on day_counters to fynlo_feed;
grant update (seq) on feed_heads to fynlo_feed;
grant update (version, updated_at, closed_at) on orders to fynlo_feed;
grant update (menu_version) on restaurants to fynlo_feed;
grant select, insert, update, delete on fynlo.touched to fynlo_feed;

do $$
declare
  f regprocedure;
begin
  for f in select oid::regprocedure from pg_proc where pronamespace = 'fynlo'::regnamespace
             and proowner in ('fynlo_owner'::regrole, 'fynlo_feed'::regrole)
  loop
    if (select proowner = 'fynlo_feed'::regrole from pg_proc where oid = f) then
      set local role fynlo_feed;
    else
      set local role fynlo_owner;
    end if;
    execute format('revoke all on function %s from public', f);
    execute format('grant execute on function %s to fynlo_owner, fynlo_app', f);
  end loop;
end
$$;
set local role fynlo_owner;
grant execute on function fynlo.uuid7() to public;
grant execute on function fynlo.make_event_partitions(integer) to fynlo_app;
