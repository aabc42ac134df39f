"""Typed functions over sql/queries/devices.sql."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import Device, DeviceChange, DevicesQuery, Waiting
from .rules import shown

_SQL = queries("devices")


class Polled(NamedTuple):
    """What a device that asks is told; the rest is set where it was approved."""

    state: str
    interval_s: int
    user_id: UUID | None
    name: str | None
    device_id: UUID | None


class PinOf(NamedTuple):
    user_id: UUID
    email: str | None
    name: str
    pin_hash: str | None


async def device_grant_insert(
    conn: Connection,
    code_hash: bytes,
    user_code: str,
    kind: str,
    name: str,
    *,
    lifetime_s: int,
    interval_s: int,
) -> None:
    await conn.execute(
        _SQL["device_grant_insert"],
        {
            "code_hash": code_hash,
            "user_code": user_code,
            "kind": kind,
            "name": name,
            "lifetime_s": lifetime_s,
            "interval_s": interval_s,
        },
    )


async def device_grants_prune(conn: Connection) -> None:
    await conn.execute(_SQL["device_grants_prune"])


async def device_grant_poll(conn: Connection, code_hash: bytes) -> Polled | None:
    """None where the code is unknown."""
    row = await (await conn.execute(_SQL["device_grant_poll"], {"code_hash": code_hash})).fetchone()
    return Polled._make(row) if row else None


async def device_waiting(conn: Connection, user_code: str) -> Waiting | None:
    """None where no such code waits."""
    row = await (await conn.execute(_SQL["device_waiting"], {"user_code": user_code})).fetchone()
    return Waiting(shown(user_code), *row) if row else None


async def device_pair(
    conn: Connection,
    restaurant_id: UUID,
    user_code: str,
    name: str | None,
    station_ids: Sequence[UUID],
    by: UUID,
) -> UUID | None:
    """The new device; None where no such code waits."""
    cursor = await conn.execute(
        _SQL["device_pair"],
        {
            "restaurant_id": restaurant_id,
            "user_code": user_code,
            "name": name,
            "station_ids": list(station_ids),
            "by": by,
        },
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def device_deny(conn: Connection, user_code: str) -> bool:
    """False where no such code waits."""
    return (await conn.execute(_SQL["device_deny"], {"user_code": user_code})).rowcount > 0


async def stations_known(conn: Connection, restaurant_id: UUID, station_ids: Sequence[UUID]) -> bool:
    """Whether all of them are the restaurant's."""
    wanted = set(station_ids)
    cursor = await conn.execute(
        _SQL["stations_known"], {"restaurant_id": restaurant_id, "station_ids": list(wanted)}
    )
    row = await cursor.fetchone()
    return row is not None and row[0] == len(wanted)


def _device(row: Any) -> Device:
    id, kind, name, station_ids, created_at, created_by, last_seen_at = row
    return Device(id, kind, name, tuple(station_ids), created_at, created_by, last_seen_at)


async def devices_page(conn: Connection, asked: DevicesQuery) -> tuple[list[Device], int]:
    """A page of the devices by name, and how many there are."""
    cursor = await conn.execute(
        _SQL["devices_page"],
        {
            "restaurant_id": asked.restaurant_id,
            "limit": asked.limit,
            "offset": (asked.page - 1) * asked.limit,
        },
    )
    rows = await cursor.fetchall()
    return [_device(row[:7]) for row in rows], rows[0][7] if rows else 0


async def device_read(conn: Connection, id: UUID) -> Device:
    """A device that is there: it was just approved, or is calling."""
    row = await (await conn.execute(_SQL["device_read"], {"id": id})).fetchone()
    return _device(row)


async def device_update(
    conn: Connection, restaurant_id: UUID, id: UUID, change: DeviceChange
) -> Device | None:
    """As it is afterwards; None where it was revoked."""
    stations = None if change.station_ids is None else list(change.station_ids)
    cursor = await conn.execute(
        _SQL["device_update"],
        {"restaurant_id": restaurant_id, "id": id, "name": change.name, "station_ids": stations},
    )
    row = await cursor.fetchone()
    return _device(row) if row else None


async def device_revoke(conn: Connection, restaurant_id: UUID, id: UUID) -> bool:
    """False where it was revoked before."""
    cursor = await conn.execute(_SQL["device_revoke"], {"restaurant_id": restaurant_id, "id": id})
    return await cursor.fetchone() is not None


async def pin_of(conn: Connection, restaurant_id: UUID, staff_id: UUID) -> PinOf | None:
    """None where they do not work here."""
    cursor = await conn.execute(_SQL["pin_of"], {"restaurant_id": restaurant_id, "staff_id": staff_id})
    row = await cursor.fetchone()
    return PinOf._make(row) if row else None
