"""Typed functions over sql/queries/webhooks.sql: what deliveries read and write.

Each takes a transaction of its own, short, and none is open while an endpoint is asked.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

from fynlo.db.feed import Position
from fynlo.db.pool import Connection, Pool, connection, transaction
from fynlo.db.queries import queries
from fynlo.events.queries import Page, events_page

from .sending import Outcome

_SQL = queries("webhooks")


class Claimed(NamedTuple):
    """An endpoint that is ours until the lease ends, as it was when we took it."""

    restaurant_id: UUID
    id: UUID
    url: str
    types: list[str]
    secrets: list[str]
    epoch: UUID
    seq: int
    attempts: int
    failing_for_s: float
    dead_in_a_row: int
    version: int


async def claim(pool: Pool, lease: UUID, lease_s: float, *, well: int, failing: int) -> list[Claimed]:
    """Takes at most so many endpoints that are due: of those whose last delivery was well, and of the others."""
    async with connection(pool) as conn:
        cursor = await conn.execute(
            _SQL["claim"], {"lease": lease, "lease_s": lease_s, "well": well, "failing": failing}
        )
        return [Claimed._make(row) for row in await cursor.fetchall()]


@asynccontextmanager
async def _inside(pool: Pool, restaurant_id: UUID) -> AsyncIterator[Connection]:
    async with transaction(pool) as conn:
        await conn.execute(_SQL["enter_restaurant"], {"restaurant_id": str(restaurant_id)})
        yield conn


class Lease:
    """One endpoint in our hands. What writes returns False where it is ours no more, or somebody changed it:
    then nothing was written, and nothing more may be sent."""

    def __init__(self, pool: Pool, lease: UUID, lease_s: float, claimed: Claimed) -> None:
        self._pool = pool
        self._lease = lease
        self._lease_s = lease_s
        self.claimed = claimed

    def _bound(self, position: Position, outcome: Outcome | None, **others: Any) -> dict[str, Any]:
        claimed = self.claimed
        bound = {
            "restaurant_id": claimed.restaurant_id,
            "id": claimed.id,
            "lease": self._lease,
            "version": claimed.version,
            "epoch": position.epoch,
            "seq": position.seq,
            **others,
        }
        return bound if outcome is None else {**bound, "status": outcome.status, "error": outcome.error}

    async def page(self, after: int, limit: int, max_bytes: int) -> Page:
        """What the log has after a seq."""
        async with _inside(self._pool, self.claimed.restaurant_id) as conn:
            return await events_page(
                conn, self.claimed.restaurant_id, after, limit=limit, max_bytes=max_bytes
            )

    async def advance(self, position: Position, taken: Outcome | None = None) -> bool:
        """Moves the cursor, past an event that was taken or past ones that are not wanted; renews the lease."""
        bound = self._bound(position, None, taken=taken is not None, lease_s=self._lease_s)
        bound["status"] = taken.status if taken is not None else None
        async with _inside(self._pool, self.claimed.restaurant_id) as conn:
            return (await conn.execute(_SQL["webhook_advance"], bound)).rowcount == 1

    async def failed(self, before: Position, outcome: Outcome, attempts: int, delay_s: float) -> bool:
        """Notes a failure of the event after `before`, and when it is tried again."""
        bound = self._bound(before, outcome, attempts=attempts, delay_s=delay_s)
        async with _inside(self._pool, self.claimed.restaurant_id) as conn:
            return (await conn.execute(_SQL["webhook_failed"], bound)).rowcount == 1

    async def dead(
        self, position: Position, outcome: Outcome, *, type: str, attempts: int, most: int
    ) -> bool | None:
        """Gives an event up; whether the endpoint is still active. None where it is ours no more."""
        bound = self._bound(position, outcome, type=type, attempts=attempts, most=most, lease_s=self._lease_s)
        async with _inside(self._pool, self.claimed.restaurant_id) as conn:
            row = await (await conn.execute(_SQL["webhook_dead"], bound)).fetchone()
        return None if row is None else bool(row[0])

    async def gone(self, before: Position, outcome: Outcome) -> bool:
        """Disables an endpoint that has said that it is gone."""
        async with _inside(self._pool, self.claimed.restaurant_id) as conn:
            return (await conn.execute(_SQL["webhook_gone"], self._bound(before, outcome))).rowcount == 1

    async def missed(self, after: int, position: Position) -> bool:
        """Notes that the events after `after` up to the position are no longer kept."""
        bound = self._bound(position, None, after=after, lease_s=self._lease_s)
        async with _inside(self._pool, self.claimed.restaurant_id) as conn:
            return (await conn.execute(_SQL["webhook_missed"], bound)).rowcount == 1

    async def release(self) -> None:
        """Lets others go on."""
        claimed = self.claimed
        async with _inside(self._pool, claimed.restaurant_id) as conn:
            await conn.execute(
                _SQL["webhook_release"],
                {"restaurant_id": claimed.restaurant_id, "id": claimed.id, "lease": self._lease},
            )
