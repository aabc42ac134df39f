"""Hints may be lost: the listener's connection is killed, or nothing is notified at all."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from fynlo.demo.data import PIZZERIA
from fynlo.live import hub as hub_module
from fynlo.live.hub import Hub
from tests.cluster import Cluster
from tests.live.house import House, eventually, open_house
from tests.live.hubs import open_hub

from .broken import UNPOLLED
from .load import Load
from .oracle import judge, watchers

KILL = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where application_name = 'fynlo-listener' and datname = current_database()"
)
NOTIFY = "perform pg_notify('fynlo_feed', current_restaurant::text);"


@asynccontextmanager
async def without_notify(url: str) -> AsyncIterator[None]:
    """The log is written as ever, and nobody is told."""
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        ((drain,),) = await (
            await conn.execute("select pg_get_functiondef('fynlo.drain'::regproc)")
        ).fetchall()
        assert NOTIFY in drain
        await conn.execute(drain.replace(NOTIFY, "null;").encode())
        try:
            yield
        finally:
            await conn.execute(drain.encode())


async def connects(house: House) -> float:
    text = (await house.rest.get(house.server.url + "/metrics")).text
    name = "fynlo_feed_listener_connects_total "
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


async def killed_under_load(house: House, every_s: float, kills: int) -> None:
    watched = await watchers(4, house)
    before = await connects(house)
    load = Load(house, 6)
    killed = 0

    async def came_back() -> bool:
        return await connects(house) >= before + killed

    async with house.psql() as conn:
        while killed < kills:
            await asyncio.sleep(every_s)
            ((count,),) = await (await conn.execute(KILL)).fetchall()
            killed += count
            await eventually(came_back)  # one that is killed before it listens counts for nothing
    await load.reach(50)
    await load.end()
    await judge(house, watched, at_least=50)
    assert [watcher.connects for watcher in watched] == [1] * 4, "the screens noticed"


async def test_a_listener_killed_every_300_ms_under_load(house: House) -> None:
    await killed_under_load(house, 0.3, 8)


@pytest.mark.slow
async def test_a_listener_killed_every_two_seconds_for_a_minute(house: House) -> None:
    await killed_under_load(house, 2, 30)


async def test_without_notify_the_poll_delivers_within_its_interval(house: House) -> None:
    watched = await watchers(2, house)

    async def one() -> float:
        async with house.psql() as conn:
            done = await conn.execute(
                "insert into orders (restaurant_id) values (%s) returning id::text", (PIZZERIA.id,)
            )
            ((order,),) = await done.fetchall()
        began = time.monotonic()
        await watched[0].until(lambda w: order in w.record.picture, 5)
        return time.monotonic() - began

    async with without_notify(house.database_url):
        delays = [await one() for _ in range(4)]
        load = Load(house, 4)
        await load.reach(100)
        await load.end()
        await watched[0].until(lambda w: len(w.record.seen) >= 104)
    await judge(house, watched, at_least=104)
    assert max(delays) < 1.8
    assert max(delays) > 0.1, "something else than the poll told it"


async def test_with_neither_notify_nor_poll_nothing_comes(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control of both tests above: it is these two ways, and no third, by which events come.
    monkeypatch.setattr(hub_module, "POLL_S", 3_600.0)
    async with open_hub(seeded_url) as (hub, came):
        start = (await hub.room(PIZZERIA.id)).seq
        async with await AsyncConnection.connect(seeded_url, autocommit=True) as conn:
            insert = "insert into orders (restaurant_id) values (%s)"
            async with without_notify(seeded_url):
                await conn.execute(insert, (PIZZERIA.id,))
                with contextlib.suppress(TimeoutError):
                    await eventually(lambda: came, within_s=2.5)
                assert came == []
            await conn.execute(insert, (PIZZERIA.id,))
            await eventually(lambda: len(came) == 2)  # one hint, and what was missed comes too
        assert [frame.seq for frame in came] == [start + 1, start + 2]


@pytest.mark.parametrize("reads_heads", [True, False])
async def test_what_was_written_while_the_listener_could_not_come_back_comes_with_it(
    cluster: Cluster, seeded_url: str, monkeypatch: pytest.MonkeyPatch, reads_heads: bool
) -> None:
    # No poll. A hub that reads no heads when its listener is back is the control: it never hears of it.
    monkeypatch.setattr(hub_module, "POLL_S", 3_600.0)
    if not reads_heads:
        monkeypatch.setattr(Hub, "_compare_heads", nothing)
    name = urlsplit(seeded_url).path[1:]
    async with open_hub(seeded_url) as (hub, came):
        async with (
            await AsyncConnection.connect(seeded_url, autocommit=True) as conn,
            await AsyncConnection.connect(cluster.url(), autocommit=True) as elsewhere,
        ):
            await elsewhere.execute(f"alter database {name} allow_connections false".encode())
            await conn.execute(KILL)
            await eventually(lambda: not hub.listener.listening)
            await conn.execute("insert into orders (restaurant_id) values (%s)", (PIZZERIA.id,))
            assert came == []
            await elsewhere.execute(f"alter database {name} allow_connections true".encode())
        await eventually(lambda: hub.listener.listening)
        if reads_heads:
            await eventually(lambda: came)
        else:
            with pytest.raises(TimeoutError):
                await eventually(lambda: came, within_s=1)


async def nothing(_hub: Hub, _restaurants: list[UUID]) -> None:
    """Stands where heads would be read."""


async def test_what_a_process_committed_and_did_not_live_to_announce_is_shown_by_the_others(
    house: House, neighbour: House
) -> None:
    async with open_house(house.database_url, patched=UNPOLLED) as unpolled:
        watched, control = await watchers(2, neighbour), await watchers(1, unpolled)
        async with without_notify(house.database_url):
            made = await house.order()
            await asyncio.to_thread(house.server.kill)
            await watched[0].until(lambda w: made["id"] in w.record.picture, 5)
            await judge(neighbour, watched, control=control)
    await asyncio.to_thread(house.server.start)
    await asyncio.to_thread(house.server.await_ready)
