"""Payments, refunds and checks: as the server tells them, and as they are asked for. Conventions as in `models`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import uuid4

from msgspec import UNSET, Struct, UnsetType, field

PaymentMethod = Literal["cash", "card", "gift_card", "other"]


def _made_here() -> str:
    return str(uuid4())


class Approver(Struct, frozen=True):
    """Somebody who may what the caller may not, and their PIN."""

    staff_id: str
    pin: str


class RefundedItem(Struct, frozen=True, omit_defaults=True):
    """A line that a refund names: `amount` is its part of the refund."""

    item_id: str
    quantity: int
    amount: int | None = None


class Refund(Struct, frozen=True):
    """Money given back; `tip` lies beside `amount`."""

    id: str
    payment_id: str
    amount: int
    method: str
    tip: int = 0
    reason: str | None = None
    items: tuple[RefundedItem, ...] = ()
    made_by: str | None = None
    approved_by: str | None = None
    business_date: date | None = None
    shift_id: str | None = None
    created_at: datetime | None = None


class Payment(Struct, frozen=True):
    """Money taken for an order; `state` pending, captured, failed or voided.

    `tip` lies beside `amount`. `unapplied` of `amount` was more than was due, `refunded` of it was given back.
    `tendered` and `change` are of cash.
    """

    id: str
    method: str
    amount: int
    state: str | None = None
    tip: int = 0
    order_id: str | None = None
    check_id: str | None = None
    shift_id: str | None = None
    unapplied: int = 0
    tendered: int | None = None
    change: int | None = None
    reference: str | None = None
    reason: str | None = None
    taken_by: str | None = None
    business_date: date | None = None
    created_at: datetime | None = None
    captured_at: datetime | None = None
    refunded: int = 0
    refunds: tuple[Refund, ...] = ()


class CheckItem(Struct, frozen=True, omit_defaults=True):
    """What of a line a check has: so many of it, or a share of it such as "1/3". One of the two."""

    item_id: str
    quantity: int | None = None
    share: str | None = None


class Check(Struct, frozen=True):
    """A part of an order to be paid by itself; `remainder` bears what no other check was made for."""

    id: str
    total: int
    paid: int
    due: int
    items: tuple[CheckItem, ...] = ()
    remainder: bool = False


class NewPayment(Struct, frozen=True, kw_only=True):
    """Money to take. Keep it until it was answered: its `id` makes it one payment however often it is sent.

    `tendered` is the cash that was handed over. `state="pending"` reserves the amount until the terminal has answered:
    then capture it, or fail it. `accept_surplus`: the money has been taken, so book it whatever is due. `shift_id`
    is the drawer that the cash is in, by default that of whoever is logged in.
    """

    method: PaymentMethod
    amount: int
    tip: int = 0
    tendered: int | UnsetType = UNSET
    reference: str | UnsetType = UNSET
    check_id: str | UnsetType = UNSET
    shift_id: str | UnsetType = UNSET
    state: Literal["captured", "pending"] | UnsetType = UNSET
    accept_surplus: bool | UnsetType = UNSET
    id: str = field(default_factory=_made_here)


class NewRefund(Struct, frozen=True, kw_only=True):
    """Money to give back, by the payment's method where none is named; `items` are the lines that it is for.

    Keep it until it was answered: its `id` makes it one refund however often it is sent.
    """

    amount: int
    reason: str
    tip: int = 0
    items: tuple[RefundedItem, ...] | UnsetType = UNSET
    method: PaymentMethod | UnsetType = UNSET
    shift_id: str | UnsetType = UNSET
    approver: Approver | UnsetType = UNSET
    id: str = field(default_factory=_made_here)
