-- The demo restaurants. The rows of a table come as one JSON array, so each table is one round trip.

-- name: enter_demo_restaurant
-- Sets the tenant for the rest of the transaction: whoever seeds may stand under the policies.
select set_config('app.restaurant_id', %(restaurant_id)s::text, true);

-- name: insert_demo_restaurant
-- The restaurant's id; no row where it is there already. Waits for another seed in progress.
insert into restaurants (id, name, timezone, currency, day_cutoff, prices_include_tax, tax_rounding, tax_scope,
                         service_charge_percentage, service_charge_taxable, service_charge_from_covers)
select r.id, r.name, r.timezone, r.currency, r.day_cutoff, r.prices_include_tax, r.tax_rounding, r.tax_scope,
       r.service_charge_percentage, r.service_charge_taxable, r.service_charge_from_covers
  from json_to_recordset(%(rows)s::json) as r (
         id uuid, name text, timezone text, currency text, day_cutoff time, prices_include_tax boolean,
         tax_rounding text, tax_scope text, service_charge_percentage numeric, service_charge_taxable boolean,
         service_charge_from_covers integer)
on conflict do nothing
returning id;

-- name: insert_demo_users
-- The people of the memberships; somebody with the same e-mail address stays as they are.
insert into users (id, email, name, password_hash)
select p.id, p.email, p.name, %(password_hash)s
  from json_to_recordset(%(rows)s::json) as m (person json),
       json_to_record(m.person) as p (id uuid, email text, name text)
on conflict do nothing;

-- name: insert_demo_memberships
-- By e-mail address: where that person was there before, it is they who get the role.
insert into memberships (restaurant_id, id, user_id, role)
select %(restaurant_id)s, m.id, u.id, m.role
  from json_to_recordset(%(rows)s::json) as m (id uuid, person json, role text)
  join users u on u.email = m.person ->> 'email'
on conflict do nothing;

-- name: insert_demo_tax_classes
insert into tax_classes (restaurant_id, id, name, dine_in_rate, takeaway_rate, delivery_rate)
select %(restaurant_id)s, c.id, c.name, c.dine_in_rate, c.takeaway_rate, c.delivery_rate
  from json_to_recordset(%(rows)s::json) as c (
         id uuid, name text, dine_in_rate numeric, takeaway_rate numeric, delivery_rate numeric)
on conflict do nothing;

-- name: insert_demo_stations
insert into stations (restaurant_id, id, name, kind, warn_after_s, late_after_s, sort_order)
select %(restaurant_id)s, s.id, s.name, s.kind, s.warn_after_s, s.late_after_s, s.sort_order
  from json_to_recordset(%(rows)s::json) as s (
         id uuid, name text, kind text, warn_after_s integer, late_after_s integer, sort_order integer)
on conflict do nothing;

-- name: insert_demo_categories
insert into categories (restaurant_id, id, name, sort_order, station_id)
select %(restaurant_id)s, c.id, c.name, c.sort_order, c.station_id
  from json_to_recordset(%(rows)s::json) as c (id uuid, name text, sort_order integer, station_id uuid)
on conflict do nothing;

-- name: insert_demo_modifier_groups
insert into modifier_groups (restaurant_id, id, name, min_selections, max_selections)
select %(restaurant_id)s, g.id, g.name, g.min_selections, g.max_selections
  from json_to_recordset(%(rows)s::json) as g (
         id uuid, name text, min_selections integer, max_selections integer)
on conflict do nothing;

-- name: insert_demo_modifiers
-- Those of the groups given.
insert into modifiers (restaurant_id, id, group_id, name, price, is_default, sort_order)
select %(restaurant_id)s, m.id, g.id, m.name, m.price, m.is_default, m.sort_order
  from json_to_recordset(%(rows)s::json) as g (id uuid, modifiers json),
       json_to_recordset(g.modifiers) as m (
         id uuid, name text, price bigint, is_default boolean, sort_order integer)
on conflict do nothing;

-- name: insert_demo_products
insert into products (restaurant_id, id, category_id, tax_class_id, name, description, price, sort_order)
select %(restaurant_id)s, p.id, p.category_id, p.tax_class_id, p.name, p.description, p.price, p.sort_order
  from json_to_recordset(%(rows)s::json) as p (
         id uuid, category_id uuid, tax_class_id uuid, name text, description text, price bigint,
         sort_order integer)
on conflict do nothing;

-- name: insert_demo_variants
-- Those of the products given.
insert into product_variants (restaurant_id, id, product_id, name, price, sort_order)
select %(restaurant_id)s, v.id, p.id, v.name, v.price, v.sort_order
  from json_to_recordset(%(rows)s::json) as p (id uuid, variants json),
       json_to_recordset(p.variants) as v (id uuid, name text, price bigint, sort_order integer)
on conflict do nothing;

-- name: insert_demo_product_modifier_groups
-- The groups of the products given, in their order.
insert into product_modifier_groups (restaurant_id, product_id, group_id, sort_order)
select %(restaurant_id)s, p.id, g.id::uuid, g.sort_order
  from json_to_recordset(%(rows)s::json) as p (id uuid, modifier_group_ids json),
       json_array_elements_text(p.modifier_group_ids) with ordinality as g (id, sort_order)
on conflict do nothing;

-- name: insert_demo_sections
insert into sections (restaurant_id, id, name, sort_order)
select %(restaurant_id)s, s.id, s.name, s.sort_order
  from json_to_recordset(%(rows)s::json) as s (id uuid, name text, sort_order integer)
on conflict do nothing;

-- name: insert_demo_tables
insert into tables (restaurant_id, id, section_id, name, seats, sort_order, position_x, position_y)
select %(restaurant_id)s, t.id, t.section_id, t.name, t.seats, t.sort_order, t.position_x, t.position_y
  from json_to_recordset(%(rows)s::json) as t (
         id uuid, section_id uuid, name text, seats integer, sort_order integer, position_x integer,
         position_y integer)
on conflict do nothing;
