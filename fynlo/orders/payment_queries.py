"""Typed functions over sql/queries/payments.sql."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.types.json import Json, Jsonb

from fynlo.db.pool import Connection
from fynlo.db.queries import queries
from fynlo.tenancy import Tenant

from .money import TaxBucket
from .payment_bodies import PaymentsQuery
from .payment_models import Payment, RefundedItem
from .refunding import Sale
from .stored import CheckRow

_SQL = queries("payments")
_PAYMENT = msgspec.json.Decoder(Payment)


class Known(NamedTuple):
    """What a client-made id stands for: the order of a payment, the payment of a refund; and the request's hash."""

    of: UUID
    request_hash: bytes | None


class Shifts(NamedTuple):
    """The shift that was named, whether it is closed, and the person's open one."""

    named: UUID | None
    closed: bool
    own: UUID | None


class TakenApart(NamedTuple):
    """A refund that was made before."""

    payment_id: UUID
    from_unapplied: int
    sale: Sale


class PaymentRow(Struct, frozen=True):
    """A payment as payment_insert takes it."""

    id: UUID
    order_id: UUID
    check_id: UUID | None
    shift_id: UUID | None
    method: str
    state: str
    amount: int
    unapplied: int
    tip: int
    tendered: int | None
    reference: str | None
    request_hash: bytes


class RefundRow(Struct, frozen=True):
    """A refund as refund_insert takes it; `sale` is what it reverses."""

    id: UUID
    payment_id: UUID
    order_id: UUID
    shift_id: UUID | None
    method: str
    amount: int
    from_unapplied: int
    returned: int
    tip: int
    sale: Sale
    items: tuple[RefundedItem, ...]
    reason: str
    request_hash: bytes


async def payments_page(
    conn: Connection, query: PaymentsQuery, before: tuple[datetime, UUID] | None
) -> list[Payment]:
    """Payments, newest first."""
    cursor = await conn.execute(
        _SQL["payments_page"],
        {
            "restaurant_id": query.restaurant_id,
            "business_date": query.business_date,
            "method": query.method,
            "state": query.state,
            "before_at": before[0] if before else None,
            "before_id": before[1] if before else None,
            "limit": query.limit,
        },
    )
    return [_PAYMENT.decode(text) for (text,) in await cursor.fetchall()]


async def payment_read(conn: Connection, restaurant_id: UUID, payment_id: UUID) -> Payment | None:
    """One payment, or None where it is absent."""
    cursor = await conn.execute(_SQL["payment_read"], {"restaurant_id": restaurant_id, "id": payment_id})
    row = await cursor.fetchone()
    return _PAYMENT.decode(row[0]) if row else None


async def payment_order(conn: Connection, restaurant_id: UUID, payment_id: UUID) -> UUID | None:
    """The order that a payment is of, or None where that is absent."""
    cursor = await conn.execute(_SQL["payment_order"], {"restaurant_id": restaurant_id, "id": payment_id})
    row = await cursor.fetchone()
    return row[0] if row else None


async def payment_known(conn: Connection, restaurant_id: UUID, payment_id: UUID) -> Known | None:
    """The payment that has this id already."""
    cursor = await conn.execute(_SQL["payment_known"], {"restaurant_id": restaurant_id, "id": payment_id})
    row = await cursor.fetchone()
    return Known(*row) if row else None


async def refund_known(conn: Connection, restaurant_id: UUID, refund_id: UUID) -> Known | None:
    """The refund that has this id already."""
    cursor = await conn.execute(_SQL["refund_known"], {"restaurant_id": restaurant_id, "id": refund_id})
    row = await cursor.fetchone()
    return Known(*row) if row else None


async def shifts_of(tenant: Tenant, shift_id: UUID | None, *, own: bool) -> Shifts:
    """The shift with an id and, with `own`, the one that the caller has open: both stay as they are until the end
    of the transaction."""
    cursor = await tenant.conn.execute(
        _SQL["shifts_of"],
        {
            "restaurant_id": tenant.restaurant_id,
            "shift_id": shift_id,
            "user_id": tenant.user_id,
            "own": own,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return Shifts(*row)


async def payment_insert(tenant: Tenant, row: PaymentRow) -> None:
    """Writes a payment taken by the caller. Raises UniqueViolation for a taken id."""
    await tenant.conn.execute(
        _SQL["payment_insert"],
        msgspec.structs.asdict(row) | _today(tenant) | {"taken_by": tenant.user_id},
    )


async def payment_capture(
    tenant: Tenant,
    payment_id: UUID,
    *,
    check_id: UUID | None,
    shift_id: UUID | None,
    unapplied: int,
    reference: str | None,
) -> None:
    """A pending payment has come in; a `reference` of None leaves it the one it has."""
    await tenant.conn.execute(
        _SQL["payment_capture"],
        _today(tenant)
        | {
            "id": payment_id,
            "check_id": check_id,
            "shift_id": shift_id,
            "unapplied": unapplied,
            "reference": reference,
        },
    )


async def payment_fail(tenant: Tenant, payment_id: UUID, reason: str | None) -> None:
    """A pending payment has not come in."""
    await tenant.conn.execute(
        _SQL["payment_fail"],
        {"restaurant_id": tenant.restaurant_id, "id": payment_id, "reason": reason},
    )


async def payment_void(tenant: Tenant, payment_id: UUID, reason: str) -> bool:
    """A captured payment was the wrong tender; False where a Z has reported it."""
    cursor = await tenant.conn.execute(
        _SQL["payment_void"],
        {"restaurant_id": tenant.restaurant_id, "id": payment_id, "reason": reason},
    )
    return await cursor.fetchone() is not None


async def refunds_of(conn: Connection, restaurant_id: UUID, order_id: UUID) -> list[TakenApart]:
    """What the refunds of an order reversed."""
    cursor = await conn.execute(_SQL["refunds_of"], {"restaurant_id": restaurant_id, "order_id": order_id})
    return [
        TakenApart(
            payment_id, from_unapplied, Sale(tuple(TaxBucket(**bucket) for bucket in breakdown), charge)
        )
        for payment_id, from_unapplied, charge, breakdown in await cursor.fetchall()
    ]


async def refund_insert(tenant: Tenant, row: RefundRow) -> None:
    """Writes a refund made by the caller. Raises UniqueViolation for a taken id."""
    columns: dict[str, Any] = msgspec.structs.asdict(row)
    sale: Sale = columns.pop("sale")
    await tenant.conn.execute(
        _SQL["refund_insert"],
        columns
        | _today(tenant)
        | {
            "service_charge": sale.service_charge,
            "tax_breakdown": Jsonb(sale.tax_breakdown, dumps=msgspec.json.encode),
            "items": Jsonb(row.items, dumps=msgspec.json.encode),
            "made_by": tenant.user_id,
        },
    )


async def checks_save(tenant: Tenant, order_id: UUID, checks: list[CheckRow]) -> None:
    """Writes the checks of an order anew."""
    await tenant.conn.execute(
        _SQL["checks_save"],
        {
            "restaurant_id": tenant.restaurant_id,
            "order_id": order_id,
            "checks": Json(checks, dumps=msgspec.json.encode),
        },
    )


def _today(tenant: Tenant) -> dict[str, Any]:
    """The restaurant, and by which clock its day of trade goes."""
    return {
        "restaurant_id": tenant.restaurant_id,
        "timezone": tenant.timezone,
        "day_cutoff": tenant.day_cutoff,
    }
