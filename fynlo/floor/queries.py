"""Typed functions over sql/queries/floor.sql."""

from typing import Any, NamedTuple
from uuid import UUID

from fynlo.db import feed
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import (
    AlertAfter,
    Position,
    Section,
    SectionsQuery,
    Station,
    StationsQuery,
    StatusByHand,
    Table,
    TablesQuery,
)

_SQL = queries("floor")


class StoredTable(NamedTuple):
    """What may change of a table; `state` is what was said of it by hand."""

    name: str
    section_id: UUID | None
    seats: int
    sort_order: int
    state: StatusByHand
    position: Position | None


class StoredSection(NamedTuple):
    """What may change of a section, and how many tables stand in it."""

    name: str
    sort_order: int
    tables: int


def _position(x: int | None, y: int | None) -> Position | None:
    return None if x is None or y is None else Position(x, y)


def _table(row: tuple[Any, ...]) -> Table:
    *plain, x, y = row
    return Table(*[*plain, _position(x, y)])


async def tables(conn: Connection, asked: TablesQuery) -> tuple[list[Table], int, feed.Position]:
    """A page of the tables in use, in the order of the room; how many there are in all; and the position of
    the feed that they are known to include."""
    cursor = await conn.execute(
        _SQL["tables"],
        {
            "restaurant_id": asked.restaurant_id,
            "section_id": asked.section_id,
            "status": asked.status,
            "limit": asked.limit,
            "offset": (asked.page - 1) * asked.limit,
        },
    )
    rows = await cursor.fetchall()
    found = [_table(row[3:]) for row in rows if row[3] is not None]
    return found, rows[0][2], feed.Position(*rows[0][:2])


async def table_read(conn: Connection, restaurant_id: UUID, table_id: UUID) -> Table | None:
    """The table, if it is in use."""
    cursor = await conn.execute(_SQL["table_read"], {"restaurant_id": restaurant_id, "id": table_id})
    row = await cursor.fetchone()
    return _table(row) if row else None


async def table_lock(conn: Connection, restaurant_id: UUID, table_id: UUID) -> StoredTable | None:
    """The table, if it is in use; until the end of the transaction no guests sit down at it."""
    cursor = await conn.execute(_SQL["table_lock"], {"restaurant_id": restaurant_id, "id": table_id})
    row = await cursor.fetchone()
    return StoredTable._make((*row[:5], _position(*row[5:]))) if row else None


async def table_order(conn: Connection, restaurant_id: UUID, table_id: UUID) -> int | None:
    """The number of the order that is open at the table."""
    cursor = await conn.execute(_SQL["table_order"], {"restaurant_id": restaurant_id, "id": table_id})
    row = await cursor.fetchone()
    return row[0] if row else None


async def room_lock(conn: Connection, restaurant_id: UUID) -> None:
    """Nobody else builds at this room until the end of the transaction. Comes after the lock of a table."""
    await conn.execute(_SQL["room_lock"], {"restaurant_id": restaurant_id})


async def table_place(
    conn: Connection, restaurant_id: UUID, table_id: UUID, name: str, section_id: UUID | None
) -> tuple[bool, bool]:
    """Whether another table has this name, and whether the section is there."""
    cursor = await conn.execute(
        _SQL["table_place"],
        {"restaurant_id": restaurant_id, "id": table_id, "name": name, "section_id": section_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


def _row(restaurant_id: UUID, table_id: UUID, table: StoredTable) -> dict[str, Any]:
    return {
        "restaurant_id": restaurant_id,
        "id": table_id,
        "name": table.name,
        "section_id": table.section_id,
        "seats": table.seats,
        "sort_order": table.sort_order,
        "state": table.state,
        "position_x": table.position.x if table.position else None,
        "position_y": table.position.y if table.position else None,
    }


async def table_insert(conn: Connection, restaurant_id: UUID, table_id: UUID, table: StoredTable) -> None:
    await conn.execute(_SQL["table_insert"], _row(restaurant_id, table_id, table))


async def table_update(conn: Connection, restaurant_id: UUID, table_id: UUID, table: StoredTable) -> None:
    await conn.execute(_SQL["table_update"], _row(restaurant_id, table_id, table))


async def table_archive(conn: Connection, restaurant_id: UUID, table_id: UUID) -> None:
    await conn.execute(_SQL["table_archive"], {"restaurant_id": restaurant_id, "id": table_id})


async def sections(conn: Connection, asked: SectionsQuery) -> tuple[list[Section], int]:
    """A page of the sections in use, in the order of the room, and how many there are in all."""
    cursor = await conn.execute(
        _SQL["sections"],
        {
            "restaurant_id": asked.restaurant_id,
            "limit": asked.limit,
            "offset": (asked.page - 1) * asked.limit,
        },
    )
    rows = await cursor.fetchall()
    return [Section(*row[1:]) for row in rows if row[1] is not None], rows[0][0]


async def section_lock(conn: Connection, restaurant_id: UUID, section_id: UUID) -> StoredSection | None:
    """The section, if it is in use. Asked under `room_lock`."""
    cursor = await conn.execute(_SQL["section_lock"], {"restaurant_id": restaurant_id, "id": section_id})
    row = await cursor.fetchone()
    return StoredSection(*row) if row else None


async def section_named(conn: Connection, restaurant_id: UUID, section_id: UUID, name: str) -> bool:
    """Whether another section has this name."""
    cursor = await conn.execute(
        _SQL["section_named"], {"restaurant_id": restaurant_id, "id": section_id, "name": name}
    )
    row = await cursor.fetchone()
    assert row is not None
    found: bool = row[0]
    return found


async def section_insert(conn: Connection, section: Section) -> None:
    await conn.execute(_SQL["section_insert"], _section_row(section))


async def section_update(conn: Connection, section: Section) -> None:
    await conn.execute(_SQL["section_update"], _section_row(section))


def _section_row(section: Section) -> dict[str, Any]:
    return {
        "restaurant_id": section.restaurant_id,
        "id": section.id,
        "name": section.name,
        "sort_order": section.sort_order,
    }


async def section_archive(conn: Connection, restaurant_id: UUID, section_id: UUID) -> None:
    await conn.execute(_SQL["section_archive"], {"restaurant_id": restaurant_id, "id": section_id})


async def stations(conn: Connection, asked: StationsQuery) -> tuple[list[Station], int]:
    """A page of the stations in use, in their order, and how many there are in all."""
    cursor = await conn.execute(
        _SQL["stations"],
        {
            "restaurant_id": asked.restaurant_id,
            "limit": asked.limit,
            "offset": (asked.page - 1) * asked.limit,
        },
    )
    rows = await cursor.fetchall()
    found = [
        Station(id, asked.restaurant_id, name, kind, AlertAfter(warn, late), sort_order)
        for _, id, name, kind, warn, late, sort_order in rows
        if id is not None
    ]
    return found, rows[0][0]
