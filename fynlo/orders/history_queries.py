"""Typed functions over sql/queries/history.sql."""

from uuid import UUID

from msgspec import Struct

from fynlo.db.feed import Position
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .history import Logged

_SQL = queries("history")


class OrderAt(Struct, frozen=True):
    """An order as the log had it: where, and its JSON; None where it has it not. `begins` tells whether the log
    still has how the order came to be."""

    position: Position | None
    order: str | None
    begins: bool


async def order_history(
    conn: Connection, restaurant_id: UUID, order_id: UUID, after: int, *, limit: int, max_bytes: int
) -> tuple[list[Logged], int]:
    """At most `limit` events after a seq, in order, behind the newest one up to that seq, if it is kept; fewer where
    their data would exceed `max_bytes`. And how many there are of both, or at least."""
    cursor = await conn.execute(
        _SQL["order_history"],
        {
            "restaurant_id": restaurant_id,
            "id": order_id,
            "after": after,
            "limit": limit,
            "max_bytes": max_bytes,
        },
    )
    rows = await cursor.fetchall()
    return [Logged._make(row[:-1]) for row in rows], rows[0][-1] if rows else 0


async def order_at(conn: Connection, restaurant_id: UUID, order_id: UUID, seq: int) -> OrderAt:
    """The order as its newest event up to a seq has it."""
    cursor = await conn.execute(
        _SQL["order_at"], {"restaurant_id": restaurant_id, "id": order_id, "seq": seq}
    )
    row = await cursor.fetchone()
    assert row is not None
    epoch, found, order, oldest = row
    position = Position(epoch, found) if found is not None else None
    return OrderAt(position, order, oldest == "order.created")


async def version_made(
    conn: Connection, restaurant_id: UUID, id: UUID, line_id: UUID | None = None
) -> int | None:
    """The version of its order that came of making an order, of taking or giving back a payment, or of adding a line
    to the order; None where the log does not tell."""
    cursor = await conn.execute(
        _SQL["version_made"], {"restaurant_id": restaurant_id, "id": id, "line_id": line_id}
    )
    row = await cursor.fetchone()
    return row[0] if row else None
