"""Orders as they come in and as they go out. Money is in minor units of the order's currency."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.http import Line, Reason, Text, form
from fynlo.menu.models import OrderType

from .money import TaxBucket
from .payment_models import Check, Payment
from .rules import OrderStatus

Money = Annotated[int, Meta(ge=0, le=100_000_000_000)]
Quantity = Annotated[int, Meta(ge=1, le=999)]
Course = Annotated[int, Meta(ge=1, le=99)]
PaymentStatus = Annotated[
    str,
    form(
        r"^(unpaid|partially_paid|paid|partially_refunded|refunded)\Z",
        "one of unpaid, partially_paid, paid, partially_refunded, refunded",
    ),
]


class ChosenModifier(Struct, frozen=True, forbid_unknown_fields=True):
    """`quantity` counts towards the group's limits."""

    modifier_id: UUID
    quantity: Quantity = 1


ChosenModifiers = Annotated[tuple[ChosenModifier, ...], Meta(max_length=100)]


class NewItem(Struct, frozen=True, forbid_unknown_fields=True):
    """A line. `open_price` only for a product that is marked so: the price of one, minor units."""

    product_id: UUID
    id: UUID | None = None
    variant_id: UUID | None = None
    quantity: Quantity = 1
    course: Course = 1
    notes: Text | None = None
    modifiers: ChosenModifiers = ()
    open_price: Annotated[int, Meta(ge=0, le=100_000_000)] | None = None


NewItems = Annotated[tuple[NewItem, ...], Meta(max_length=500)]


class NewOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders. With `send` false, or without items, the order stays pending."""

    restaurant_id: UUID
    items: NewItems
    id: UUID | None = None
    type: OrderType = "dine_in"
    table_id: UUID | None = None
    covers: Quantity | None = None
    customer_name: Line | None = None
    notes: Text | None = None
    send: bool = True
    placed_at: Annotated[datetime, Meta(tz=True)] | None = None


class Approver(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who may what the caller may not, and their PIN."""

    staff_id: UUID
    pin: Annotated[str, Meta(min_length=1, max_length=12)]


class MoreItems(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/items. The `approver` is for a discount of the order beyond what the caller may give."""

    items: Annotated[tuple[NewItem, ...], Meta(min_length=1, max_length=500)]
    send: bool = True
    approver: Approver | None = None


class VoidItem(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/items/{item_id}/void. Without `quantity` the whole line. `restock` says whether
    what it took from counted stock goes back; else it does unless the order is preparing or ready."""

    reason: Reason
    quantity: Quantity | None = None
    restock: bool | None = None
    approver: Approver | None = None


class NewStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/status. A cancellation needs a reason; its `restock` says whether what was taken from counted
    stock goes back; else it does unless the order is preparing or ready."""

    status: OrderStatus
    reason: Text | None = None
    restock: bool | None = None


class OrdersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /orders. `cursor` comes from the `Link` of the page before."""

    restaurant_id: UUID
    status: tuple[OrderStatus, ...] | None = None
    business_date: date | None = None
    table_id: UUID | None = None
    payment_status: PaymentStatus | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class ItemModifier(Struct, frozen=True):
    modifier_id: UUID
    name: str
    price: int
    quantity: int


class Terms(Struct, frozen=True):
    """What a discount was given as: a percentage or an amount in minor units, and why."""

    percentage: str | None
    amount: int | None
    reason: str | None


class ChargeTerms(Struct, frozen=True):
    """`automatic`: by the settings the order was made under; `set`: a percentage or an amount; `waived`: none."""

    rule: Literal["automatic", "set", "waived"] = "automatic"
    percentage: str | None = None
    amount: int | None = None
    reason: str | None = None


class OrderItem(Struct, frozen=True):
    """A line: name, price and rate as they were when it was ordered.

    `total` is after its own discount and before its share of the order's; `net` is what it adds to net
    sales: after all discounts, without tax.
    """

    id: UUID
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
    void_reason: str | None
    modifiers: tuple[ItemModifier, ...]
    discount_terms: Terms | None
    discount: int
    total: int
    net: int
    tax_rate: str


class OrderTotals(Struct, frozen=True):
    """Nothing is `due` of an order that was cancelled. `unapplied` was taken beyond what was due and is still held;
    `to_refund` is all that the house holds beyond what is owed."""

    subtotal: int
    discount: int
    service_charge: int
    tax: int
    total: int
    tips: int
    paid: int
    refunded: int
    due: int
    unapplied: int
    to_refund: int
    tax_breakdown: tuple[TaxBucket, ...]


class Order(Struct, frozen=True):
    """The whole order."""

    id: UUID
    restaurant_id: UUID
    currency: str
    number: int
    business_date: date
    type: OrderType
    status: OrderStatus
    payment_status: str
    version: int
    table_id: UUID | None
    table_name: str | None
    covers: int | None
    customer_name: str | None
    notes: str | None
    status_reason: str | None
    created_by: UUID | None
    merged_into: UUID | None
    placed_at: datetime
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    items: tuple[OrderItem, ...]
    discount_terms: Terms | None
    service_charge_terms: ChargeTerms
    totals: OrderTotals
    payments: tuple[Payment, ...] = ()
    checks: tuple[Check, ...] = ()


class KitchenModifier(Struct, frozen=True):
    modifier_id: UUID
    name: str
    quantity: int


class KitchenItem(Struct, frozen=True):
    """A line without money."""

    id: UUID
    product_id: UUID
    variant_id: UUID | None
    name: str
    variant_name: str | None
    station_id: UUID | None
    quantity: int
    course: int
    notes: str | None
    status: str
    void_reason: str | None
    modifiers: tuple[KitchenModifier, ...]


class KitchenOrder(Struct, frozen=True, kw_only=True):
    """The order without money: a list of what may be seen, so that a new field is hidden until named here.

    `merged_into` is missing from what was logged before orders were merged.
    """

    id: UUID
    restaurant_id: UUID
    number: int
    business_date: date
    type: OrderType
    status: OrderStatus
    version: int
    table_id: UUID | None
    table_name: str | None
    covers: int | None
    customer_name: str | None
    notes: str | None
    status_reason: str | None
    created_by: UUID | None
    merged_into: UUID | None = None
    placed_at: datetime
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    items: tuple[KitchenItem, ...]
