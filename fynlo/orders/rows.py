"""The rows of an order's lines as order_insert and order_save take them. No I/O."""

from uuid import UUID

import msgspec
from msgspec import Struct

from .models import OrderItem, Terms
from .stored import StoredOrder


class NewItemRow(Struct, frozen=True):
    """A line as order_insert and order_save take it."""

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
    void_reason: str | None
    stock_taken: int


class ItemRow(Struct, frozen=True):
    """What may change of a line, as order_save takes it."""

    id: UUID
    quantity: int
    course: int
    notes: str | None
    status: str
    discount_percentage: str | None
    discount_amount: int | None
    discount_reason: str | None
    discount: int
    total: int
    net: int
    void_reason: str | None
    stock_taken: int


class ModifierRow(Struct, frozen=True):
    item_id: UUID
    modifier_id: UUID
    position: int
    name: str
    price: int
    quantity: int
    stock_taken: int


def new_row(i: OrderItem, position: int, taken: int) -> NewItemRow:
    return NewItemRow(
        i.id, position, i.product_id, i.variant_id, i.name, i.variant_name, i.station_id, i.unit_price, i.quantity,
        i.course, i.notes, i.status, i.tax_rate, i.discount, i.total, i.net, i.void_reason, taken,
    )  # fmt: skip


def modifier_rows(item: OrderItem, taken: dict[tuple[UUID, UUID], int]) -> list[ModifierRow]:
    return [
        ModifierRow(
            item.id, m.modifier_id, place, m.name, m.price, m.quantity, taken.get((item.id, m.modifier_id), 0)
        )
        for place, m in enumerate(item.modifiers, 1)
    ]


def changed_rows(before: StoredOrder, after: StoredOrder) -> list[ItemRow]:
    """The rows of the lines that were there and are otherwise now."""
    was = {item.id: item for item in before.order.items}
    return [
        _row(item, after.item_taken.get(item.id, 0))
        for item in after.order.items
        if item.id in was and _without_modifiers(item, after) != _without_modifiers(was[item.id], before)
    ]


def _row(i: OrderItem, taken: int) -> ItemRow:
    terms = i.discount_terms or Terms(None, None, None)
    return ItemRow(
        i.id, i.quantity, i.course, i.notes, i.status, terms.percentage, terms.amount, terms.reason, i.discount,
        i.total, i.net, i.void_reason, taken,
    )  # fmt: skip


def _without_modifiers(item: OrderItem, of: StoredOrder) -> tuple[OrderItem, int]:
    return msgspec.structs.replace(item, modifiers=()), of.item_taken.get(item.id, 0)


def changed_modifier_rows(before: StoredOrder, after: StoredOrder) -> list[ModifierRow]:
    """The rows of modifiers that are new or otherwise now: 0 of those that were taken off."""
    was = {item.id: item for item in before.order.items}
    return [
        row for item in after.order.items for row in _changed_modifiers(was.get(item.id), item, before, after)
    ]


def _changed_modifiers(
    was: OrderItem | None, item: OrderItem, before: StoredOrder, after: StoredOrder
) -> list[ModifierRow]:
    if was is None:
        return modifier_rows(item, after.modifier_taken)
    stay = {m.modifier_id for m in item.modifiers}
    off = [msgspec.structs.replace(m, quantity=0) for m in was.modifiers if m.modifier_id not in stay]
    old_rows = modifier_rows(was, before.modifier_taken)
    now = msgspec.structs.replace(item, modifiers=(*item.modifiers, *off))
    return [row for row in modifier_rows(now, after.modifier_taken) if row not in old_rows]
