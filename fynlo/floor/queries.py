"""Typed functions over sql/queries/floor.sql."""

from fynlo.db.feed import Position
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import AlertAfter, Station, StationsQuery, Table, TablesQuery

_SQL = queries("floor")


async def tables(conn: Connection, asked: TablesQuery) -> tuple[list[Table], int, Position]:
    """A page of the tables in use, in the order of the room; how many there are in all; and the position of
    the feed that they are known to include."""
    cursor = await conn.execute(
        _SQL["tables"],
        {
            "restaurant_id": asked.restaurant_id,
            "limit": asked.limit,
            "offset": (asked.page - 1) * asked.limit,
        },
    )
    rows = await cursor.fetchall()
    found = [Table(*row[3:]) for row in rows if row[3] is not None]
    return found, rows[0][2], Position(*rows[0][:2])


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
