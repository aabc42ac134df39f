"""Typed functions over sql/queries/feed.sql."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

_SQL = queries("feed")


class EventRow(NamedTuple):
    restaurant_id: UUID
    seq: int
    type: str
    entity_id: UUID
    data: str
    created_at: datetime


class HeadRow(NamedTuple):
    restaurant_id: UUID
    seq: int
    floor_seq: int
    epoch: UUID


async def read_events(conn: Connection, after: Sequence[tuple[UUID, int]], limit: int) -> list[EventRow]:
    """For each (restaurant, seq) at most `limit` events after it, in order."""
    cursor = await conn.execute(
        _SQL["read_events"],
        {"restaurants": [r for r, _ in after], "after": [seq for _, seq in after], "limit": limit},
    )
    return [EventRow._make(row) for row in await cursor.fetchall()]


async def read_heads(conn: Connection, restaurants: Sequence[UUID]) -> dict[UUID, HeadRow]:
    """The head of each restaurant that exists."""
    cursor = await conn.execute(_SQL["read_heads"], {"restaurants": list(restaurants)})
    return {row[0]: HeadRow._make(row) for row in await cursor.fetchall()}


async def make_event_partitions(conn: Connection) -> None:
    """Makes the partitions of the coming months, where they are missing."""
    await conn.execute(_SQL["make_event_partitions"])


async def prune_idempotency_keys(conn: Connection, limit: int) -> int:
    """Forgets at most `limit` answers older than 30 days, of every restaurant; returns how many.

    As many as asked for means that there are more.
    """
    row = await (await conn.execute(_SQL["prune_idempotency_keys"], {"limit": limit})).fetchone()
    assert row is not None
    pruned: int = row[0]
    return pruned
