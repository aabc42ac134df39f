"""Shifts as they come in and as they go out. Money is in minor units of the restaurant's currency."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.http import Reason, form
from fynlo.times import Time

Drawer = Annotated[str, Meta(max_length=100), form(r"^[^\x00]*[^\x00\s][^\x00]*\Z", "the name of a drawer")]
Cash = Annotated[int, Meta(ge=0, le=100_000_000_000)]
MovementType = Literal["paid_in", "paid_out", "drop"]


class NewShift(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /shifts: the caller takes a drawer with `opening_float` in it."""

    restaurant_id: UUID
    drawer: Annotated[Drawer, Meta(description="what you call it; one open shift for each")]
    opening_float: Annotated[Cash, Meta(description="the cash that is in it already")] = 0


class NewMovement(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /shifts/{id}/movements. A drop goes from the drawer to the safe."""

    type: MovementType
    amount: Annotated[int, Meta(ge=1, le=100_000_000_000)]
    reason: Reason


class CloseShift(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /shifts/{id}/close: all the cash in the drawer, the float included."""

    counted: Annotated[Cash, Meta(description="all the cash in the drawer, the float included")]


class ShiftsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /shifts. `cursor` comes from the `Link` of the page before."""

    restaurant_id: UUID
    open: bool | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: UUID | None = None


class Movement(Struct, frozen=True):
    """Cash that went into the drawer (paid_in) or out of it (paid_out, drop) and is no payment."""

    id: UUID
    shift_id: UUID
    type: MovementType
    amount: Annotated[int, Meta(description="always positive; the type says which way")]
    reason: str | None
    made_by: UUID
    created_at: Time


class Shift(Struct, frozen=True):
    """A drawer in somebody's hands, from the float they were given to the count.

    expected = opening_float + cash payments with their tips - cash refunds with theirs + paid_in - paid_out - drop;
    null while who asks is still to count it. difference = counted - expected: negative where cash is missing.
    """

    id: UUID
    restaurant_id: UUID
    currency: str
    drawer: str
    opened_by: UUID
    opened_by_name: str
    opened_at: Time
    opening_float: Annotated[int, Meta(description="the cash that was in it at the beginning")]
    closed_by: UUID | None
    closed_at: Time | None
    expected: Annotated[
        int | None, Meta(description="what should be in the drawer; null while who asks is still to count it")
    ]
    counted: Annotated[int | None, Meta(description="what was in it; null while the shift is open")]
    difference: Annotated[int | None, Meta(description="counted − expected: negative where cash is missing")]
    movements: tuple[Movement, ...]
