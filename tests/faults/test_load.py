"""Crowds and bursts: many writers, many readers, one that is slow, some that come and go."""

import asyncio
import time
from typing import Any

import pytest

from fynlo.demo.data import PIZZERIA, RIVAL
from tests.live.house import RIVAL_OWNER, House, eventually

from .load import Load, burst
from .oracle import judge, watchers


async def concurrent_writers(house: House, commits: int) -> None:
    watched = await watchers(4, house)
    load = Load(house, 20)
    await load.reach(commits, 90)
    await load.end()
    events = await judge(house, watched, at_least=commits)
    assert load.rolled_back > commits / 20
    assert load.broken == 0
    assert events == load.committed, "a commit is an event, a rollback is none"
    assert [watcher.connects for watcher in watched] == [1] * 4


async def test_twenty_writers_at_once_with_rollbacks_and_delays(house: House) -> None:
    await concurrent_writers(house, 400)


@pytest.mark.slow
async def test_twenty_writers_at_once_for_long(house: House) -> None:
    await concurrent_writers(house, 5_000)


async def test_two_thousand_orders_in_one_transaction(house: House) -> None:
    watched = await watchers(5, house)
    await burst(house, 2_000)
    assert await judge(house, watched) == 2_000


async def test_clients_that_come_and_go_in_a_tight_loop_during_a_burst(house: House) -> None:
    restless = await watchers(5, house, rest_s=0, restless=0.1)
    steady = await watchers(2, house)
    load = Load(house, 8)
    await load.reach(100)
    await burst(house, 200)
    await load.reach(100)
    await load.end()
    await judge(house, [*restless, *steady], at_least=400)
    assert sum(watcher.connects for watcher in restless) > 50
    assert [watcher.connects for watcher in steady] == [1, 1]


async def reconnecting(house: House, count: int) -> None:
    watched = await watchers(count, house)
    load = Load(house, 2)
    await load.reach(20)
    house.server.terminate()
    await eventually(lambda: house.server._process is not None and house.server._process.poll() is not None)
    await load.reach(20)
    await asyncio.to_thread(house.server.start)
    await asyncio.to_thread(house.server.await_ready)
    await asyncio.gather(*(w.until(lambda w: w.connects == 2, 60) for w in watched))
    await load.reach(20)
    await load.end()
    await judge(house, watched, within_s=60, at_least=60)
    assert {watcher.closes[0] for watcher in watched} == {1012}


async def test_three_hundred_clients_that_come_back_at_once(house: House) -> None:
    await reconnecting(house, 300)


@pytest.mark.slow
async def test_nine_hundred_clients_that_come_back_at_once(house: House) -> None:
    await reconnecting(house, 900)


async def test_a_restaurant_that_is_locked_delays_no_other(house: House) -> None:
    here = await watchers(2, house)
    there = await watchers(2, house, email=RIVAL_OWNER, restaurant_id=RIVAL.id)

    async def told(order_id: Any) -> float:
        began = time.monotonic()
        await here[0].until(lambda w: str(order_id) in w.record.picture, 5)
        return time.monotonic() - began

    async with house.psql() as conn, house.psql() as other:
        async with conn.transaction():
            await conn.execute("insert into orders (restaurant_id) values (%s)", (RIVAL.id,))
            await conn.execute("set constraints all immediate")  # which takes the head, until the commit
            waiting = asyncio.create_task(burst(house, 3, RIVAL.id))
            for _ in range(10):
                done = await other.execute(
                    "insert into orders (restaurant_id) values (%s) returning id", (PIZZERIA.id,)
                )
                ((order,),) = await done.fetchall()
                assert await told(order) < 0.5
            assert not waiting.done(), "the lock does not lock"
            assert not there[0].record.seen
        await waiting
    await judge(house, here, at_least=10)
    assert await judge(house, there, email=RIVAL_OWNER, restaurant_id=RIVAL.id) == 4
