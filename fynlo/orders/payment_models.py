"""Payments, refunds and checks as they go out. Money is in minor units of the order's currency."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.times import Time

PaymentMethod = Literal["cash", "card", "gift_card", "other"]
PaymentState = Literal["pending", "captured", "failed", "voided"]


class RefundedItem(Struct, frozen=True):
    """A line that a refund names: `amount` is its part of the refund."""

    item_id: UUID
    quantity: int
    amount: Annotated[int, Meta(description="the part of the refund that is for this line")]


class Refund(Struct, frozen=True):
    """Money given back; `tip` lies beside `amount`."""

    id: UUID
    payment_id: UUID
    amount: Annotated[int, Meta(description="given back of what was paid, tip apart")]
    tip: Annotated[int, Meta(description="given back besides")]
    method: Annotated[PaymentMethod, Meta(description="how it was given back")]
    reason: str
    items: tuple[RefundedItem, ...]
    made_by: UUID | None
    approved_by: Annotated[
        UUID | None, Meta(description="the approver, where whoever made it may not refund")
    ]
    business_date: Annotated[date, Meta(description="of its own: the day on which it was made")]
    shift_id: Annotated[
        UUID | None, Meta(description="the one named, or for cash the open one of whoever made it")
    ]
    created_at: Time


class Payment(Struct, frozen=True):
    """`unapplied` of `amount` was more than was due; `refunded` of it was given back, tips apart.

    `tendered` and `change` are of cash: change = tendered - amount - tip.
    """

    id: UUID
    order_id: UUID
    check_id: Annotated[UUID | None, Meta(description="the check that it pays")]
    shift_id: Annotated[
        UUID | None, Meta(description="the one named, or for cash the open one of whoever took it")
    ]
    method: PaymentMethod
    state: Annotated[
        PaymentState,
        Meta(description="pending reserves, captured counts; failed and voided count for nothing"),
    ]
    amount: Annotated[int, Meta(description="towards the order; the tip comes besides")]
    unapplied: Annotated[int, Meta(description="of amount, what was more than was due")]
    tip: int
    tendered: Annotated[int | None, Meta(description="the cash that was handed over")]
    change: Annotated[int | None, Meta(description="tendered − amount − tip")]
    reference: Annotated[str | None, Meta(description="the terminal's, or the gift card's")]
    reason: Annotated[str | None, Meta(description="why it failed or was voided")]
    taken_by: UUID | None
    business_date: Annotated[date, Meta(description="the day on which it was taken")]
    created_at: Time
    captured_at: Annotated[Time | None, Meta(description="null until the money has moved")]
    refunded: Annotated[int, Meta(description="given back of amount, tips apart")]
    refunds: tuple[Refund, ...]


class CheckItem(Struct, frozen=True, omit_defaults=True):
    """What of a line a check has: so many of it, or a share of it such as "1/3"."""

    item_id: UUID
    quantity: int | None = None
    share: str | None = None


class Check(Struct, frozen=True):
    """A part of the order to be paid by itself; `remainder` bears what no other check was made for."""

    id: UUID
    total: Annotated[int, Meta(description="its part of what the order costs")]
    paid: Annotated[int, Meta(description="captured on it")]
    due: Annotated[int, Meta(description="still to be paid on it")]
    items: Annotated[
        tuple[CheckItem, ...],
        Meta(description="the lines it has; none where it was split in equal parts or by amounts"),
    ]
    remainder: Annotated[
        bool, Meta(description="it bears what no other check was made for, lines added later included")
    ]
