"""Postgres goes away under load and comes back: the screens stay, and nothing is missing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import pytest

from fynlo.db.embedded import EmbeddedPostgres
from tests.live.house import OWNER, House, open_house

from . import workers
from .broken import DEAF
from .load import Load
from .oracle import judge, log_of, watchers


@pytest.fixture(scope="module")
async def house(postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    async with open_house(postgres.url()) as house:
        yield house


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_postgres_restarts_under_load_and_the_screens_stay(
    postgres: EmbeddedPostgres, house: House, mode: Literal["fast", "immediate"]
) -> None:
    watched = await watchers(6, house)
    load = Load(house, 6)
    await load.reach(60)
    await asyncio.to_thread(postgres.stop, mode)
    gone = await house.rest.get(house.server.url + "/health/ready")
    assert gone.status_code == 503
    assert not gone.json()["checks"]["database"]["ok"]
    await asyncio.to_thread(postgres.start)
    await load.reach(60)
    await load.end()
    await asyncio.to_thread(house.server.await_ready)
    events = await judge(house, watched, at_least=120)
    assert load.broken >= 6, "the restart went unnoticed"
    assert load.lost(watched[0].record.picture) == []
    assert events >= load.committed
    assert [watcher.connects for watcher in watched] == [1] * 6, "the screens noticed"


async def test_what_was_committed_while_the_server_could_not_see_it_comes_when_it_can(
    postgres: EmbeddedPostgres, house: House
) -> None:
    # Down, up, and written to before anybody has reconnected: no hint of it ever came.
    async with open_house(postgres.url(), patched=DEAF) as deaf:
        watched, control = await watchers(2, house), await watchers(1, deaf)
        before = len(await log_of(house))
        with workers.frozen(house, deaf):
            await asyncio.to_thread(postgres.stop, "fast")
            await asyncio.to_thread(postgres.start)
            async with house.psql() as conn:
                await conn.execute(
                    "insert into orders (restaurant_id)"
                    " select id from restaurants cross join generate_series(1, 50)"
                )
            assert len(await log_of(house)) == before + 50
        await asyncio.to_thread(house.server.await_ready)
        assert await judge(house, watched, control=control) == 50


async def test_a_sign_out_that_nobody_could_be_told_of_closes_the_socket_in_the_end(
    postgres: EmbeddedPostgres, house: House
) -> None:
    # The listener comes back and asks whether everybody may stay, over connections that died meanwhile.
    session = await house.login(OWNER)
    async with house.screen(token=session.token) as screen, house.screen() as other:
        await asyncio.to_thread(postgres.stop, "fast")
        await asyncio.to_thread(postgres.start)
        async with house.psql() as conn:
            await conn.execute("alter table sessions disable trigger user")
            try:
                await conn.execute("update sessions set revoked_at = now() where id = %s", (session.id,))
            finally:
                await conn.execute("alter table sessions enable trigger user")
        assert await screen.await_close(within_s=10) == 4005
        await asyncio.to_thread(house.server.await_ready)
        await other.head()
