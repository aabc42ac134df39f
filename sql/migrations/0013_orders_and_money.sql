-- Payments, refunds, checks, and the terms under which an order is discounted and charged for service.
set local role fynlo_owner;

alter table restaurants add column discount_limit_percentage numeric(7, 4) not null default 20
  constraint restaurants_discount_limit check (discount_limit_percentage between 0 and 100);
comment on column restaurants.discount_limit_percentage is 'Who may not refund needs somebody''s approval for a larger discount.';

alter table orders add column discount_percentage numeric(7, 4)
  constraint orders_discount_percentage check (discount_percentage between 0 and 100);
alter table orders add column discount_amount bigint constraint orders_discount_amount check (discount_amount >= 0);
alter table orders add column discount_reason text;
alter table orders add column charge_rule text not null default 'automatic'
  constraint orders_charge_rule check (charge_rule in ('automatic', 'set', 'waived'));
alter table orders add column charge_percentage numeric(7, 4)
  constraint orders_charge_percentage check (charge_percentage between 0 and 100);
alter table orders add column charge_amount bigint constraint orders_charge_amount check (charge_amount >= 0);
alter table orders add column charge_reason text;
alter table orders add column unapplied bigint not null default 0;
alter table orders add column returned bigint not null default 0;
alter table orders add column merged_into uuid;
comment on column orders.discount_percentage is 'The order''s discount is a percentage or an amount, off what the lines come to after their own.';
comment on column orders.charge_rule is 'automatic: by the settings the order was made under; set: by charge_percentage or charge_amount; waived: none.';
comment on column orders.paid is 'Sum of the captured payments without what was booked as unapplied. This and the next are kept by triggers on payments and refunds.';
comment on column orders.unapplied is 'Taken beyond what was due, and not given back yet.';
comment on column orders.returned is 'The part of refunds that gave back what the order no longer costs; lines added later are due again.';
comment on column orders.merged_into is 'The order that has its lines and payments now.';

alter table order_items add column discount_percentage numeric(7, 4)
  constraint order_items_discount_percentage check (discount_percentage between 0 and 100);
alter table order_items add column discount_amount bigint
  constraint order_items_discount_amount check (discount_amount >= 0);
alter table order_items add column discount_reason text;
alter table order_items add column stock_taken integer not null default 0;
comment on column order_items.stock_taken is 'How many were taken from counted stock when the line was sent: so many come back.';

alter table order_item_modifiers add column stock_taken integer not null default 0;
-- squawk-ignore ban-drop-constraint -- the same with zero as well, a line below
alter table order_item_modifiers drop constraint order_item_modifiers_quantity_check;
alter table order_item_modifiers add constraint order_item_modifiers_quantity_check
  check (quantity between 0 and 999) not valid;
comment on column order_item_modifiers.quantity is 'For one of the line; 0: taken off again before the line was sent.';

create table checks (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  order_id uuid not null,
  position integer not null,
  total bigint not null check (total >= 0),
  items jsonb not null default '[]',
  remainder boolean not null default false,
  replaced_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (restaurant_id, id),
  constraint checks_id_key unique (id),
  foreign key (restaurant_id, order_id) references orders (restaurant_id, id)
);
comment on table checks is 'The parts an order was split into to be paid. A check that nothing was paid on is replaced by splitting again.';
comment on column checks.remainder is 'Bears what no check was made for: lines added later.';
create index checks_order_idx on checks (restaurant_id, order_id) where replaced_at is null;

create table shifts (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  drawer text not null check (length(drawer) between 1 and 100),
  opened_by uuid not null references users (id),
  opened_at timestamptz not null default now(),
  opening_amount bigint not null check (opening_amount >= 0),
  closed_by uuid references users (id),
  closed_at timestamptz,
  counted_amount bigint check (counted_amount >= 0),
  expected_amount bigint,
  primary key (restaurant_id, id),
  constraint shifts_id_key unique (id),
  constraint shifts_closed check ((closed_at is null) = (counted_amount is null)
                                  and (closed_at is null) = (expected_amount is null))
);
comment on table shifts is 'A drawer in somebody''s hands, from the float they were given to the count.';
create unique index shifts_one_open_per_person on shifts (restaurant_id, opened_by) where closed_at is null;
create unique index shifts_one_open_per_drawer on shifts (restaurant_id, lower(drawer)) where closed_at is null;
create index shifts_newest_idx on shifts (restaurant_id, opened_at desc, id desc);

create table shift_movements (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  shift_id uuid not null,
  type text not null check (type in ('paid_in', 'paid_out', 'drop')),
  amount bigint not null check (amount >= 1),
  reason text,
  made_by uuid not null references users (id),
  created_at timestamptz not null default now(),
  primary key (restaurant_id, id),
  constraint shift_movements_id_key unique (id),
  foreign key (restaurant_id, shift_id) references shifts (restaurant_id, id)
);
create index shift_movements_shift_idx on shift_movements (restaurant_id, shift_id);

create table z_counters (
  restaurant_id uuid primary key references restaurants (id),
  last_number integer not null check (last_number >= 1)
);
comment on table z_counters is 'The number of each restaurant''s last Z; locked until its Z commits, so numbers have no gap.';

