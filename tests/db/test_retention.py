"""How long the log is kept: floors rise to the edge of what may be replayed, and only what lies below goes."""

import asyncio
import time
from uuid import UUID

import psycopg
import pytest

from fynlo.db.pool import Connection
from fynlo.live.housekeeping import Housekeeping, Kept
from tests.live.house import eventually

from .till import application, connect, make_month, rows, value, write_aged

RAISE = "select raised, busy from fynlo.raise_floors(%s, null, 100)"
DROP = "select fynlo.drop_event_month(13)"
PRUNE = "select fynlo.prune_default_events(13, %s)"
FLOOR = "select floor_seq from feed_heads where restaurant_id = %s"


async def places(conn: Connection, count: int) -> list[UUID]:
    """New restaurants, whose logs are empty, by id."""
    return [
        await value(conn, "insert into restaurants (name, currency) values ('x', 'GBP') returning id")
        for _ in range(count)
    ]


async def floors(conn: Connection) -> list[int]:
    """By id of the restaurant."""
    return [floor for (floor,) in await rows(conn, "select floor_seq from feed_heads order by restaurant_id")]


async def months(conn: Connection) -> list[str]:
    """The partitions that the log has for a time, the oldest first."""
    return [name for (name,) in await rows(conn, "select name from fynlo.event_months()")]


async def past_months(conn: Connection, *ago: int) -> list[str]:
    return [await make_month(conn, n) for n in ago]


def house(url: str) -> Housekeeping:
    return Housekeeping(url, replay_days=7, keep_months=13)


# -- floors


async def test_a_floor_is_the_newest_event_older_than_the_window(database_url: str) -> None:
    async with await connect(database_url) as conn, await application(database_url) as app:
        one, other, quiet, new = await places(conn, 4)
        await write_aged(conn, one, "20 days", "7 days 1 minute", "6 days 23:59", "1 second")
        await write_aged(conn, other, "6 days 23:59")
        await write_aged(conn, quiet, "90 days", "30 days", "8 days")
        assert await rows(app, RAISE, 7) == [(2, 0)]
        assert [await value(conn, FLOOR, place) for place in (one, other, quiet, new)] == [2, 0, 3, 0]
        await write_aged(conn, quiet, "1 second")
        assert await rows(app, RAISE, 7) == [(0, 0)]
        assert await rows(app, RAISE, 1) == [(2, 0)]
        assert [await value(conn, FLOOR, place) for place in (one, other, quiet, new)] == [3, 1, 3, 0]


async def test_a_floor_never_falls(database_url: str) -> None:
    async with await connect(database_url) as conn, await application(database_url) as app:
        (one,) = await places(conn, 1)
        await write_aged(conn, one, "20 days", "10 days", "1 day 1 minute", "1 second")
        for days, floor in ((15, 1), (1, 3), (15, 3), (30, 3)):
            await rows(app, RAISE, days)
            assert await floors(conn) == [floor]
        await conn.execute("update feed_heads set floor_seq = 4")
        assert await rows(app, RAISE, 1) == [(0, 0)]
        assert await floors(conn) == [4]


async def test_it_walks_by_id_and_says_where_it_is(database_url: str) -> None:
    async with await connect(database_url) as conn, await application(database_url) as app:
        ids = sorted(await places(conn, 5))
        for place in (ids[0], ids[1], ids[3], ids[4]):
            await write_aged(conn, place, "8 days")
        walked: list[tuple[UUID | None, int]] = []
        upto: UUID | None = None
        while not walked or upto is not None:
            ((upto, raised, _),) = await rows(app, "select * from fynlo.raise_floors(7, %s, 3)", upto)
            walked.append((upto, raised))
        assert walked == [(ids[3], 3), (ids[4], 1), (None, 0)]


async def test_a_head_that_a_writer_holds_is_left_for_the_next_walk(database_url: str) -> None:
    async with (
        await connect(database_url) as conn,
        await connect(database_url) as writer,
        await application(database_url) as app,
    ):
        held, free = sorted(await places(conn, 2))
        for place in (held, free):
            await write_aged(conn, place, "8 days")
        async with asyncio.timeout(10), writer.transaction():
            await writer.execute(
                "update feed_heads set seq = seq where restaurant_id = %s", (held,)
            )  # as drain() does
            assert await rows(app, RAISE, 7) == [(1, 1)]
            assert await floors(conn) == [0, 1]
            # And who keeps house goes on with the rest, and says so.
            kept = await house(database_url).once()
            assert kept == Kept(busy=1)
        assert await house(database_url).once() == Kept(floors=1)
        assert await floors(conn) == [1, 1]


