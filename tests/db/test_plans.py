"""The plans of what runs all day, on a database that has been in use: by index, whatever else has grown."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from fynlo.db.pool import Connection
from fynlo.db.queries import queries
from tests.cluster import Cluster

from .test_queries import numbered, parameters
from .till import application, connect, inside, make_month, rows, value

RESTAURANTS = 1000
ORDERS = 4000

# Everything of restaurant n, its ids made from n. Without triggers and without the log's detour.
GROWN = """
create function id_of(kind text, n integer, k integer default 0) returns uuid language sql immutable
  return md5(kind || n || '.' || k)::uuid;

set session_replication_role = replica;
insert into users (id, email, name) select id_of('user', n), n || '@x.test', 'x' from generate_series(1, %(n)s) n;
insert into restaurants (id, name, currency) select id_of('place', n), 'x', 'GBP' from generate_series(1, %(n)s) n;
insert into feed_heads (restaurant_id, seq) select id_of('place', n), 0 from generate_series(1, %(n)s) n;
insert into memberships (restaurant_id, user_id, role)
  select id_of('place', n), id_of('user', n), 'owner' from generate_series(1, %(n)s) n;
insert into tax_classes (restaurant_id, id, name, dine_in_rate, takeaway_rate, delivery_rate)
  select id_of('place', n), id_of('tax', n), 'x', 20, 20, 20 from generate_series(1, %(n)s) n;
insert into sections (restaurant_id, id, name) select id_of('place', n), id_of('section', n), 'x'
  from generate_series(1, %(n)s) n;
insert into categories (restaurant_id, id, name)
  select id_of('place', n), id_of('category', n, k), 'c' || k from generate_series(1, %(n)s) n, generate_series(1, 3) k;
insert into products (restaurant_id, id, category_id, tax_class_id, name, price)
  select id_of('place', n), id_of('product', n, k), id_of('category', n, 1 + k %% 3), id_of('tax', n), 'p' || k, 100
    from generate_series(1, %(n)s) n, generate_series(1, 9) k;
insert into product_variants (restaurant_id, id, product_id, name, price)
  select id_of('place', n), id_of('variant', n, k), id_of('product', n, 1 + k %% 9), 'v' || k, 100
    from generate_series(1, %(n)s) n, generate_series(1, 9) k;
insert into modifier_groups (restaurant_id, id, name)
  select id_of('place', n), id_of('group', n, k), 'g' || k from generate_series(1, %(n)s) n, generate_series(1, 3) k;
insert into modifiers (restaurant_id, id, group_id, name)
  select id_of('place', n), id_of('modifier', n, k), id_of('group', n, 1 + k %% 3), 'm' || k
    from generate_series(1, %(n)s) n, generate_series(1, 9) k;
insert into product_modifier_groups (restaurant_id, product_id, group_id)
  select id_of('place', n), id_of('product', n, k), id_of('group', n, 1 + k %% 3)
    from generate_series(1, %(n)s) n, generate_series(1, 9) k;
insert into tables (restaurant_id, id, section_id, name)
  select id_of('place', n), id_of('table', n, k), id_of('section', n), 't' || k
    from generate_series(1, %(n)s) n, generate_series(1, 9) k;
-- half of all orders are the first restaurant's, a hundredth of them open
insert into orders (restaurant_id, id, number, business_date, status, currency, prices_include_tax, tax_rounding,
                    tax_scope, service_charge_taxable, created_at, closed_at, table_id)
  select id_of('place', n), id_of('order', k), k, '2026-01-01', case when open then 'ready' else 'completed' end,
         'GBP', true, 'half_up', 'bucket', false, at, case when not open then at end,
         case when open and k %% 200 = 0 and k <= 1800 then id_of('table', n, k / 200) end
    from (select k, case when k %% 2 = 0 then 1 else 1 + k %% %(n)s end as n, k %% 100 = 0 as open,
                 now() - make_interval(mins => k) as at from generate_series(1, %(orders)s) k) o;
insert into order_items (restaurant_id, order_id, id, position, product_id, name, unit_price, quantity, tax_rate,
                         total, net)
  select o.restaurant_id, o.id, md5(o.id::text || k)::uuid, k, id_of('product', 1, k), 'x', 100, 1, 20, 100, 80
    from orders o, generate_series(1, 3) k;
insert into order_item_modifiers (restaurant_id, order_id, item_id, modifier_id, position, name, price, quantity)
  select i.restaurant_id, i.order_id, i.id, id_of('modifier', 1, 1), 1, 'x', 0, 1 from order_items i;
