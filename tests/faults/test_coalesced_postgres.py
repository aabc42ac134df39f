"""FYNLO_NOTIFY=coalesced with a Postgres of its own: restarted, and with a flush that takes its time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fynlo.db.embedded import EmbeddedPostgres
from fynlo.demo.data import PIZZERIA, RIVAL
from tests.live.house import House, eventually

from .oracle import judge, watchers
from .sales import Sales
from .test_coalesced import HINTS_ONLY, INSERT, coalesced, has

WAITING_TO_NOTIFY = (
    "select count(*) from pg_locks where locktype = 'object' and classid = 'pg_database'::regclass"
    " and objid = 0 and not granted"
)


@pytest.fixture(scope="module")
async def house(postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    async with coalesced(postgres.url(), HINTS_ONLY) as house:
        yield house


@pytest.fixture(scope="module")
async def neighbour(postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    async with coalesced(postgres.url(), HINTS_ONLY) as other:
        yield other


async def test_postgres_restarts_under_load_and_the_hints_go_on(
    postgres: EmbeddedPostgres, house: House, neighbour: House
) -> None:
    here, there = await watchers(2, house), await watchers(2, neighbour)
    sales = Sales(house, 4)
    await sales.reach(20)
    await asyncio.to_thread(postgres.stop, "immediate")
    await asyncio.to_thread(postgres.start)
    await sales.reach(20)
    await sales.end()
    assert sales.tries > len(sales.made), "the restart went unnoticed"
    await asyncio.to_thread(neighbour.server.await_ready)
    await judge(house, [*here, *there], at_least=40)
    for watcher in (*here, *there):
        assert sales.made.keys() <= watcher.record.picture.keys()
        assert watcher.connects == 1, "the screens noticed"


async def test_an_order_is_taken_and_shown_while_a_commit_that_notifies_is_being_flushed(
    house: House, neighbour: House
) -> None:
    # A standby that is never there makes the flush of one session last; the others wait for none.
    (here,), (there,) = await watchers(1, house), await watchers(1, neighbour)
    async with house.psql() as dba, house.psql() as flushing, house.psql() as control:
        await dba.execute("alter system set synchronous_commit = 'local'")
        await dba.execute("alter system set synchronous_standby_names = 'nobody'")
        await dba.execute("select pg_reload_conf()")
        await flushing.execute("set synchronous_commit = 'on'")
        pid = flushing.info.backend_pid

        async def flushed() -> bool:
            found = await dba.execute("select wait_event from pg_stat_activity where pid = %s", (pid,))
            return (await found.fetchall()) == [("SyncRep",)]

        async def waits() -> bool:
            return (await (await dba.execute(WAITING_TO_NOTIFY)).fetchall()) != [(0,)]

        slow = asyncio.create_task(flushing.execute(INSERT, (RIVAL.id,)))
        try:
            await eventually(flushed)
            order = (await house.order())["id"]
            await here.until(has(order), 5)
            assert not slow.done()
            held_up = asyncio.create_task(control.execute(INSERT, (PIZZERIA.id,)))
            await eventually(waits)  # the control: one that notifies itself waits, and so would every order
            assert not held_up.done()
        finally:
            await dba.execute("alter system reset all")
            await dba.execute("select pg_reload_conf()")
            await dba.execute("select pg_cancel_backend(%s)", (pid,))
            await slow
        await held_up
    await there.until(has(order), 5)
    await judge(house, [here, there], at_least=2)
