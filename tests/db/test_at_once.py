"""Two that want the same thing in the same instant: the second waits, and learns what became of the first."""

import asyncio

import psycopg
import pytest

from fynlo.db.pool import Connection
from fynlo.demo.data import PIZZERIA

from .till import Till, application, connect, inside, plain_line, rows, value

PLACE = PIZZERIA.id
TABLE = PIZZERIA.tables[0].id
SEATED = "insert into orders (restaurant_id, table_id) values (%s, %s) returning number"
CLAIM = "select claim, status from fynlo.claim_key(%s, %s, 'POST', '/', 'k', 'hash')"


async def waiting(watcher: Connection, conn: Connection) -> None:
    """Returns once that connection waits for another's lock."""
    async with asyncio.timeout(10):
        while not await value(watcher, "select cardinality(pg_blocking_pids(%s)) > 0", conn.info.backend_pid):
            pass


async def claim(conn: Connection) -> tuple[str, int | None]:
    async with inside(conn, PLACE):
        ((state, status),) = await rows(conn, CLAIM, PLACE, PIZZERIA.memberships[0].person.id)
    return state, status


@pytest.mark.parametrize("kept", [True, False])
async def test_a_table_goes_to_the_first_unless_it_takes_its_order_back(seeded_url: str, kept: bool) -> None:
    async with (
        await connect(seeded_url) as one,
        await connect(seeded_url) as other,
        await connect(seeded_url) as watcher,
    ):
        async with one.transaction(force_rollback=not kept):
            assert await value(one, SEATED, PLACE, TABLE) == 1
            second = asyncio.create_task(value(other, SEATED, PLACE, TABLE))
            await waiting(watcher, other)
        if kept:
            with pytest.raises(psycopg.errors.UniqueViolation, match="orders_one_open_per_table"):
                await second
        else:
            assert await second == 1
        assert await rows(watcher, "select number from orders") == [(1,)]


@pytest.mark.parametrize("kept", [True, False])
async def test_the_second_with_a_key_gets_the_first_ones_answer_or_its_own_turn(
    seeded_url: str, kept: bool
) -> None:
    async with (
        await application(seeded_url) as one,
        await application(seeded_url) as other,
        await connect(seeded_url) as watcher,
    ):
        async with one.transaction(force_rollback=not kept):
            assert await claim(one) == ("new", None)
            second = asyncio.create_task(claim(other))
            await waiting(watcher, other)
            async with inside(one, PLACE):
                await one.execute("update idempotency_keys set status = 201")
        assert await second == (("replay", 201) if kept else ("new", None))


async def test_a_key_that_is_pruned_while_it_is_claimed_is_new(seeded_url: str) -> None:
    async with (
        await application(seeded_url) as app,
        await connect(seeded_url) as pruner,
        await connect(seeded_url) as watcher,
    ):
        await claim(app)
        await watcher.execute("update idempotency_keys set created_at = '2020-01-01', status = 201")
        async with pruner.transaction():
            assert await value(pruner, "select fynlo.prune_idempotency_keys(10)") == 1
            second = asyncio.create_task(claim(app))
            await waiting(watcher, app)
        assert await second == ("new", None)


async def test_psql_and_the_server_share_one_row_of_numbers(seeded_url: str) -> None:
    async def in_psql(place: int) -> None:
        async with await connect(seeded_url) as conn, conn.transaction(force_rollback=place % 3 == 0):
            await conn.execute("insert into orders (restaurant_id) values (%s)", (PLACE,))

    async with Till.at(seeded_url, size=8) as till, await connect(seeded_url) as conn:
        await asyncio.gather(*(in_psql(n) for n in range(30)), *(till.order(plain_line()) for _ in range(30)))
        found = await rows(conn, "select number from orders order by number")
        logged = await rows(
            conn,
            "select seq from order_events where restaurant_id = %s and type = 'order.created'",
            PLACE,
        )
    assert found == [(n,) for n in range(1, 51)]
    assert len(logged) == 50


async def test_two_changes_of_one_order_are_two_versions_and_two_events(seeded_url: str) -> None:
    change = "update orders set covers = coalesce(covers, 0) + 1 where id = %s returning version, covers"
    async with (
        await connect(seeded_url) as one,
        await connect(seeded_url) as other,
        await connect(seeded_url) as watcher,
    ):
        order = await value(one, "insert into orders (restaurant_id) values (%s) returning id", PLACE)
        async with one.transaction():
            assert await rows(one, change, order) == [(2, 1)]
            second = asyncio.create_task(rows(other, change, order))
            await waiting(watcher, other)
        assert await second == [(3, 2)]
        told = await rows(
            watcher,
            "select data -> 'order' ->> 'version', data -> 'order' ->> 'covers' from order_events"
            " where type = 'order.updated' and entity_id = %s order by seq",
            order,
        )
    assert told == [("2", "1"), ("3", "2")]
