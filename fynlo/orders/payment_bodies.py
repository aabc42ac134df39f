"""What is sent to take, settle and give back money, and what is answered. Minor units of the order's currency."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.http import Line, Reason, Text

from .models import Approver, Money, Order, Quantity
from .payment_models import Payment, PaymentMethod, PaymentState, Refund


class NewPayment(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/payments. `amount` goes towards the order, `tip` beside it; together at least 1.

    `tendered` is the cash that was handed over. `pending` reserves the amount until the terminal has answered.
    `accept_surplus`: the money has been taken, so book it whatever is due.
    """

    method: PaymentMethod
    amount: Annotated[Money, Meta(description="towards the order, without the tip")]
    id: Annotated[UUID | None, Meta(description="made by you, so that a retry pays once")] = None
    tip: Annotated[Money, Meta(description="beside amount")] = 0
    tendered: Annotated[
        Money | None, Meta(description="of cash: what was handed over; at least amount and tip")
    ] = None
    reference: Annotated[Line | None, Meta(description="the terminal's, or the gift card's")] = None
    check_id: Annotated[UUID | None, Meta(description="pays this check; its due is then the limit")] = None
    shift_id: Annotated[UUID | None, Meta(description="none: cash belongs to the shift you have open")] = None
    state: Annotated[
        Literal["captured", "pending"],
        Meta(description="pending reserves the amount: capture or fail it later"),
    ] = "captured"
    accept_surplus: Annotated[bool, Meta(description="the money has been taken: book it whatever is due")] = (
        False
    )


class Capture(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /payments/{id}/capture. `reference` is the terminal's."""

    reference: Line | None = None


class Failure(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /payments/{id}/fail."""

    reason: Text | None = None


class VoidPayment(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /payments/{id}/void."""

    reason: Reason
    approver: Approver | None = None


class ItemToRefund(Struct, frozen=True, forbid_unknown_fields=True):
    item_id: UUID
    quantity: Quantity


class NewRefund(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /payments/{id}/refunds. `tip` is given back beside `amount`; together at least 1. `items` are the lines
    that it is for. `method` is the payment's where none is given."""

    amount: Annotated[Money, Meta(description="of what was paid, without the tip")]
    reason: Reason
    id: Annotated[UUID | None, Meta(description="made by you, so that a retry refunds once")] = None
    tip: Annotated[Money, Meta(description="of its tip, given back besides")] = 0
    items: Annotated[
        tuple[ItemToRefund, ...], Meta(max_length=500, description="the lines that it is for")
    ] = ()
    method: Annotated[PaymentMethod | None, Meta(description="the payment's where none is given")] = None
    shift_id: Annotated[UUID | None, Meta(description="none: cash belongs to the shift you have open")] = None
    approver: Approver | None = None


class PaymentsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /payments. `cursor` comes from the `Link` of the page before."""

    restaurant_id: UUID
    business_date: date | None = None
    method: PaymentMethod | None = None
    state: PaymentState | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class PaymentOnOrder(Payment, frozen=True):
    """A payment, and its order as it is with it."""

    order: Order


class RefundOnOrder(Refund, frozen=True):
    """A refund, the payment it is of, and the order as it is with it."""

    payment: Payment
    order: Order
