-- Orders, their lines, and the answers already given (idempotency).
set local role fynlo_owner;

create table day_counters (
  restaurant_id uuid not null references restaurants (id),
  business_date date not null,
  last_number integer not null check (last_number >= 1),
  primary key (restaurant_id, business_date)
);
comment on table day_counters is 'The last order number of each business day; locked until its order commits, so numbers have no gap.';

create table orders (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  number integer not null check (number >= 1),
  business_date date not null,
  type text not null default 'dine_in' check (type in ('dine_in', 'takeaway', 'delivery')),
  status text not null default 'pending'
    check (status in ('pending', 'confirmed', 'preparing', 'ready', 'completed', 'cancelled', 'merged')),
  payment_status text not null default 'unpaid'
    check (payment_status in ('unpaid', 'partially_paid', 'paid', 'partially_refunded', 'refunded')),
  version bigint not null default 1,
  table_id uuid,
  covers integer check (covers between 1 and 999),
  customer_name text,
  notes text,
  status_reason text,
  created_by uuid references users (id),
  request_hash bytea,
  -- the settings this order was made under
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  prices_include_tax boolean not null,
  tax_rounding text not null check (tax_rounding in ('half_up', 'half_even')),
  tax_scope text not null check (tax_scope in ('bucket', 'line')),
  service_charge_percentage numeric(7, 4) check (service_charge_percentage between 0 and 100),
  service_charge_taxable boolean not null,
  service_charge_from_covers integer check (service_charge_from_covers >= 1),
  -- totals, minor units, written with every change of a line
  subtotal bigint not null default 0,
  discount bigint not null default 0,
  service_charge bigint not null default 0,
  tax bigint not null default 0,
  total bigint not null default 0,
  tips bigint not null default 0,
  paid bigint not null default 0,
  refunded bigint not null default 0,
  tax_breakdown jsonb not null default '[]',
  placed_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  closed_at timestamptz,
  primary key (restaurant_id, id),
  constraint orders_id_key unique (id),
  constraint orders_number_key unique (restaurant_id, business_date, number),
  constraint orders_closed check ((closed_at is not null) = (status in ('completed', 'cancelled', 'merged'))),
  foreign key (restaurant_id, table_id) references tables (restaurant_id, id)
);
comment on column orders.number is 'Counts 1, 2, 3 … per restaurant and business date. This, the date and the settings are filled in by trigger when left out.';
comment on column orders.version is 'Raised by trigger with every change of the order or its lines.';
comment on column orders.request_hash is 'SHA-256 of the creating request: the same client-made id again is the same order.';
comment on column orders.service_charge_from_covers is 'The charge applies from so many covers; null: only when asked for.';

create unique index orders_one_open_per_table on orders (restaurant_id, table_id)
  where closed_at is null and table_id is not null;
create index orders_newest_idx on orders (restaurant_id, created_at desc, id desc);
create index orders_open_idx on orders (restaurant_id) where closed_at is null;

create table order_items (
  restaurant_id uuid not null references restaurants (id),
  order_id uuid not null,
  id uuid not null default fynlo.uuid7(),
  position integer not null,
  product_id uuid not null,
  variant_id uuid,
  name text not null,
  variant_name text,
  station_id uuid,
  unit_price bigint not null check (unit_price >= 0),
  quantity integer not null check (quantity between 1 and 999),
  course integer not null default 1 check (course between 1 and 99),
  notes text,
  status text not null default 'held' check (status in ('held', 'sent', 'voided')),
  tax_rate numeric(7, 4) not null check (tax_rate between 0 and 100),
  discount bigint not null default 0,
  total bigint not null,
  net bigint not null,
  request_hash bytea,
  created_at timestamptz not null default now(),
  primary key (restaurant_id, order_id, id),
  constraint order_items_id_key unique (id),
  foreign key (restaurant_id, order_id) references orders (restaurant_id, id),
  foreign key (restaurant_id, product_id) references products (restaurant_id, id),
  foreign key (restaurant_id, variant_id) references product_variants (restaurant_id, id)
);
comment on column order_items.name is 'As it stood on the menu when it was ordered; so are price, rate and station.';
comment on column order_items.total is 'After the line''s own discount, before its share of the order''s; minor units.';
comment on column order_items.net is 'What the line adds to net sales: after all discounts, without tax; minor units.';

create table order_item_modifiers (
  restaurant_id uuid not null references restaurants (id),
  order_id uuid not null,
  item_id uuid not null,
  modifier_id uuid not null,
  position integer not null,
  name text not null,
  price bigint not null check (price >= 0),
  quantity integer not null check (quantity between 1 and 999),
  primary key (restaurant_id, order_id, item_id, modifier_id),
  foreign key (restaurant_id, order_id, item_id) references order_items (restaurant_id, order_id, id),
  foreign key (restaurant_id, modifier_id) references modifiers (restaurant_id, id)
);

create table idempotency_keys (
  restaurant_id uuid not null references restaurants (id),
  actor uuid not null,
  method text not null,
  path text not null,
  key text not null check (length(key) between 1 and 255),
  request_hash bytea not null,
  status integer,
  headers jsonb,
  body bytea,
  created_at timestamptz not null default now(),
  primary key (restaurant_id, actor, method, path, key)
);
create index idempotency_keys_age_idx on idempotency_keys (created_at);
comment on table idempotency_keys is 'The first answer to each Idempotency-Key, written in the transaction of its work; a row without status is work that is still running.';
