"""What the database needs from time to time: the log's coming months, its floors, and an end to what is old.

It has a connection of its own for as long as it runs, works in small transactions and waits for nobody's locks,
so that no event waits for it. Of all processes one at a time keeps house.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import psycopg
import structlog
from msgspec import Struct
from psycopg.errors import Diagnostic

from fynlo.db.outage import Outage
from fynlo.db.pool import Connection

from . import queries
from .database import connect

log = structlog.get_logger(__name__)

EVERY_S = 3_600.0
AGAIN_S = 60.0  # after a run that did not get to its end
HEADS_AT_ONCE = 100
ROWS_AT_ONCE = 1_000
WALKS = 3  # over the restaurants, while writers hold some of their heads
BETWEEN_WALKS_S = 0.5


class Kept(Struct):
    """What a run did."""

    floors: int = 0
    busy: int = 0
    months: list[str] = []
    default_events: int = 0
    answers: int = 0


class Housekeeping:
    """Keeps house at the start and every hour: `run()` is a task of the lifespan.

    replay_days   what screens may replay; older events are below their restaurant's floor
    keep_months   what is kept as history; older months are dropped
    """

    def __init__(self, database_url: str, *, replay_days: int, keep_months: int) -> None:
        self._database_url = database_url
        self._replay_days = replay_days
        self._keep_months = keep_months

    async def run(self) -> None:
        """Keep house until cancelled."""
        outage = Outage("housekeeping_failed", next="tried every minute")
        while True:
            try:
                await self.once()
                outage.is_over()
                pause = EVERY_S
            except (psycopg.Error, OSError) as exc:
                outage.goes_on(exc)
                pause = AGAIN_S
            await asyncio.sleep(pause * random.uniform(0.9, 1.1))  # noqa: S311

    async def once(self) -> Kept | None:
        """One run; None where another process is at it.

        Raises psycopg.Error or OSError for what the first job met that did not end well; the others ran.
        """
        conn = await connect(self._database_url, "fynlo-housekeeping")
        try:
            conn.add_notice_handler(_tell)
            # What a crash takes back is done again in an hour, and no head is held for the length of a flush.
            await conn.execute("set synchronous_commit = off")
            if not await queries.keep_house(conn):
                return None
            kept = Kept()
            failed: list[psycopg.Error] = []
            for job in (queries.make_event_partitions, *self._jobs(kept)):
                try:
                    await job(conn)
                except psycopg.Error as exc:
                    if conn.closed:
                        raise
                    failed.append(exc)
            if kept != Kept():
                log.info("house_kept", **{name: getattr(kept, name) for name in Kept.__struct_fields__})
            if failed:
                raise failed[0]
            return kept
        finally:
            with contextlib.suppress(
                psycopg.Error
            ):  # who comes next need not wait until the backend has gone
                await conn.execute("select pg_advisory_unlock_all()")
            await conn.close()

    def _jobs(self, kept: Kept) -> list[Callable[[Connection], Awaitable[None]]]:
        async def floors(conn: Connection) -> None:
            for walk in range(WALKS):
                if walk:
                    await asyncio.sleep(BETWEEN_WALKS_S)
                raised, kept.busy = await self._raise_floors(conn)
                kept.floors += raised
                if not kept.busy:
                    return

        async def history(conn: Connection) -> None:
            while True:
                pruned = ROWS_AT_ONCE
                while pruned == ROWS_AT_ONCE:
                    pruned = await queries.prune_default_events(conn, self._keep_months, ROWS_AT_ONCE)
                    kept.default_events += pruned
                month = await queries.drop_event_month(conn, self._keep_months)
                if month is None:
                    return
                kept.months.append(month)

        async def answers(conn: Connection) -> None:
            pruned = ROWS_AT_ONCE
            while pruned == ROWS_AT_ONCE:
                pruned = await queries.prune_idempotency_keys(conn, ROWS_AT_ONCE)
                kept.answers += pruned

        return [floors, history, answers]  # what is above a floor is not dropped: floors first

    async def _raise_floors(self, conn: Connection) -> tuple[int, int]:
        """One walk over all restaurants: how many floors rose, and how many writers kept from it."""
        raised = busy = 0
        after = None
        while True:
            walked = await queries.raise_floors(conn, self._replay_days, after, HEADS_AT_ONCE)
            raised += walked.raised
            busy += walked.busy
            if walked.upto is None:
                return raised, busy
            after = walked.upto


def _tell(notice: Diagnostic) -> None:
    if notice.severity_nonlocalized == "WARNING":
        log.warning("housekeeping_left_something", reason=notice.message_primary)
