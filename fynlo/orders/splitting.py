"""How what is due is split over checks, and kept so while the order goes on changing. Minor units; no I/O.

    split_equal, split_amounts, split_items   -> what each new check comes to: together, to the penny, what is due
    kept                                      -> the checks that a new split leaves standing
    rebalanced                                -> the checks after totals or payments changed

Of an order that is split, the dues of its checks always add up to what is due of it.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from fynlo.errors import FieldProblem, Invalid
from fynlo.ids import uuid7

from .money import allocate

FEWEST_WAYS, MOST_WAYS = 2, 99
_SHARE = re.compile(r"([0-9]{1,4})/([0-9]{1,4})", re.ASCII)


class CheckPart(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of a line, so many units or a share of it ("1/3"; at most all of it, in at most thousandths): one of them.

    Raises ValueError for both, neither, or what is none of these.
    """

    item_id: UUID
    quantity: int | None = None
    share: str | None = None

    def __post_init__(self) -> None:
        if (self.quantity is None) == (self.share is None):
            raise ValueError("of a line give `quantity` or `share`, one of them")
        if self.quantity is not None and self.quantity < 1:
            raise ValueError("a quantity is at least 1")
        if self.share is not None:
            _fraction(self.share)

    def portion(self, quantity: int) -> Fraction:
        """How much of the line it is, where the line is of `quantity`."""
        return Fraction(self.quantity or 0, quantity) if self.share is None else _fraction(self.share)


class Check(Struct, frozen=True):
    """A check of an order, `paid` of its `total` applied to it. On the `remainder` falls what is on no other."""

    id: UUID
    total: int
    paid: int
    items: tuple[CheckPart, ...] = ()
    remainder: bool = False

    @property
    def due(self) -> int:
        return self.total - self.paid


class SplitLine(Struct, frozen=True):
    """A line that counts: what the guest pays for it (`money.payable`), and its quantity."""

    payable: int
    quantity: int


class Split(Struct, frozen=True):
    """What the checks come to, in the order asked for, and what is left for a check of the remainder."""

    totals: tuple[int, ...]
    remainder: int = 0


def split_equal(due: int, ways: int) -> Split:
    """So many checks alike; odd pennies fall on the first. Raises Invalid for fewer than 2 ways or more than 99."""
    if not FEWEST_WAYS <= ways <= MOST_WAYS:
        raise Invalid.of("ways", f"split it {FEWEST_WAYS} to {MOST_WAYS} ways")
    return Split(tuple(allocate(due, [1] * ways)))


def split_amounts(due: int, amounts: Sequence[int]) -> Split:
    """Checks of these amounts. Raises Invalid `split_mismatch` where they come to more than is due."""
    for place, amount in enumerate(amounts):
        if amount < 1:
            raise Invalid.of(f"amounts[{place}]", "an amount is at least 1")
    if (together := sum(amounts)) > due:
        raise Invalid(
            f"The amounts come to {together}, and {due} is due; make them smaller.",
            code="split_mismatch",
            errors=[FieldProblem("amounts", f"more than the {due} that is due")],
        )
    return Split(tuple(amounts), due - together)


def split_items(
    due: int,
    lines: Mapping[UUID, SplitLine],
    checks: Sequence[Sequence[CheckPart]],
    *,
    standing: Sequence[Check] = (),
) -> Split:
    """Checks of lines and portions of lines; what is on none of them is the remainder.

    `lines` are all that count. Where less is due than they come to, everybody owes less in proportion. What
    was paid on the checks left `standing` (as they were before `kept`) is off their lines first, and the
    portions on those paid in full are not to be split again.

    Raises Invalid `split_mismatch` where more than there is of a line is asked for, and `validation_failed`
    for a line that does not count and a check of nothing.
    """
    gone, worth = _unpaid(lines, standing)
    asked = dict.fromkeys(lines, Fraction(0))
    weights = []
    for place, parts in enumerate(checks):
        if not parts:
            raise Invalid.of(f"checks[{place}]", "put at least one line on every check")
        weight = Fraction(0)
        for position, part in enumerate(parts):
            line = lines.get(part.item_id)
            at = f"checks[{place}][{position}]"
            if line is None:
                raise Invalid.of(f"{at}.item_id", "this is no line of the order that is to be paid")
            portion = part.portion(line.quantity)
            asked[part.item_id] += portion
            if (free := 1 - gone[part.item_id]) < asked[part.item_id]:
                raise Invalid(
                    f"{at}: the checks hold more of this line than there is to split; take some of it off.",
                    code="split_mismatch",
                    errors=[FieldProblem(at, "more than is left of the line")],
                )
            weight += worth[part.item_id] * portion / free
        weights.append(weight)
    rest = sum(worth.values(), Fraction(0)) - sum(weights)
    if not any(weights):
        rest = Fraction(1)  # nothing on the checks has a price: whatever is due is on none of them
    *totals, remainder = allocate(due, [*weights, rest])
    return Split(tuple(totals), remainder)


