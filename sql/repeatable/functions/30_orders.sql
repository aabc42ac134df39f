-- What keeps an order whole whoever writes it, a person in psql included.
set local role fynlo_feed;

create or replace function fynlo.business_date(p_at timestamptz, p_timezone text, p_cutoff time)
returns date
language sql stable parallel safe
as $$ select ((p_at at time zone p_timezone) - p_cutoff)::date $$;

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

create or replace function fynlo.order_changed() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
-- Before an update that changes anything: a higher version, and a closing time that fits the status.
begin
  if new.id <> old.id or new.restaurant_id <> old.restaurant_id then
    raise exception 'an order keeps its id and its restaurant' using errcode = 'check_violation';
  end if;
  if new.version <= old.version then
    new.version := old.version + 1;
  end if;
  new.updated_at := clock_timestamp();
  if new.status in ('completed', 'cancelled', 'merged') then
    new.closed_at := coalesce(new.closed_at, new.updated_at);
  else
    new.closed_at := null;
  end if;
  return new;
end
$$;

create or replace function fynlo.product_changed() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
-- Before an update that changes anything: a higher version.
begin
  if new.version <= old.version then
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
