-- Every trigger of the schema, made anew each time this file changes.
set local role fynlo_owner;

create or replace trigger restaurants_head after insert on restaurants
  for each row execute function fynlo.new_head();

create or replace trigger restaurants_note_currency after update of currency on restaurants
  for each row when (new.currency <> old.currency) execute function fynlo.note_currency();

create or replace trigger memberships_tell after insert or update or delete on memberships
  for each row execute function fynlo.tell_membership();
create or replace trigger sessions_tell after update of revoked_at on sessions
  for each row when (new.revoked_at is not null and old.revoked_at is null)
  execute function fynlo.tell_revoked('session');
create or replace trigger devices_tell after update of revoked_at on devices
  for each row when (new.revoked_at is not null and old.revoked_at is null)
  execute function fynlo.tell_revoked('device');

-- The application numbers its orders itself, in the statement that inserts them.
create or replace trigger orders_defaults before insert on orders
  for each row when (new.number is null or current_user <> 'fynlo_app')
  execute function fynlo.order_defaults();
create or replace trigger orders_changed before update on orders
  for each row when (old is distinct from new) execute function fynlo.order_changed();

create or replace trigger orders_note_insert after insert on orders
  referencing new table as new_rows
  for each statement execute function fynlo.note_orders_insert();
create or replace trigger orders_note_update after update on orders
  referencing old table as old_rows new table as new_rows
  for each statement execute function fynlo.note_orders_update();
create or replace trigger order_items_note_insert after insert on order_items
  referencing new table as new_rows
  for each statement execute function fynlo.note_items_insert();
create or replace trigger order_items_note_update after update on order_items
  referencing old table as old_rows new table as new_rows
  for each statement execute function fynlo.note_items_update();
create or replace trigger order_item_modifiers_note_insert after insert on order_item_modifiers
  referencing new table as new_rows
  for each statement execute function fynlo.note_modifiers_insert();
create or replace trigger order_item_modifiers_note_update after update on order_item_modifiers
  referencing old table as old_rows new table as new_rows
  for each statement execute function fynlo.note_modifiers_update();

create or replace trigger payments_note_insert after insert on payments
  referencing new table as new_rows
  for each statement execute function fynlo.note_payments_insert();
create or replace trigger payments_note_update after update on payments
  referencing old table as old_rows new table as new_rows
  for each statement execute function fynlo.note_payments_update();
create or replace trigger refunds_note_insert after insert on refunds
  referencing new table as new_rows
  for each statement execute function fynlo.note_refunds_insert();
create or replace trigger refunds_note_update after update on refunds
  referencing old table as old_rows new table as new_rows
  for each statement execute function fynlo.note_refunds_update();
create or replace trigger checks_note_insert after insert on checks
  referencing new table as changed
  for each statement execute function fynlo.note_checks();
create or replace trigger checks_note_update after update on checks
  referencing new table as changed
  for each statement execute function fynlo.note_checks();

create or replace trigger tables_note_insert after insert on tables
  referencing new table as changed
  for each statement execute function fynlo.note_tables();
create or replace trigger tables_note_update after update on tables
  referencing new table as changed
  for each statement execute function fynlo.note_tables();
create or replace trigger sections_note_update after update on sections
  referencing new table as changed
  for each statement execute function fynlo.note_sections();

create or replace trigger payments_keep_reported before update on payments
  for each row when (old is distinct from new) execute function fynlo.keep_reported();
create or replace trigger refunds_keep_reported before update on refunds
  for each row when (old is distinct from new) execute function fynlo.keep_reported();
create or replace trigger payments_voided before update of state on payments
  for each row when (new.state = 'voided' and old.state <> 'voided') execute function fynlo.payment_voided();
create or replace trigger shifts_keep_closed before update on shifts
  for each row when (old.closed_at is not null and old is distinct from new) execute function fynlo.keep_closed();
create or replace trigger z_reports_keep before update or delete or truncate on z_reports
  for each statement execute function fynlo.refuse_change();
create or replace trigger z_orders_keep before update or delete or truncate on z_orders
  for each statement execute function fynlo.refuse_change();