insert into payments (restaurant_id, id, order_id, method, amount, business_date, created_at, captured_at)
  select o.restaurant_id, md5(o.id::text || 'paid')::uuid, o.id, 'cash', 1, '2026-01-01', o.created_at, o.created_at
    from orders o;
insert into refunds (restaurant_id, payment_id, order_id, method, amount, reason, business_date)
  select p.restaurant_id, p.id, p.order_id, 'cash', 1, 'x', '2026-01-01' from payments p;
insert into shifts (restaurant_id, id, drawer, opened_by, opening_amount, closed_at, counted_amount, expected_amount)
  select id_of('place', n), id_of('shift', n, k), 'A', id_of('user', n), 0, now(), 0, 0
    from generate_series(1, %(n)s) n, generate_series(1, 5) k;
insert into order_events (restaurant_id, seq, type, entity_id, data)
  select o.restaurant_id, row_number() over (partition by o.restaurant_id order by o.id), 'order.created', o.id, '{}'
    from orders o, generate_series(1, 3);
insert into menu_history (restaurant_id, kind, entity_id, old_row)
  select p.restaurant_id, 'products', p.id, to_jsonb(p) from products p, generate_series(1, 3);
update feed_heads h set seq = (select count(*) from order_events e where e.restaurant_id = h.restaurant_id);
insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash, created_at)
  select o.restaurant_id, gen_random_uuid(), 'POST', '/', o.id::text, '', o.created_at from orders o;