async def test_a_walk_comes_back_to_a_head_that_was_held_a_moment(database_url: str) -> None:
    async with await connect(database_url) as conn, await connect(database_url) as writer:
        (place,) = await places(conn, 1)
        await write_aged(conn, place, "8 days")
        async with writer.transaction():
            await writer.execute("select from feed_heads for update")
            keeping = asyncio.create_task(house(database_url).once())

            async def walked() -> bool:
                between = (
                    "select count(*) from pg_stat_activity where application_name = 'fynlo-housekeeping'"
                    " and query like '%raise_floors%' and state = 'idle' and datname = current_database()"
                )
                return bool(await value(conn, between))

            await eventually(walked)
        assert await keeping == Kept(floors=1)


@pytest.mark.parametrize("unusable", [0, -1, None])
async def test_no_window_is_not_a_window(database_url: str, unusable: int | None) -> None:
    async with await application(database_url) as app:
        for call in ("raise_floors(%s, null, 1)", "drop_event_month(%s)", "prune_default_events(%s, 1)"):
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                await app.execute(f"select * from fynlo.{call}".encode(), (unusable,))


# -- months


async def test_months_go_when_they_ended_long_enough_ago(database_url: str) -> None:
    async with await connect(database_url) as conn:
        (place,) = await places(conn, 1)
        old = await past_months(conn, 16, 15, 14)
        await past_months(conn, 13, 2)
        await write_aged(
            conn, place, "16 months", "15 months", "14 months", "13 months", "2 months", "1 second"
        )
        before = await months(conn)
        kept = await house(database_url).once()
        assert kept == Kept(floors=1, months=old)
        assert await months(conn) == before[3:]
        assert await value(conn, "select min(seq) from order_events") == 4
        assert await house(database_url).once() == Kept()


async def test_a_month_with_an_event_above_a_floor_stays_and_so_do_those_after_it(database_url: str) -> None:
    async with await connect(database_url) as conn, await application(database_url) as app:
        one, other = await places(conn, 2)
        first, second = await past_months(conn, 15, 14)
        await write_aged(conn, one, "15 months", "14 months", "1 second")
        await write_aged(conn, other, "15 months", "14 months")
        await conn.execute("update feed_heads set floor_seq = 2")
        await conn.execute("update feed_heads set floor_seq = 0 where restaurant_id = %s", (other,))
        assert await value(app, DROP) is None
        await conn.execute("update feed_heads set floor_seq = 1 where restaurant_id = %s", (other,))
        assert await value(app, DROP) == first
        assert await value(app, DROP) is None
        await rows(app, RAISE, 7)
        assert await value(app, DROP) == second
        assert await value(app, DROP) is None


async def test_events_without_a_month_are_deleted_in_batches_when_old_and_below(database_url: str) -> None:
    async with await connect(database_url) as conn, await application(database_url) as app:
        one, other = await places(conn, 2)
        await write_aged(conn, one, *["14 months"] * 5, "12 months", "1 second")
        await write_aged(conn, other, "14 months", "14 months")
        await conn.execute("update feed_heads set floor_seq = 1 where restaurant_id = %s", (other,))
        await conn.execute("update feed_heads set floor_seq = 6 where restaurant_id = %s", (one,))
        assert [await value(app, PRUNE, 4) for _ in range(3)] == [4, 2, 0]
        left = "select restaurant_id, seq from order_events_default order by seq"
        assert await rows(conn, left) == [(other, 2), (one, 6)]
        assert await house(database_url).once() == Kept(floors=1, default_events=1)
        assert await rows(conn, left) == [(one, 6)]


