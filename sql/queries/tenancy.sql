-- Entering a tenant, and answering a retried request with its first answer.

-- name: enter
-- The restaurant of the request with the caller's role and its settings, and the state of the
-- Idempotency-Key; sets the tenant for the transaction, and whether its commit notifies. No row: absent, or
-- not theirs.
select e.restaurant_id, e.role, e.name, e.timezone, e.currency, e.day_cutoff, e.prices_include_tax,
       e.tax_rounding, e.tax_scope, trim_scale(e.service_charge_percentage)::text, e.service_charge_taxable,
       e.service_charge_from_covers, trim_scale(e.discount_limit_percentage)::text, e.menu_version, k.claim, k.status, k.headers, k.body
  from fynlo.enter(%(user_id)s, %(restaurant_id)s, %(kind)s, %(id)s, %(device_id)s, %(request_id)s,
                   %(address)s) e
 cross join lateral fynlo.claim_key(e.restaurant_id, %(user_id)s, %(method)s, %(path)s, %(key)s,
                                    %(request_hash)s) k
 cross join set_config('app.notify', %(notify)s, true)

-- name: store_answer
-- Keeps the first answer to a key, in the transaction of its work.
update idempotency_keys set status = %(status)s, headers = %(headers)s, body = %(body)s
 where restaurant_id = %(restaurant_id)s and actor = %(actor)s and method = %(method)s
   and path = %(path)s and key = %(key)s
