"""Typed functions over sql/queries/feed.sql."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
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


class Walked(NamedTuple):
    """How a part of the restaurants' floors were raised; `upto` is where to go on, None at the end."""

    upto: UUID | None
    raised: int
    busy: int


async def read_events(conn: Connection, after: Sequence[tuple[UUID, int]], limit: int) -> list[EventRow]:
    """For each (restaurant, seq) at most `limit` events after it, in order."""
    cursor = await conn.execute(
        _SQL["read_events"],
        {"restaurants": [r for r, _ in after], "after": [seq for _, seq in after], "limit": limit},
    )
    asked = {restaurant: restaurant for restaurant, _ in after}  # one id for all events of a ring
    return [EventRow(asked[row[0]], *row[1:]) for row in await cursor.fetchall()]


async def read_heads(conn: Connection, restaurants: Sequence[UUID]) -> dict[UUID, HeadRow]:
    """The head of each restaurant that exists."""
    cursor = await conn.execute(_SQL["read_heads"], {"restaurants": list(restaurants)})
    return {row[0]: HeadRow._make(row) for row in await cursor.fetchall()}


async def make_event_partitions(conn: Connection) -> None:
    """Makes the partitions of the coming months, where they are missing."""
    await conn.execute(_SQL["make_event_partitions"])


async def keep_house(conn: Connection) -> bool:
    """Whether this process keeps house: one at a time does, until its connection ends."""
    return bool(await _value(conn, _SQL["keep_house"]))


async def raise_floors(conn: Connection, days: int, after: UUID | None, limit: int) -> Walked:
    """Raises the floors of at most `limit` restaurants behind `after` to what is `days` old."""
    found = await conn.execute(_SQL["raise_floors"], {"days": days, "after": after, "limit": limit})
    row = await found.fetchone()
    assert row is not None
    return Walked._make(row)


async def drop_event_month(conn: Connection, months: int) -> str | None:
    """Drops the oldest month that ended so long ago and that no screen may replay; None where there is none,
    or where it cannot be had just now."""
    found: str | None = await _value(conn, _SQL["drop_event_month"], months=months)
    return found


async def prune_default_events(conn: Connection, months: int, limit: int) -> int:
    """Deletes at most `limit` events that old which lie in no month; returns how many."""
    return int(await _value(conn, _SQL["prune_default_events"], months=months, limit=limit))


async def prune_idempotency_keys(conn: Connection, limit: int) -> int:
    """Forgets at most `limit` answers older than 30 days, of every restaurant; returns how many.

    As many as asked for means that there are more.
    """
    return int(await _value(conn, _SQL["prune_idempotency_keys"], limit=limit))


async def bring_back(conn: Connection, limit: int) -> tuple[int, datetime | None]:
    """Puts at most `limit` products and modifiers of every restaurant back in stock whose time has come; returns how
    many, and when the next one's comes."""
    row = await (await conn.execute(_SQL["bring_back"], {"limit": limit})).fetchone()
    assert row is not None
    return row[0], row[1]


async def _value(conn: Connection, query: bytes, **parameters: object) -> Any:
    row = await (await conn.execute(query, parameters)).fetchone()
    assert row is not None
    return row[0]


async def open_notifier(conn: Connection) -> int:
    """Has the session's commits wait for no flush; its backend, as notifications name it."""
    return int(await _value(conn, _SQL["open_notifier"]))


async def notify(conn: Connection, restaurants: Sequence[UUID]) -> None:
    """Hints, to every process that listens, at these restaurants."""
    await conn.execute(_SQL["notify"], {"restaurants": list(restaurants)})
