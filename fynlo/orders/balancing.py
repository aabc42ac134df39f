"""The checks of an order as they must stand: their dues add up to what is due of it. No I/O."""

from collections.abc import Sequence

import msgspec

from .models import Order, OrderItem
from .payment_models import Check, CheckItem
from .splitting import Check as Split
from .splitting import CheckPart, rebalanced
from .stored import CheckRow


def balanced(
    checks: Sequence[Check], due: int, was: Order | None = None, now: Order | None = None
) -> list[CheckRow]:
    """The rows of the checks where any must change for `due` of the order; none where they fit, or are none.

    Where lines were voided between `was` and `now`, the checks that hold those bear it first.
    """
    fit = sum([max(0, check.total - check.paid) for check in checks]) == due
    if not checks or (fit and all(check.paid <= check.total for check in checks)):
        return []
    found = [as_split(check) for check in checks]
    lines = voided_lines(was, now) if was is not None and now is not None else []
    if len(lines) == 1:
        found = rebalanced(found, due, lines[0].id, voided_of=lines[0].quantity)
    else:
        found = rebalanced(found, due)
    return [row(check, place) for place, check in enumerate(found, 1)]


def voided_lines(was: Order, now: Order) -> list[OrderItem]:
    """The lines, as they were, of which all or a part was voided."""
    left = {item.id: item for item in now.items}
    return [
        item
        for item in was.items
        if item.status != "voided"
        and item.id in left
        and (left[item.id].status == "voided" or left[item.id].quantity < item.quantity)
    ]


def as_split(check: Check) -> Split:
    parts = tuple(CheckPart(part.item_id, part.quantity, part.share) for part in check.items)
    return Split(check.id, check.total, check.paid, parts, check.remainder)


def row(check: Split, position: int) -> CheckRow:
    """The check as it is stored."""
    items = tuple(CheckItem(part.item_id, part.quantity, part.share) for part in check.items)
    return CheckRow(check.id, position, check.total, items, check.remainder)


def replaced(checks: Sequence[Check]) -> list[CheckRow]:
    """These checks, of all of an order at their places, no longer live."""
    return [
        msgspec.structs.replace(row(as_split(check), place), replaced=True)
        for place, check in enumerate(checks, 1)
    ]
