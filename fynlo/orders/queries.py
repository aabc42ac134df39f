"""Typed functions over sql/queries/orders.sql; rows of order_rows folded into orders."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg.types.json import Json, Jsonb

from fynlo.db.feed import Position
from fynlo.db.fold import grouped
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import ChargeTerms, ItemModifier, Order, OrderItem, OrdersQuery, OrderTotals, Terms
from .money import TaxBucket, Totals
from .payment_models import Check, Payment
from .pricing import Stamp
from .rows import changed_modifier_rows, changed_rows, modifier_rows, new_row
from .rules import CLOSED
from .stored import CheckRow, StoredOrder

_SQL = queries("orders")

# Columns of order_rows behind epoch, seq, payments and checks.
_ORDER, _TOTALS, _TERMS, _STAMP, _ITEM, _MODIFIER = 4, 24, 36, 45, 52, 74

_PAYMENTS = msgspec.json.Decoder(tuple[Payment, ...])
_CHECKS = msgspec.json.Decoder(tuple[Check, ...])


def _terms(percentage: str | None, amount: int | None, reason: str | None) -> Terms | None:
    return None if percentage is None and amount is None else Terms(percentage, amount, reason)


def _item(rows: list[tuple[Any, ...]]) -> OrderItem:
    (
        item_id, product_id, variant_id, name, variant_name, station_id, unit_price, quantity, course, notes,
        status, discount, total, net, tax_rate, percentage, amount, reason, void_reason,
    ) = rows[0][_ITEM : _ITEM + 19]  # fmt: skip
    return OrderItem(
        item_id, product_id, variant_id, name, variant_name, station_id, unit_price, quantity, course, notes, status,
        void_reason, tuple(ItemModifier(*row[_MODIFIER : _MODIFIER + 4]) for row in rows if row[_MODIFIER] is not None),
        _terms(percentage, amount, reason), discount, total, net, tax_rate,
    )  # fmt: skip


def _order(rows: list[tuple[Any, ...]]) -> StoredOrder:
    first = rows[0]
    lines = list(grouped([row for row in rows if row[_ITEM] is not None], lambda row: row[_ITEM]))
    *sums, breakdown = first[_TOTALS:_TERMS]
    merged_into, percentage, amount, reason, *charge, returned = first[_TERMS:_STAMP]
    *stamp, request_hash = first[_STAMP:_ITEM]
    order = Order(
        *[
            *first[_ORDER : _ORDER + 16],
            merged_into,
            *first[_ORDER + 16 : _TOTALS],
            tuple(_item(of_item) for _, of_item in lines),
            _terms(percentage, amount, reason),
            ChargeTerms(*charge),
            OrderTotals(*[*sums, tuple(TaxBucket(**bucket) for bucket in breakdown)]),
            _PAYMENTS.decode(first[2]) if first[2] else (),
            _CHECKS.decode(first[3]) if first[3] else (),
        ]
    )
    return StoredOrder(
        order,
        Stamp(*stamp),
        request_hash,
        returned,
        {item_id: of_item[0][_ITEM + 19] for item_id, of_item in lines},
        {item_id: of_item[0][_ITEM + 21] for item_id, of_item in lines},
        {item_id: of_item[0][_ITEM + 20] for item_id, of_item in lines},
        {(row[_ITEM], row[_MODIFIER]): row[_MODIFIER + 4] for row in rows if row[_MODIFIER] is not None},
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


def _json(value: Any) -> Json:
    return Json(value, dumps=msgspec.json.encode)


def _sums(result: Totals | OrderTotals) -> dict[str, Any]:
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
    conn: Connection,
    columns: dict[str, Any],
    stamp: Stamp,
    result: Totals,
    items: tuple[OrderItem, ...],
    item_taken: dict[UUID, int],
    modifier_taken: dict[tuple[UUID, UUID], int],
) -> Inserted:
    """Writes an order with its lines in one statement. Raises UniqueViolation for a taken id or table."""
    rows = {
        "items": _json(
            [new_row(item, place, item_taken.get(item.id, 0)) for place, item in enumerate(items, 1)]
        ),
        "modifiers": _json([row for item in items for row in modifier_rows(item, modifier_taken)]),
    }
    cursor = await conn.execute(
        _SQL["order_insert"], columns | msgspec.structs.asdict(stamp) | _sums(result) | rows
    )
    row = await cursor.fetchone()
    assert row is not None
    return Inserted(*row)


async def order_save(
    conn: Connection,
    before: StoredOrder,
    after: StoredOrder,
    *,
    request_hash: bytes | None = None,
    checks: Sequence[CheckRow] = (),
) -> None:
    """Writes what has changed of an order; `request_hash` goes to the lines that are new.

    What was paid and refunded is kept by the database and not written here, nor are prices of lines that were there.
    """
    order, were = after.order, {item.id for item in before.order.items}
    discount = order.discount_terms or Terms(None, None, None)
    charge = order.service_charge_terms
    last = max(before.item_positions.values(), default=0)
    new = [item for item in order.items if item.id not in were]
    places = {item.id: last + place for place, item in enumerate(new, 1)} | after.item_positions
    await conn.execute(
        _SQL["order_save"],
        {
            "restaurant_id": order.restaurant_id, "id": order.id, "status": order.status,
            "status_reason": order.status_reason, "table_id": order.table_id, "covers": order.covers,
            "customer_name": order.customer_name, "notes": order.notes, "merged_into": order.merged_into,
            "discount_percentage": discount.percentage, "discount_amount": discount.amount,
            "discount_reason": discount.reason, "charge_rule": charge.rule, "charge_percentage": charge.percentage,
            "charge_amount": charge.amount, "charge_reason": charge.reason, **_sums(order.totals),
            "request_hash": request_hash, "checks": _json(checks),
            "changed": _json(changed_rows(before, after)),
            "items": _json([new_row(item, places[item.id], after.item_taken.get(item.id, 0)) for item in new]),
            "modifiers": _json(changed_modifier_rows(before, after)),
        },
    )  # fmt: skip


async def payment_orders(conn: Connection, restaurant_id: UUID, payments: Sequence[UUID]) -> dict[UUID, UUID]:
    """The order of each of these payments that there are."""
    cursor = await conn.execute(
        _SQL["payment_orders"], {"restaurant_id": restaurant_id, "payments": list(payments)}
    )
    return dict(await cursor.fetchall())
