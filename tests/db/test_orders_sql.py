"""What the database itself holds about orders, whoever writes them."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import psycopg
import pytest

from fynlo.db.pool import Connection
from fynlo.db.queries import queries
from fynlo.demo.data import PIZZERIA
from fynlo.live.queries import prune_idempotency_keys
from fynlo.orders.models import OrdersQuery
from fynlo.orders.queries import orders_page
from fynlo.orders.rules import business_date

from .till import Till, application, connect, dressed_line, inside, rows, value

PLACE = PIZZERIA.id
PAGE = {
    "restaurant_id": PLACE, "only_open": False, "statuses": None, "business_date": None, "table_id": None,
    "payment_status": None, "before_at": None, "before_id": None, "limit": 9,
}  # fmt: skip

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC")
CUTOFFS = (time(0), time(1, 30), time(1, 45), time(2), time(4), time(5, 15), time(23, 59))
CLOCK_CHANGES = (date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 4))


async def test_the_business_date_is_the_one_of_the_rules(module_seeded_url: str) -> None:
    """Every 15 minutes of the days around clock changes of London, New York and, half an hour, Lord Howe."""
    instants = [
        datetime(day.year, day.month, day.day, tzinfo=UTC)
        + timedelta(minutes=15 * step, microseconds=step % 2)
        for day in CLOCK_CHANGES
        for step in range(-24 * 4, 48 * 4)
    ]
    async with await connect(module_seeded_url) as conn:
        for zone in ZONES:
            for cutoff in CUTOFFS:
                found = await rows(
                    conn,
                    "select at, fynlo.business_date(at, %s, %s) from unnest(%s::timestamptz[]) at",
                    zone,
                    cutoff,
                    instants,
                )
                assert [day for _, day in found] == [business_date(at, zone, cutoff) for at in instants]


@pytest.mark.parametrize(
    "change", ["timezone = 'Europe/Lodnon'", "day_cutoff = '24:00'", "currency = 'pounds'", "currency = ''"]
)
async def test_a_restaurant_takes_no_setting_that_would_stop_its_orders(
    module_seeded_url: str, change: str
) -> None:
    async with await connect(module_seeded_url) as conn:
        with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.InvalidParameterValue)):
            await conn.execute(f"update restaurants set {change}".encode())


async def test_a_table_has_one_open_order(seeded_url: str) -> None:
    table = PIZZERIA.tables[0].id
    insert = "insert into orders (restaurant_id, table_id) values (%s, %s) returning id"
    async with await connect(seeded_url) as conn:
        first = await value(conn, insert, PLACE, table)
        with pytest.raises(psycopg.errors.UniqueViolation, match="orders_one_open_per_table"):
            await conn.execute(insert.encode(), (PLACE, table))
        await conn.execute("update orders set status = 'completed' where id = %s", (first,))
        await conn.execute(insert.encode(), (PLACE, table))
        with pytest.raises(psycopg.errors.UniqueViolation, match="orders_one_open_per_table"):
            await conn.execute("update orders set status = 'ready' where id = %s", (first,))


async def test_orders_without_a_table_are_as_many_as_they_like(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        await conn.execute("insert into orders (restaurant_id) values (%s), (%s)", (PLACE, PLACE))


async def test_the_closing_time_follows_the_status(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        order = await value(conn, "insert into orders (restaurant_id) values (%s) returning id", PLACE)
        closed = "select closed_at is not null from orders where id = %s"
        for status, is_closed in (("ready", False), ("completed", True), ("ready", False), ("merged", True)):
            await conn.execute("update orders set status = %s where id = %s", (status, order))
            assert await value(conn, closed, order) is is_closed
        entered_late = await value(
            conn, "insert into orders (restaurant_id, status) values (%s, 'completed') returning id", PLACE
        )
        assert await value(conn, closed, entered_late) is True


async def test_an_order_keeps_its_id_and_its_restaurant(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        await conn.execute("insert into orders (restaurant_id) values (%s)", (PLACE,))
        for change in ("id = gen_random_uuid()", "restaurant_id = gen_random_uuid()"):
            with pytest.raises(psycopg.errors.CheckViolation, match="keeps its id and its restaurant"):
                await conn.execute(f"update orders set {change}".encode())


async def test_the_version_only_rises(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        await conn.execute("insert into orders (restaurant_id) values (%s)", (PLACE,))
        for wanted, gets in ((0, 2), (2, None), (9, 9), (3, 10)):
            await conn.execute("update orders set version = %s", (wanted,))
            if gets is not None:
                assert await value(conn, "select version from orders") == gets


async def test_an_order_of_no_restaurant_is_refused(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="does not exist"):
            await conn.execute("insert into orders (restaurant_id) values (%s)", (uuid4(),))


# -- answers that were given


async def _claim(conn: Connection, key: str, asked: bytes = b"one") -> tuple[str, int | None]:
    ((claim, status),) = await rows(
        conn,
        "select claim, status from fynlo.claim_key(%s, %s, 'POST', '/api/v1/orders', %s, %s)",
        PLACE,
        PIZZERIA.memberships[0].person.id,
        key,
        asked,
    )
    return claim, status


async def test_a_key_is_new_then_replayed_or_refused(seeded_url: str) -> None:
    async with await application(seeded_url) as conn:
        async with inside(conn, PLACE):
            assert await _claim(conn, "k") == ("new", None)
            await conn.execute("update idempotency_keys set status = 201")
        async with inside(conn, PLACE):
            assert await _claim(conn, "k") == ("replay", 201)
            assert await _claim(conn, "k", b"other") == ("mismatch", 201)
            assert await _claim(conn, "other") == ("new", None)


async def test_a_key_whose_work_failed_is_new_again(seeded_url: str) -> None:
    async with await application(seeded_url) as conn:
        async with conn.transaction(force_rollback=True), inside(conn, PLACE):
            assert await _claim(conn, "k") == ("new", None)
        async with inside(conn, PLACE):
            assert await _claim(conn, "k") == ("new", None)


async def test_answers_older_than_thirty_days_are_forgotten_some_at_a_time(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn, await application(seeded_url) as app:
        await conn.execute(
            "insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash, created_at)"
            " select r.id, gen_random_uuid(), 'POST', '/', n::text, '',"
            "        now() - make_interval(days => n) + interval '1 hour'"
            "   from restaurants r, generate_series(25, 34) n"
        )
        assert [await prune_idempotency_keys(app, 3) for _ in range(4)] == [3, 3, 2, 0]
        ages = await rows(conn, "select distinct key::integer from idempotency_keys order by 1")
    assert [age for (age,) in ages] == [25, 26, 27, 28, 29, 30]


async def test_forgetting_waits_for_nobody(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn, await application(seeded_url) as app:
        await conn.execute(
            "insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash, created_at)"
            " select %s, gen_random_uuid(), 'POST', '/', n::text, '', '2020-01-01' from generate_series(1, 2) n",
            (PLACE,),
        )
        async with conn.transaction():
            await conn.execute("select from idempotency_keys where key = '1' for update")
            assert await prune_idempotency_keys(app, 10) == 1
        assert await prune_idempotency_keys(app, 10) == 1


async def test_an_order_is_read_with_its_payments_once_however_many_lines_it_has(seeded_url: str) -> None:
    async with Till.at(seeded_url) as till:
        made = [await till.order(*[dressed_line() for _ in range(lines)]) for lines in (3, 2)]
    async with await application(seeded_url) as conn, inside(conn, PLACE):
        for order in made:
            await conn.execute(
                "insert into payments (restaurant_id, order_id, method, amount, business_date, captured_at)"
                " values (%s, %s, 'cash', 1, current_date, now())",
                (PLACE, order.id),
            )
        for name, orders in (("order_read", 1), ("orders_page", 2)):
            cursor = await conn.execute(queries("orders")[name], PAGE | {"id": made[0].id})
            read = await cursor.fetchall()
            assert len(read) > 3
            assert sum(row[2] is not None for row in read) == orders
        page, _ = await orders_page(conn, OrdersQuery(PLACE), None)
        assert [len(order.payments) for order in page] == [1, 1]