async def test_the_log_loses_its_oldest_events_first_wherever_they_lie(database_url: str) -> None:
    async with await connect(database_url) as conn, await application(database_url) as app:
        (place,) = await places(conn, 1)
        old = await past_months(conn, 16, 14)
        await write_aged(conn, place, "17 months", "16 months", "15 months", "14 months", "1 second")
        await conn.execute("update feed_heads set floor_seq = 4")
        # 17 and 15 months ago without a month of their own
        assert await value(app, DROP) is None
        assert await value(app, PRUNE, 10) == 1
        assert await value(app, DROP) == old[0]
        assert await value(app, DROP) is None
        assert await value(app, PRUNE, 10) == 1
        assert await value(app, DROP) == old[1]


async def test_nobody_else_deletes_anything(database_url: str) -> None:
    refused = (psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege)
    async with await connect(database_url) as conn:
        (place,) = await places(conn, 1)
        month = (await months(conn))[0]
        await write_aged(conn, place, "14 months", "1 second")
        await conn.execute("update feed_heads set floor_seq = seq")
        for role in ("fynlo_app", "fynlo_readonly", "fynlo_owner", "none"):
            await conn.execute(f"set role {role}".encode())
            for table in ("order_events", "order_events_default", month):
                for what in ("delete from", "truncate"):
                    with pytest.raises(refused):
                        await conn.execute(f"{what} {table}".encode())
            await conn.execute("reset role")
        # nor does who owns the function, but by it
        await conn.execute("set role fynlo_feed")
        for statement in (
            "delete from order_events",
            f"delete from {month}",
            "truncate order_events_default",
        ):
            with pytest.raises(refused):
                await conn.execute(statement.encode())
        assert await value(conn, PRUNE, 10) == 1


# -- beside others


async def test_a_long_reader_is_not_waited_for(database_url: str) -> None:
    async with (
        await connect(database_url) as conn,
        await connect(database_url) as reader,
        await application(database_url) as app,
    ):
        (place,) = await places(conn, 1)
        (month,) = await past_months(conn, 15)
        await write_aged(conn, place, "15 months")
        await conn.execute("update feed_heads set floor_seq = seq")
        said: list[str | None] = []
        app.add_notice_handler(lambda notice: said.append(notice.message_primary))
        took: list[float] = []
        async with asyncio.timeout(60), reader.transaction():
            await reader.execute("select count(*) from order_events")
            for _ in range(3):
                began = time.monotonic()
                dropping = asyncio.create_task(value(app, DROP))
                # An order that comes meanwhile waits no longer than that.
                await conn.execute("insert into orders (restaurant_id) values (%s)", (place,))
                assert await dropping is None
                took.append(time.monotonic() - began)
            assert await house(database_url).once() == Kept()
        assert min(took) < 1
        assert said == [f"order_events is being read: {month} is left to the next run"] * 3
        assert await value(app, DROP) == month


async def test_two_keep_house_at_once_and_one_does(database_url: str) -> None:
    async with await connect(database_url) as conn, await application(database_url) as first:
        (place,) = await places(conn, 1)
        old = await past_months(conn, 16, 15, 14)
        await write_aged(conn, place, "16 months", "15 months", "14 months", "8 days")
        async with await application(database_url) as holder:
            assert await value(holder, "select pg_try_advisory_lock(hashtext('fynlo.housekeeping'))")
            assert await house(database_url).once() is None
        assert await floors(conn) == [0]
        ran = await asyncio.gather(*(house(database_url).once() for _ in range(4)))
        done = [kept for kept in ran if kept is not None and kept != Kept()]
        assert done == [Kept(floors=1, months=old)]
        # By hand beside it: one drops, the other has nothing to do.
        (again,) = await past_months(conn, 20)
        async with await application(database_url) as second, first.transaction():
            assert await value(first, DROP) == again
            assert await value(second, DROP) is None


async def test_one_job_that_fails_keeps_no_other_from_its_work(database_url: str) -> None:
    async with await connect(database_url) as conn:
        (place,) = await places(conn, 1)
        await write_aged(conn, place, "8 days")
        await conn.execute(
            "insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash, created_at)"
            " values (%s, gen_random_uuid(), 'POST', '/', 'k', '', now() - interval '31 days')",
            (place,),
        )
        await conn.execute("revoke execute on function fynlo.raise_floors from fynlo_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await house(database_url).once()
        assert await value(conn, "select count(*) from idempotency_keys") == 0
