-- What keeps an order whole whoever writes it, a person in psql included.
set local role fynlo_feed;

create or replace function fynlo.business_date(p_at timestamptz, p_timezone text, p_cutoff time)
returns date
language sql stable parallel safe
-- The local date, or the one before until the clock shows the cutoff. A day that has begun goes on when the clock is
-- set back behind the cutoff: the cutoff is then shown twice, and the first time counts.
as $$
  select case
    when local.at::time >= p_cutoff then local.at::date
    when exists (
      select from unnest(array[interval '0', interval '30 minutes', interval '1 hour', interval '2 hours']) as back
       cross join lateral (
         select ((local.at::date + p_cutoff) at time zone p_timezone) - back as at) first_shown
       where first_shown.at at time zone p_timezone = local.at::date + p_cutoff and p_at >= first_shown.at
    ) then local.at::date
    else local.at::date - 1 end
    from (select p_at at time zone p_timezone as at) local
$$;

create or replace function fynlo.order_defaults() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Fills in what an insert leaves out: the business date, the number, the settings of the restaurant, the
-- closing time of an order that is closed. A number that is given moves the day's counter up to it.
begin
  select coalesce(new.business_date, fynlo.business_date(new.placed_at, r.timezone, r.day_cutoff)),
         coalesce(new.currency, r.currency),
         coalesce(new.prices_include_tax, r.prices_include_tax),
         coalesce(new.tax_rounding, r.tax_rounding),
         coalesce(new.tax_scope, r.tax_scope),
         coalesce(new.service_charge_percentage, r.service_charge_percentage),
         coalesce(new.service_charge_taxable, r.service_charge_taxable),
         coalesce(new.service_charge_from_covers, r.service_charge_from_covers)
    into new.business_date, new.currency, new.prices_include_tax, new.tax_rounding, new.tax_scope,
         new.service_charge_percentage, new.service_charge_taxable, new.service_charge_from_covers
    from restaurants r where r.id = new.restaurant_id;
  if not found then
    raise exception 'restaurant % does not exist', new.restaurant_id using errcode = 'foreign_key_violation';
  end if;
  if new.status in ('completed', 'cancelled', 'merged') then
    new.closed_at := coalesce(new.closed_at, clock_timestamp());
  end if;
  insert into day_counters as c (restaurant_id, business_date, last_number)
  values (new.restaurant_id, new.business_date, coalesce(new.number, 1))
  on conflict (restaurant_id, business_date)
  do update set last_number = case when new.number is null then c.last_number + 1
                                   else greatest(c.last_number, new.number) end
  returning coalesce(new.number, c.last_number) into new.number;
  return new;
end
$$;

create or replace function fynlo.payment_status(
  p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint
) returns text
language sql immutable parallel safe
as $$
  select case when p_refunded > 0 then case when p_refunded >= p_paid then 'refunded' else 'partially_refunded' end
              when p_paid = 0 then 'unpaid'
              when p_paid - p_returned >= p_total then 'paid'
              else 'partially_paid' end
$$;

create or replace function fynlo.due(p_status text, p_total bigint, p_paid bigint, p_returned bigint)
returns bigint
language sql immutable parallel safe
-- Nothing is due of an order that was cancelled.
as $$ select case when p_status = 'cancelled' then 0 else greatest(0, p_total - (p_paid - p_returned)) end $$;

create or replace function fynlo.to_refund(
  p_status text, p_total bigint, p_paid bigint, p_refunded bigint, p_returned bigint, p_unapplied bigint
) returns bigint
language sql immutable parallel safe
-- What the house holds beyond what the guest owes.
as $$
  select p_unapplied + least(p_paid - p_refunded, greatest(0, p_paid - p_returned
                                                   - case when p_status = 'cancelled' then 0 else p_total end))
$$;

