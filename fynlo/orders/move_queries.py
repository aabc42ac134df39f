"""Typed functions over sql/queries/moves.sql."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

_SQL = queries("moves")


async def orders_lock(conn: Connection, restaurant_id: UUID, ids: Sequence[UUID]) -> None:
    """Locks those of these orders that there are, in the order of their ids, until the end of the transaction."""
    await conn.execute(_SQL["orders_lock"], {"restaurant_id": restaurant_id, "ids": list(ids)})


class TableToSit(NamedTuple):
    """A table in use, and the number of the order that is open there."""

    name: str
    order_number: int | None


async def table_to_sit(conn: Connection, restaurant_id: UUID, table_id: UUID) -> TableToSit | None:
    """The table, if it is in use, which it stays until the end of the transaction."""
    cursor = await conn.execute(_SQL["table_to_sit"], {"restaurant_id": restaurant_id, "id": table_id})
    row = await cursor.fetchone()
    return TableToSit(*row) if row else None


async def order_take_over(conn: Connection, restaurant_id: UUID, *, into: UUID, other: UUID) -> None:
    """What the other order has, lines with their modifiers, payments and refunds, is the first one's; the payments
    are for none of its checks. The totals are the caller's to write."""
    await conn.execute(
        _SQL["order_take_over"], {"restaurant_id": restaurant_id, "into": into, "other": other}
    )
