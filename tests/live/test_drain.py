"""On SIGTERM nobody is dropped: screens are sent away one by one, and what is being done is finished."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from fynlo.db.embedded import free_port

from .house import House, eventually, open_house

SCREENS = 12


@pytest.fixture(params=["1", "2"], ids=["one worker", "two workers"])
async def house(request: pytest.FixtureRequest, seeded_url: str) -> AsyncIterator[House]:
    async with open_house(seeded_url, FYNLO_WORKERS=request.param, FYNLO_DRAIN_S="3") as house:
        yield house


async def exit_code(house: House) -> int:
    """Of the server, once it has ended."""
    process = house.server._process
    assert process is not None
    return await asyncio.to_thread(process.wait, 20)


async def test_screens_are_asked_back_at_different_times_and_requests_are_finished(house: House) -> None:
    order = await house.order()
    async with AsyncExitStack() as stack, house.psql() as conn, house.dial() as unnamed:
        screens = [await stack.enter_async_context(house.screen()) for _ in range(SCREENS)]
        async with conn.transaction():
            await conn.execute("select from orders where id = %s for update", (order["id"],))
            line = {"product_id": order["items"][0]["product_id"]}
            adding = asyncio.create_task(house.post(f"/orders/{order['id']}/items", items=[line]))

            async def waits() -> bool:
                found = await conn.execute(
                    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                )
                return found.rowcount > 0

            await eventually(waits)
            house.server.terminate()
            codes = await asyncio.gather(*(screen.await_close() for screen in [*screens, unnamed]))
            assert codes == [1012] * (SCREENS + 1)
            assert not adding.done()
        changed = await adding
    assert len(changed["items"]) == 2
    assert await exit_code(house) == 0
    for screen in screens:
        assert screen.heard[-1]["type"] == "going_away"
    delays = [screen.heard[-1]["retry_after_ms"] for screen in screens]
    assert all(0 < delay <= 5_000 for delay in delays)
    # Two workers each spread their own.
    assert len(set(delays)) >= SCREENS // 2
    assert max(delays) - min(delays) > 1_000


async def test_an_order_that_commits_just_before_is_told_before_or_after(house: House) -> None:
    async with house.screen() as screen:
        epoch, seq = await screen.head()
        order = await house.order()
        house.server.terminate()
        assert await screen.await_close() == 1012
    assert await exit_code(house) == 0
    await asyncio.to_thread(house.server.start)
    await asyncio.to_thread(house.server.await_ready)
    told = screen.events()
    async with house.screen(last_seq=told[-1]["seq"] if told else seq, epoch=epoch) as screen:
        await screen.head()
    told += screen.events()
    assert [event["data"]["order"] for event in told] == [order]


async def test_a_sigterm_while_workers_still_start_is_not_forgotten(house: House) -> None:
    await asyncio.to_thread(house.server.stop)
    for _ in range(3):
        await asyncio.to_thread(house.server.start)  # one worker answers, another may not be there yet
        house.server.terminate()
        async with asyncio.timeout(10):
            assert await exit_code(house) == 0


SIGTERM_BEFORE_SERVING = """
import os, signal
from granian.server import mp
from fynlo import server, settings

serving = mp.ASGIWorker

def with_a_sigterm(*args):
    os.kill(os.getpid(), signal.SIGTERM)
    return serving(*args)

mp.ASGIWorker = with_a_sigterm  # made between two runs of the loop, where uvloop drops signals
server.serve(settings.from_environment())
"""


async def test_a_sigterm_between_startup_and_serving_ends_the_worker(seeded_url: str) -> None:
    environment = {
        **os.environ,
        "FYNLO_DEVELOPMENT": "1",
        "FYNLO_DATABASE_URL": seeded_url,
        "FYNLO_PORT": str(free_port()),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SIGTERM_BEFORE_SERVING, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):  # the worker made in its place ends the same way: Granian gives up
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert said.count(b"draining") == 2
