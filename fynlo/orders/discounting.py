"""Whose word a discount needs. No I/O."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from fynlo.errors import Forbidden
from fynlo.identity.rules import Role, may

from .models import Order, OrderItem, Terms
from .pricing import repriced
from .stored import StoredOrder

NOTHING = Fraction(0)
ALL = Fraction(1)


def check_limit(stored: StoredOrder, changed: Order, role: Role, limit: str) -> None:
    """Raises Forbidden `approval_required` where the change is over the limit and the role may not give so much."""
    if may(role, "refunds.write"):
        return
    if over_limit(stored.order, repriced(changed, stored.stamp), Decimal(limit)):
        raise _approval_required(limit)


def check_together(apart: Sequence[Order], merged: Order, role: Role, limit: str) -> None:
    """Raises Forbidden `approval_required` where more than the limit, and more than before, is off orders once they
    are `merged`, and the role may not give so much. All are priced."""
    if may(role, "refunds.write"):
        return
    allowed = Fraction(limit) / 100 * merged.totals.subtotal
    before = Fraction(sum([order.totals.discount for order in apart]))
    if merged.totals.discount > max(allowed, before) + Fraction(_roundings(merged), 2):
        raise _approval_required(limit)


def _approval_required(limit: str) -> Forbidden:
    return Forbidden(
        f"That leaves more than {limit} % off, which is a manager's to give: take less off, or send an `approver`"
        " with their PIN.",
        code="approval_required",
    )


def over_limit(before: Order, after: Order, limit: Decimal) -> bool:
    """Whether a change leaves a line or the order with more off it than `limit` percent, and more than before: a
    larger part, or more money.

    Both orders are priced. A percentage counts by itself, an amount as its part of what it is taken off: with
    nothing there yet, all of it. The share of all discounts in the subtotal counts as well; what rounding adds to it
    does not. That somebody approved a large part of a small order makes it no large part of a large one.
    """
    allowed = Fraction(limit) / 100
    were = {item.id: item for item in before.items}
    for item in after.items:
        share = _share(item.discount_terms, _gross(item))
        was = were.get(item.id)
        was_share = _share(was.discount_terms, _gross(was)) if was else NOTHING
        was_off = was.discount if was else 0
        if share > allowed and (share > was_share or item.discount > was_off):
            return True
    more = after.totals.discount > before.totals.discount
    share = _share(after.discount_terms, _left_by_lines(after))
    if share > allowed and (share > _share(before.discount_terms, _left_by_lines(before)) or more):
        return True
    grown = after.totals.subtotal - before.totals.subtotal
    if grown > 0:
        most = max(allowed * after.totals.subtotal, before.totals.discount + allowed * grown)
    else:
        most = max(allowed, _whole_share(before)) * after.totals.subtotal
    return after.totals.discount > most + Fraction(_roundings(after), 2)


def _share(terms: Terms | None, of: int) -> Fraction:
    if terms is None:
        return NOTHING
    if terms.percentage is not None:
        return Fraction(terms.percentage) / 100
    if not terms.amount:
        return NOTHING
    return min(ALL, Fraction(terms.amount, of)) if of else ALL


def _gross(item: OrderItem) -> int:
    return item.quantity * (item.unit_price + sum(m.price * m.quantity for m in item.modifiers))


def _left_by_lines(order: Order) -> int:
    return sum(item.total for item in order.items if item.status != "voided")


def _whole_share(order: Order) -> Fraction:
    return Fraction(order.totals.discount, order.totals.subtotal) if order.totals.subtotal else NOTHING


def _terms(order: Order) -> list[Terms | None]:
    return [order.discount_terms, *[item.discount_terms for item in order.items if item.status != "voided"]]


def _roundings(order: Order) -> int:
    return sum(terms is not None and terms.percentage is not None for terms in _terms(order))
