"""Tables and stations as they go out."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct


class Table(Struct, frozen=True):
    """A table; `occupied` while an order is open at it, which `order_id` names."""

    id: UUID
    restaurant_id: UUID
    section_id: UUID | None
    section_name: str | None
    name: str
    seats: int
    sort_order: int
    status: Literal["available", "occupied"]
    order_id: UUID | None


class TablesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /tables."""

    restaurant_id: UUID
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class AlertAfter(Struct, frozen=True):
    """The age in seconds at which a ticket is drawn as getting late, and as late."""

    warn: int
    late: int


class Station(Struct, frozen=True):
    """Where the kitchen makes things; `expo` is where what is made comes together."""

    id: UUID
    restaurant_id: UUID
    name: str
    kind: Literal["station", "expo"]
    alert_after_s: AlertAfter
    sort_order: int


class StationsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /stations."""

    restaurant_id: UUID
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
