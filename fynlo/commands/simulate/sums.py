"""Whether an order adds up: its lines, taxes, payments, refunds and checks. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fynlo.client import Order, OrderItem, Payment, Totals


def disagreements(order: Order, *, prices_include_tax: bool) -> list[str]:
    """What of an order does not agree with the rest of it, as its restaurant prices now."""
    totals = order.totals
    if totals is None or order.payments is None:
        return ["it has no money in it"]
    return [
        *_of_lines(order, totals),
        *_of_taxes(totals, prices_include_tax=prices_include_tax),
        *_of_payments(order.payments, totals),
        *_of_what_is_due(order, order.payments, totals),
    ]


def _differs(what: str, is_: int, should: int) -> Iterator[str]:
    if is_ != should:
        yield f"{what} is {is_} and should be {should}"


def gross(item: OrderItem) -> int:
    """What a line costs before any discount."""
    return item.quantity * ((item.unit_price or 0) + sum((m.price or 0) * m.quantity for m in item.modifiers))


def _of_lines(order: Order, totals: Totals) -> Iterator[str]:
    counting = [item for item in order.items if item.status != "voided"]
    for item in counting:
        yield from _differs(f"line {item.id}: total", item.total or 0, gross(item) - (item.discount or 0))
    yield from _differs("subtotal", totals.subtotal, sum(map(gross, counting)))
    own = sum(item.discount or 0 for item in counting)
    if not own <= totals.discount <= totals.subtotal:
        yield f"discount is {totals.discount} of {totals.subtotal}, {own} of it on lines"
    net = sum(item.net or 0 for item in counting)
    charge = totals.total - totals.tax - net
    if not min(0, totals.service_charge) <= charge <= totals.service_charge:
        yield f"lines come to {net} without tax, the total to {totals.total} with {totals.tax}"


def _of_taxes(totals: Totals, *, prices_include_tax: bool) -> Iterator[str]:
    breakdown = totals.tax_breakdown
    on_top = 0 if prices_include_tax else totals.tax
    should = totals.subtotal - totals.discount + totals.service_charge + on_top
    yield from _differs("total", totals.total, should)
    yield from _differs("tax", totals.tax, sum(tax.tax for tax in breakdown))
    for tax in breakdown:
        yield from _differs(f"gross at {tax.rate} %", tax.gross, tax.net + tax.tax)
    taxed = sum(tax.gross for tax in breakdown)
    if totals.total - taxed not in (0, totals.service_charge):
        yield f"taxes are of {taxed}, the total is {totals.total}"


def _of_payments(payments: tuple[Payment, ...], totals: Totals) -> Iterator[str]:
    captured = [payment for payment in payments if payment.state == "captured"]
    refunds = [refund for payment in payments for refund in payment.refunds]
    for payment in payments:
        given_back = sum(refund.amount for refund in payment.refunds)
        yield from _differs(f"payment {payment.id}: refunded", payment.refunded, given_back)
        if given_back > payment.amount or (given_back and payment.state != "captured"):
            yield f"payment {payment.id}: {given_back} of {payment.amount} was given back"
        if payment.tendered is not None and payment.change is not None:
            should = payment.tendered - payment.amount - payment.tip
            yield from _differs(f"payment {payment.id}: change", payment.change, should)
    yield from _differs("paid", totals.paid, sum(p.amount - p.unapplied for p in captured))
    tips = sum(p.tip for p in captured) - sum(refund.tip for refund in refunds)
    yield from _differs("tips", totals.tips, tips)
    held = sum(p.unapplied for p in captured) - totals.unapplied
    yield from _differs("refunded", totals.refunded + held, sum(refund.amount for refund in refunds))


def _of_what_is_due(order: Order, payments: tuple[Payment, ...], totals: Totals) -> Iterator[str]:
    over = totals.to_refund - totals.unapplied
    if totals.due < 0 or over < 0 or (totals.due and over):
        yield f"{totals.due} is due and {totals.to_refund} is to be given back"
    cost = 0 if order.status == "cancelled" else totals.total
    returned = totals.paid - cost + totals.due - over
    if not 0 <= returned <= totals.refunded:
        yield f"of {totals.total} {totals.paid} was paid, and {totals.due} is due"
    if order.checks:
        yield from _differs("due of its checks", sum(check.due for check in order.checks), totals.due)
        for check in order.checks:
            yield from _differs(f"check {check.id}: due", check.due, check.total - check.paid)
    under_way = any(payment.state == "pending" for payment in payments)
    if order.status == "completed" and (totals.due or under_way):
        yield f"it is completed and {totals.due} is due"
    if order.status == "cancelled" and totals.paid - totals.refunded + totals.unapplied:
        yield f"it is cancelled and {totals.paid} was paid"