def kept(checks: Sequence[Check]) -> list[Check]:
    """The checks that a new split leaves: those something was paid on, settled with that.

    One paid in part stands for an amount from then on: its lines are split again.
    """
    return [
        replace(check, total=check.paid, items=check.items if check.due <= 0 else (), remainder=False)
        for check in checks
        if check.paid
    ]


def rebalanced(
    checks: Sequence[Check],
    due: int,
    voided_item: UUID | None = None,
    *,
    voided_of: int = 1,
    remainder_id: UUID | None = None,
) -> list[Check]:
    """The checks with dues that add up to `due` of the order, after its totals or payments changed.

    What is due beyond the checks falls on the remainder, made last (as `remainder_id`) if there is none. What
    they hold too much comes off those with the line that was voided (of a quantity of `voided_of`) by their
    portions of it, then off the remainder, then off the last and so on backwards. No check falls below what is
    paid on it; one paid beyond its total has grown to that. An order without checks has none afterwards.
    """
    if not checks:
        return []
    totals = [max(check.total, check.paid) for check in checks]
    room = [total - check.paid for total, check in zip(totals, checks, strict=True)]
    missing = due - sum(room)
    found = [replace(check, total=total) for check, total in zip(checks, totals, strict=True)]

    if missing > 0:
        for index, check in enumerate(found):
            if check.remainder:
                found[index] = replace(check, total=check.total + missing)
                return found
        return [*found, Check(remainder_id or uuid7(), missing, 0, remainder=True)]

    holding = [
        sum([part.portion(voided_of) for part in check.items if part.item_id == voided_item], Fraction(0))
        for check in checks
    ]
    off = share_within(-missing, holding, room)
    left = -missing - sum(off)
    backwards = [*reversed(range(len(checks)))]
    backwards.sort(key=lambda index: not checks[index].remainder)
    for index in backwards:
        taken = min(left, room[index] - off[index])
        off[index] += taken
        left -= taken
    return [replace(check, total=check.total - less) for check, less in zip(found, off, strict=True)]


def share_within(amount: int, weights: Sequence[int | Fraction], room: Sequence[int]) -> list[int]:
    """Share what fits of `amount` by `weights`, nobody beyond their `room`: what one cannot bear, the others do."""
    shares = [0] * len(room)
    while amount:
        able = [
            weight if share < most else 0 for weight, share, most in zip(weights, shares, room, strict=True)
        ]
        if not any(able):
            break
        for index, more in enumerate(allocate(amount, able)):
            more = min(more, room[index] - shares[index])
            shares[index] += more
            amount -= more
    return shares


def _unpaid(
    lines: Mapping[UUID, SplitLine], standing: Sequence[Check]
) -> tuple[dict[UUID, Fraction], dict[UUID, Fraction]]:
    """How much of each line is paid in full, and what its rest is worth."""
    gone = dict.fromkeys(lines, Fraction(0))
    worth = {id_: Fraction(line.payable) for id_, line in lines.items()}
    for check in [each for each in standing if each.paid]:
        parts = [
            (part.item_id, min(Fraction(1), part.portion(lines[part.item_id].quantity)))
            for part in check.items
            if part.item_id in lines
        ]
        whole = sum([lines[id_].payable * portion for id_, portion in parts], Fraction(0))
        settled = min(Fraction(1), check.paid / whole) if check.due > 0 and whole else 1
        for id_, portion in parts:
            worth[id_] = max(Fraction(0), worth[id_] - settled * portion * lines[id_].payable)
            if check.due <= 0:
                gone[id_] = min(Fraction(1), gone[id_] + portion)
    return gone, worth


def _fraction(share: str) -> Fraction:
    match = _SHARE.fullmatch(share)
    if match is None or not 1 <= int(match[1]) <= int(match[2]) <= 1000:
        raise ValueError('a share is a fraction such as "1/3", above 0 and at most 1, in at most thousandths')
    return Fraction(int(match[1]), int(match[2]))
