"""Deliveries: the log, sent to each endpoint in order and at least once, beside the feed and never in its way.

Each server process has one loop that takes endpoints which are due, for the length of a lease, and delivers to
each in a task of its own. The cursor moves when the endpoint has answered 2xx. A process that dies leaves its
leases to run out; another goes on at the cursor, so that one event may come twice and none is left out.
"""

import asyncio
import contextlib
import time

import psycopg
import structlog

from fynlo.db.outage import Outage
from fynlo.db.pool import create_pool
from fynlo.errors import Unavailable
from fynlo.ids import uuid7

from .leases import Lease, claim
from .sending import Sender
from .turn import LIMITS, Limits, Turn

log = structlog.get_logger(__name__)

CONNECTIONS = 2
ENDS_WITHIN_S = 5.0


class Deliveries:
    """The deliveries of one process. `start()` in the lifespan, `stop()` at its end; `wake()` at any event."""

    def __init__(
        self, database_url: str, *, plain_http: bool, private_addresses: bool, limits: Limits = LIMITS
    ) -> None:
        self._limits = limits
        self._pool = create_pool(database_url, CONNECTIONS)
        self._sender = Sender(
            plain_http=plain_http, private_addresses=private_addresses, timeout_s=limits.timeout_s
        )
        self._due = asyncio.Event()
        self._stopping = False
        self._serving: dict[asyncio.Task[None], bool] = {}  # and whether the endpoint was failing
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._pool.open(wait=False)
        self._task = asyncio.create_task(self._take(), name="webhooks")

    async def stop(self) -> None:
        """Ends what is under way after the answer that is waited for now, or when that takes too long."""
        self._stopping = True
        self._due.set()
        if self._task is not None:
            await self._end({self._task})
        await self._end(set(self._serving))
        self._sender.close()
        await self._pool.close()

    async def _end(self, tasks: set[asyncio.Task[None]]) -> None:
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=ENDS_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def wake(self) -> None:
        """There may be something to send."""
        self._due.set()

    async def _take(self) -> None:
        outage = Outage("webhooks_not_claimed", next="asked again every second")
        while not self._stopping:
            self._due.clear()
            try:
                await self._claim()
                outage.is_over()
            except (Unavailable, psycopg.Error, OSError) as exc:
                outage.goes_on(exc)
                await asyncio.sleep(self._limits.poll_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.poll_s):
                    await self._due.wait()
            await asyncio.sleep(0.02)  # a burst of events is one look

    async def _claim(self) -> None:
        failing = sum(self._serving.values())
        lease, asked = uuid7(), time.monotonic()
        for claimed in await claim(
            self._pool,
            lease,
            self._limits.lease_s,
            well=self._limits.well_at_once - (len(self._serving) - failing),
            failing=self._limits.failing_at_once - failing,
        ):
            turn = Turn(
                Lease(self._pool, lease, self._limits.lease_s, claimed), self._limits, self._sender, asked
            )
            task = asyncio.create_task(self._serve(turn), name=f"webhook-{claimed.id}")
            self._serving[task] = claimed.attempts > 0
            task.add_done_callback(self._served)

    async def _serve(self, turn: Turn) -> None:
        try:
            await turn.run(lambda: self._stopping)
        except (Unavailable, psycopg.Error, OSError) as exc:
            # What was taken and could not be written down is sent again when the lease has run out.
            log.warning("webhook_interrupted", webhook_id=str(turn.claimed.id), error=str(exc).strip())
        except Exception as exc:
            log.error("webhook_failed_unexpectedly", webhook_id=str(turn.claimed.id), exc_info=exc)
        finally:
            with contextlib.suppress(Unavailable, psycopg.Error, OSError):
                await turn.lease.release()

    def _served(self, task: asyncio.Task[None]) -> None:
        del self._serving[task]
        self._due.set()  # there is room, and events may have come during the last look
