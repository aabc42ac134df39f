"""What is asked of an order's lines, discounts and service charge, and what a preview answers."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.http import Line, Text
from fynlo.restaurants.models import Percentage

from .models import Approver, ChosenModifier, OrderItem, OrderTotals, Quantity

Amount = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Reason = Annotated[Line, Meta(min_length=1)]


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
    course: Annotated[int, Meta(ge=1, le=99)] | UnsetType = UNSET
    notes: Text | UnsetType | None = UNSET
    modifiers: Annotated[tuple[ChosenModifier, ...], Meta(max_length=100)] | UnsetType = UNSET
    approver: Approver | None = None


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/send. Without `course` everything that is held."""

    course: Annotated[int, Meta(ge=1, le=99)] | None = None


class GivenTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """A `percentage` or an `amount` in minor units, exactly one of them, and why."""

    reason: Reason
    percentage: Percentage | None = None
    amount: Amount | None = None
    approver: Approver | None = None

    def __post_init__(self) -> None:
        if (self.percentage is None) == (self.amount is None):
            raise ValueError("Give a percentage or an amount, one of them")
        if not self.reason.strip():
            raise ValueError("Say in `reason` why")
