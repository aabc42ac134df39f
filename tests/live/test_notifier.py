"""The notifier and the hub that it belongs to, against a real Postgres and in one process."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection, Notify

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.live import hub as hub_module
from fynlo.live import notifier as notifier_module
from fynlo.live import queries
from fynlo.live.notifier import Notifier
from tests.db.till import Till, plain_line

from .house import eventually
from .hubs import open_hub

PLACE = PIZZERIA.id
HOUR = 3_600.0
KILL = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where application_name = 'fynlo-notifier' and datname = current_database()"
)


class Ears:
    """A session that listens, and all that it has heard."""

    def __init__(self, conn: AsyncConnection[Any]) -> None:
        self.heard: list[Notify] = []
        self._task = asyncio.create_task(self._listen(conn))

    async def _listen(self, conn: AsyncConnection[Any]) -> None:
        async for notification in conn.notifies():
            self.heard.append(notification)

    @property
    def payloads(self) -> list[str]:
        return [notification.payload for notification in self.heard]

    async def until(self, count: int) -> list[str]:
        await eventually(lambda: len(self.heard) >= count)
        return self.payloads

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def ears(url: str) -> AsyncIterator[Ears]:
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("listen fynlo_feed")
        listening = Ears(conn)
        try:
            yield listening
        finally:
            await listening.stop()


@asynccontextmanager
async def notifying(url: str, every_s: float = notifier_module.EVERY_S) -> AsyncIterator[Notifier]:
    notifier = Notifier(url, every_s=every_s)
    notifier.start()
    try:
        await eventually(lambda: notifier.pid)
        yield notifier
    finally:
        await notifier.stop()


async def execute(url: str, statement: str, *parameters: object) -> Any:
    """The first value that the superuser gets, where there is one."""
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        done = await conn.execute(statement.encode(), parameters or None)
        return (await done.fetchall())[0][0] if done.description else None


async def test_the_first_hint_after_a_pause_goes_at_once(module_seeded_url: str) -> None:
    async with ears(module_seeded_url) as listening, notifying(module_seeded_url, HOUR) as notifier:
        pid = notifier.pid
        notifier.announce(PLACE)
        assert await listening.until(1) == [str(PLACE)]
        assert [notification.pid for notification in listening.heard] == [pid]


async def test_equal_hints_go_as_one_and_a_batch_takes_all_restaurants(module_seeded_url: str) -> None:
    async with ears(module_seeded_url) as listening, notifying(module_seeded_url, 0.2) as notifier:
        notifier.announce(PLACE)
        await listening.until(1)
        for _ in range(200):
            notifier.announce(PLACE)
            notifier.announce(RIVAL.id)
        await listening.until(3)
        notifier.announce(PLACE)
        told = await listening.until(4)
        assert told[0] == told[3] == str(PLACE)
        assert set(told[1:3]) == {str(PLACE), str(RIVAL.id)}
        assert len(told) == 4


async def test_a_burst_of_commits_makes_far_fewer_notifications(seeded_url: str) -> None:
    every_s = 0.25
    async with ears(seeded_url) as listening, notifying(seeded_url, every_s) as notifier:
        async with Till.at(seeded_url, size=8, announce=notifier.announce) as till:
            began = time.monotonic()
            await asyncio.gather(*(till.order(plain_line()) for _ in range(200)))
            took = time.monotonic() - began
        await notifier.stop()
        await execute(seeded_url, "select pg_notify('fynlo_feed', 'end')")
        await eventually(lambda: "end" in listening.payloads)
    assert 1 <= len(listening.payloads[:-1]) <= 2 + took / every_s
    assert await execute(seeded_url, "select count(*) from orders") == 200


async def test_more_restaurants_than_one_batch_takes_go_in_several(
    module_seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "AT_ONCE", 100)
    places = [uuid4() for _ in range(1_050)]
    async with ears(module_seeded_url) as listening, notifying(module_seeded_url) as notifier:
        for place in places:
            notifier.announce(place)
        assert set(await listening.until(len(places))) == {str(place) for place in places}
        # Before the notifier ends: whoever is stopped in a batch sends it once more.
        assert len(listening.payloads) == len(places)


async def test_a_whole_batch_is_within_what_postgres_takes(module_seeded_url: str) -> None:
    places = {uuid4() for _ in range(notifier_module.AT_ONCE)}
    async with ears(module_seeded_url) as listening, notifying(module_seeded_url) as notifier:
        for place in places:
            notifier.announce(place)
        assert set(await listening.until(len(places))) == {str(place) for place in places}


async def test_what_is_pending_is_sent_at_the_end(module_seeded_url: str) -> None:
    async with ears(module_seeded_url) as listening:
        async with notifying(module_seeded_url, HOUR) as notifier:
            notifier.announce(PLACE)
            await listening.until(1)
            notifier.announce(RIVAL.id)  # an hour from now, but for the end
        assert await listening.until(2) == [str(PLACE), str(RIVAL.id)]
    assert notifier.pid is None


async def test_a_killed_connection_costs_no_hint(module_seeded_url: str) -> None:
    async with ears(module_seeded_url) as listening, notifying(module_seeded_url) as notifier:
        for killed in range(1, 4):
            assert await execute(module_seeded_url, KILL) >= 1
            notifier.announce(PLACE)
            assert await listening.until(killed) == [str(PLACE)] * killed
            await eventually(lambda: notifier.pid)


async def test_hints_are_kept_while_the_database_takes_none(seeded_url: str) -> None:
    async with ears(seeded_url) as listening, notifying(seeded_url) as notifier:
        await execute(seeded_url, "revoke execute on function pg_notify(text, text) from public")
        for _ in range(50):
            notifier.announce(PLACE)
            notifier.announce(RIVAL.id)
            await asyncio.sleep(0.002)
        assert listening.heard == []
        await execute(seeded_url, "grant execute on function pg_notify(text, text) to public")
        assert set(await listening.until(2)) == {str(PLACE), str(RIVAL.id)}
    assert len(listening.heard) == 2


async def test_ending_without_a_database_takes_no_longer_than_it_may() -> None:
    notifier = Notifier("postgresql://127.0.0.1:1/none")
    notifier.start()
    notifier.announce(PLACE)
    async with asyncio.timeout(notifier_module.LAST_WITHIN_S + 5):
        await notifier.stop()


# -- with its hub


async def test_both_processes_hear_at_once_of_what_one_commits(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "POLL_S", HOUR)
    async with (
        open_hub(seeded_url, notifier=Notifier(seeded_url)) as (hub, here),
        open_hub(seeded_url) as (_, there),
        Till.at(seeded_url, size=4, announce=hub.announce) as till,
    ):
        orders = await asyncio.gather(*(till.order(plain_line()) for _ in range(40)))
        await eventually(lambda: len(here) == len(there) == 40)
        assert {frame.seq for frame in here} == {frame.seq for frame in there}
        assert [frame.seq for frame in here] == sorted(frame.seq for frame in here)
        assert len({order.id for order in orders}) == 40


async def test_without_the_announcement_neither_hears(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: no trigger, no poll, no third way.
    monkeypatch.setattr(hub_module, "POLL_S", HOUR)
    kept: list[UUID] = []
    async with (
        open_hub(seeded_url, notifier=Notifier(seeded_url)) as (hub, here),
        open_hub(seeded_url) as (_, there),
        Till.at(seeded_url, announce=kept.append) as till,
    ):
        await till.order(plain_line())
        with pytest.raises(TimeoutError):
            await eventually(lambda: here or there, within_s=1)
        hub.announce(*kept)
        await eventually(lambda: len(here) == len(there) == 1)


async def test_a_process_reads_what_it_announced_once(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "POLL_S", HOUR)
    reads = 0
    read_events = queries.read_events

    async def counting(*given: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read_events(*given)

    notifier = Notifier(seeded_url)
    async with (
        ears(seeded_url) as listening,
        open_hub(seeded_url, notifier=notifier) as (hub, came),
        Till.at(seeded_url, announce=hub.announce) as till,
    ):
        await eventually(lambda: notifier.pid)
        monkeypatch.setattr(queries, "read_events", counting)
        insert = "insert into orders (restaurant_id) values (%s)"
        # An order by psql before and after: notifications come in order, so ours has been heard by then.
        await execute(seeded_url, insert, PLACE)
        await eventually(lambda: len(came) == 1)
        before = reads
        await till.order(plain_line())
        await eventually(lambda: len(came) == 2)
        await listening.until(2)
        await execute(seeded_url, insert, PLACE)
        await eventually(lambda: len(came) == 3)
        assert reads - before == 2, "its own notification made it read again"
        async with notifying(seeded_url) as neighbour:  # the control: that of another process does
            neighbour.announce(PLACE)
            await eventually(lambda: reads - before == 3)
