"""The log is pruned while it is written: no event is late, lost or gone too early."""

import asyncio

import psycopg

from fynlo.demo.data import PIZZERIA
from fynlo.live.housekeeping import Housekeeping
from tests.db.till import make_month, value, write_aged
from tests.live.house import House, eventually

from .load import Load
from .oracle import judge, watchers

TOO_EARLY = (
    "select count(*) from order_events e join feed_heads h using (restaurant_id)"
    " where e.seq <= h.floor_seq and e.created_at >= now() - interval '7 days'"
)


async def test_pruning_while_eight_write(house: House) -> None:
    async with house.psql() as conn:
        old = [await make_month(conn, ago) for ago in (18, 17, 16, 15, 14)]
        await conn.execute("update order_events set created_at = now() - interval '19 months'")
        for ago in (18, 17, 16, 15, 14):
            await write_aged(conn, PIZZERIA.id, *[f"{ago} months"] * 20)
        watched = await watchers(4, house)
        load = Load(house, 8)
        pruning = True

        async def prune() -> None:
            # Two processes, again and again, and whoever else calls the functions by hand.
            while pruning:
                await asyncio.gather(
                    *(
                        Housekeeping(house.database_url, replay_days=7, keep_months=13).once()
                        for _ in range(2)
                    )
                )

        task = asyncio.create_task(prune())

        async def all_gone() -> bool:
            left = "select count(*) from fynlo.event_months() where name = any (%s)"
            return bool(await value(conn, left, old) == 0)

        try:
            await eventually(all_gone, within_s=60)
            await load.reach(200, within_s=60)
        finally:
            pruning = False
            await task
            await load.end()
        assert load.broken == 0, "pruning made a writer fail"
        assert await value(conn, TOO_EARLY) == 0
        assert await value(conn, "select count(*) from order_events_default") == 0
        floor, first = await edge(conn)
        assert first == floor + 1, "the floor is not at the edge, or the log has a hole there"
    await judge(house, watched, at_least=100)
    assert [watcher.connects for watcher in watched] == [1] * 4, "the screens noticed"


async def test_a_floor_that_rises_too_far_is_told_by_who_comes_back(house: House) -> None:
    # The control of the one above: its judge sees events that were gone too early. They rest for longer than the
    # server needs to hear of the floor.
    watched = await watchers(2, house, rest_s=3)
    load = Load(house, 4)

    async def told() -> bool:
        await conn.execute("update feed_heads set floor_seq = seq")
        return any("below_floor" in problem for w in watched for problem in w.record.problems)

    try:
        for watcher in watched:
            watcher.hang_up()
        async with house.psql() as conn:
            await eventually(told, within_s=60)
    finally:
        await load.end()
        await asyncio.gather(*(watcher.stop() for watcher in watched))


async def edge(conn: psycopg.AsyncConnection[tuple[int, int]]) -> tuple[int, int]:
    """The pizzeria's floor, and the oldest event that is left of its log."""
    found = await conn.execute(
        "select h.floor_seq, (select min(e.seq) from order_events e where e.restaurant_id = h.restaurant_id)"
        " from feed_heads h where h.restaurant_id = %s",
        (PIZZERIA.id,),
    )
    ((floor, first),) = await found.fetchall()
    return floor, first
