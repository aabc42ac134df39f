"""Typed functions over sql/queries/z.sql."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from fynlo.cash.queries import shift_of
from fynlo.db.pool import Connection
from fynlo.db.queries import queries
from fynlo.tenancy import Tenant

from .models import (
    MethodSum,
    NewZ,
    XReport,
    ZBody,
    ZQuery,
    ZReport,
)

_SQL = queries("z")
_METHODS = tuple[MethodSum, ...]


async def x_report(tenant: Tenant, shift_id: UUID) -> XReport:
    """What was captured and given back in a shift so far, its cash included."""
    cursor = await tenant.conn.execute(
        _SQL["x_report"], {"restaurant_id": tenant.restaurant_id, "id": shift_id}
    )
    row = await cursor.fetchone()
    assert row is not None
    *shift, payments, refunds = row
    return XReport(
        shift_of(shift, tenant.currency),
        datetime.now(UTC),
        msgspec.convert(payments, _METHODS),
        msgspec.convert(refunds, _METHODS),
    )


async def z_number(conn: Connection, restaurant_id: UUID) -> int:
    """The number of the Z that this transaction takes; others wait for its end."""
    cursor = await conn.execute(_SQL["z_number"], {"restaurant_id": restaurant_id})
    row = await cursor.fetchone()
    assert row is not None
    number: int = row[0]
    return number


async def z_dates(tenant: Tenant) -> tuple[date | None, date]:
    """The business date of the last Z, and that of now."""
    cursor = await tenant.conn.execute(
        _SQL["z_dates"],
        {
            "restaurant_id": tenant.restaurant_id,
            "timezone": tenant.timezone,
            "day_cutoff": tenant.day_cutoff,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    last, today = row
    return last, today


async def z_orders_to_report(conn: Connection, restaurant_id: UUID) -> list[UUID]:
    """The closed orders that no Z has, in the order of their ids; nobody takes them away meanwhile."""
    cursor = await conn.execute(_SQL["z_orders_to_report"], {"restaurant_id": restaurant_id})
    return [id for (id,) in await cursor.fetchall()]


async def z_take(tenant: Tenant, id: UUID, number: int, new: NewZ, orders: list[UUID]) -> ZReport:
    """The Z of this number, written; `orders` are those of z_orders_to_report, still locked."""
    cursor = await tenant.conn.execute(
        _SQL["z_take"],
        {
            "restaurant_id": tenant.restaurant_id,
            "id": id,
            "number": number,
            "business_date": new.business_date,
            "user_id": tenant.user_id,
            "currency": tenant.currency,
            "orders": orders,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return _z(row)


async def z_read(conn: Connection, restaurant_id: UUID, id: UUID) -> ZReport:
    """One that is there: who asks has been let in by its id."""
    cursor = await conn.execute(_SQL["z_read"], {"restaurant_id": restaurant_id, "id": id})
    row = await cursor.fetchone()
    assert row is not None
    return _z(row)


async def z_page(conn: Connection, asked: ZQuery) -> list[ZReport]:
    """Zs, newest first."""
    cursor = await conn.execute(
        _SQL["z_page"],
        {"restaurant_id": asked.restaurant_id, "below": asked.cursor, "limit": asked.limit},
    )
    return [_z(row) for row in await cursor.fetchall()]


def _z(row: Sequence[Any]) -> ZReport:
    id, restaurant_id, number, business_date, taken_by, taken_at, body = row
    return ZReport(
        **msgspec.structs.asdict(msgspec.json.decode(body, type=ZBody)),
        id=id,
        restaurant_id=restaurant_id,
        number=number,
        business_date=business_date,
        taken_by=taken_by,
        taken_at=taken_at,
    )
