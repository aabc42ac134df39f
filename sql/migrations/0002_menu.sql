-- What a restaurant sells. Nothing is deleted: a retired row is archived.
set local role fynlo_owner;

create table tax_classes (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  name text not null check (length(name) between 1 and 100),
  dine_in_rate numeric(7, 4) not null check (dine_in_rate between 0 and 100),
  takeaway_rate numeric(7, 4) not null check (takeaway_rate between 0 and 100),
  delivery_rate numeric(7, 4) not null check (delivery_rate between 0 and 100),
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint tax_classes_id_key unique (id)
);
comment on table tax_classes is 'A rate, in percent, for each order type: cold takeaway can be zero-rated where eating in is not.';

create table stations (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  name text not null check (length(name) between 1 and 100),
  kind text not null default 'station' check (kind in ('station', 'expo')),
  warn_after_s integer not null default 600 check (warn_after_s >= 0),
  late_after_s integer not null default 1200 check (late_after_s >= 0),
  sort_order integer not null default 0,
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint stations_id_key unique (id)
);

create table categories (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  name text not null check (length(name) between 1 and 100),
  sort_order integer not null default 0,
  station_id uuid,
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint categories_id_key unique (id),
  foreign key (restaurant_id, station_id) references stations (restaurant_id, id)
);
comment on column categories.station_id is 'Where the kitchen makes what stands in this category.';

create table products (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  category_id uuid not null,
  tax_class_id uuid not null,
  name text not null check (length(name) between 1 and 200),
  description text,
  price bigint not null check (price >= 0),
  open_price boolean not null default false,
  sku text,
  image_url text,
  sort_order integer not null default 0,
  availability text not null default 'in_stock' check (availability in ('in_stock', 'out_of_stock')),
  version bigint not null default 1,
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint products_id_key unique (id),
  foreign key (restaurant_id, category_id) references categories (restaurant_id, id),
  foreign key (restaurant_id, tax_class_id) references tax_classes (restaurant_id, id)
);
comment on column products.price is 'Minor units of the restaurant''s currency.';
comment on column products.open_price is 'True: the till names the price of each sale.';

create table product_variants (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  product_id uuid not null,
  name text not null check (length(name) between 1 and 100),
  price bigint not null check (price >= 0),
  sort_order integer not null default 0,
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint product_variants_id_key unique (id),
  foreign key (restaurant_id, product_id) references products (restaurant_id, id)
);
comment on column product_variants.price is 'The whole price of the product in this variant, minor units.';
create index product_variants_product_idx on product_variants (restaurant_id, product_id);

create table modifier_groups (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  name text not null check (length(name) between 1 and 100),
  min_selections integer not null default 0 check (min_selections >= 0),
  max_selections integer check (max_selections >= 1 and max_selections >= min_selections),
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint modifier_groups_id_key unique (id)
);
comment on column modifier_groups.max_selections is 'Null: as many as the guest likes.';

create table modifiers (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  group_id uuid not null,
  name text not null check (length(name) between 1 and 100),
  price bigint not null default 0 check (price >= 0),
  is_default boolean not null default false,
  sort_order integer not null default 0,
  availability text not null default 'in_stock' check (availability in ('in_stock', 'out_of_stock')),
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint modifiers_id_key unique (id),
  foreign key (restaurant_id, group_id) references modifier_groups (restaurant_id, id)
);
create index modifiers_group_idx on modifiers (restaurant_id, group_id);

create table product_modifier_groups (
  restaurant_id uuid not null references restaurants (id),
  product_id uuid not null,
  group_id uuid not null,
  sort_order integer not null default 0,
  primary key (restaurant_id, product_id, group_id),
  foreign key (restaurant_id, product_id) references products (restaurant_id, id),
  foreign key (restaurant_id, group_id) references modifier_groups (restaurant_id, id)
);
