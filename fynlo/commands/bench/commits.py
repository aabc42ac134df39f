"""What the notification costs those who commit.

pgbench runs an order's statements with many writers over many branches, while a server follows all of them:
with the NOTIFY that the trigger sends, without any, and without but with a notifier beside that tells every few
milliseconds of what has committed, as the coalesced mode does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from fynlo.commands.bench.branches import moved
from fynlo.commands.bench.house import House
from fynlo.commands.bench.orders import order_statements
from fynlo.commands.bench.report import Figure
from fynlo.commands.bench.screens import Screens
from fynlo.commands.bench.statements import BRANCH, script
from fynlo.live.notifier import EVERY_S

COALESCED = 0.8
ROUNDS = 3  # there are many of them
SLOWER_FLUSH = "-c commit_delay=1500 -c commit_siblings=0"  # each flush waits so many µs; a group shares it
FLUSHES = {"": "", ", each flush 1.5 ms slower": SLOWER_FLUSH}
MODES = ("trigger", "coalesced", "none")
PATIENCE_S = 60.0
PLANNED_AFTER = 6  # transactions: then Postgres keeps the plans of prepared statements


async def run(
    house: House,
    crowd: Screens,
    body: bytes,
    branches: Sequence[int],
    rounds: int,
    seconds: float,
    writers: Sequence[int],
) -> list[Figure]:
    """Orders a second, beside those without any notification."""
    here = moved(body.decode(), int(BRANCH)).encode()
    loud = script(await order_statements(house, here), branches=len(branches))
    quiet = script(await order_statements(house, here, announce=lambda _: None), branches=len(branches))
    found: dict[tuple[int, str, str], list[float]] = {}
    for _ in range(min(rounds, ROUNDS)):
        for clients in writers:
            for flush, settings in FLUSHES.items():
                for mode in MODES:
                    statements = loud if mode == "trigger" else quiet
                    watching = await crowd.watch(2**40, seconds + PATIENCE_S, timed=False)
                    async with (
                        house.busy(*statements, clients=clients, settings=settings),
                        _notifier(house, mode),
                    ):
                        rate = await _commits(house, clients, seconds)
                    await watching.end()
                    if not (await watching.seen()).events and mode != "none":
                        raise RuntimeError(f"no screen saw any of the orders ({mode})")
                    found.setdefault((clients, flush, mode), []).append(rate)
    return [
        Figure(
            f"{mode}, {clients} writers{flush}", "orders/s", values, found[clients, flush, "none"],
            at_least=COALESCED if mode == "coalesced" else None,
        )
        for (clients, flush, mode), values in found.items()
        if mode != "none"
    ]  # fmt: skip


async def _commits(house: House, clients: int, seconds: float) -> float:
    """A second, by the log, once each session has planned its statements."""
    async with await psycopg.AsyncConnection.connect(house.postgres.url(), autocommit=True) as conn:

        async def events() -> int:
            row = await (await conn.execute("select sum(seq)::bigint from feed_heads")).fetchone()
            assert row is not None
            return int(row[0])

        first = await events()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if await events() >= first + clients * PLANNED_AFTER:
                    break
                await asyncio.sleep(0.05)
        began, first = time.perf_counter(), await events()
        await asyncio.sleep(seconds)
        return (await events() - first) / (time.perf_counter() - began)


@asynccontextmanager
async def _notifier(house: House, mode: str) -> AsyncIterator[None]:
    """Stands in for the notifier of a server's, which is told of each commit: it asks the heads."""
    if mode != "coalesced":
        yield
        return
    async with await psycopg.AsyncConnection.connect(house.postgres.url(), autocommit=True) as conn:
        await conn.execute("set synchronous_commit = off")
        notifying = asyncio.create_task(_notify(conn))
        try:
            yield
        finally:
            notifying.cancel()
            await asyncio.gather(notifying, return_exceptions=True)


async def _notify(conn: psycopg.AsyncConnection[Any]) -> None:
    heads = dict(await (await conn.execute("select restaurant_id, seq from feed_heads")).fetchall())
    while True:
        moved_on = await conn.execute(
            "select h.restaurant_id, h.seq, pg_notify('fynlo_feed', h.restaurant_id::text)"
            " from unnest(%s::uuid[], %s::bigint[]) as known (id, seq)"
            " join feed_heads h on h.restaurant_id = known.id and h.seq > known.seq",
            (list(heads), list(heads.values())),
        )
        heads.update((restaurant, seq) for restaurant, seq, _ in await moved_on.fetchall())
        await asyncio.sleep(EVERY_S)
