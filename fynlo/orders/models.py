"""Orders as they come in and as they go out. Money is in minor units of the order's currency."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.errors import Invalid
from fynlo.http import Line, Reason, Text, form
from fynlo.menu.models import OrderType
from fynlo.times import Time

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
    quantity: Annotated[
        Quantity, Meta(description="of each unit of the line; counts towards the group's limits")
    ] = 1


ChosenModifiers = Annotated[tuple[ChosenModifier, ...], Meta(max_length=100)]


class NewItem(Struct, frozen=True, forbid_unknown_fields=True):
    """A line. `open_price` only for a product that is marked so: the price of one, minor units."""

    product_id: UUID
    id: Annotated[UUID | None, Meta(description="made by you, so that a retry adds the line once")] = None
    variant_id: UUID | None = None
    quantity: Quantity = 1
    course: Annotated[
        Course, Meta(description="what is fired together; POST /orders/{id}/send takes one")
    ] = 1
    notes: Text | None = None
    modifiers: ChosenModifiers = ()
    open_price: Annotated[int, Meta(ge=0, le=100_000_000)] | None = None


NewItems = Annotated[tuple[NewItem, ...], Meta(max_length=500)]


class NewOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders. With `send` false, or without items, the order stays pending."""

    restaurant_id: UUID
    items: Annotated[NewItems, Meta(description="none: a table just seated, to which lines are added later")]
    id: Annotated[UUID | None, Meta(description="made by you, so that a retry makes one order")] = None
    type: OrderType = "dine_in"
    table_id: UUID | None = None
    covers: Annotated[
        Quantity | None,
        Meta(description="guests at the table; from so many on a service charge may apply by itself"),
    ] = None
    customer_name: Line | None = None
    notes: Text | None = None
    send: Annotated[bool, Meta(description="false holds every line until POST /orders/{id}/send")] = True
    placed_at: Annotated[
        Time | None,
        Meta(description="of an order made offline, at most 72 hours ago: the menu as it was then"),
    ] = None


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

    def __post_init__(self) -> None:
        if self.status == "cancelled" and not (self.reason or "").strip():
            raise Invalid.of("reason", "say why it is cancelled")


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
    price: Annotated[int, Meta(description="of one")]
    quantity: Annotated[int, Meta(description="of each unit of the line")]


class Terms(Struct, frozen=True):
    """What a discount was given as: a percentage or an amount in minor units, and why."""

    percentage: str | None
    amount: int | None
    reason: str | None


class ChargeTerms(Struct, frozen=True):
    """`automatic`: by the settings the order was made under; `set`: a percentage or an amount; `waived`: none."""

    rule: Literal["automatic", "set", "waived"] = "automatic"
    percentage: Annotated[
        str | None, Meta(description="null where it is automatic: the settings say how much")
    ] = None
    amount: Annotated[int | None, Meta(description="in minor units")] = None
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
    unit_price: Annotated[int, Meta(description="of one, without its modifiers")]
    quantity: int
    course: Annotated[int, Meta(description="what is fired together")]
    notes: str | None
    status: Annotated[str, Meta(description="held (not sent yet), sent or voided")]
    void_reason: Annotated[str | None, Meta(description="what was given with the void")]
    modifiers: tuple[ItemModifier, ...]
    discount_terms: Annotated[Terms | None, Meta(description="of this line alone")]
    discount: Annotated[int, Meta(description="its own, not its share of the order's")]
    total: Annotated[int, Meta(description="quantity × (unit_price + its modifiers) − discount")]
    net: Annotated[int, Meta(description="after all discounts, without tax")]
    tax_rate: Annotated[str, Meta(description="percent, as it was when the line was ordered")]


class OrderTotals(Struct, frozen=True):
    """Nothing is `due` of an order that was cancelled. `unapplied` was taken beyond what was due and is still held;
    `to_refund` is all that the house holds beyond what is owed."""

    subtotal: Annotated[int, Meta(description="lines that are not voided, before every discount")]
    discount: Annotated[int, Meta(description="all of them: of lines and of the order")]
    service_charge: Annotated[int, Meta(description="as the menu shows prices: with its tax, or before it")]
    tax: Annotated[int, Meta(description="within total, be it inside the prices or on top of them")]
    total: Annotated[int, Meta(description="what the guests owe altogether, without tips")]
    tips: Annotated[int, Meta(description="captured, less those given back; beside total")]
    paid: Annotated[
        int, Meta(description="captured towards total; neither pending payments nor refunds change it")
    ]
    refunded: Annotated[int, Meta(description="given back of what was paid, tips and unapplied money apart")]
    due: Annotated[int, Meta(description="still to be paid; what pending payments reserve is in it")]
    unapplied: Annotated[int, Meta(description="taken beyond what was due and still held")]
    to_refund: Annotated[
        int,
        Meta(
            description="all that is held beyond what is owed: unapplied, or overpaid since lines were voided"
        ),
    ]
    tax_breakdown: Annotated[
        tuple[TaxBucket, ...], Meta(description="by rising rate; a service charge outside tax is in none")
    ]


class Order(Struct, frozen=True):
    """The whole order."""

    id: UUID
    restaurant_id: UUID
    currency: str
    number: Annotated[int, Meta(description="1, 2, 3 … within the business date")]
    business_date: Annotated[
        date, Meta(description="the restaurant's local date when it was placed; a day ends at `day_cutoff`")
    ]
    type: OrderType
    status: OrderStatus
    payment_status: Annotated[
        str, Meta(description="unpaid, partially_paid, paid, partially_refunded or refunded")
    ]
    version: Annotated[int, Meta(description="for If-Match; every change raises it")]
    table_id: UUID | None
    table_name: Annotated[str | None, Meta(description="as the table is called now")]
    covers: int | None
    customer_name: str | None
    notes: str | None
    status_reason: Annotated[str | None, Meta(description="why it was cancelled")]
    created_by: Annotated[UUID | None, Meta(description="who made it; null where the database itself did")]
    merged_into: Annotated[UUID | None, Meta(description="the order that has its lines since it was merged")]
    placed_at: Annotated[
        Time, Meta(description="when it was ordered; earlier than created_at where that was offline")
    ]
    created_at: Time
    updated_at: Time
    closed_at: Annotated[Time | None, Meta(description="when it was completed, cancelled or merged")]
    items: tuple[OrderItem, ...]
    discount_terms: Terms | None
    service_charge_terms: ChargeTerms
    totals: OrderTotals
    payments: tuple[Payment, ...] = ()
    checks: Annotated[
        tuple[Check, ...], Meta(description="its parts to be paid by themselves; none where it is not split")
    ] = ()


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
    placed_at: Time
    created_at: Time
    updated_at: Time
    closed_at: Time | None
    items: tuple[KitchenItem, ...]
