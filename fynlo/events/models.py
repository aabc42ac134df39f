"""Events as they go out, and what is asked for."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.times import Time

EVENT_TYPES = (
    "order.created",
    "order.updated",
    "order.items_added",
    "order.item_voided",
    "order.status_changed",
    "order.cancelled",
    "order.completed",
    "payment.completed",
    "payment.refunded",
    "kitchen.ticket_created",
    "kitchen.ticket_updated",
    "kitchen.ticket_voided",
    "table.updated",
    "menu.updated",
    "inventory.low_stock",
    "inventory.out_of_stock",
    "inventory.in_stock",
)
Seq = Annotated[int, Meta(ge=0, le=9_223_372_036_854_775_807)]


class Event(Struct, frozen=True):
    """One event of the log; `data` as the sockets show it: the whole order under `order`, and the like.

    `actor` is the person whose request it was, null for what was done in the database.
    """

    seq: int
    type: str
    entity_id: UUID
    timestamp: Time
    actor: UUID | None
    data: Any


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /events. `after` 0 begins with the oldest that is kept; `epoch` is that of the answer before."""

    restaurant_id: UUID
    after: Seq = 0
    epoch: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