create table z_reports (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  number integer not null check (number >= 1),
  business_date date not null,
  taken_by uuid not null references users (id),
  taken_at timestamptz not null default now(),
  body json not null,
  primary key (restaurant_id, id),
  constraint z_reports_id_key unique (id),
  constraint z_reports_number_key unique (restaurant_id, number)
);
comment on table z_reports is 'The end of a day of trade, as it was reported. Nobody changes one.';
create index z_reports_date_idx on z_reports (restaurant_id, business_date);

create table z_orders (
  restaurant_id uuid not null references restaurants (id),
  order_id uuid not null,
  z_id uuid not null,
  primary key (restaurant_id, order_id),
  foreign key (restaurant_id, order_id) references orders (restaurant_id, id),
  foreign key (restaurant_id, z_id) references z_reports (restaurant_id, id)
);
comment on table z_orders is 'The Z that reported an order: the first one taken after it was completed or cancelled.';
create index z_orders_z_idx on z_orders (restaurant_id, z_id);

create table payments (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  order_id uuid not null,
  check_id uuid,
  shift_id uuid,
  method text not null check (method in ('cash', 'card', 'gift_card', 'other')),
  state text not null default 'captured' check (state in ('pending', 'captured', 'failed', 'voided')),
  amount bigint not null check (amount >= 0),
  unapplied bigint not null default 0,
  tip bigint not null default 0 check (tip >= 0),
  tendered bigint,
  reference text,
  reason text,
  taken_by uuid references users (id),
  business_date date not null,
  request_hash bytea,
  z_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  captured_at timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (restaurant_id, id),
  constraint payments_id_key unique (id),
  constraint payments_unapplied check (unapplied between 0 and amount),
  constraint payments_tendered check (tendered >= amount + tip),
  constraint payments_captured check ((captured_at is not null) = (state in ('captured', 'voided'))),
  foreign key (restaurant_id, order_id) references orders (restaurant_id, id),
  foreign key (restaurant_id, check_id) references checks (restaurant_id, id),
  foreign key (restaurant_id, shift_id) references shifts (restaurant_id, id),
  foreign key (restaurant_id, z_id) references z_reports (restaurant_id, id)
);
comment on column payments.state is 'pending: reserved until the terminal has answered; then captured or failed. voided: it was the wrong tender.';
comment on column payments.amount is 'Towards the order, without tip; minor units. `unapplied` of it was more than was due.';
comment on column payments.business_date is 'The restaurant''s day of trade on which it was captured, or begun.';
comment on column payments.z_id is 'The Z that reported it: the first one taken after it. Set once.';
create index payments_order_idx on payments (restaurant_id, order_id);
create index payments_unreported_idx on payments (restaurant_id) where z_id is null and state = 'captured';
create index payments_shift_idx on payments (restaurant_id, shift_id) where shift_id is not null;
create index payments_newest_idx on payments (restaurant_id, created_at desc, id desc);
create index payments_date_idx on payments (restaurant_id, business_date);

create table refunds (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  payment_id uuid not null,
  order_id uuid not null,
  shift_id uuid,
  method text not null check (method in ('cash', 'card', 'gift_card', 'other')),
  amount bigint not null check (amount >= 0),
  from_unapplied bigint not null default 0,
  returned bigint not null default 0,
  tip bigint not null default 0 check (tip >= 0),
  service_charge bigint not null default 0,
  tax_breakdown jsonb not null default '[]',
  items jsonb not null default '[]',
  reason text not null,
  made_by uuid references users (id),
  approved_by uuid references users (id),
  business_date date not null,
  request_hash bytea,
  z_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  primary key (restaurant_id, id),
  constraint refunds_id_key unique (id),
  constraint refunds_something check (amount + tip >= 1),
  constraint refunds_parts check (from_unapplied >= 0 and returned >= 0 and from_unapplied + returned <= amount),
  foreign key (restaurant_id, payment_id) references payments (restaurant_id, id),
  foreign key (restaurant_id, order_id) references orders (restaurant_id, id),
  foreign key (restaurant_id, shift_id) references shifts (restaurant_id, id),
  foreign key (restaurant_id, z_id) references z_reports (restaurant_id, id)
);
comment on column refunds.from_unapplied is 'The part that gave back what was taken beyond what was due.';
comment on column refunds.returned is 'The part that gave back what the order no longer cost, a line voided after it was paid, say.';
comment on column refunds.tax_breakdown is 'The sale that the rest reverses, by rate, as in orders; with service_charge, what of it lies outside tax.';
create index refunds_order_idx on refunds (restaurant_id, order_id);
create index refunds_payment_idx on refunds (restaurant_id, payment_id);
create index refunds_unreported_idx on refunds (restaurant_id) where z_id is null;
create index refunds_shift_idx on refunds (restaurant_id, shift_id) where shift_id is not null;
create index refunds_date_idx on refunds (restaurant_id, business_date);

-- squawk-ignore ban-drop-constraint -- the same with more kinds, a line below; the table is empty between commits
alter table fynlo.touched drop constraint touched_entity_check;
alter table fynlo.touched add constraint touched_entity_check
  check (entity in ('order', 'menu', 'payment', 'refund', 'table', 'stock')) not valid;
