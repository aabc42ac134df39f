"""The shapes of the REST contract, field by field: one too many or too few fails the decoding."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType


class Exact(Struct, forbid_unknown_fields=True):
    pass


class FieldProblem(Exact):
    field: str
    message: str


class Problem(Exact):
    """RFC 9457, with the contract's extensions."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldProblem, ...] = ()
    current: Raw | UnsetType = UNSET

    @property
    def fields(self) -> list[str]:
        return [error.field for error in self.errors]


class User(Exact):
    id: UUID
    email: str
    name: str


class Membership(Exact):
    id: UUID
    name: str
    role: str


class SignedIn(Exact):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    user: User
    restaurants: tuple[Membership, ...]


class Availability(Exact):
    state: Literal["in_stock", "counted", "out_of_stock"]
    quantity: int | UnsetType = UNSET
    until: datetime | UnsetType = UNSET


class TaxRates(Exact):
    dine_in: str
    takeaway: str
    delivery: str


class Category(Exact):
    id: UUID
    name: str
    sort_order: int


class Variant(Exact):
    id: UUID
    name: str
    price: int


class Modifier(Exact):
    id: UUID
    name: str
    price: int
    is_default: bool
    availability: Availability


class ModifierGroup(Exact):
    id: UUID
    name: str
    min_selections: int
    max_selections: int | None
    modifiers: tuple[Modifier, ...]


class Product(Exact):
    id: UUID
    name: str
    description: str | None
    price: int
    currency: str
    open_price: bool
    tax_rates: TaxRates
    sku: str | None
    image_url: str | None
    sort_order: int
    version: int
    category: Category
    variants: tuple[Variant, ...]
    modifier_groups: tuple[ModifierGroup, ...]
    station_id: UUID | None
    availability: Availability


class Position(Exact):
    x: int
    y: int


class Table(Exact):
    id: UUID
    restaurant_id: UUID
    section_id: UUID | None
    section_name: str | None
    name: str
    seats: int
    sort_order: int
    status: Literal["available", "occupied", "reserved", "cleaning"]
    order_id: UUID | None
    position: Position | None


class ItemModifier(Exact):
    modifier_id: UUID
    name: str
    price: int
    quantity: int


class Terms(Exact):
    percentage: str | None
    amount: int | None
    reason: str | None


class ChargeTerms(Terms):
    rule: Literal["automatic", "set", "waived"]


class RefundedItem(Exact):
    item_id: UUID
    quantity: int
    amount: int


class Refund(Exact):
    id: UUID
    payment_id: UUID
    amount: int
    tip: int
    method: str
    reason: str
    items: tuple[RefundedItem, ...]
    made_by: UUID | None
    approved_by: UUID | None
    business_date: date
    shift_id: UUID | None
    created_at: datetime


class Payment(Exact):
    id: UUID
    order_id: UUID
    check_id: UUID | None
    shift_id: UUID | None
    method: Literal["cash", "card", "gift_card", "other"]
    state: Literal["pending", "captured", "failed", "voided"]
    amount: int
    unapplied: int
    tip: int
    tendered: int | None
    change: int | None
    reference: str | None
    reason: str | None
    taken_by: UUID | None
    business_date: date
    created_at: datetime
    captured_at: datetime | None
    refunded: int
    refunds: tuple[Refund, ...]


class CheckItem(Exact):
    item_id: UUID
    quantity: int | None = None
    share: str | None = None


class Check(Exact):
    id: UUID
    total: int
    paid: int
    due: int
    items: tuple[CheckItem, ...]
    remainder: bool


class Item(Exact):
    """`station_id` is what the contract's example leaves out."""

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
    status: Literal["held", "sent", "voided"]
    void_reason: str | None
    modifiers: tuple[ItemModifier, ...]
    discount_terms: Terms | None
    discount: int
    total: int
    net: int
    tax_rate: str


class Bucket(Exact):
    rate: str
    net: int
    tax: int
    gross: int


class Totals(Exact):
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
    tax_breakdown: tuple[Bucket, ...]


class Order(Exact):
    """`table_name` and `status_reason` are what the contract's example leaves out."""

    id: UUID
    restaurant_id: UUID
    currency: str
    number: int
    business_date: date
    type: Literal["dine_in", "takeaway", "delivery"]
    status: Literal["pending", "confirmed", "preparing", "ready", "completed", "cancelled", "merged"]
    payment_status: Literal["unpaid", "partially_paid", "paid", "partially_refunded", "refunded"]
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
    items: tuple[Item, ...]
    discount_terms: Terms | None
    service_charge_terms: ChargeTerms
    totals: Totals
    payments: tuple[Payment, ...]
    checks: tuple[Check, ...]


class Paid(Payment):
    """A payment as taking and settling it answers."""

    order: Order


class Refunded(Refund):
    """A refund as making it answers."""

    payment: Payment
    order: Order
