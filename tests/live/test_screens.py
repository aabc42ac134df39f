"""The screens of several processes on one Postgres, each process an object that looks when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege
from structlog.testing import capture_logs

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.live import screen_queries, screens
from fynlo.live.connection import Connection
from fynlo.live.screens import LEASE, Screens
from tests.db.till import application, connect, inside, rows, value

from .house import eventually
from .test_own_screens import Clock, Stand

USER = PIZZERIA.memberships[0].person


@pytest.fixture(autouse=True)
def _as_old_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "KNOWN_FOR_S", -1.0)


class Process:
    """A server process, as far as its screens go."""

    def __init__(self, url: str, count: int, refresh_s: float = 3.0) -> None:
        self.clock = Clock()
        self.stands = [Stand(self.clock, USER.id) for _ in range(count)]
        for stand in self.stands:
            stand.restaurant_id = PIZZERIA.id
        self.screens = Screens(
            url, lambda: cast(list[Connection], self.stands), refresh_s=refresh_s, clock=self.clock
        )

    @property
    def ids(self) -> set[UUID]:
        return {stand.id for stand in self.stands}

    async def sees(self) -> set[UUID]:
        return {screen.connection_id for screen in (await self.screens.overview()).worst}


@asynccontextmanager
async def processes(url: str, *counts: int, refresh_s: float = 3.0) -> AsyncIterator[list[Process]]:
    """Processes with so many screens each, which have told the database once."""
    found = [Process(url, count, refresh_s) for count in counts]
    try:
        for process in found:
            await process.screens.refresh()
        yield found
    finally:
        for process in found:
            await process.screens.withdraw()


async def end_lease(url: str, process: Process) -> None:
    async with await connect(url) as conn:
        await conn.execute(
            "update fynlo.processes set leased_until = now() - interval '1 s' where id = %s",
            (process.screens.process,),
        )


async def stored(url: str) -> set[UUID]:
    async with await connect(url) as conn:
        return {found for (found,) in await rows(conn, "select connection_id from screens")}


async def test_each_process_sees_the_screens_of_all(seeded_url: str) -> None:
    async with processes(seeded_url, 2, 3, 0) as (one, two, idle):
        everybody = one.ids | two.ids
        for process in (one, two, idle):
            assert await process.sees() == everybody
            overview = await process.screens.overview()
            assert (overview.of, overview.untracked, overview.tracked) == ("all processes", 5, 0)
        slow = two.stands[0]
        slow.sends(1)
        slow.acks(1)
        slow.sends(2, 3, 4)
        two.clock.now += 60
        slow.heard_at = two.clock.now
        await two.screens.refresh()
        for process in (one, two, idle):
            overview = await process.screens.overview()
            assert (overview.tracked, overview.stale, overview.untracked) == (1, 1, 4)
            worst = overview.worst[0]
            assert (worst.connection_id, worst.stale, worst.lag_events) == (slow.id, True, 3)
            assert worst.lag_s == pytest.approx(60, abs=5)
            assert overview.lag_s_max == worst.lag_s
            assert worst.acknowledged_at is not None
        slow.acks(4)
        await two.screens.refresh()
        assert (await one.screens.overview()).stale == 0


async def test_a_screen_that_leaves_is_gone_with_the_next_telling_and_a_process_at_once(
    seeded_url: str,
) -> None:
    async with processes(seeded_url, 2, 2) as (one, two):
        left = two.stands.pop()
        await two.screens.refresh()
        assert await stored(seeded_url) == one.ids | two.ids
        assert left.id not in await one.sees()
        await two.screens.withdraw()
        assert await one.sees() == await stored(seeded_url) == one.ids
    assert await stored(seeded_url) == set()


async def test_a_killed_process_counts_until_its_lease_is_over_and_is_swept_by_another(
    seeded_url: str,
) -> None:
    async with processes(seeded_url, 1, 2) as (one, killed):
        await one.screens.refresh()
        assert await one.sees() == one.ids | killed.ids, "it may just be slow"
        await end_lease(seeded_url, killed)
        assert await one.sees() == one.ids, "at once, whoever sweeps when"
        assert await stored(seeded_url) == one.ids | killed.ids
        await one.screens.refresh()
        assert await stored(seeded_url) == one.ids
        # it was not dead, only slow: it says all again, also what has not changed
        await killed.screens.refresh()
        await killed.screens.refresh()
        assert await one.sees() == one.ids | killed.ids


async def test_a_lease_is_as_long_as_ten_refreshes(seeded_url: str) -> None:
    async with processes(seeded_url, 1, refresh_s=7.0), await connect(seeded_url) as conn:
        left = await value(
            conn, "select extract(epoch from leased_until - now())::float from fynlo.processes"
        )
        assert 7.0 * LEASE - 20 < left <= 7.0 * LEASE


async def test_a_postgres_that_crashed_and_lost_what_is_unlogged_is_told_all_again(seeded_url: str) -> None:
    async with processes(seeded_url, 3) as (one,):
        async with await connect(seeded_url) as conn:
            await conn.execute("truncate screens, fynlo.processes")
        await one.screens.refresh()  # it learns that nothing is known
        await one.screens.refresh()
        assert await stored(seeded_url) == one.ids


async def test_a_connection_that_breaks_loses_no_screen_and_brings_none_back(seeded_url: str) -> None:
    async with processes(seeded_url, 2, 1) as (one, two):
        left = one.stands.pop()  # while nothing can be told
        one.stands.append(Stand(one.clock, USER.id))
        one.stands[-1].restaurant_id = PIZZERIA.id
        async with await connect(seeded_url) as conn:
            await conn.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and application_name = 'fynlo-screens'"
            )
        with capture_logs() as said:
            await one.screens.refresh()
            assert [entry["event"] for entry in said] == ["screens_not_told"]
            assert await one.sees() == one.ids, "its own, without asking a database that is away"
            assert (await one.screens.overview()).of == "this process"
            await one.screens.refresh()
            await two.screens.refresh()
            await two.screens.refresh()
        assert await stored(seeded_url) == one.ids | two.ids
        assert left.id not in await two.sees()


async def test_nothing_changed_is_nothing_written_but_the_lease(seeded_url: str) -> None:
    async with processes(seeded_url, 3) as (one,), await connect(seeded_url) as conn:
        written = "select array_agg(xmin::text || ctid::text order by connection_id) from screens"
        leased = "select leased_until from fynlo.processes"
        before, until = await value(conn, written), await value(conn, leased)
        await one.screens.refresh()
        assert await value(conn, written) == before
        assert await value(conn, leased) > until
        one.stands[0].sends(1)
        await one.screens.refresh()
        changed = await value(conn, written)
        assert sum(a != b for a, b in zip(before, changed, strict=True)) == 1


async def test_an_idle_process_says_nothing_at_all(seeded_url: str) -> None:
    async with processes(seeded_url, 0) as (idle,), await connect(seeded_url) as conn:
        await idle.screens.refresh()
        assert await value(conn, "select count(*) from fynlo.processes") == 0
        connected = (
            "select count(*) from pg_stat_activity"
            " where application_name = 'fynlo-screens' and datname = current_database()"
        )
        assert await value(conn, connected) == 0


async def test_telling_makes_no_event_and_takes_one_statement(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    tell = screen_queries.tell_screens

    async def counting(*arguments: Any) -> bool:
        told.append(arguments)
        return await tell(*arguments)

    monkeypatch.setattr(screen_queries, "tell_screens", counting)
    async with await connect(seeded_url) as conn:
        heads = "select sum(seq)::bigint, (select count(*) from order_events) from feed_heads"
        before = await rows(conn, heads)
        async with processes(seeded_url, 700) as (one,):
            for stand in one.stands:
                stand.sends(1)
            await one.screens.refresh()
            assert len(told) == 2, "once at the start, once for all 700"
            assert await value(conn, "select count(*) from screens where sent_seq = 1") == 700
        assert await rows(conn, heads) == before


async def test_a_database_that_hangs_delays_no_answer(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "ASK_WITHIN_S", 0.1)
    async with processes(seeded_url, 1, 1) as (one, two), await connect(seeded_url) as conn:
        async with conn.transaction():
            await conn.execute("lock table screens")
            async with asyncio.timeout(5):
                overview = await one.screens.overview()
            assert (overview.of, {screen.connection_id for screen in overview.worst}) == (
                "this process",
                one.ids,
            )
        monkeypatch.setattr(screens, "ASK_WITHIN_S", 30.0)
        assert await one.sees() == one.ids | two.ids, "the control: without the lock"


async def test_a_question_that_comes_too_late_does_not_break_off_the_telling(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "ASK_WITHIN_S", 0.05)
    async with processes(seeded_url, 1) as (one,), await connect(seeded_url) as conn:
        one.stands[0].sends(1)
        async with conn.transaction():
            await conn.execute("lock table screens")
            telling = asyncio.create_task(one.screens.refresh())
            waits = (
                "select count(*) from pg_stat_activity where application_name = 'fynlo-screens'"
                " and datname = current_database() and wait_event_type = 'Lock'"
            )

            async def waiting() -> bool:
                async with await connect(seeded_url) as other:
                    return bool(await value(other, waits))

            await eventually(waiting)
            assert (await one.screens.overview()).of == "this process"
            assert not telling.done()
        with capture_logs() as said:
            await telling
        assert said == []
        assert await value(conn, "select sent_seq from screens") == 1


async def test_many_who_ask_ask_the_database_once(seeded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    ask = screen_queries.others_screens

    async def counting(*arguments: Any) -> Any:
        asked.append(arguments)
        return await ask(*arguments)

    monkeypatch.setattr(screen_queries, "others_screens", counting)
    monkeypatch.setattr(screens, "KNOWN_FOR_S", 1.0)
    async with processes(seeded_url, 1) as (one,):
        await asyncio.gather(*(one.screens.overview() for _ in range(50)))
        assert len(asked) == 1
        one.clock.now += 1.1
        await one.screens.overview()
        assert len(asked) == 2


async def test_a_tenant_sees_its_own_screens_and_writes_none(seeded_url: str) -> None:
    async with processes(seeded_url, 2) as (_,), await application(seeded_url) as conn:
        count = "select count(*) from screens"
        assert await value(conn, count) == 0
        async with inside(conn, RIVAL.id):
            assert await value(conn, count) == 0
        async with inside(conn, PIZZERIA.id):
            assert await value(conn, count) == 2, "the control"
        for attempt in (
            "update screens set stale = true",
            "delete from screens",
            "insert into screens select * from screens",
            "select * from fynlo.processes",
        ):
            with pytest.raises(InsufficientPrivilege):
                async with inside(conn, PIZZERIA.id):
                    await conn.execute(attempt.encode())


async def test_who_watches_says_where_and_who(seeded_url: str) -> None:
    async with processes(seeded_url, 1) as (one,), await application(seeded_url) as conn:
        (screen,) = await screen_queries.who_watches(conn, None)
        assert (screen.restaurant, screen.who, screen.kind) == (PIZZERIA.name, USER.email, "kitchen")
        assert screen.connection_id == one.stands[0].id
        assert await screen_queries.who_watches(conn, PIZZERIA.id) == [screen]
        assert await screen_queries.who_watches(conn, RIVAL.id) == []
