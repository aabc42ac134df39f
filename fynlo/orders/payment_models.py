"""Payments, refunds and checks as they go out. Money is in minor units of the order's currency."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

PaymentMethod = Literal["cash", "card", "gift_card", "other"]
PaymentState = Literal["pending", "captured", "failed", "voided"]


class RefundedItem(Struct, frozen=True):
    """A line that a refund names: `amount` is its part of the refund."""

    item_id: UUID
    quantity: int
    amount: int


class Refund(Struct, frozen=True):
    """Money given back; `tip` lies beside `amount`."""

    id: UUID
    payment_id: UUID
    amount: int
    tip: int
    method: PaymentMethod
    reason: str
    items: tuple[RefundedItem, ...]
    made_by: UUID | None
    approved_by: UUID | None
    business_date: date
    shift_id: UUID | None
    created_at: datetime


class Payment(Struct, frozen=True):
    """`unapplied` of `amount` was more than was due; `refunded` of it was given back, tips apart.

    `tendered` and `change` are of cash: change = tendered - amount - tip.
    """

    id: UUID
    order_id: UUID
    check_id: UUID | None
    shift_id: UUID | None
    method: PaymentMethod
    state: PaymentState
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


class CheckItem(Struct, frozen=True, omit_defaults=True):
    """What of a line a check has: so many of it, or a share of it such as "1/3"."""

    item_id: UUID
    quantity: int | None = None
    share: str | None = None


class Check(Struct, frozen=True):
    """A part of the order to be paid by itself; `remainder` bears what no other check was made for."""

    id: UUID
    total: int
    paid: int
    due: int
    items: tuple[CheckItem, ...]
    remainder: bool
