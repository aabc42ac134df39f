"""Orders: as the server tells them, and as they are ordered. Conventions as in `models`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from fynlo.client.payments import Check, Payment

OrderType = Literal["dine_in", "takeaway", "delivery"]


class OrderItemModifier(Struct, frozen=True):
    """A modifier as it was ordered on one unit of a line."""

    modifier_id: str
    name: str
    quantity: int = 1
    price: int | None = None


class Terms(Struct, frozen=True):
    """What a discount was given as: a percentage or an amount, and why."""

    percentage: str | None = None
    amount: int | None = None
    reason: str | None = None


class ChargeTerms(Struct, frozen=True):
    """How the service charge comes about: `rule` automatic (by covers), set or waived."""

    rule: str
    percentage: str | None = None
    amount: int | None = None
    reason: str | None = None


class OrderItem(Struct, frozen=True):
    """A line of an order; `status` held, sent or voided.

    `total` is after the line's own discount, `net` after the order's too, without tax.
    """

    id: str
    product_id: str
    name: str
    quantity: int
    status: str
    variant_id: str | None = None
    variant_name: str | None = None
    course: int = 1
    notes: str | None = None
    void_reason: str | None = None
    modifiers: tuple[OrderItemModifier, ...] = ()
    unit_price: int | None = None
    discount_terms: Terms | None = None
    discount: int | None = None
    total: int | None = None
    net: int | None = None
    tax_rate: str | None = None


class TaxLine(Struct, frozen=True):
    """What one tax rate took of an order."""

    rate: str
    net: int
    tax: int
    gross: int


class Totals(Struct, frozen=True):
    """What an order costs; `due` is what is still to pay.

    `unapplied` was taken beyond what was due and is still held, `to_refund` all that is held beyond what is owed.
    """

    subtotal: int
    total: int
    due: int
    discount: int = 0
    service_charge: int = 0
    tax: int = 0
    tips: int = 0
    paid: int = 0
    refunded: int = 0
    unapplied: int = 0
    to_refund: int = 0
    tax_breakdown: tuple[TaxLine, ...] = ()


class Order(Struct, frozen=True):
    """An order as it was when it was read; `version` says which state of it that is."""

    id: str
    restaurant_id: str
    number: int
    business_date: date
    type: str
    status: str
    version: int
    created_at: datetime
    updated_at: datetime
    placed_at: datetime | None = None
    closed_at: datetime | None = None
    table_id: str | None = None
    table_name: str | None = None
    covers: int | None = None
    customer_name: str | None = None
    notes: str | None = None
    status_reason: str | None = None
    created_by: str | None = None
    merged_into: str | None = None
    items: tuple[OrderItem, ...] = ()
    currency: str | None = None
    payment_status: str | None = None
    discount_terms: Terms | None = None
    service_charge_terms: ChargeTerms | None = None
    totals: Totals | None = None
    payments: tuple[Payment, ...] | None = None
    checks: tuple[Check, ...] | None = None

    @property
    def etag(self) -> str:
        """This version as If-Match wants it."""
        return f'"{self.version}"'


class Preview(Struct, frozen=True):
    """What an order would cost, and its lines."""

    totals: Totals
    items: tuple[OrderItem, ...] = ()


class Choice(Struct, frozen=True):
    """A modifier to order on each unit of a line."""

    modifier_id: str
    quantity: int = 1


class NewItem(Struct, frozen=True, kw_only=True):
    """A line to order. `open_price` only for products marked so; an `id` of the client's is kept."""

    product_id: str
    quantity: int = 1
    variant_id: str | UnsetType = UNSET
    modifiers: tuple[Choice, ...] = ()
    course: int | UnsetType = UNSET
    notes: str | UnsetType = UNSET
    open_price: int | UnsetType = UNSET
    id: str | UnsetType = UNSET


class NewOrder(Struct, frozen=True, kw_only=True):
    """An order to create. `send=False` holds its lines; `placed_at`: taken offline, at most 72 h ago."""

    restaurant_id: str
    type: OrderType = "dine_in"
    items: tuple[NewItem, ...] = ()
    table_id: str | UnsetType = UNSET
    covers: int | UnsetType = UNSET
    customer_name: str | UnsetType = UNSET
    notes: str | UnsetType = UNSET
    send: bool | UnsetType = UNSET
    placed_at: datetime | UnsetType = UNSET
    id: str | UnsetType = UNSET
