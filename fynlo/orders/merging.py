"""What becomes of two orders that are merged: no line costs other than before. No I/O."""

from uuid import UUID

from msgspec.structs import replace

from .models import ChargeTerms, Order, Terms
from .pricing import Stamp
from .rules import after_merging
from .sold import Sold

MOST_COVERS = 999


def merged(into: Order, other: Order, whole: Order, *, stamp: Stamp, other_stamp: Stamp) -> Order:
    """`whole` is the order `into` once it has the lines and payments of both; with the terms that then hold.

    What the other's discount took off its lines is a discount of these lines from then on. The discount and the
    service charge of `into` hold for all lines; a charge that was set on the other by hand is added as the amount it
    came to where `into` has one of an amount, or none by itself. Covers add up, notes stand one below the other.
    """
    carried = _carried(other, other_stamp)
    together = replace(
        whole,
        status=after_merging(into.status, other.status),
        covers=_covers(into.covers, other.covers),
        customer_name=into.customer_name or other.customer_name,
        notes=_joined("\n", into.notes, other.notes),
        items=tuple(
            replace(item, discount_terms=carried.get(item.id, item.discount_terms)) for item in whole.items
        ),
    )
    return replace(together, service_charge_terms=_charge(together, other, stamp))


def _carried(other: Order, stamp: Stamp) -> dict[UUID, Terms]:
    """Of the lines that bear a part of the order's discount, the terms that take as much off each."""
    order_terms = other.discount_terms
    if order_terms is None:
        return {}
    sold = Sold.of(other, stamp)
    carried = {}
    for line, amounts in zip(sold.lines, sold.result.lines, strict=True):
        if share := amounts.total - amounts.after_discounts:
            own = line.discount_terms.reason if line.discount_terms is not None else None
            carried[line.id] = Terms(None, amounts.discount + share, _joined("; ", own, order_terms.reason))
    return carried


def _charge(together: Order, other: Order, stamp: Stamp) -> ChargeTerms:
    ours = together.service_charge_terms
    amount = other.totals.service_charge
    if other.service_charge_terms.rule != "set" or not amount:
        return ours
    reason = _joined("; ", ours.reason, other.service_charge_terms.reason)
    if ours.rule == "set" and ours.amount is not None:
        return ChargeTerms("set", None, ours.amount + amount, reason)
    if ours.rule == "automatic" and stamp.service_charge(ours, together.type, together.covers) is None:
        return ChargeTerms("set", None, amount, reason)
    return ours


def _covers(ours: int | None, others: int | None) -> int | None:
    return min(MOST_COVERS, (ours or 0) + (others or 0)) or None


def _joined(between: str, first: str | None, second: str | None) -> str | None:
    """Both, once where they are the same."""
    return between.join(dict.fromkeys(text for text in (first, second) if text)) or None
