"""Typed functions over sql/queries/events.sql."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from fynlo.db.feed import Position
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

_SQL = queries("events")


class LoggedEvent(NamedTuple):
    """A row of the log; `data` is JSON as it was written, money included."""

    seq: int
    type: str
    entity_id: UUID
    created_at: datetime
    actor: UUID | None
    data: str


class Page(Struct, frozen=True):
    """What the log has after a seq: its events in order, and the head at the same moment."""

    after: int
    epoch: UUID
    head: int
    events: list[LoggedEvent]

    @property
    def begins(self) -> int:
        """The seq of the first event after `after` that is kept; one above the head where there is none."""
        return self.events[0].seq if self.events else max(self.head, self.after) + 1

    @property
    def position(self) -> Position:
        """Up to where the log has been read."""
        return Position(self.epoch, self.events[-1].seq if self.events else max(self.head, self.after))


async def events_page(
    conn: Connection, restaurant_id: UUID, after: int, *, limit: int, max_bytes: int
) -> Page:
    """At most `limit` events after a seq; fewer where their data would exceed `max_bytes`, but one at least.

    What is no longer kept goes month by month; where it leaves a hole behind it, the page ends before that.
    """
    cursor = await conn.execute(
        _SQL["events_page"],
        {"restaurant_id": restaurant_id, "after": after, "limit": limit, "max_bytes": max_bytes},
    )
    rows = await cursor.fetchall()
    epoch, head = rows[0][:2]
    found = [LoggedEvent._make(row[2:]) for row in rows if row[2] is not None]
    whole = [event for n, event in enumerate(found) if event.seq == found[0].seq + n]
    return Page(after, epoch, head, whole)
