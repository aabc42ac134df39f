-- Whose approval something was done with, in the log: an order's history says it. A column that may be null, without
-- a default: nothing is rewritten.
set local role fynlo_owner;

alter table order_events add column if not exists approver uuid;
comment on column order_events.approver is 'Who gave their word and PIN for it, where somebody did.';
