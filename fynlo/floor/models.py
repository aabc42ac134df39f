"""The room and the stations, as they come in and as they go out."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.http import form

_NAME = form(r"^(?=.*\S)[^\x00\r\n]*\Z", "a name on one line")
SectionName = Annotated[str, Meta(min_length=1, max_length=100), _NAME]
TableName = Annotated[str, Meta(min_length=1, max_length=50), _NAME]
Seats = Annotated[int, Meta(ge=1, le=100)]
SortOrder = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Coordinate = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]

TableStatus = Literal["available", "occupied", "reserved", "cleaning"]
StatusByHand = Literal["available", "reserved", "cleaning"]


class Position(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a table stands on the plan of the room, in units of the plan's own."""

    x: Coordinate
    y: Coordinate


class Section(Struct, frozen=True):
    """A part of the room."""

    id: UUID
    restaurant_id: UUID
    name: str
    sort_order: int


class NewSection(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /sections."""

    restaurant_id: UUID
    name: SectionName
    sort_order: SortOrder = 0


class SectionChange(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /sections/{id}. What is left out stays."""

    name: SectionName | UnsetType = UNSET
    sort_order: SortOrder | UnsetType = UNSET


class SectionsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /sections."""

    restaurant_id: UUID
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class Table(Struct, frozen=True):
    """A table; `occupied` while an order is open at it, which `order_id` names."""

    id: UUID
    restaurant_id: UUID
    section_id: UUID | None
    section_name: str | None
    name: str
    seats: int
    sort_order: int
    status: TableStatus
    order_id: UUID | None
    position: Position | None


class NewTable(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /tables."""

    restaurant_id: UUID
    name: TableName
    section_id: UUID | None = None
    seats: Seats = 2
    position: Position | None = None
    sort_order: SortOrder = 0
    status: StatusByHand = "available"


class TableChange(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /tables/{id}. What is left out stays; `section_id` and `position` may be null."""

    name: TableName | UnsetType = UNSET
    section_id: UUID | UnsetType | None = UNSET
    seats: Seats | UnsetType = UNSET
    position: Position | UnsetType | None = UNSET
    sort_order: SortOrder | UnsetType = UNSET
    status: StatusByHand | UnsetType = UNSET

    @property
    def rebuilds(self) -> bool:
        """Whether it changes the room, not only what is going on at the table."""
        return any(
            value is not UNSET
            for value in (self.name, self.section_id, self.seats, self.position, self.sort_order)
        )


class TablesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /tables."""

    restaurant_id: UUID
    section_id: UUID | None = None
    status: TableStatus | None = None
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
