"""Typed functions over sql/queries/menu.sql; the rows of a JOIN folded into what they are about."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

from fynlo.db.fold import grouped
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import (
    Availability,
    AvailabilityState,
    Category,
    MenuPage,
    MenuQuery,
    Modifier,
    ModifierGroup,
    OrderType,
    Product,
    TaxRates,
    Variant,
)

_SQL = queries("menu")

_IN_STOCK = Availability("in_stock")
_AVAILABILITY = msgspec.json.Decoder(Availability)


class _PageRow(NamedTuple):
    """A row of menu_page, in the order of its columns."""

    total: int
    epoch: UUID
    seq: int
    menu_version: int
    currency: str
    id: UUID
    name: str
    description: str | None
    price: int
    open_price: bool
    sku: str | None
    image_url: str | None
    sort_order: int
    version: int
    availability: str | None
    category_id: UUID
    category_name: str
    category_sort: int
    station_id: UUID | None
    dine_in: str
    takeaway: str
    delivery: str
    variant_id: UUID | None
    group_id: UUID | None
    modifier_id: UUID | None
    child_name: str
    child_price: int
    is_default: bool
    child_availability: str | None
    group_name: str
    min_selections: int
    max_selections: int | None


def _availability(json: str | None) -> Availability:
    return _IN_STOCK if json is None else _AVAILABILITY.decode(json)


def _group(rows: list[_PageRow], money: bool) -> ModifierGroup:
    first = rows[0]
    assert first.group_id is not None
    return ModifierGroup(
        first.group_id,
        first.group_name,
        first.min_selections,
        first.max_selections,
        tuple(
            Modifier(
                id=r.modifier_id,
                name=r.child_name,
                price=r.child_price if money else UNSET,
                is_default=r.is_default,
                availability=_availability(r.child_availability),
            )
            for r in rows
            if r.modifier_id is not None
        ),
    )


def _product(rows: list[_PageRow], money: bool) -> Product:
    first = rows[0]
    return Product(
        id=first.id,
        name=first.name,
        description=first.description,
        price=first.price if money else UNSET,
        currency=first.currency if money else UNSET,
        open_price=first.open_price,
        tax_rates=TaxRates(first.dine_in, first.takeaway, first.delivery) if money else UNSET,
        sku=first.sku,
        image_url=first.image_url,
        sort_order=first.sort_order,
        version=first.version,
        category=Category(first.category_id, first.category_name, first.category_sort),
        variants=tuple(
            Variant(r.variant_id, r.child_name, r.child_price if money else UNSET)
            for r in rows
            if r.variant_id is not None
        ),
        modifier_groups=tuple(
            _group(of_group, money)
            for group_id, of_group in grouped(
                [r for r in rows if r.group_id is not None], lambda r: r.group_id
            )
        ),
        station_id=first.station_id,
        availability=_availability(first.availability),
    )


async def menu_page(conn: Connection, query: MenuQuery, *, money: bool) -> MenuPage:
    """One page of the active products; the connection is in the restaurant's tenant."""
    cursor = await conn.execute(
        _SQL["menu_page"],
        {
            "restaurant_id": query.restaurant_id,
            "category": query.category,
            "limit": query.limit,
            "offset": (query.page - 1) * query.limit,
        },
    )
    rows = [_PageRow._make(row) for row in await cursor.fetchall()]
    first = rows[0]
    return MenuPage(
        total=first.total,
        epoch=first.epoch,
        seq=first.seq,
        menu_version=first.menu_version,
        products=tuple(
            _product(of_product, money)
            for _, of_product in grouped([r for r in rows if r.id is not None], lambda r: r.id)
        ),
    )


class SellableVariant(NamedTuple):
    name: str
    price: int


class SellableModifier(NamedTuple):
    group_id: UUID
    name: str
    price: int
    state: AvailabilityState


class SellableGroup(NamedTuple):
    name: str
    min_selections: int
    max_selections: int | None


class Sellable(Struct):
    """A product as it is sold now: only the chosen variants and modifiers, but all of its groups."""

    id: UUID
    name: str
    price: int
    open_price: bool
    state: AvailabilityState
    station_id: UUID | None
    tax_rate: Decimal
    has_variants: bool
    variants: dict[UUID, SellableVariant]
    groups: dict[UUID, SellableGroup]
    modifiers: dict[UUID, SellableModifier]


class Asked(Struct, frozen=True):
    """What the database says to an order before it is written."""

    products: dict[UUID, Sellable]
    order_exists: bool
    order_hash: bytes | None
    table_name: str | None
    table_order_number: int | None

    @property
    def counted(self) -> bool:
        """Whether any of it is taken from counted stock."""
        return any(
            "counted" in (product.state, *(m.state for m in product.modifiers.values()))
            for product in self.products.values()
        )


async def sellable(
    conn: Connection,
    *,
    restaurant_id: UUID,
    order_type: OrderType,
    products: list[UUID],
    variants: list[UUID],
    modifiers: list[UUID],
    order_id: UUID | None = None,
    table_id: UUID | None = None,
    at: datetime | None = None,
) -> Asked:
    """Prices, rates and limits of what is ordered, and whether the id and the table are free.

    With `at` the menu is the one of that time; what is left is judged as of now, and a product that is newer is taken
    as it is.
    """
    when = {} if at is None else {"at": at}
    cursor = await conn.execute(
        _SQL["sellable"] if at is None else _SQL["sellable_at"],
        {
            **when,
            "restaurant_id": restaurant_id,
            "type": order_type,
            "products": products,
            "variants": variants,
            "modifiers": modifiers,
            "order_id": order_id,
            "table_id": table_id,
        },
    )
    rows: list[tuple[Any, ...]] = await cursor.fetchall()
    order_hash, order_exists, table_name, table_order_number = rows[0][:4]
    found: dict[UUID, Sellable] = {}
    for row in rows:
        product_id, name, price, open_price, state, station_id, tax_rate, has_variants = row[4:12]
        if product_id is None:
            continue
        product = found.get(product_id)
        if product is None:
            product = found[product_id] = Sellable(
                product_id, name, price, open_price, state, station_id, tax_rate, has_variants,
                {}, {}, {},
            )  # fmt: skip
        variant_id, variant_name, variant_price, group_id, group_name, minimum, maximum = row[12:19]
        modifier_id, modifier_name, modifier_price, modifier_state = row[19:23]
        if variant_id is not None:
            product.variants[variant_id] = SellableVariant(variant_name, variant_price)
        if group_id is not None:
            product.groups[group_id] = SellableGroup(group_name, minimum, maximum)
        if modifier_id is not None:
            product.modifiers[modifier_id] = SellableModifier(
                group_id, modifier_name, modifier_price, modifier_state
            )
    return Asked(found, order_exists, order_hash, table_name, table_order_number)
