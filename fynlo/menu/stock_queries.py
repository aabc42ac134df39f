"""Typed functions over sql/queries/stock.sql."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import psycopg
from msgspec import UNSET, UnsetType

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import Availability

_SQL = queries("stock")
_SHORT = "FY001"  # fynlo.take_stock() raises it

_AVAILABILITY = msgspec.json.Decoder(Availability)
_LEFT = msgspec.json.Decoder(dict[UUID, int])


class ShortOfStock(Exception):
    """Less is left than was asked for: `left` of each of these."""

    def __init__(self, left: dict[UUID, int]) -> None:
        super().__init__()
        self.left = left


def _quantities(products: Mapping[UUID, int], modifiers: Mapping[UUID, int]) -> dict[str, Any]:
    return {
        "products": list(products),
        "quantities": list(products.values()),
        "modifiers": list(modifiers),
        "modifier_quantities": list(modifiers.values()),
    }


async def stock_take(
    conn: Connection, products: Mapping[UUID, int], modifiers: Mapping[UUID, int]
) -> frozenset[UUID]:
    """Takes so many of each, all or nothing, in the restaurant that was entered; returns which of them are counted.

    Raises ShortOfStock, after which the transaction can only be rolled back.
    """
    try:
        cursor = await conn.execute(_SQL["stock_take"], _quantities(products, modifiers))
    except psycopg.Error as exc:
        if exc.sqlstate != _SHORT:
            raise
        raise ShortOfStock(_LEFT.decode(exc.diag.message_detail or "{}")) from exc
    row = await cursor.fetchone()
    assert row is not None
    return frozenset(row[0])


async def stock_give(conn: Connection, products: Mapping[UUID, int], modifiers: Mapping[UUID, int]) -> None:
    """Gives so many back to what is still counted."""
    await conn.execute(_SQL["stock_give"], _quantities(products, modifiers))


async def availability_set(
    conn: Connection,
    restaurant_id: UUID,
    kind: Literal["product", "modifier"],
    id: UUID,
    *,
    state: str,
    quantity: int | None,
    until: datetime | None,
    low_stock_at: int | UnsetType | None,
) -> tuple[str, Availability, int | None] | None:
    """The name, availability and low-stock threshold as they are then; None where it is not on the menu.

    `low_stock_at` UNSET leaves the threshold as it is.
    """
    query = _SQL["product_availability"] if kind == "product" else _SQL["modifier_availability"]
    cursor = await conn.execute(
        query,
        {
            "restaurant_id": restaurant_id,
            "id": id,
            "state": state,
            "quantity": quantity,
            "until": until,
            "keep_low": low_stock_at is UNSET,
            "low_stock_at": None if low_stock_at is UNSET else low_stock_at,
        },
    )
    row = await cursor.fetchone()
    return (row[0], _AVAILABILITY.decode(row[1]), row[2]) if row else None
