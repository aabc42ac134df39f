"""Shifts as they come in and as they go out. Money is in minor units of the restaurant's currency."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.http import Reason, form

Drawer = Annotated[str, Meta(max_length=100), form(r"^[^\x00]*[^\x00\s][^\x00]*\Z", "the name of a drawer")]
Cash = Annotated[int, Meta(ge=0, le=100_000_000_000)]
MovementType = Literal["paid_in", "paid_out", "drop"]


class NewShift(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /shifts: the caller takes a drawer with `opening_float` in it."""

    restaurant_id: UUID
    drawer: Drawer
    opening_float: Cash = 0


class NewMovement(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /shifts/{id}/movements. A drop goes from the drawer to the safe."""

    type: MovementType
    amount: Annotated[int, Meta(ge=1, le=100_000_000_000)]
    reason: Reason


class CloseShift(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /shifts/{id}/close: all the cash in the drawer, the float included."""

    counted: Cash


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
    amount: int
    reason: str | None
    made_by: UUID
    created_at: datetime


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
    opened_at: datetime
    opening_float: int
    closed_by: UUID | None
    closed_at: datetime | None
    expected: int | None
    counted: int | None
    difference: int | None
    movements: tuple[Movement, ...]