create or replace trigger z_shifts_keep before update or delete or truncate on z_shifts
  for each statement execute function fynlo.refuse_change();

-- Who did what. Hidden: secrets, and what changes by itself.
create or replace trigger restaurants_audit after insert or update on restaurants
  for each row execute function fynlo.audit('restaurant.created', 'restaurant.changed', 'menu_version');
create or replace trigger memberships_audit after insert or update on memberships
  for each row execute function fynlo.audit('staff.added', 'staff.changed');
create or replace trigger invitations_audit after insert or update on invitations
  for each row execute function fynlo.audit('staff.invited', 'invitation.changed', 'token_hash');
create or replace trigger pins_audit after insert or update on pins
  for each row execute function fynlo.audit('pin.set', 'pin.changed', 'pin_hash');
create or replace trigger devices_audit after insert or update on devices
  for each row execute function fynlo.audit('device.paired', 'device.changed', 'last_seen_at');
create or replace trigger webhooks_audit
  after insert or update of url, types, active, archived_at, old_secrets_until on webhooks
  for each row execute function fynlo.audit('webhook.added', 'webhook.changed',
    'secret,old_secrets,epoch,seq,attempts,failing_since,next_attempt_at,last_status,last_error,delivered_at,'
    'dead_in_a_row,missed_after,missed_upto,missed_at,lease,lease_until,version');
create or replace trigger orders_audit after update of status on orders
  for each row when (new.status = 'cancelled' and old.status <> 'cancelled')
  execute function fynlo.audit('order.created', 'order.cancelled', 'version,closed_at');
create or replace trigger order_items_audit after update of status on order_items
  for each row when (new.status = 'voided' and old.status <> 'voided')
  execute function fynlo.audit('order_item.created', 'order_item.voided');
create or replace trigger order_items_audit_part after insert on order_items
  for each row when (new.status = 'voided') execute function fynlo.audit('order_item.voided', 'order_item.changed');
-- A discount in percent moves with the lines: it is the terms that somebody gave.
create or replace trigger orders_audit_discount after update of discount_percentage, discount_amount on orders
  for each row when ((new.discount_percentage, new.discount_amount)
                     is distinct from (old.discount_percentage, old.discount_amount))
  execute function fynlo.audit('order.created', 'order.discounted',
                               'version,subtotal,service_charge,tax,total,tax_breakdown,payment_status,closed_at');
create or replace trigger orders_audit_charge
  after update of charge_rule, charge_percentage, charge_amount on orders
  for each row when ((new.charge_rule, new.charge_percentage, new.charge_amount)
                     is distinct from (old.charge_rule, old.charge_percentage, old.charge_amount))
  execute function fynlo.audit('order.created', 'order.service_charge',
                               'version,subtotal,discount,tax,total,tax_breakdown,payment_status,closed_at');
create or replace trigger order_items_audit_discount
  after update of discount_percentage, discount_amount on order_items
  for each row when ((new.discount_percentage, new.discount_amount)
                     is distinct from (old.discount_percentage, old.discount_amount) and new.status <> 'voided')
  execute function fynlo.audit('order_item.created', 'order_item.discounted', 'total,net');
create or replace trigger payments_audit after update of state on payments
  for each row when (new.state = 'voided' and old.state <> 'voided')
  execute function fynlo.audit('payment.taken', 'payment.voided', 'request_hash');
create or replace trigger refunds_audit after insert on refunds
  for each row execute function fynlo.audit('payment.refunded', 'refund.changed', 'request_hash,tax_breakdown');
create or replace trigger shifts_audit after insert or update on shifts
  for each row execute function fynlo.audit('shift.opened', 'shift.closed');
create or replace trigger shift_movements_audit after insert on shift_movements
  for each row execute function fynlo.audit('shift.movement', 'shift.movement');
create or replace trigger z_reports_audit after insert on z_reports
  for each row execute function fynlo.audit('z.taken', 'z.changed', 'body');