reset session_replication_role;
grant execute on function id_of(text, integer, integer) to public;
"""


@pytest.fixture(scope="module")
def grown_url(cluster: Cluster) -> Iterator[str]:
    """A database of a thousand restaurants, with statistics, and with nothing left of how it was filled."""
    with cluster.database(cluster.migrated()) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            psycopg.ClientCursor(conn).execute(GROWN, {"n": RESTAURANTS, "orders": ORDERS})
            conn.execute("vacuum analyze")
        yield url


def id_of(kind: str, n: int = 1, k: int = 0) -> UUID:
    return UUID(hashlib.md5(f"{kind}{n}.{k}".encode(), usedforsecurity=False).hexdigest())


PLACE = id_of("place")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

SELLABLE = {
    "restaurant_id": PLACE, "type": "dine_in", "products": [id_of("product", 1, k) for k in (1, 2, 3)],
    "variants": [id_of("variant", 1, 1)], "modifiers": [id_of("modifier", 1, 1)], "order_id": id_of("new"),
    "table_id": id_of("table", 1, 9),
}  # fmt: skip
PAGE = {
    "restaurant_id": PLACE, "only_open": False, "statuses": None, "business_date": None, "table_id": None,
    "payment_status": None, "before_at": None, "before_id": None, "limit": 50,
}  # fmt: skip

HOT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a page of the menu": ("menu", "menu_page", {"restaurant_id": PLACE, "category": None, "limit": 50, "offset": 0}),
    "what an order asks for": ("menu", "sellable", SELLABLE),
    "what an order made offline asks for": ("menu", "sellable_at", SELLABLE | {"at": NOON}),
    "the newest orders": ("orders", "orders_page", PAGE),
    "the open orders": ("orders", "orders_page", PAGE | {"only_open": True, "statuses": ["ready", "confirmed"]}),
    "the open order of a table": (
        "orders", "orders_page",
        PAGE | {"only_open": True, "statuses": ["ready"], "table_id": id_of("table", 1, 1)},
    ),
    "the next page": ("orders", "orders_page", PAGE | {"before_at": NOON, "before_id": id_of("order", 2)}),
    "an order": ("orders", "order_read", {"restaurant_id": PLACE, "id": id_of("order", 2)}),
    "the lock of an order": ("orders", "order_lock", {"restaurant_id": PLACE, "id": id_of("order", 2)}),
    "the newest payments": (
        "payments", "payments_page",
        {"restaurant_id": PLACE, "business_date": None, "method": None, "state": None, "before_at": None,
         "before_id": None, "limit": 50},
    ),
    "a payment": ("payments", "payment_read", {"restaurant_id": PLACE, "id": id_of("order", 2)}),
    "the refunds of an order": ("payments", "refunds_of", {"restaurant_id": PLACE, "order_id": id_of("order", 2)}),
    "the shifts of a payer": (
        "payments", "shifts_of",
        {"restaurant_id": PLACE, "shift_id": id_of("shift", 1, 1), "user_id": id_of("user"), "own": True},
    ),
    "a page of the log": (
        "events", "events_page", {"restaurant_id": PLACE, "after": 100, "limit": 50, "max_bytes": 999},
    ),
    "the room": (
        "floor", "tables", {"restaurant_id": PLACE, "section_id": None, "status": None, "limit": 50, "offset": 0},
    ),
    "the open order of a table by hand": ("floor", "table_order", {"restaurant_id": PLACE, "id": id_of("table", 1, 1)}),
}  # fmt: skip


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


async def plan_of(conn: Connection, domain: str, name: str, bound: dict[str, Any], mode: str) -> Any:
    """The plan as a prepared statement gets it: for these values, or for any."""
    text = queries(domain)[name]
    order = parameters(text)
    assert set(order) == set(bound)
    await conn.execute(f"set local plan_cache_mode = force_{mode}_plan".encode())
    await conn.execute(b"prepare q as " + numbered(text))
    cursor = psycopg.AsyncClientCursor(conn)
    holes = ", ".join(f"%({p})s" for p in order)
    await cursor.execute(f"explain (format json) execute q({holes})".encode(), bound)
    row = await cursor.fetchone()
    assert row is not None
    await conn.execute("deallocate q")
    return row[0][0]["Plan"]


@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize("what", HOT)
async def test_a_hot_query_goes_by_its_indexes(grown_url: str, what: str, mode: str) -> None:
    domain, name, bound = HOT[what]
    async with await application(grown_url) as conn, inside(conn, PLACE):
        plan = await plan_of(conn, domain, name, bound, mode)
    scanned = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
    assert scanned == set(), json.dumps(plan, indent=1)


async def test_the_oracle_sees_a_sequential_scan(grown_url: str) -> None:
    async with await application(grown_url) as conn, inside(conn, PLACE):
        await conn.execute("set local enable_indexscan = off")
        await conn.execute("set local enable_bitmapscan = off")
        plan = await plan_of(conn, *HOT["an order"], "custom")
    assert "Seq Scan" in {node["Node Type"] for node in nodes(plan)}


async def test_the_newest_orders_are_read_in_their_order(grown_url: str) -> None:
    async with await application(grown_url) as conn, inside(conn, PLACE):
        plan = await plan_of(conn, *HOT["the newest orders"], "custom")
    assert "orders_newest_idx" in {node.get("Index Name") for node in nodes(plan)}


@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("order_history", {"after": 0, "limit": 50, "max_bytes": 999}),
        ("order_at", {"seq": 999}),
        ("version_made", {"line_id": None}),
        ("version_made", {"line_id": id_of("item", 2)}),
    ],
)
async def test_one_order_is_looked_up_in_the_log(
    grown_url: str, name: str, more: dict[str, Any], mode: str
) -> None:
    bound = {"restaurant_id": PLACE, "id": id_of("order", 2), **more}
    async with await application(grown_url) as conn, inside(conn, PLACE):
        plan = await plan_of(conn, "history", name, bound, mode)
    filled = f"order_events_{datetime.now(UTC):%Y_%m}"  # the months to come are empty, and read whole
    used = [node for node in nodes(plan) if node.get("Relation Name") == filled]
    assert {node.get("Index Name") for node in used} == {f"{filled}_restaurant_id_entity_id_seq_idx"}


async def test_the_open_orders_are_found_among_the_open_ones(grown_url: str) -> None:
    async with await application(grown_url) as conn, inside(conn, PLACE):
        plan = await plan_of(conn, *HOT["the open orders"], "custom")
    assert "orders_open_idx" in {node.get("Index Name") for node in nodes(plan)}


# -- what runs inside functions and triggers, by what the transaction has scanned

CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "entering a restaurant": ("select * from fynlo.enter(%s, %s, null, null, null, 'r', null)", (id_of("user"), PLACE)),
    "entering by an order": (
        "select * from fynlo.enter(%s, null, 'order', %s, null, 'r', null)", (id_of("user"), id_of("order", 2)),
    ),
    "claiming a key": (
        "select * from fynlo.claim_key(%s, %s, 'POST', '/', 'k', '')", (PLACE, id_of("user")),
    ),
    "reading events": ("select * from fynlo.read_events(%s, %s, 100)", ([PLACE, id_of("place", 2)], [5800, 0])),
    "reading heads": ("select * from fynlo.read_heads(%s)", ([PLACE, id_of("place", 2)],)),
    "memberships": ("select * from fynlo.memberships_of(%s)", (id_of("user"),)),
    "signing in": ("select * from fynlo.credentials(%s)", ("1@x.test",)),
    "pruning answers": ("select fynlo.prune_idempotency_keys(100)", ()),
    "raising floors": ("select * from fynlo.raise_floors(7, null, 100)", ()),
    "an order and its events": ("insert into orders (restaurant_id) values (%s)", (PLACE,)),
    "a change and its events": (
        "update orders set notes = 'x' where restaurant_id = %s and id = %s", (PLACE, id_of("order", 2)),
    ),
    "a line and its events": (
        "update order_items set notes = 'x' where restaurant_id = %s and order_id = %s", (PLACE, id_of("order", 2)),
    ),
    "a payment and its events": (
        "insert into payments (restaurant_id, order_id, method, amount, business_date, captured_at)"
        " values (%s, %s, 'cash', 1, current_date, now())",
        (PLACE, id_of("order", 2)),
    ),
    "a refund and its events": (
        "insert into refunds (restaurant_id, payment_id, order_id, method, amount, reason, business_date)"
        " select restaurant_id, id, order_id, 'cash', 1, 'x', current_date from payments"
        " where restaurant_id = %s and order_id = %s",
        (PLACE, id_of("order", 2)),
    ),
}  # fmt: skip


async def scans(conn: Connection) -> dict[str, int]:
    """Sequential scans of this transaction, by table; an empty partition is not worth an index."""
    return dict(
        await rows(
            conn,
            "select relname, seq_scan from pg_stat_xact_user_tables"
            " where seq_scan > 0 and pg_relation_size(relid) > 0",
        )
    )


@pytest.mark.parametrize("what", CALLS)
async def test_a_function_goes_by_the_indexes_of_what_it_reads(grown_url: str, what: str) -> None:
    statement, bound = CALLS[what]
    async with await application(grown_url) as conn:
        for _ in range(8):  # a function's plans are the connection's: the first few, then the kept ones
            async with conn.transaction(force_rollback=True), inside(conn, PLACE):
                await conn.execute(statement.encode(), bound)
                await conn.execute("set constraints all immediate")
                found = await scans(conn)
            assert found == {}


async def test_the_counting_of_scans_sees_one(grown_url: str) -> None:
    async with await application(grown_url) as conn, inside(conn, PLACE):
        await value(conn, "select count(*) from users")
        assert (await scans(conn))["users"] == 1


async def test_the_drain_goes_by_its_key_where_vacuum_found_the_notes_empty(grown_url: str) -> None:
    async with await connect(grown_url) as conn:
        await conn.execute("vacuum fynlo.touched")
        async with conn.transaction(force_rollback=True):
            await conn.execute("insert into orders (restaurant_id) values (%s)", (PLACE,))
            await conn.execute("set constraints all immediate")
            assert await scans(conn) == {}


async def test_a_floor_is_looked_for_by_the_key_in_the_months_that_may_hold_it(cluster: Cluster) -> None:
    with cluster.database(cluster.migrated()) as url:
        async with await connect(url) as conn:
            await conn.execute(
                "insert into restaurants (name, currency) select 'x', 'GBP' from generate_series(1, 40)"
            )
            old = [await make_month(conn, n) for n in (14, 3, 2, 1)]
            await conn.execute(
                "insert into order_events (restaurant_id, seq, type, entity_id, data, created_at)"
                " select h.restaurant_id, n, 'x', h.restaurant_id, '{}',"
                " now() - make_interval(mins => 250 * (1000 - n)) from feed_heads h, generate_series(1, 1000) n"
            )
            await conn.execute("update feed_heads set seq = 1000")
            await conn.execute("vacuum analyze")
            plan = await floor_plan(conn)
    looks = [node for node in nodes(plan) if node.get("Relation Name", "").startswith("order_events")]
    assert {node["Node Type"] for node in looks} <= {"Index Only Scan", "Index Scan"}
    for look in looks:
        # From the last floor on, one restaurant, until the first that is young enough.
        for part in ("restaurant_id = ", "seq > ", "created_at >= "):
            assert part in look["Index Cond"], json.dumps(plan, indent=1)
    assert {node["Relation Name"] for node in looks}.isdisjoint(old[:3])
    sorted_here = [node["Plans"][0] for node in nodes(plan) if node["Node Type"] == "Sort"]
    assert not any(node in looks for node in sorted_here)


async def floor_plan(conn: Connection) -> Any:
    """How fynlo.raise_floors() looks for the edges, by its own text."""
    source = await value(conn, "select prosrc from pg_proc where oid = 'fynlo.raise_floors'::regproc")
    text = source[source.index("with heads") : source.index(";", source.index("with heads"))]
    text = text.replace("into upto, due, floors", "")
    for name, literal in {
        "p_after": "null::uuid",
        "p_limit": "40",
        "edge": "now() - interval '7 days'",
    }.items():
        text = re.sub(rf"\b{name}\b", literal, text)
    async with conn.transaction(force_rollback=True):
        await conn.execute("set local role fynlo_feed; set local enable_seqscan = off")
        ((found,),) = await rows(conn, f"explain (analyze, format json) {text}")
    return found[0]["Plan"]
