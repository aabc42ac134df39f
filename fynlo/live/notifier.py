"""Tells the other processes what this one has committed: one batched NOTIFY every few milliseconds.

A NOTIFY inside an order's transaction holds a lock of the whole instance until that commit is flushed. Sent from
here, after the commit, it delays nobody. Hints that are lost with this process cost the others a poll interval.
"""

import asyncio
import time
from uuid import UUID

import psycopg
import structlog

from fynlo import metrics
from fynlo.db.outage import Outage
from fynlo.db.pool import Connection

from . import queries
from .database import Backoff, Standing

log = structlog.get_logger(__name__)

EVERY_S = 0.005
AT_ONCE = 1_000  # restaurants in one batch, each a notification of 36 bytes
LAST_WITHIN_S = 2.0


class Notifier:
    """Sends the hints of one process over a connection of its own; `start()` and `stop()` with the hub.

    The first hint after a pause goes at once; what comes within `every_s` of a batch goes in the next one,
    equal hints as one. What cannot be sent is kept until the connection stands again.
    """

    def __init__(self, url: str, *, every_s: float = EVERY_S) -> None:
        self._conn = Standing(url, "fynlo-notifier", opened=self._opened)
        self._every_s = every_s
        self._pending: set[UUID] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.pid: int | None = None
        """The backend that sends our hints; None while there is none."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="feed-notifier")

    async def stop(self) -> None:
        """Sends what is pending, within 2 s; what the database does not take by then is left to the polls."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with asyncio.timeout(LAST_WITHIN_S):
                while self._pending:
                    await self._send()
        except (psycopg.Error, OSError) as exc:
            error = str(exc).strip() or f"no answer within {LAST_WITHIN_S:.0f} s"
            log.warning("feed_hints_unsent", restaurants=len(self._pending), error=error)
        await self._drop()

    def announce(self, restaurant_id: UUID) -> None:
        """Something of this restaurant has been committed."""
        metrics.hints.inc()
        self._pending.add(restaurant_id)
        self._wake.set()

    async def _run(self) -> None:
        backoff = Backoff()
        outage = Outage("feed_notifier_lost", next="hints kept, tried again")
        while True:
            try:
                await self._conn.get()  # before there is anything to send, so that it goes at once
                await self._wake.wait()
                self._wake.clear()
                due = time.monotonic() + self._every_s
                await self._send()
                backoff.reset()
                outage.is_over()
                await asyncio.sleep(due - time.monotonic())
            except (psycopg.Error, OSError) as exc:
                await self._drop()
                outage.goes_on(exc)
                await backoff.wait()

    async def _send(self) -> None:
        """One batch. Where that fails, sent or not, it is pending again: a hint that comes twice is harmless."""
        batch = [self._pending.pop() for _ in range(min(AT_ONCE, len(self._pending)))]
        try:
            await queries.notify(await self._conn.get(), batch)
        except BaseException:
            self._pending.update(batch)
            await self._drop()
            raise
        finally:
            if self._pending:
                self._wake.set()
        metrics.hints_sent.inc(len(batch))
        metrics.hint_batches.inc()

    async def _opened(self, conn: Connection) -> None:
        self.pid = await queries.open_notifier(conn)

    async def _drop(self) -> None:
        self.pid = None
        await self._conn.drop()
