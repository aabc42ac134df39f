"""What is asked of an order's lines, discounts and service charge, and what a preview answers."""

from msgspec import UNSET, Struct, UnsetType

from fynlo.http import Line, Reason, Text
from fynlo.restaurants.models import Percentage

from .models import Approver, ChosenModifiers, Course, Money, OrderItem, OrderTotals, Quantity


class Preview(Struct, frozen=True):
    """What POST /orders would make of the same body."""

    totals: OrderTotals
    items: tuple[OrderItem, ...]


class OrderChange(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /orders/{id}. What is left out stays, null clears."""

    notes: Text | UnsetType | None = UNSET
    covers: Quantity | UnsetType | None = UNSET
    customer_name: Line | UnsetType | None = UNSET


class ItemChange(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /orders/{id}/items/{item_id}. What is left out stays; `notes: null` clears.

    `modifiers` are all that the line has from then on, at the prices that the menu has now.
    """

    quantity: Quantity | UnsetType = UNSET
    course: Course | UnsetType = UNSET
    notes: Text | UnsetType | None = UNSET
    modifiers: ChosenModifiers | UnsetType = UNSET
    approver: Approver | None = None


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/send. Without `course` everything that is held."""

    course: Course | None = None


class GivenTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """A `percentage` or an `amount` in minor units, exactly one of them, and why."""

    reason: Reason
    percentage: Percentage | None = None
    amount: Money | None = None
    approver: Approver | None = None

    def __post_init__(self) -> None:
        if (self.percentage is None) == (self.amount is None):
            raise ValueError("Give a percentage or an amount, one of them")
