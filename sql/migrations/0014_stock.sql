-- Counted stock, 86 with a time to come back, and the menu as it was.
set local role fynlo_owner;

alter table products add column stock integer constraint products_stock check (stock >= 0);
alter table products add column low_stock_at integer constraint products_low_stock_at check (low_stock_at >= 0);
alter table products add column out_until timestamptz;
-- squawk-ignore ban-drop-constraint -- the same with counted as well, a line below
alter table products drop constraint products_availability_check;
alter table products add constraint products_availability_check
  check (availability in ('in_stock', 'counted', 'out_of_stock')) not valid;
alter table products add constraint products_counted check ((stock is not null) = (availability = 'counted')) not valid;
comment on column products.stock is 'How many are left to sell, where availability is counted; taken when a line is sent.';
comment on column products.out_until is 'When what is counted or out of stock is simply in stock again.';

alter table modifiers add column stock integer constraint modifiers_stock check (stock >= 0);
alter table modifiers add column low_stock_at integer constraint modifiers_low_stock_at check (low_stock_at >= 0);
alter table modifiers add column out_until timestamptz;
-- squawk-ignore ban-drop-constraint -- the same with counted as well, a line below
alter table modifiers drop constraint modifiers_availability_check;
alter table modifiers add constraint modifiers_availability_check
  check (availability in ('in_stock', 'counted', 'out_of_stock')) not valid;
alter table modifiers add constraint modifiers_counted check ((stock is not null) = (availability = 'counted')) not valid;

create table menu_history (
  restaurant_id uuid not null references restaurants (id),
  kind text not null,
  entity_id uuid not null,
  replaced_at timestamptz not null default clock_timestamp(),
  place bigint generated always as identity,
  old_row jsonb not null,
  primary key (restaurant_id, kind, entity_id, replaced_at, place)
);
comment on table menu_history is 'What stood on the menu until it was replaced: an order made offline is priced by the menu as it was. kind is the table.';

-- What comes back by itself is looked for every few seconds. Few rows have a time.
-- squawk-ignore require-concurrent-index-creation -- the column is new: the index is empty
create index products_out_until_idx on products (out_until) where out_until is not null;
-- squawk-ignore require-concurrent-index-creation -- the same
create index modifiers_out_until_idx on modifiers (out_until) where out_until is not null;
