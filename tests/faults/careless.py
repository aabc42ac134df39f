"""A server that takes its time between what it reads and what it writes, and one that takes no care besides: no
lock of an order, no key and no id that make a retry the same, and a database without its guards.

Both are slow in the same places, so that the one differs from the other by the guards alone. See broken.py.
"""

CLOCK = """
from datetime import UTC, datetime, timedelta
from pathlib import Path
from fynlo import http
ahead = Path({ahead!r})
http.utc_now = lambda: datetime.now(UTC) + timedelta(seconds=float(ahead.read_text()))
"""
"""Its clock is ahead by so many seconds as that file says. It comes before the others."""

DAWDLING = """
import asyncio, random
from fynlo.orders import work
def dawdles(read):
    async def slow(*arguments, **named):
        found = await read(*arguments, **named)
        await asyncio.sleep(random.random() * 0.03)
        return found
    return slow
work.ask_for, work.locked = dawdles(work.ask_for), dawdles(work.locked)
"""
"""Whole; what it has read of an order or of the menu may be old by the time it writes, were it not for the guards."""

CARELESS = (
    DAWDLING
    + """
import msgspec, re
from fynlo import writing
from fynlo.orders import queries
from fynlo.tenancy import Once

once, create, append = writing.once, work.create, work.append
async def each_time(pool, context, permission, request, *rest, **named):
    request = Once(request.method, request.path, None, request.request_hash)
    return await once(pool, context, permission, request, *rest, **named)
async def another(tenant, new, hashed):
    return await create(tenant, msgspec.structs.replace(new, id=None), hashed)
async def more(tenant, order_id, new, *rest):
    items = tuple(msgspec.structs.replace(item, id=None) for item in new.items)
    return await append(tenant, order_id, msgspec.structs.replace(new, items=items), *rest)
writing.once, work.create, work.append = each_time, another, more

async def unlocked(*_): pass
queries.order_lock = unlocked

queries._SQL["order_insert"] = re.sub(
    rb"insert into day_counters.*?c\\.last_number\\n(?=\\))",
    b"select d.day as business_date, 1 + coalesce((select max(x.number) from orders x"
    b" where x.restaurant_id = %(restaurant_id)s and x.business_date = d.day), 0) as last_number"
    b" from fynlo.trading_day(%(restaurant_id)s, %(placed_at)s, %(timezone)s, %(day_cutoff)s) d (day)",
    queries._SQL["order_insert"],
    flags=re.DOTALL,
)
assert b"day_counters" not in queries._SQL["order_insert"]
"""
)
"""It does each request each time, on what it has read without a lock, and numbers orders by those that it sees."""

UNGUARDED = """
drop index orders_one_open_per_table;
alter table orders drop constraint orders_number_key;

create or replace function fynlo.business_date(p_at timestamptz, p_timezone text, p_cutoff time) returns date
language sql stable as $$
-- as if the zone were still at its time of the day before
  select (p_at at time zone 'UTC' - p_cutoff + ((p_at - interval '1 day') at time zone p_timezone
                                                - (p_at - interval '1 day') at time zone 'UTC'))::date
$$;

create or replace function fynlo.keep_menu() returns trigger language plpgsql as 'begin return null; end';

create or replace function fynlo.take_stock(
  p_products uuid[], p_quantities bigint[], p_modifiers uuid[], p_modifier_quantities bigint[]
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  found_left jsonb := (select jsonb_object_agg(p.id, p.stock) from products p
                        where p.id = any (p_products) and p.availability = 'counted');
begin
  if exists (select from jsonb_each_text(found_left) where value::integer < 1) then
    raise exception 'less is left than was asked for' using errcode = 'FY001', detail = found_left::text;
  end if;
  perform pg_sleep(0.03);
  update products p set stock = (found_left ->> p.id::text)::integer - 1 where found_left ? p.id::text;
  return array(select jsonb_object_keys(found_left)::uuid);
end
$$;
"""
"""What a superuser does to the careless one's database."""