create or replace function fynlo.order_changed() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
-- Before an update that changes anything: a higher version, and the payment status and closing time that fit.
begin
  if new.id <> old.id or new.restaurant_id <> old.restaurant_id then
    raise exception 'an order keeps its id and its restaurant' using errcode = 'check_violation';
  end if;
  if new.version <= old.version then
    new.version := old.version + 1;
  end if;
  new.updated_at := clock_timestamp();
  new.payment_status := fynlo.payment_status(new.total, new.paid, new.refunded, new.returned);
  if new.status in ('completed', 'cancelled', 'merged') then
    new.closed_at := coalesce(new.closed_at, new.updated_at);
  else
    new.closed_at := null;
  end if;
  return new;
end
$$;

create or replace function fynlo.settle(p_orders uuid[]) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- What was paid, tipped and refunded, added up anew from the payments and refunds of these orders. A change of
-- those is one of their orders, though none of the sums be another.
begin
  update orders o
     set paid = s.paid, unapplied = s.unapplied - r.from_unapplied, tips = s.tips - r.tips,
         refunded = r.refunded, returned = r.returned, version = o.version + 1
    from unnest(p_orders) as wanted (id)
   cross join lateral (
     select coalesce(sum(p.amount - p.unapplied), 0)::bigint as paid,
            coalesce(sum(p.unapplied), 0)::bigint as unapplied, coalesce(sum(p.tip), 0)::bigint as tips
       from orders x join payments p on p.restaurant_id = x.restaurant_id and p.order_id = x.id
      where x.id = wanted.id and p.state = 'captured'
   ) s
   cross join lateral (
     select coalesce(sum(f.amount - f.from_unapplied), 0)::bigint as refunded,
            coalesce(sum(f.from_unapplied), 0)::bigint as from_unapplied,
            coalesce(sum(f.returned), 0)::bigint as returned, coalesce(sum(f.tip), 0)::bigint as tips
       from orders x join refunds f on f.restaurant_id = x.restaurant_id and f.order_id = x.id
      where x.id = wanted.id
   ) r
   where o.id = wanted.id
     and (o.paid, o.unapplied, o.tips, o.refunded, o.returned)
         is distinct from (s.paid, s.unapplied - r.from_unapplied, s.tips - r.tips, r.refunded, r.returned);
  perform fynlo.raise_versions(p_orders);
end
$$;

create or replace function fynlo.keep_reported() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
-- What a Z has reported stays as it was reported; it may move with its order when that is merged.
declare
  moves text[] := array['order_id', 'check_id', 'updated_at'];
begin
  if old.z_id is not null and to_jsonb(new) - moves is distinct from to_jsonb(old) - moves then
    raise exception '% % was reported by a Z and stays as it is', tg_table_name, old.id
      using errcode = 'restrict_violation', hint = 'Refund a payment instead: the refund belongs to the next Z.';
  end if;
  return new;
end
$$;

create or replace function fynlo.payment_voided() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
-- By the clock: who voids waits for the count of its shift, and is after it then.
begin
  new.voided_at := clock_timestamp();
  return new;
end
$$;

create or replace function fynlo.keep_closed() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
  raise exception 'shift % was counted and stays as it is', old.id
    using errcode = 'restrict_violation', hint = 'Open a new shift; correct the drawer by a movement there.';
end
$$;

create or replace function fynlo.product_changed() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
-- Before an update that changes anything but the stock: a higher version.
declare
  stock text[] := array['availability', 'stock', 'low_stock_at', 'out_until'];
begin
  if new.version <= old.version and to_jsonb(new) - stock is distinct from to_jsonb(old) - stock then
    new.version := old.version + 1;
  end if;
  return new;
end
$$;

create or replace function fynlo.refuse_delete() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
-- An argument names the role whose functions may delete here.
begin
  if tg_op = 'DELETE' and current_user = tg_argv[0] then
    return null;
  end if;
  raise exception '% keeps its rows: orders are cancelled, lines are voided, events are kept', tg_table_name
    using errcode = 'restrict_violation',
          hint = 'Set a status instead. Old events are dropped by the month, as whole partitions.';
end
$$;
