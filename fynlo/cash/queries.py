"""Typed functions over sql/queries/cash.sql."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import Movement, NewMovement, NewShift, Shift, ShiftsQuery

_SQL = queries("cash")


class Held(NamedTuple):
    """An open shift that keeps a new one from beginning."""

    opened_by: UUID
    opened_by_name: str
    drawer: str


class Locked(NamedTuple):
    opened_by: UUID
    closed: bool


async def shift_in_the_way(conn: Connection, new: NewShift, user_id: UUID) -> Held | None:
    """None where this person may take this drawer."""
    cursor = await conn.execute(
        _SQL["shift_in_the_way"],
        {"restaurant_id": new.restaurant_id, "user_id": user_id, "drawer": new.drawer},
    )
    row = await cursor.fetchone()
    return Held._make(row) if row else None


async def shift_insert(conn: Connection, id: UUID, new: NewShift, user_id: UUID) -> None:
    await conn.execute(
        _SQL["shift_insert"],
        {
            "restaurant_id": new.restaurant_id,
            "id": id,
            "drawer": new.drawer,
            "user_id": user_id,
            "opening_float": new.opening_float,
        },
    )


async def shift_lock(conn: Connection, restaurant_id: UUID, id: UUID) -> Locked:
    """Until the end of the transaction nothing gets into the shift."""
    cursor = await conn.execute(_SQL["shift_lock"], {"restaurant_id": restaurant_id, "id": id})
    row = await cursor.fetchone()
    assert row is not None
    return Locked._make(row)


async def shift_close(conn: Connection, restaurant_id: UUID, id: UUID, user_id: UUID, counted: int) -> None:
    """The caller holds the shift's lock."""
    await conn.execute(
        _SQL["shift_close"],
        {"restaurant_id": restaurant_id, "id": id, "user_id": user_id, "counted": counted},
    )


async def movement_insert(
    conn: Connection, restaurant_id: UUID, shift_id: UUID, id: UUID, new: NewMovement, user_id: UUID
) -> Movement:
    cursor = await conn.execute(
        _SQL["movement_insert"],
        {
            "restaurant_id": restaurant_id,
            "id": id,
            "shift_id": shift_id,
            "type": new.type,
            "amount": new.amount,
            "reason": new.reason,
            "user_id": user_id,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    at: datetime = row[0]
    return Movement(id, shift_id, new.type, new.amount, new.reason, user_id, at)


async def shift_read(conn: Connection, restaurant_id: UUID, id: UUID, currency: str) -> Shift:
    cursor = await conn.execute(_SQL["shift_read"], {"restaurant_id": restaurant_id, "id": id})
    row = await cursor.fetchone()
    assert row is not None
    return shift_of(row, currency)


async def shifts_page(
    conn: Connection, asked: ShiftsQuery, *, opened_by: UUID | None, currency: str
) -> list[Shift]:
    """Newest first; only those of `opened_by`, if given."""
    cursor = await conn.execute(
        _SQL["shifts_page"],
        {
            "restaurant_id": asked.restaurant_id,
            "opened_by": opened_by,
            "open": asked.open,
            "below": asked.cursor,
            "limit": asked.limit,
        },
    )
    return [shift_of(row, currency) for row in await cursor.fetchall()]


def shift_of(row: Sequence[Any], currency: str) -> Shift:
    """A row of shift_rows."""
    (
        id,
        place,
        drawer,
        opened_by,
        name,
        opened_at,
        opening,
        closed_by,
        closed_at,
        expected,
        counted,
        movements,
    ) = row
    return Shift(
        id=id,
        restaurant_id=place,
        currency=currency,
        drawer=drawer,
        opened_by=opened_by,
        opened_by_name=name,
        opened_at=opened_at,
        opening_float=opening,
        closed_by=closed_by,
        closed_at=closed_at,
        expected=expected,
        counted=counted,
        difference=None if counted is None else counted - expected,
        movements=msgspec.convert(movements, tuple[Movement, ...]),
    )
