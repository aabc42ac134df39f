"""One endpoint's turn: its events in order, one delivery at a time, until it has all of them or fails."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import msgspec
import psycopg
import structlog
from msgspec import Struct

from fynlo import metrics
from fynlo.db.feed import Position
from fynlo.errors import Unavailable
from fynlo.events.queries import LoggedEvent

from . import signing
from .leases import Claimed, Lease
from .models import Message
from .rules import next_attempt_s, wants
from .sending import Outcome, Sender

T = TypeVar("T")

log = structlog.get_logger(__name__)

PAGE_EVENTS = 100
PAGE_BYTES = 1_048_576


class Limits(Struct, frozen=True, kw_only=True):
    """How deliveries behave; seconds where not said otherwise.

    timeout_s      for one delivery, from the look-up of the name to the answer
    lease_s        for which an endpoint is ours; well above the timeout
    turn_s         for which an endpoint is served before others get their turn
    retry_for_s    from an event's first attempt to its last
    dead_in_a_row  events given up one after another until the endpoint is disabled
    well_at_once   endpoints served at a time; failing_at_once: of those whose last delivery failed, so that
                   endpoints that hang take no place from those that answer
    poll_s         between looks for what is due
    """

    timeout_s: float = 10.0
    lease_s: float = 30.0
    turn_s: float = 10.0
    retry_for_s: float = 86_400.0
    dead_in_a_row: int = 5
    well_at_once: int = 32
    failing_at_once: int = 32
    poll_s: float = 1.0


LIMITS = Limits()


class Turn:
    """`run()` serves an endpoint that was claimed; `asked` is when, by the monotonic clock."""

    def __init__(self, lease: Lease, limits: Limits, sender: Sender, asked: float) -> None:
        self.lease = lease
        self._limits = limits
        self._sender = sender
        self._asked = asked
        self._renewed = asked
        self._kept = self._cursor = Position(self.claimed.epoch, self.claimed.seq)
        self._attempts = self.claimed.attempts  # that failed, of the event after the cursor

    @property
    def claimed(self) -> Claimed:
        return self.lease.claimed

    async def run(self, stopping: Callable[[], bool]) -> None:
        """Raises what the database raises; whatever the endpoint does is dealt with."""
        async with self._sender.client() as client:
            while not stopping() and time.monotonic() - self._asked < self._limits.turn_s:
                page = await self.lease.page(self._cursor.seq, PAGE_EVENTS, PAGE_BYTES)
                if page.epoch != self._cursor.epoch:
                    # A database was restored, the cursor with the log, which goes on under another epoch.
                    self._cursor = Position(page.epoch, min(self._cursor.seq, page.head))
                    if not await self._keep():
                        return
                    continue
                if page.begins > self._cursor.seq + 1 and not await self._miss(page.begins - 1):
                    return
                for event in page.events:
                    if not wants(self.claimed.types, event.type):
                        self._cursor = Position(page.epoch, event.seq)
                    elif stopping() or not await self._deliver(client, event):
                        return
                if not await self._keep() or page.position.seq >= page.head:
                    return

    async def _deliver(self, client: httpx.AsyncClient, event: LoggedEvent) -> bool:
        """Sends one event; whether the next may follow."""
        if time.monotonic() - self._renewed > self._limits.lease_s / 2 and not await self._keep(renew=True):
            return False
        before, after = self._cursor, Position(self._cursor.epoch, event.seq)
        outcome = await self._sender.post(client, self.claimed.url, *self._message(event))
        if outcome.taken:
            metrics.webhook_deliveries.labels("taken").inc()
            metrics.webhook_lag.observe(max(0.0, (datetime.now(UTC) - event.created_at).total_seconds()))
            self._attempts = 0
            self._kept = self._cursor = after
            return await self._written(lambda: self.lease.advance(after, outcome))
        if outcome.gone:
            metrics.webhook_deliveries.labels("gone").inc()
            log.warning("webhook_disabled", webhook_id=str(self.claimed.id), reason="gone", seq=event.seq)
            await self._written(lambda: self.lease.gone(before, outcome))
            return False
        self._attempts += 1
        return await self._not_taken(before, event, outcome)

    async def _not_taken(self, before: Position, event: LoggedEvent, outcome: Outcome) -> bool:
        failing_for_s = 0.0
        if self._attempts > 1:
            failing_for_s = self.claimed.failing_for_s + time.monotonic() - self._asked
        dice = random.random()  # noqa: S311
        delay_s = next_attempt_s(
            self._attempts, failing_for_s, self._limits.retry_for_s, dice, outcome.retry_after_s
        )
        told = {
            "webhook_id": str(self.claimed.id),
            "restaurant_id": str(self.claimed.restaurant_id),
            "seq": event.seq,
            "attempts": self._attempts,
            "error": outcome.error,
        }
        if delay_s is not None:
            metrics.webhook_deliveries.labels("failed").inc()
            log.info("webhook_failed", **told, next_attempt_s=round(delay_s, 1))
            attempts = self._attempts
            await self._written(lambda: self.lease.failed(before, outcome, attempts, delay_s))
            return False
        metrics.webhook_deliveries.labels("dead").inc()
        attempts, self._attempts = self._attempts, 0
        self._kept = self._cursor = Position(before.epoch, event.seq)
        active = await self._written(
            lambda: self.lease.dead(
                self._cursor, outcome, type=event.type, attempts=attempts, most=self._limits.dead_in_a_row
            )
        )
        log.warning("webhook_dead_letter", **told, disabled=active is False)
        return active is True

    def _message(self, event: LoggedEvent) -> tuple[dict[str, str], bytes]:
        epoch = self._cursor.epoch
        body = msgspec.json.encode(
            Message(
                seq=event.seq,
                type=event.type,
                entity_id=event.entity_id,
                timestamp=event.created_at,
                actor=event.actor,
                data=msgspec.Raw(event.data.encode()),
                restaurant_id=self.claimed.restaurant_id,
            )
        )
        # The same for every attempt and every replay: who keeps the ids takes each event once.
        message_id = f"msg_{epoch.hex}_{event.seq}"
        headers = signing.headers(message_id, int(time.time()), body, self.claimed.secrets)
        return {**headers, "Fynlo-Feed": str(Position(epoch, event.seq))}, body

    async def _keep(self, *, renew: bool = False) -> bool:
        """Writes down how far the cursor has come; whether the endpoint is still ours."""
        if self._cursor == self._kept and not renew:
            return True
        self._kept = self._cursor
        return await self._written(lambda: self.lease.advance(self._cursor))

    async def _miss(self, upto: int) -> bool:
        after, self._cursor = self._cursor.seq, Position(self._cursor.epoch, upto)
        self._kept, self._attempts = self._cursor, 0
        metrics.webhook_deliveries.labels("missed").inc(upto - after)
        log.warning("webhook_missed_events", webhook_id=str(self.claimed.id), after=after, upto=upto)
        return await self._written(lambda: self.lease.missed(after, self._cursor))

    async def _written(self, write: Callable[[], Awaitable[T]]) -> T:
        """Writes what has happened, for as long as the lease stands: the database may be away for a moment."""
        while True:
            asked = time.monotonic()
            try:
                found = await write()
                self._renewed = asked
                return found
            except (Unavailable, psycopg.Error, OSError):
                if time.monotonic() - self._renewed > self._limits.lease_s / 2:
                    raise
                await asyncio.sleep(0.5)
