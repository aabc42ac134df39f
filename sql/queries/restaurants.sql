-- The restaurants themselves.

-- name: restaurants_of
-- Where a person works, by name, with the settings.
select restaurant_id, name, role, timezone, to_char(day_cutoff, 'HH24:MI'), currency, prices_include_tax,
       tax_rounding, tax_scope, trim_scale(service_charge_percentage)::text, service_charge_taxable,
       service_charge_from_covers, trim_scale(discount_limit_percentage)::text
  from fynlo.restaurants_of(%(user_id)s)

-- name: found_restaurant
-- A new restaurant of the person's, unless the id is taken.
select fynlo.found_restaurant(%(user_id)s, %(id)s, %(name)s, %(timezone)s, %(currency)s, %(request_id)s, %(address)s)

-- name: restaurant_lock
-- The settings, locked, and whether there are orders: then the currency stays.
select r.name, r.timezone, r.currency, to_char(r.day_cutoff, 'HH24:MI'), r.prices_include_tax, r.tax_rounding,
       r.tax_scope, trim_scale(r.service_charge_percentage)::text, r.service_charge_taxable,
       r.service_charge_from_covers, trim_scale(r.discount_limit_percentage)::text,
       exists (select from orders o where o.restaurant_id = r.id)
  from restaurants r where r.id = %(restaurant_id)s for update

-- name: restaurant_update
-- New settings; orders that are made keep theirs.
update restaurants set
  name = %(name)s, timezone = %(timezone)s, currency = %(currency)s, day_cutoff = %(day_cutoff)s,
  prices_include_tax = %(prices_include_tax)s, tax_rounding = %(tax_rounding)s, tax_scope = %(tax_scope)s,
  service_charge_percentage = %(service_charge_percentage)s,
  service_charge_taxable = %(service_charge_taxable)s,
  service_charge_from_covers = %(service_charge_from_covers)s,
  discount_limit_percentage = %(discount_limit_percentage)s, updated_at = now()
 where id = %(restaurant_id)s

-- name: person_insert
-- Somebody with a password; somebody with the same e-mail address stays as they are.
insert into users (email, name, password_hash) values (%(email)s, %(name)s, %(password_hash)s)
on conflict (email) do nothing

-- name: person_id
-- The one person of an e-mail address.
select id from users where email = %(email)s
