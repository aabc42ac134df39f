"""Splitting what is due of an order into checks, inside the transaction that `tenancy.once` opens."""

from uuid import UUID

from msgspec.structs import replace

from fynlo.errors import Conflict
from fynlo.http import Reply
from fynlo.ids import uuid7
from fynlo.tenancy import Tenant

from . import work
from .balancing import as_split, replaced, row
from .check_bodies import NewSplit, SplitByAmounts, SplitByItems, SplitEqually
from .models import Order
from .pricing import Stamp
from .sold import Sold
from .splitting import Check, CheckPart, Split, SplitLine, kept, split_amounts, split_equal, split_items
from .stored import CheckRow


async def split(tenant: Tenant, order_id: UUID, asked: NewSplit, version: int | None) -> Reply:
    """Split what is due, anew where it was split before.

    Raises VersionConflict, Conflict `order_closed` and `nothing_due`, Invalid `split_mismatch` for more than is due
    or more than there is of a line, and `validation_failed` for a line that does not count.
    """
    stored = await work.locked(tenant, order_id)
    work.check_version(stored, version)
    work.check_open(stored.order)
    return await work.save(
        tenant, stored, stored.order, checks=checks_after(stored.order, stored.stamp, asked)
    )


def checks_after(order: Order, stamp: Stamp, asked: NewSplit) -> list[CheckRow]:
    """The rows of all checks of the order after it was split so: the live ones, and those that are replaced.

    A check that a payment under way is for stands with that as one that was paid does.
    """
    reserved = {check.id: 0 for check in order.checks}
    for payment in order.payments:
        if payment.state == "pending" and payment.check_id in reserved:
            reserved[payment.check_id] += payment.amount
    standing = [replace(as_split(check), paid=check.paid + reserved[check.id]) for check in order.checks]
    due = order.totals.due - sum(reserved.values())
    if due <= 0:
        told = "payments under way are for all that is due" if order.totals.due else "nothing is due"
        raise Conflict(f"There is nothing to split: {told}.", code="nothing_due")
    parts, made = _made(order, stamp, asked, due, standing)
    live = [
        *kept(standing),
        *[Check(uuid7(), total, 0, items) for total, items in zip(made.totals, parts, strict=True)],
    ]
    if made.remainder:
        live.append(Check(uuid7(), made.remainder, 0, remainder=True))
    stay = {check.id for check in live}
    gone = [old for old in replaced(order.checks) if old.id not in stay]
    return [*gone, *[row(check, place) for place, check in enumerate(live, 1)]]


def _made(
    order: Order, stamp: Stamp, asked: NewSplit, due: int, standing: list[Check]
) -> tuple[list[tuple[CheckPart, ...]], Split]:
    """What each new check is of, and what they come to."""
    match asked:
        case SplitEqually(ways):
            return [()] * ways, split_equal(due, ways)
        case SplitByAmounts(amounts):
            return [()] * len(amounts), split_amounts(due, amounts)
        case SplitByItems(checks):
            sold = Sold.of(order, stamp)
            payable = sold.payable
            lines = {line.id: SplitLine(payable[line.id], line.quantity) for line in sold.lines}
            return list(checks), split_items(due, lines, checks, standing=standing)
