-- Who may do what. The application deletes nothing and cannot write the event log; to the audit log it may add.
set local role fynlo_owner;

-- Not "all tables in schema public": a table of somebody else there, an extension's say, would be an error.
do $$
declare
  t regclass;
begin
  for t in
    select c.oid::regclass from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
       and c.relowner = 'fynlo_owner'::regrole
  loop
    execute format('grant select on %s to fynlo_readonly, fynlo_app, fynlo_feed', t);
  end loop;
end
$$;
revoke all on sessions, refresh_tokens, idempotency_keys, invitations, pins, device_grants, webhooks from fynlo_readonly;
revoke select on users from fynlo_readonly, fynlo_app;
grant select (id, email, name, kind, created_at) on users to fynlo_readonly, fynlo_app;
grant select (restaurant_id, id, url, types, active, disabled_at, disabled_reason, epoch, seq, attempts, failing_since,
              next_attempt_at, last_status, last_error, delivered_at, dead_in_a_row, missed_after, missed_upto,
              missed_at, lease_until, created_by, created_at, archived_at) on webhooks to fynlo_readonly;

grant insert, update on sessions, refresh_tokens, idempotency_keys, day_counters, orders, order_items,
  order_item_modifiers, memberships, invitations, pins, devices, device_grants, webhooks, webhook_dead_letters
  to fynlo_app;
grant insert, update on checks, z_counters, tables, sections to fynlo_app;
-- What was taken, given back and counted is written once: of these the rest does not change.
revoke update on payments, refunds, shifts from fynlo_app;
grant insert on payments, refunds, shifts to fynlo_app;
grant update (order_id, check_id, shift_id, state, unapplied, reference, reason, business_date, z_id, captured_at,
              updated_at) on payments to fynlo_app;
grant update (order_id, z_id) on refunds to fynlo_app;
grant update (closed_at, closed_by, counted_amount, expected_amount) on shifts to fynlo_app;
grant insert on shift_movements, z_reports, z_orders, z_shifts to fynlo_app;
grant update (availability, stock, low_stock_at, out_until) on products, modifiers to fynlo_app;
grant insert on audit_log to fynlo_app, fynlo_feed;
grant update (name, timezone, currency, day_cutoff, prices_include_tax, tax_rounding, tax_scope,
  service_charge_percentage, service_charge_taxable, service_charge_from_covers, discount_limit_percentage,
  updated_at) on restaurants to fynlo_app;

grant insert on feed_heads, order_events to fynlo_feed;
grant insert, update on day_counters to fynlo_feed;
grant update (seq, floor_seq, epoch) on feed_heads to fynlo_feed;
grant delete on order_events_default to fynlo_feed;  -- its trigger lets fynlo.prune_default_events() do it
grant update (version, updated_at, closed_at, paid, unapplied, tips, refunded, returned, payment_status) on orders
  to fynlo_feed;
grant update (state) on tables to fynlo_feed;
grant update (availability, stock, out_until) on products, modifiers to fynlo_feed;
grant insert on menu_history to fynlo_feed;
grant update (menu_version) on restaurants to fynlo_feed;
grant insert on restaurants, users, memberships, invitations, devices to fynlo_feed;
grant update (last_seen_at) on devices to fynlo_feed;
grant delete, update (polled_at, interval_s, used_at, device_id) on device_grants to fynlo_feed;
grant update (password_hash, email) on users to fynlo_feed;
grant update (user_id, role, ended_at, invited_at) on memberships to fynlo_feed;
grant update (accepted_at, revoked_at) on invitations to fynlo_feed;
grant update (revoked_at, revoked_reason) on sessions to fynlo_feed;
grant update (lease, lease_until) on webhooks to fynlo_feed;
grant delete, update (created_at) on idempotency_keys to fynlo_feed;  -- update: to lock what it deletes
grant select, insert, update, delete on fynlo.touched, fynlo.processes to fynlo_feed;
grant insert, update, delete on screens to fynlo_feed;

-- What triggers call is nobody's to call: raise_versions() would reach any restaurant's orders. A new epoch makes
-- every screen load everything: the owner's to give.
do $$
declare
  f record;
begin
  for f in select p.oid::regprocedure as name, p.proowner::regrole as owner,
                  p.prorettype = 'trigger'::regtype
                    or p.proname in ('raise_versions', 'settle', 'note_seats', 'still_needed', 'rotate_epochs') as internal
             from pg_proc p where p.pronamespace = 'fynlo'::regnamespace
              and p.proowner in ('fynlo_owner'::regrole, 'fynlo_feed'::regrole)
  loop
    execute format('set local role %s', f.owner);
    execute format('revoke all on function %s from public, fynlo_app', f.name);
    execute format('grant execute on function %s to fynlo_owner', f.name);
    if not f.internal then
      execute format('grant execute on function %s to fynlo_app', f.name);
    end if;
  end loop;
end
$$;
-- What the views work out, under their reader's own policies.
set local role fynlo_feed;
grant execute on function fynlo.due, fynlo.to_refund, fynlo.expected_cash, fynlo.rfc3339 to fynlo_readonly;
set local role fynlo_owner;
grant execute on function fynlo.uuid7(), fynlo.event_months() to fynlo_feed;
