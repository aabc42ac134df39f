-- What should be in a drawer.
set local role fynlo_feed;

create or replace function fynlo.expected_cash(p_restaurant uuid, p_shift uuid) returns bigint
language sql stable parallel safe
set search_path = pg_catalog, public, pg_temp
-- The float, and what went into the drawer and out of it since. The caller's row-level security applies.
as $$
  select (s.opening_amount
          + (select coalesce(sum(p.amount + p.tip), 0) from payments p
              where p.restaurant_id = s.restaurant_id and p.shift_id = s.id and p.method = 'cash'
                and p.state = 'captured')
          - (select coalesce(sum(f.amount + f.tip), 0) from refunds f
              where f.restaurant_id = s.restaurant_id and f.shift_id = s.id and f.method = 'cash')
          + (select coalesce(sum(case m.type when 'paid_in' then m.amount else -m.amount end), 0)
               from shift_movements m
              where m.restaurant_id = s.restaurant_id and m.shift_id = s.id))::bigint
    from shifts s where s.restaurant_id = p_restaurant and s.id = p_shift
$$;
