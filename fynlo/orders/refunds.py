"""Giving money back, inside the transaction that `tenancy.once` opens."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from uuid import UUID

import msgspec

from fynlo.errors import Conflict, FieldProblem, Invalid
from fynlo.http import Reply, etag
from fynlo.ids import uuid7
from fynlo.tenancy import Tenant

from . import payment_queries as queries
from . import refunding, work
from .models import Order
from .payment_bodies import ItemToRefund, NewRefund, RefundOnOrder
from .payment_models import Payment, RefundedItem
from .payment_queries import RefundRow
from .payment_rules import check_state, payment_of
from .payments import check_allowed, of_payment, settled, shift
from .sold import Sold
from .splitting import share_within
from .work import Approve


async def refund(
    tenant: Tenant,
    payment_id: UUID,
    new: NewRefund,
    request_hash: bytes,
    version: int | None,
    approve: Approve,
) -> Reply:
    """Give back money of a payment, 201; or, where the refund's client-made id is there from the same request, as
    it is now, 200.

    Raises Forbidden where neither the caller nor an approver may, Invalid `refund_exceeds_payment`, Conflict
    `invalid_payment_state`, `shift_closed` and `id_conflict`, and VersionConflict.
    """
    if new.amount + new.tip < 1:
        raise Invalid.of("amount", "give back at least 1 in amount and tip together")
    await check_allowed(tenant, new.approver, approve, "Money is given back by a manager")
    stored, payment = await of_payment(tenant, payment_id)
    if new.id is not None:
        known = await queries.refund_known(tenant.conn, tenant.restaurant_id, new.id)
        if known is not None:
            if known.of != payment_id or known.request_hash != request_hash:
                raise Conflict("This id is taken by another refund; make a new UUID.", code="id_conflict")
            return _answer(stored.order, payment_id, new.id)
    work.check_version(stored, version)
    check_state(payment, "captured", then="money is given back of captured payments only")
    _check_amount(payment, new)
    sold = Sold.of(stored.order, stored.stamp)
    items = _items(stored.order, sold, new)
    made_before = await queries.refunds_of(tenant.conn, tenant.restaurant_id, stored.order.id)
    given_back = sum([each.from_unapplied for each in made_before if each.payment_id == payment_id])
    order = stored.order
    parts = refunding.taken_apart(
        new.amount,
        unapplied=payment.unapplied - given_back,
        paid=order.totals.paid,
        returned=stored.returned,
        total=0 if order.status == "cancelled" else order.totals.total,
    )
    method = new.method or payment.method
    refund_id = new.id or uuid7()
    await queries.refund_insert(
        tenant,
        RefundRow(
            id=refund_id,
            payment_id=payment_id,
            order_id=order.id,
            shift_id=await shift(tenant, new.shift_id, cash=method == "cash", taken=False),
            method=method,
            amount=new.amount,
            from_unapplied=parts.from_unapplied,
            returned=parts.returned,
            tip=new.tip,
            sale=_reversed(sold, parts.reversed, [each.sale for each in made_before], new.items),
            items=items,
            reason=new.reason,
            request_hash=request_hash,
        ),
    )
    return _answer(await settled(tenant, order.id), payment_id, refund_id, 201)


def _check_amount(payment: Payment, new: NewRefund) -> None:
    left = payment.amount - payment.refunded
    tips = payment.tip - sum([each.tip for each in payment.refunds])
    if new.amount > left or new.tip > tips:
        raise Invalid(
            f"Of this payment {left} is not given back yet, and {tips} of its tip; refund at most that.",
            code="refund_exceeds_payment",
            errors=[FieldProblem("amount", f"more than {left}")]
            if new.amount > left
            else [FieldProblem("tip", f"more than {tips}")],
        )


def _items(order: Order, sold: Sold, new: NewRefund) -> tuple[RefundedItem, ...]:
    """The lines with their parts of the amount, by what the guest pays for them, or did before they were voided.

    Raises Invalid for a line that is not on the order, and for more of one than was not refunded yet.
    """
    lines = {item.id: item for item in order.items}
    left = {id_: item.quantity for id_, item in lines.items()}
    for before in [item for p in order.payments for each in p.refunds for item in each.items]:
        if before.item_id in left:
            left[before.item_id] -= before.quantity
    for place, asked in enumerate(new.items):
        if asked.item_id not in lines:
            raise Invalid.of(f"items[{place}].item_id", "no line of this order")
        left[asked.item_id] -= asked.quantity
        if left[asked.item_id] < 0:
            raise Invalid.of(
                f"items[{place}].quantity", "more than there is of the line and was not refunded yet"
            )
    worth = {id_: item.total for id_, item in lines.items()} | sold.payable
    parts = [Fraction(worth[i.item_id] * i.quantity, lines[i.item_id].quantity) for i in new.items]
    amounts = share_within(new.amount, parts, [ceil(part) for part in parts])
    return tuple(
        RefundedItem(asked.item_id, asked.quantity, amount)
        for asked, amount in zip(new.items, amounts, strict=True)
    )


def _reversed(
    sold: Sold, amount: int, before: Sequence[refunding.Sale], items: Sequence[ItemToRefund]
) -> refunding.Sale:
    """What of the sale is reversed with `amount`; it falls on the lines that are named."""
    if not amount:
        return refunding.Sale()
    quantities = {line.id: 0 for line in sold.lines}
    for asked in items:
        if asked.item_id in quantities:
            quantities[asked.item_id] += asked.quantity
    named = None
    if any(quantities.values()):
        portions = [Fraction(quantities[line.id], line.quantity) for line in sold.lines]
        named = refunding.named(sold.result, sold.rates, sold.settings, portions)
    return refunding.reversed_sale(
        refunding.sale(sold.result),
        refunding.together(before),
        amount,
        sold.settings.tax_rounding,
        named=named,
    )


def _answer(order: Order, payment_id: UUID, refund_id: UUID, status: int = 200) -> Reply:
    payment = payment_of(order, payment_id)
    found = next(each for each in payment.refunds if each.id == refund_id)
    body = RefundOnOrder(**msgspec.structs.asdict(found), payment=payment, order=order)
    return Reply(status, msgspec.json.encode(body), {"ETag": etag(order.version)})
