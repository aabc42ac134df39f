-- The restaurants themselves.

-- name: restaurants_of
-- Where a person works, by name, with the settings.
select restaurant_id, name, role, timezone, to_char(day_cutoff, 'HH24:MI'), currency, prices_include_tax,
       tax_rounding, tax_scope, trim_scale(service_charge_percentage)::text, service_charge_taxable,
       service_charge_from_covers
  from fynlo.restaurants_of(%(user_id)s)
