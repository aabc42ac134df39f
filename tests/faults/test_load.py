"""Crowds and bursts: many writers, many readers, one that is slow, some that come and go."""

import asyncio
import contextlib
import resource
import time
from statistics import median
from typing import Any

import psycopg
import pytest

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.live import hub as hub_module
from fynlo.live.hub import Hub
from tests.live.house import RIVAL_OWNER, House, eventually, open_house
from tests.live.hubs import open_hub
from tests.serving import ServerProcess

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


SERIAL = """
create table serial_log (id bigserial primary key, order_id uuid not null);
create function note_order() returns trigger language plpgsql as
  'begin insert into serial_log (order_id) values (new.id); return null; end';
create trigger note_order after insert or update on orders for each row execute function note_order();
"""


async def test_the_same_writers_make_a_cursor_over_a_sequence_lose_changes(seeded_url: str) -> None:
    # The control: numbers that are taken before the commit are passed over by who reads on from the last.
    house = House(ServerProcess(seeded_url), seeded_url)
    seen: list[int] = [0]
    async with house.psql() as conn:
        await conn.execute(SERIAL)
        load = Load(house, 20)
        try:
            while load.committed < 400:
                rows = await conn.execute("select id from serial_log where id > %s order by id", (seen[-1],))
                seen += [id for (id,) in await rows.fetchall()]
        finally:
            await load.end()
        rows = await conn.execute("select id from serial_log where id <= %s", (seen[-1],))
        assert {id for (id,) in await rows.fetchall()} - set(seen), "no two of the writers overlap"
    await house.rest.aclose()


async def test_two_thousand_orders_in_one_transaction(house: House) -> None:
    watched = await watchers(5, house)
    await burst(house, 2_000)
    assert await judge(house, watched) == 2_000


async def test_a_hub_that_reads_no_further_than_its_first_batch_lacks_most_of_two_thousand(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: what is asked for at once is short by one, so that it looks like all there is.
    read = Hub._read_events
    monkeypatch.setattr(hub_module, "POLL_S", 3_600.0)
    monkeypatch.setattr(Hub, "_read_events", lambda self, after, limit: read(self, after, limit - 1))
    house = House(ServerProcess(seeded_url), seeded_url)
    async with open_hub(seeded_url) as (_, came):
        await burst(house, 2_000)
        await eventually(lambda: len(came) >= hub_module.BATCH - 1)
        with contextlib.suppress(TimeoutError):
            await eventually(lambda: len(came) >= hub_module.BATCH, 1)
        assert len(came) == hub_module.BATCH - 1
    await house.rest.aclose()


async def test_clients_that_come_and_go_in_a_tight_loop_during_a_burst(house: House) -> None:
    restless = await watchers(5, house, rest_s=0, restless=0.1)
    control = await watchers(1, house, rest_s=0.3, restless=0.1, forgetful=True)
    steady = await watchers(2, house)
    load = Load(house, 8)
    await load.reach(100)
    await burst(house, 200)
    await load.reach(100)
    await load.end()
    await judge(house, [*restless, *steady], control=control, at_least=400)
    assert sum(watcher.connects for watcher in restless) > 50
    assert [watcher.connects for watcher in steady] == [1, 1]


async def reconnecting(house: House, count: int) -> None:
    watched = await watchers(count, house, rest_s=0.5)
    control = await watchers(2, house, rest_s=0.5, forgetful=True)
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
    await judge(house, watched, control=control, within_s=60, at_least=60)
    assert {watcher.closes[0] for watcher in watched} == {1012}


async def test_three_hundred_clients_that_come_back_at_once(house: House) -> None:
    await reconnecting(house, 300)


@pytest.mark.slow
async def test_a_thousand_clients_that_come_back_at_once(seeded_url: str) -> None:
    # One more than a person may have by default, and than may be unauthenticated at once.
    limits = {f"FYNLO_MAX_{what}": "2000" for what in ("SOCKETS_PER_USER", "UNAUTHENTICATED_SOCKETS")}
    _let_files_be_opened(4_096)
    async with open_house(seeded_url, **limits) as house:
        await reconnecting(house, 1_000)


def _let_files_be_opened(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


async def test_a_restaurant_that_is_locked_delays_no_other(house: House) -> None:
    here = await watchers(2, house)
    there = await watchers(2, house, email=RIVAL_OWNER, restaurant_id=RIVAL.id)

    async def delays(conn: psycopg.AsyncConnection[Any], count: int = 10) -> list[float]:
        """After how many seconds orders of the other restaurant were told."""
        found = []
        for _ in range(count):
            began = time.monotonic()
            done = await conn.execute(
                "insert into orders (restaurant_id) values (%s) returning id::text", (PIZZERIA.id,)
            )
            ((order,),) = await done.fetchall()
            await here[0].until(lambda w, order=order: order in w.record.picture, 5)
            found.append(time.monotonic() - began)
        return found

    async with house.psql() as conn, house.psql() as other:
        before = await delays(other)
        async with conn.transaction():
            await conn.execute("insert into orders (restaurant_id) values (%s)", (RIVAL.id,))
            await conn.execute("set constraints all immediate")  # which takes the head, until the commit
            waiting = asyncio.create_task(burst(house, 3, RIVAL.id))
            while_locked = await delays(other)
            # The control: where the lock is, nothing comes.
            with pytest.raises(TimeoutError):
                await there[0].until(lambda w: w.record.seen, 0.5)
            assert not waiting.done(), "the lock does not lock"
        await waiting
    print(
        f"told within {max(before) * 1e3:.1f} ms before, {max(while_locked) * 1e3:.1f} ms while it was locked"
    )
    assert median(while_locked) < max(10 * median(before), 0.5), "the others wait, too"
    await judge(house, here, at_least=20)
    assert await judge(house, there, email=RIVAL_OWNER, restaurant_id=RIVAL.id) == 4
