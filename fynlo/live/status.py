"""How the feed stands, as Postgres knows it: `read` is what `fynlo feed status` shows."""

from datetime import datetime
from uuid import UUID

import psycopg
from msgspec import Struct

from fynlo.db.pool import APPLICATION_ROLE, Connection
from fynlo.db.queries import queries

from . import screen_queries
from .screen_queries import Watching

_SQL = queries("feed")


class RestaurantFeed(Struct, frozen=True):
    """The log of one restaurant.

    replayable   events above the floor, which a screen may still ask for
    replay_from  when the oldest of them was written
    missing      events that the head counts and the log has not: 0, or something is badly wrong
    """

    id: UUID
    name: str
    seq: int
    floor_seq: int
    epoch: UUID
    newest_at: datetime | None
    newest_age_s: float | None
    replayable: int
    replay_from: datetime | None
    missing: int


class ListenerSession(Struct, frozen=True):
    """A session that wakes the screens of one process; None is what this login may not see, and an address
    of None with a `since` is a connection over a Unix socket."""

    pid: int
    login: str | None
    address: str | None
    since: datetime | None


class Log(Struct, frozen=True):
    """The log on disk: its months, the bytes of all with their indexes, and the events without a month."""

    months: int
    oldest_month: str | None
    bytes: int
    default_events: int


class FeedStatus(Struct, frozen=True):
    """Everything at one moment."""

    at: datetime
    restaurants: tuple[RestaurantFeed, ...]
    screens: tuple[Watching, ...]
    listeners: tuple[ListenerSession, ...]
    notification_queue_usage: float
    log: Log


class RotatedEpoch(Struct, frozen=True):
    """A restaurant whose log is another one from now on."""

    id: UUID
    name: str
    seq: int
    epoch: UUID


async def read(conn: Connection, restaurant_id: UUID | None = None) -> FeedStatus:
    """One restaurant's feed, or all. Works as the application's role from here on.

    Raises psycopg.errors.InsufficientPrivilege where the login is no member of it.
    """
    # As the login: whose sessions one sees hangs on that.
    listeners = await (await conn.execute(_SQL["listeners"])).fetchall()
    usage, at = await _one(conn, _SQL["notification_queue"])
    await conn.execute(f"set role {APPLICATION_ROLE}")
    found = await conn.execute(_SQL["feed_status"], {"restaurant_id": restaurant_id})
    screens = await screen_queries.who_watches(conn, restaurant_id)
    return FeedStatus(
        at=at,
        restaurants=tuple([_feed(row, at) for row in await found.fetchall()]),
        screens=tuple(screens),
        listeners=tuple(ListenerSession(*row) for row in listeners),
        notification_queue_usage=usage,
        log=Log(*await _one(conn, _SQL["log_status"])),
    )


def _feed(row: psycopg.rows.TupleRow, at: datetime) -> RestaurantFeed:
    id, name, seq, floor_seq, epoch, newest_seq, newest_at, replay_from = row
    return RestaurantFeed(
        id=id,
        name=name,
        seq=seq,
        floor_seq=floor_seq,
        epoch=epoch,
        newest_at=newest_at,
        newest_age_s=None if newest_at is None else round((at - newest_at).total_seconds(), 3),
        replayable=seq - floor_seq,
        replay_from=replay_from,
        missing=seq - (floor_seq if newest_seq is None else newest_seq),
    )


async def rotate_epochs(conn: Connection, restaurant_id: UUID | None = None) -> list[RotatedEpoch]:
    """A new epoch for one restaurant's log, or for all; every process hears of it and has its screens resync.

    Works as the owner's role from here on. Raises psycopg.errors.InsufficientPrivilege where the login is no
    member of it.
    """
    await conn.execute("set role fynlo_owner")
    found = await conn.execute(_SQL["rotate_epochs"], {"restaurant_id": restaurant_id})
    return [RotatedEpoch(*row) for row in await found.fetchall()]


async def _one(conn: Connection, query: bytes) -> psycopg.rows.TupleRow:
    row = await (await conn.execute(query)).fetchone()
    assert row is not None
    return row
