-- The menu as it was: what an order that was made offline is priced by, and the day that it belongs to.
set local role fynlo_feed;

create or replace function fynlo.keep_menu() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Keeps what stood until now; for what is new, that there was nothing. A product's groups are kept under the product.
begin
  if tg_op <> 'INSERT' then
    insert into menu_history (restaurant_id, kind, entity_id, old_row)
    select old.restaurant_id, tg_table_name, coalesce((r ->> 'id')::uuid, (r ->> 'product_id')::uuid), r
      from to_jsonb(old) r;
  end if;
  if tg_op = 'INSERT' or tg_op = 'UPDATE' and tg_table_name = 'product_modifier_groups' then
    insert into menu_history (restaurant_id, kind, entity_id, old_row)
    select new.restaurant_id, tg_table_name, coalesce((r ->> 'id')::uuid, (r ->> 'product_id')::uuid),
           jsonb_strip_nulls(jsonb_build_object('absent', true, 'group_id',
             case when tg_table_name = 'product_modifier_groups' then r ->> 'group_id' end))
      from to_jsonb(new) r;
  end if;
  return null;
end
$$;

create or replace function fynlo.menu_was(p_restaurant uuid, p_kind text, p_id uuid, p_at timestamptz) returns jsonb
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
-- What differed at that time of a row of the menu, to be put over the row as it is; {"absent": true}: it was not there.
as $$
  select coalesce((
    select h.old_row from menu_history h
     where h.restaurant_id = p_restaurant and h.kind = p_kind and h.entity_id = p_id and h.replaced_at > p_at
     order by h.replaced_at, h.place
     limit 1), '{}')
$$;

create or replace function fynlo.trading_day(p_restaurant uuid, p_at timestamptz, p_timezone text, p_cutoff time)
returns date
language plpgsql volatile
set search_path = pg_catalog, public, pg_temp
as $$
-- The business date of an order: that of its time, unless a Z has closed it; then today's. A Z that is being taken is
-- waited for, and holds until the order has committed.
declare
  day date := fynlo.business_date(p_at, p_timezone, p_cutoff);
  today date := fynlo.business_date(now(), p_timezone, p_cutoff);
begin
  if day < today then
    perform 1 from z_counters z where z.restaurant_id = p_restaurant for share;
    if exists (select from z_reports z where z.restaurant_id = p_restaurant and z.business_date = day) then
      return today;
    end if;
  end if;
  return day;
end
$$;
