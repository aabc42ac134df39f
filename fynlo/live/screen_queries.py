"""Typed functions over sql/queries/screens.sql."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

_SQL = queries("screens")


class Told(NamedTuple):
    """What a process says of its screens: `changed` and `gone` are JSON, `whole` says that these are all."""

    process: UUID
    host: str
    pid: int
    lease_s: float
    changed: str
    gone: str
    whole: bool


class OtherScreen(NamedTuple):
    """A screen of another process, and how many there are in all of them."""

    connection_id: UUID
    kind: str
    waiting: int
    lag_s: float
    stale: bool
    acknowledged_at: datetime | None
    tracked: int
    stale_ones: int
    untracked: int
    lag_s_max: float | None


class Watching(Struct, frozen=True):
    """A screen, which process serves it and who is signed in at it; `acknowledged_seq` None: it never did."""

    restaurant_id: UUID
    restaurant: str
    who: str
    connection_id: UUID
    kind: str
    host: str
    pid: int
    connected_at: datetime
    acknowledged_seq: int | None
    acknowledged_at: datetime | None
    waiting: int
    lag_s: float
    stale: bool


async def tell_screens(conn: Connection, told: Told) -> bool:
    """Whether the database still had what this process told before; else everything must be told."""
    row = await (await conn.execute(_SQL["tell_screens"], told._asdict())).fetchone()
    assert row is not None
    known: bool = row[0]
    return known


async def withdraw_screens(conn: Connection, process: UUID) -> None:
    """The process and its screens are gone."""
    await conn.execute(_SQL["withdraw_screens"], {"process": process})


async def others_screens(conn: Connection, process: UUID, limit: int) -> list[OtherScreen]:
    """The worst `limit` screens of all processes but this."""
    cursor = await conn.execute(_SQL["others_screens"], {"process": process, "limit": limit})
    return [OtherScreen._make(row) for row in await cursor.fetchall()]


async def who_watches(conn: Connection, restaurant_id: UUID | None) -> list[Watching]:
    """The screens of a restaurant, None for every one; stale ones first."""
    cursor = await conn.execute(_SQL["who_watches"], {"restaurant_id": restaurant_id})
    return [Watching(*row) for row in await cursor.fetchall()]