-- By hand: what sales take and what comes back by itself is the work of functions of fynlo_feed.
create or replace trigger products_audit after update of availability, stock, low_stock_at, out_until on products
  for each row when ((new.availability, new.stock, new.low_stock_at, new.out_until)
                     is distinct from (old.availability, old.stock, old.low_stock_at, old.out_until)
                     and current_user <> 'fynlo_feed')
  execute function fynlo.audit('product.created', 'product.availability', 'version');
create or replace trigger modifiers_audit after update of availability, stock, low_stock_at, out_until on modifiers
  for each row when ((new.availability, new.stock, new.low_stock_at, new.out_until)
                     is distinct from (old.availability, old.stock, old.low_stock_at, old.out_until)
                     and current_user <> 'fynlo_feed')
  execute function fynlo.audit('modifier.created', 'modifier.availability');
create or replace trigger audit_log_keep before update or delete or truncate on audit_log
  for each statement execute function fynlo.refuse_change();

create or replace trigger products_changed before update on products
  for each row when (old is distinct from new) execute function fynlo.product_changed();

do $$
declare
  wanted text;
  columns text;
begin
  foreach wanted in array array['orders', 'order_items', 'order_item_modifiers', 'order_events', 'payments',
                                'refunds', 'checks', 'shifts', 'shift_movements'] loop
    execute format('create or replace trigger %I before delete or truncate on %I
                    for each statement execute function fynlo.refuse_delete()',
                   wanted || '_keep', wanted);
  end loop;
  -- The default partition is never dropped, so what is too old is deleted, by fynlo.prune_default_events() alone.
  create or replace trigger order_events_default_keep before delete or truncate on order_events_default
    for each statement execute function fynlo.refuse_delete('fynlo_feed');
  -- What a menu shows: each change raises the menu's version and tells the screens, once a transaction.
  foreach wanted in array array['tax_classes', 'categories', 'products', 'product_variants',
                                'modifier_groups', 'modifiers', 'product_modifier_groups'] loop
    execute format('create or replace trigger %I after insert on %I referencing new table as changed
                    for each statement execute function fynlo.note_menu()', wanted || '_note_insert', wanted);
    if wanted not in ('products', 'modifiers') then
      execute format('create or replace trigger %I after update on %I referencing new table as changed
                      for each statement execute function fynlo.note_menu()', wanted || '_note_update', wanted);
    end if;
    execute format('create or replace trigger %I after delete on %I referencing old table as changed
                    for each statement execute function fynlo.note_menu()', wanted || '_note_delete', wanted);
  end loop;
  foreach wanted in array array['products', 'modifiers'] loop
    execute format('create or replace trigger %I after update on %I
                    referencing old table as old_rows new table as new_rows
                    for each statement execute function fynlo.note_stock()', wanted || '_note_update', wanted);
  end loop;
  -- What an order made offline is priced by; stock moves with every sale and is none of it.
  for wanted, columns in values
    ('products', 'category_id, tax_class_id, name, price, open_price, archived_at'),
    ('product_variants', 'product_id, name, price, archived_at'),
    ('modifiers', 'group_id, name, price, archived_at'),
    ('modifier_groups', 'name, min_selections, max_selections, archived_at'),
    ('tax_classes', 'dine_in_rate, takeaway_rate, delivery_rate'),
    ('categories', 'archived_at'),
    ('product_modifier_groups', 'product_id, group_id, sort_order')
  loop
    execute format('create or replace trigger %I after insert or delete on %I
                    for each row execute function fynlo.keep_menu()', wanted || '_keep_menu', wanted);
    execute format('create or replace trigger %I after update of %s on %I
                    for each row when (row(%s) is distinct from row(%s)) execute function fynlo.keep_menu()',
                   wanted || '_keep_menu_update', columns, wanted,
                   regexp_replace(columns, '(\w+)', 'new.\1', 'g'), regexp_replace(columns, '(\w+)', 'old.\1', 'g'));
  end loop;
  -- A constraint trigger can be neither replaced nor made "if not exists".
  if not exists (select from pg_trigger
                  where tgrelid = 'fynlo.touched'::regclass and tgname = 'touched_drain') then
    create constraint trigger touched_drain after insert on fynlo.touched
      deferrable initially deferred
      for each row execute function fynlo.drain();
  end if;
end
$$;
