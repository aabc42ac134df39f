"""Typed functions over sql/queries/orders.sql; rows of order_rows folded into orders."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.types.json import Json, Jsonb

from fynlo.db.feed import Position
from fynlo.db.fold import grouped
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import ItemModifier, Order, OrderItem, OrdersQuery, OrderTotals
from .money import TaxBucket, Totals
from .pricing import Stamp
from .rules import CLOSED

_SQL = queries("orders")

# Columns of order_rows behind epoch and seq.
_ORDER, _TOTALS, _STAMP, _ITEM, _MODIFIER = 2, 22, 32, 39, 56


class StoredOrder(Struct, frozen=True):
    """An order with what is not shown: the settings it was made under, and which request made it and its
    lines (the hash of the request by line; None for lines that came with the order)."""

    order: Order
    stamp: Stamp
    request_hash: bytes | None
    item_hashes: dict[UUID, bytes | None]


def _item(rows: list[tuple[Any, ...]]) -> OrderItem:
    (
        item_id, product_id, variant_id, name, variant_name, station_id, unit_price, quantity, course, notes,
        status, discount, total, net, tax_rate,
    ) = rows[0][_ITEM : _ITEM + 15]  # fmt: skip
    return OrderItem(
        item_id, product_id, variant_id, name, variant_name, station_id, unit_price, quantity, course, notes, status,
        tuple(ItemModifier(*row[_MODIFIER : _MODIFIER + 4]) for row in rows if row[_MODIFIER] is not None),
        discount, total, net, tax_rate,
    )  # fmt: skip


def _order(rows: list[tuple[Any, ...]]) -> StoredOrder:
    first = rows[0]
    lines = list(grouped([row for row in rows if row[_ITEM] is not None], lambda row: row[_ITEM]))
    *sums, breakdown = first[_TOTALS:_STAMP]
    *stamp, request_hash = first[_STAMP:_ITEM]
    items = tuple(_item(of_item) for _, of_item in lines)
    totals = OrderTotals(*[*sums, tuple(TaxBucket(**bucket) for bucket in breakdown)])
    return StoredOrder(
        order=Order(*[*first[_ORDER:_TOTALS], items, totals]),
        stamp=Stamp(*stamp),
        request_hash=request_hash,
        item_hashes={item_id: of_item[0][_ITEM + 15] for item_id, of_item in lines},
    )


async def order_read(
    conn: Connection, restaurant_id: UUID, order_id: UUID
) -> tuple[StoredOrder, Position] | None:
    """One order and a position of the feed that it is known to include; None where it is absent."""
    cursor = await conn.execute(_SQL["order_read"], {"restaurant_id": restaurant_id, "id": order_id})
    rows = await cursor.fetchall()
    return (_order(rows), Position(*rows[0][:2])) if rows else None


async def order_lock(conn: Connection, restaurant_id: UUID, order_id: UUID) -> int | None:
    """Locks the order until the end of the transaction; returns its version."""
    cursor = await conn.execute(_SQL["order_lock"], {"restaurant_id": restaurant_id, "id": order_id})
    row = await cursor.fetchone()
    return row[0] if row else None


async def orders_page(
    conn: Connection, query: OrdersQuery, before: tuple[datetime, UUID] | None
) -> tuple[list[Order], Position]:
    """Orders, newest first, and the position of the feed that they are known to include."""
    statuses = list(query.status) if query.status else None
    cursor = await conn.execute(
        _SQL["orders_page"],
        {
            "restaurant_id": query.restaurant_id,
            "only_open": statuses is not None and CLOSED.isdisjoint(statuses),
            "statuses": statuses,
            "business_date": query.business_date,
            "table_id": query.table_id,
            "payment_status": query.payment_status,
            "before_at": before[0] if before else None,
            "before_id": before[1] if before else None,
            "limit": query.limit,
        },
    )
    rows = await cursor.fetchall()
    position = Position(*rows[0][:2])
    found = [row for row in rows if row[_ORDER] is not None]
    return [_order(of_order).order for _, of_order in grouped(found, lambda row: row[_ORDER])], position


class _ItemRow(Struct, frozen=True):
    """A line as order_insert and order_append take it."""

    id: UUID
    position: int
    product_id: UUID
    variant_id: UUID | None
    name: str
    variant_name: str | None
    station_id: UUID | None
    unit_price: int
    quantity: int
    course: int
    notes: str | None
    status: str
    tax_rate: str
    discount: int
    total: int
    net: int


class _ModifierRow(Struct, frozen=True):
    item_id: UUID
    modifier_id: UUID
    position: int
    name: str
    price: int
    quantity: int


def _json(value: Any) -> Json:
    return Json(value, dumps=msgspec.json.encode)


def _rows(items: tuple[OrderItem, ...], first_position: int) -> dict[str, Json]:
    return {
        "items": _json(
            [
                _ItemRow(
                    i.id, place, i.product_id, i.variant_id, i.name, i.variant_name, i.station_id, i.unit_price,
                    i.quantity, i.course, i.notes, i.status, i.tax_rate, i.discount, i.total, i.net,
                )
                for place, i in enumerate(items, first_position)
            ]
        ),
        "modifiers": _json(
            [
                _ModifierRow(item.id, m.modifier_id, place, m.name, m.price, m.quantity)
                for item in items
                for place, m in enumerate(item.modifiers, 1)
            ]
        ),
    }  # fmt: skip


def _sums(result: Totals) -> dict[str, Any]:
    return {
        "subtotal": result.subtotal,
        "discount": result.discount,
        "service_charge": result.service_charge,
        "tax": result.tax,
        "total": result.total,
        "tax_breakdown": Jsonb(result.tax_breakdown, dumps=msgspec.json.encode),
    }


class Inserted(NamedTuple):
    """What the database gave an order."""

    number: int
    business_date: date
    version: int
    created_at: datetime
    updated_at: datetime


async def order_insert(
    conn: Connection, columns: dict[str, Any], stamp: Stamp, result: Totals, items: tuple[OrderItem, ...]
) -> Inserted:
    """Writes an order with its lines in one statement. Raises UniqueViolation for a taken id or table."""
    cursor = await conn.execute(
        _SQL["order_insert"], columns | msgspec.structs.asdict(stamp) | _sums(result) | _rows(items, 1)
    )
    row = await cursor.fetchone()
    assert row is not None
    return Inserted(*row)


async def order_append(
    conn: Connection,
    order: Order,
    *,
    status: str,
    payment_status: str,
    request_hash: bytes,
    result: Totals,
    old_items: tuple[OrderItem, ...],
    new_items: tuple[OrderItem, ...],
) -> tuple[int, datetime]:
    """Adds lines and writes the new totals; returns the version and when."""
    cursor = await conn.execute(
        _SQL["order_append"],
        {
            "restaurant_id": order.restaurant_id,
            "id": order.id,
            "status": status,
            "payment_status": payment_status,
            "request_hash": request_hash,
            "nets": _json([{"id": item.id, "net": item.net} for item in old_items]),
        }
        | _sums(result)
        | _rows(new_items, len(order.items) + 1),
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def order_void(
    conn: Connection,
    order: Order,
    *,
    item_id: UUID,
    reason: str,
    payment_status: str,
    result: Totals,
    items: tuple[OrderItem, ...],
    split: OrderItem | None,
) -> None:
    """Writes the lines as they are after one was voided; `split` is the voided part of one that was not wholly."""
    await conn.execute(
        _SQL["order_void"],
        {
            "restaurant_id": order.restaurant_id,
            "id": order.id,
            "item_id": item_id,
            "reason": reason,
            "payment_status": payment_status,
            "lines": _json(
                [
                    {
                        "id": item.id,
                        "quantity": item.quantity,
                        "status": item.status,
                        "total": item.total,
                        "net": item.net,
                    }
                    for item in items
                ]
            ),
            "part_id": split.id if split else None,
            "part_quantity": split.quantity if split else None,
            "part_total": split.total if split else None,
            "part_net": split.net if split else None,
        }
        | _sums(result),
    )


async def order_set_status(conn: Connection, order: Order, status: str, reason: str | None) -> int:
    """Returns the new version."""
    cursor = await conn.execute(
        _SQL["order_set_status"],
        {"restaurant_id": order.restaurant_id, "id": order.id, "status": status, "reason": reason},
    )
    row = await cursor.fetchone()
    assert row is not None
    version: int = row[0]
    return version
