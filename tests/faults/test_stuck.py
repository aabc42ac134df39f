"""A client stops reading while hundreds read: it is let go, what it held is released, nobody else notices."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import quantiles

import pytest

from fynlo.demo.data import PIZZERIA
from fynlo.live.outbox import BACKLOG_BYTES
from fynlo.server import UNREAD_MS
from tests.live.house import House, Screen, eventually, open_house

from . import workers
from .broken import UNBOUNDED
from .load import active, burst
from .oracle import Watcher, judge, snapshot, watchers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and descriptors are read from /proc")

ROUND = 10
SIZE = 8_000
MIB = 1_048_576
FLAT = 16 * MIB
"""What the memory of a server may grow by, whatever is written while a client does not read."""


@asynccontextmanager
async def stuck(house: House) -> AsyncIterator[Screen]:
    """A client with a small buffer that is welcome, and reads no more."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", house.server.port))
    async with house.dial(sock=narrow, max_queue=1) as screen:
        await screen.say("authenticate", token=(await house.session()).token)
        assert (await screen.hear())["type"] == "authenticated"
        yield screen


async def delays(house: House, others: Sequence[Watcher]) -> list[float]:
    """A few orders in one transaction, and after how many seconds each of the others had them all."""
    head = others[0].record.place[1] + ROUND
    await burst(house, ROUND, size=SIZE)
    began = time.monotonic()

    async def has(watcher: Watcher) -> float:
        await watcher.until(lambda w: w.record.place[1] >= head)
        return time.monotonic() - began

    return list(await asyncio.gather(*map(has, others)))


def p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


async def write(house: House, watcher: Watcher, mib: int) -> None:
    """Changes of eight big orders, no faster than this client reads."""
    async with house.psql() as conn:
        for _ in range(mib * 2):
            head = watcher.record.place[1] + 8
            await conn.execute(
                "update orders set notes = repeat('x', 65536), covers = coalesce(covers, 0) + 1 where id in"
                " (select id from orders where restaurant_id = %s order by id limit 8)",
                (PIZZERIA.id,),
            )
            await watcher.until(lambda w, head=head: w.record.place[1] >= head)


async def fill_ring(house: House) -> None:
    """So that it is not the ring whose growth is measured."""
    await burst(house, 8)
    (watcher,) = await watchers(1, house)
    await write(house, watcher, 9)
    await judge(house, [watcher])


async def one_stuck_among(house: House, count: int) -> None:
    await fill_ring(house)
    before = await active(house)
    others = await watchers(count, house)
    start, orders = await snapshot(house)
    without = [delay for _ in range(10) for delay in await delays(house, others)]
    held, memory = workers.descriptors(house), workers.resident_bytes(house)
    async with stuck(house) as screen:
        assert await active(house) == before + count + 1
        with_it: list[float] = []
        written = 0
        began = time.monotonic()
        while await active(house) > before + count:
            # All of the others have all of it before the next is written: none waits for the one that is stuck.
            with_it += await delays(house, others)
            written += ROUND * SIZE
            assert written < 10 * BACKLOG_BYTES, "nobody noticed"
        held_for = time.monotonic() - began
        grown = workers.resident_bytes(house) - memory
        assert await screen.await_close() in (4008, None)
    limits = written > BACKLOG_BYTES or held_for > 0.9 * UNREAD_MS / 1e3
    assert limits, "it was let go for less than its limits: what waits, and for how long nothing is taken"

    def released() -> bool:
        return workers.descriptors(house) <= held

    await eventually(released)
    back = Watcher([house.address()], (await house.session()).token, start, orders)
    await judge(house, [*others, back], within_s=60)
    print(
        f"{count} readers, p99 {p99(without) * 1e3:.1f} ms without and {p99(with_it) * 1e3:.1f} ms with a stuck one,"
        f" let go after {written / MIB:.1f} MiB and {held_for:.1f} s; memory {grown / MIB:+.1f} MiB"
    )
    assert [watcher.connects for watcher in others] == [1] * count
    assert p99(with_it) < max(10 * p99(without), 1.0), "the others waited for it"
    assert grown < FLAT


async def test_one_that_stops_reading_among_fifty(house: House) -> None:
    await one_stuck_among(house, 50)


@pytest.mark.slow
async def test_one_that_stops_reading_among_five_hundred(house: House) -> None:
    await one_stuck_among(house, 499)


async def growth(house: House) -> int:
    """By how many bytes a server grows while 28 MiB are written and one of its clients does not read."""
    await fill_ring(house)
    (other,) = await watchers(1, house)
    async with stuck(house):
        before = workers.resident_bytes(house)
        await write(house, other, 28)
        grown = workers.resident_bytes(house) - before
    await judge(house, [other])
    return grown


async def test_what_is_written_past_a_stuck_client_costs_no_memory(house: House, seeded_url: str) -> None:
    bounded = await growth(house)
    async with open_house(seeded_url, patched=UNBOUNDED) as control:
        unbounded = await growth(control)
    print(f"memory {bounded / MIB:+.1f} MiB, without limits {unbounded / MIB:+.1f} MiB")
    assert bounded < FLAT, "the limits do not hold"
    assert unbounded > FLAT, "not even without limits does it grow"
