"""Tables as they go out."""

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
