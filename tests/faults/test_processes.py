"""Several servers on one database: each shows what came in through another, and they restart in turn."""

import asyncio

import httpx
import pytest

from fynlo.client import ApiClient
from fynlo.demo.data import PASSWORD
from tests.live.house import OWNER, House, Json, eventually

from .feeds import followers, judge_feeds
from .load import Load
from .oracle import judge, watchers


async def test_each_process_shows_the_orders_made_through_the_other(house: House, neighbour: House) -> None:
    here, there = await watchers(2, house), await watchers(2, neighbour)
    for number in range(10):
        made: Json = await (house, neighbour)[number % 2].order()
        for watcher in (*here, *there):
            await watcher.until(lambda w, made=made: w.record.picture.get(made["id"]) == made, 2)
    await judge(neighbour, [*here, *there], at_least=10)


async def test_a_client_moves_between_processes_without_a_gap_or_a_double(
    house: House, neighbour: House
) -> None:
    moving = await watchers(4, house, neighbour, rest_s=0, restless=0.1)
    control = await watchers(1, house, neighbour, rest_s=0.3, restless=0.1, forgetful=True)
    load = Load(house, 6)
    await load.reach(200)
    await load.end()
    await judge(house, moving, control=control, at_least=200)
    assert sum(watcher.connects for watcher in moving) > 20


async def test_a_process_that_is_killed_under_load_costs_no_event(house: House, neighbour: House) -> None:
    # Orders are made through the one that dies: what it had committed it may not have told anybody yet.
    watched = await watchers(4, house, neighbour)
    control = await watchers(1, house, neighbour, rest_s=2, forgetful=True)
    made: dict[str, Json] = {}

    async def sell() -> None:
        while True:
            order = await house.order()
            made[order["id"]] = order

    selling = [asyncio.create_task(sell()) for _ in range(4)]
    await eventually(lambda: len(made) >= 20)
    await asyncio.to_thread(house.server.kill)
    await neighbour.order()
    failures = await asyncio.gather(*selling, return_exceptions=True)
    assert all(isinstance(failure, httpx.TransportError) for failure in failures), failures
    await asyncio.to_thread(house.server.start)
    await asyncio.to_thread(house.server.await_ready)
    await judge(house, watched, control=control, at_least=20)
    for watcher in watched:
        assert made.keys() <= watcher.record.picture.keys(), "an order was answered and is not there"
    assert [watcher.connects for watcher in watched if watcher.connects > 1]


async def rolling(house: House, neighbour: House, clients: int, rounds: int, writers: int) -> None:
    """Both servers are restarted in turn while clients of either follow; raw ones move, ours come back."""
    raw = await watchers(4, house, neighbour)
    control = await watchers(1, house, neighbour, rest_s=1, forgetful=True)
    async with ApiClient(house.server.url) as api:
        await api.login(OWNER, PASSWORD)
        async with followers(house, api.tokens, [house.server.url, neighbour.server.url], clients) as ours:
            load = Load(house, writers)
            await load.reach(30)
            for _ in range(rounds):
                for server in (house.server, neighbour.server):
                    await asyncio.to_thread(server.stop)
                    await load.reach(10)
                    await asyncio.to_thread(server.start)
                    await asyncio.to_thread(server.await_ready)
            await load.reach(10)
            await load.end()
            await judge(house, raw, control=control, at_least=60)
            await judge_feeds(house, ours)
    for follower in ours:
        # who waits for its next try sleeps through a restart, and who is too slow for a moment comes back once more
        assert follower.told["Connected"] >= 2, "the restart went unnoticed"


async def test_a_rolling_restart_of_two_processes_under_load(house: House, neighbour: House) -> None:
    await rolling(house, neighbour, 4, 1, writers=4)


@pytest.mark.slow
async def test_five_rolling_restarts_under_load(house: House, neighbour: House) -> None:
    # One writer: a client that finds its server away again and again waits longer each time, and what it
    # missed must still be few enough to be replayed.
    await rolling(house, neighbour, 10, 5, writers=1)
