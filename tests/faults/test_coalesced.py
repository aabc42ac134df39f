"""FYNLO_NOTIFY=coalesced: every fault costs hints at most, and the hints are enough without the poll."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from fynlo.demo.data import PIZZERIA
from fynlo.live.notifier import EVERY_S
from tests.live.house import House, eventually, open_house
from tests.live.hubs import open_hub
from tests.live.test_notifier import KILL, ears

from .load import Load
from .oracle import Watcher, judge, log_of, watchers
from .sales import Sales
from .test_hints import killed_under_load

HINTS_ONLY = "from fynlo.live import hub, notifier; hub.POLL_S = 3600.0\n"
INSERT = "insert into orders (restaurant_id) values (%s) returning id::text"


@asynccontextmanager
async def coalesced(url: str, patched: str = "", **environment: str) -> AsyncIterator[House]:
    async with open_house(url, patched=patched, FYNLO_NOTIFY="coalesced", **environment) as house:
        yield house


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with coalesced(module_seeded_url, HINTS_ONLY) as house:
        yield house


@pytest.fixture(scope="module")
async def neighbour(module_seeded_url: str) -> AsyncIterator[House]:
    """A second server on the same database that never polls either."""
    async with coalesced(module_seeded_url, HINTS_ONLY) as other:
        yield other


async def sessions(house: House, application: str) -> set[int]:
    async with house.psql() as conn:
        found = await conn.execute(
            "select pid from pg_stat_activity where datname = current_database() and application_name = %s",
            (application,),
        )
        return {pid for (pid,) in await found.fetchall()}


async def figures(house: House, *names: str) -> list[float]:
    text = (await house.rest.get(house.server.url + "/metrics")).text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines())
    return [float(values[f"fynlo_feed_{name}_total"]) for name in names]


async def psql_order(house: House) -> str:
    async with house.psql() as conn:
        ((order,),) = await (await conn.execute(INSERT, (PIZZERIA.id,))).fetchall()
        return str(order)


def has(*orders: str) -> Any:
    return lambda watcher: set(orders) <= watcher.record.picture.keys()


async def hears_not(watcher: Watcher, order: str) -> None:
    with pytest.raises(TimeoutError):
        await watcher.until(has(order), 1.5)


async def test_each_process_shows_by_hints_alone_what_came_in_through_the_other_and_through_psql(
    house: House, neighbour: House
) -> None:
    here, there = await watchers(2, house), await watchers(2, neighbour)
    for number in range(12):
        place = (house, neighbour)[number % 2]
        order = await psql_order(house) if number % 3 == 2 else (await place.order())["id"]
        for watcher in (*here, *there):
            await watcher.until(has(order), 5)
    await judge(neighbour, [*here, *there], at_least=12)


async def test_a_process_that_tells_nobody_is_heard_by_nobody_but_its_own(
    house: House, neighbour: House
) -> None:
    # The control: the neighbour hears by the batch, and by nothing else.
    mute = HINTS_ONLY + "notifier.Notifier.announce = lambda *_: None\n"
    (there,) = await watchers(1, neighbour)
    async with coalesced(house.database_url, mute) as silent:
        (own,) = await watchers(1, silent)
        order = (await silent.order())["id"]
        await own.until(has(order), 5)
        await hears_not(there, order)
        told = (await house.order())["id"]
        await there.until(has(order, told), 5)
        await judge(silent, [own, there], at_least=2)


async def test_sales_and_psql_at_once_with_clients_that_move_between_the_processes(
    house: House, neighbour: House
) -> None:
    steady = [*await watchers(2, house), *await watchers(2, neighbour)]
    moving = await watchers(3, house, neighbour, rest_s=0, restless=0.1)
    load, one, other = Load(house, 3), Sales(house, 3), Sales(neighbour, 3)
    await asyncio.gather(load.reach(60), one.reach(60), other.reach(60))
    await asyncio.gather(load.end(), one.end(), other.end())
    await judge(house, [*steady, *moving], at_least=180)
    for watcher in steady:
        assert one.made.keys() | other.made.keys() <= watcher.record.picture.keys()
        assert watcher.connects == 1


async def test_a_burst_is_told_by_the_notifier_alone_and_psql_tells_for_itself(house: House) -> None:
    async with ears(house.database_url) as listening:
        ours = await sessions(house, "fynlo-notifier")
        began = time.monotonic()
        sales = Sales(house, 16)
        await sales.reach(200)
        await sales.end()
        took = time.monotonic() - began
        async with house.psql() as conn:
            await conn.execute(INSERT, (PIZZERIA.id,))
            psql = conn.info.backend_pid
            await eventually(lambda: listening.heard and listening.heard[-1].pid == psql)
    senders = [notification.pid for notification in listening.heard]
    assert set(senders[:-1]) <= ours
    assert not set(senders) & await sessions(house, "fynlo")
    assert 1 <= len(senders[:-1]) <= min(len(sales.made), 2 + took / EVERY_S)
    announced, sent, batches = await figures(house, "hints", "hints_sent", "hint_batches")
    assert announced >= len(sales.made)
    assert announced >= sent >= batches >= 1


async def test_a_listener_killed_again_and_again(seeded_url: str) -> None:
    async with coalesced(seeded_url) as alone:
        await killed_under_load(alone, 0.3, 4)


async def test_a_notifier_killed_again_and_again_under_load(house: House, neighbour: House) -> None:
    # The hub of the neighbour never polls: a hint that was dropped for good would leave it behind.
    here, there = await watchers(2, house), await watchers(2, neighbour)
    sales = Sales(house, 4)
    killed = 0
    async with house.psql() as conn:
        while killed < 8:
            await sales.reach(5)
            ((count,),) = await (await conn.execute(KILL)).fetchall()
            killed += count
    await sales.reach(20)
    await sales.end()
    await judge(house, [*here, *there], at_least=60)
    for watcher in there:
        assert sales.made.keys() <= watcher.record.picture.keys()


async def test_a_process_killed_between_the_commit_and_the_batch_costs_a_poll_and_no_event(
    house: House,
) -> None:
    # It dies in the very call that would have told the others, and its parent with it.
    mortal = "import os\nfrom fynlo.live.notifier import Notifier\n" + (
        "def announce(*_): os.kill(os.getppid(), 9); os.kill(os.getpid(), 9)\nNotifier.announce = announce\n"
    )
    (deaf,) = await watchers(1, house)  # as is the server that it looks at: it never polls
    async with (
        coalesced(house.database_url, mortal) as doomed,
        open_hub(house.database_url) as (_, polled),
    ):
        with pytest.raises(httpx.TransportError):
            await doomed.order()
        (died,) = (await log_of(house))[-1:]
        await eventually(lambda: [frame.seq for frame in polled] == [died[1]])
        await hears_not(deaf, json.loads(polled[0].data)["order"]["id"])
    await psql_order(house)
    await judge(house, [deaf], at_least=2)


async def test_what_waits_for_its_batch_is_told_before_a_server_that_is_asked_to_go_has_gone(
    house: House,
) -> None:
    rare = "from fynlo.live.notifier import Notifier\nNotifier.__init__.__kwdefaults__['every_s'] = 3600.0\n"
    (there,) = await watchers(1, house)
    async with coalesced(house.database_url, rare) as leaving:
        first = (await leaving.order())["id"]
        await there.until(has(first), 5)
        second = (await leaving.order())["id"]
        await hears_not(there, second)
        await asyncio.to_thread(leaving.server.stop)
        await there.until(has(second), 5)
    await judge(house, [there], at_least=2)


async def test_two_workers_tell_each_other(house: House) -> None:
    before = len(await sessions(house, "fynlo-notifier"))
    async with coalesced(house.database_url, HINTS_ONLY, FYNLO_WORKERS="2") as pair:

        async def both_notify() -> bool:
            return len(await sessions(pair, "fynlo-notifier")) >= before + 2

        await eventually(both_notify)
        watched, away = await watchers(12, pair), await watchers(1, house)
        sales = Sales(pair, 8)
        await sales.reach(80)
        await sales.end()
        await judge(pair, [*watched, *away], at_least=80)
