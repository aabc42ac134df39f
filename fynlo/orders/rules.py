"""What may happen to an order, what may be chosen on a line, and which day an order belongs to. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

OrderStatus = Literal["pending", "confirmed", "preparing", "ready", "completed", "cancelled", "merged"]

STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)
CLOSED: frozenset[OrderStatus] = frozenset({"completed", "cancelled", "merged"})
SETTABLE: frozenset[OrderStatus] = frozenset({"confirmed", "preparing", "ready", "completed", "cancelled"})
"""What a client may ask for: `pending` is where an order starts, `merged` where only merging leaves it."""

_PROGRESS: dict[OrderStatus, int] = {"pending": 0, "confirmed": 1, "preparing": 2, "ready": 3, "completed": 4}


def transition_allowed(current: OrderStatus, target: OrderStatus) -> bool:
    """Whether an order may be moved from one status to another (REST contract, "Status").

    Forward by any number of steps, from ready back to preparing, and to cancelled while it is open. The
    status it already has is no transition. Payments and a cancellation's reason are the caller's to check.
    """
    if current in CLOSED or target not in SETTABLE:
        return False
    if target == "cancelled" or (current, target) == ("ready", "preparing"):
        return True
    return _PROGRESS[current] < _PROGRESS[target]


def after_sending(current: OrderStatus) -> OrderStatus:
    """The status of an order when more of it goes to the kitchen."""
    if current == "pending":
        return "confirmed"
    return "preparing" if current == "ready" else current


def after_merging(into: OrderStatus, other: OrderStatus) -> OrderStatus:
    """The status of an open order that gets the lines of another: what one of them has begun is not done in both."""
    if into == other or other == "pending":
        return into
    return other if into == "pending" else "preparing"


def due_after(status: OrderStatus, total: int, paid: int, returned: int) -> int:
    """What is due of an order of `total`, as fynlo.due() has it; `returned` of what was paid was given back, as the
    order did not cost it any more."""
    return 0 if status == "cancelled" else max(0, total - (paid - returned))


class SelectionGroup(Struct, frozen=True):
    """A modifier group as a product offers it; `max_selections` None is unlimited."""

    id: UUID
    name: str
    min_selections: int
    max_selections: int | None
    modifier_ids: frozenset[UUID]


def selection_problems(groups: Sequence[SelectionGroup], chosen: Mapping[UUID, int]) -> list[str]:
    """What is wrong with the modifiers chosen for one unit of a product; empty when nothing is.

    `chosen` maps modifier to quantity, and quantities count: olives twice are two selections. Modifiers that
    are in none of the groups are not judged here.
    """
    problems = []
    for group in groups:
        count = sum([quantity for modifier, quantity in chosen.items() if modifier in group.modifier_ids])
        if count < group.min_selections:
            problems.append(f"Choose at least {group.min_selections} of {group.name}{_were_chosen(count)}.")
        elif group.max_selections is not None and count > group.max_selections:
            problems.append(f"Choose at most {group.max_selections} of {group.name}{_were_chosen(count)}.")
    return problems


def _were_chosen(count: int) -> str:
    if count == 0:
        return ""
    return f"; {count} {'was' if count == 1 else 'were'} chosen"


def business_date(at: datetime, tz: str, cutoff: time) -> date:
    """The day of trade of an instant: its local date, or the one before until the clock shows `cutoff`.

    `at` is aware, `tz` an IANA name. It is the wall clock that counts, so a day with a clock change has 23 or
    25 hours; where it is set back behind the cutoff, the first time that it shows it counts. Raises ValueError
    for a naive `at`, ZoneInfoNotFoundError for a zone that does not exist.
    """
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone has no business date")
    local = at.astimezone(ZoneInfo(tz))
    first_shown = datetime.combine(local.date(), cutoff, local.tzinfo)
    begun = local.time() >= cutoff or at >= first_shown.astimezone(UTC)
    return local.date() if begun else local.date() - timedelta(days=1)
