"""What GET /audit takes and gives."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.http import Line
from fynlo.times import Time


class AuditQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /audit. `cursor` comes from the `Link` of the page before; `since` and `until` bound the time."""

    restaurant_id: UUID
    action: Line | None = None
    actor: UUID | None = None
    entity_id: UUID | None = None
    since: Time | None = None
    until: Time | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: UUID | None = None


class AuditEntry(Struct, frozen=True):
    """Who did what. `actor` is null where somebody worked in the database itself; `before` and `after` hold
    what changed and nothing else, never a secret."""

    id: UUID
    at: Time
    action: str
    entity_id: UUID | None
    actor: UUID | None
    actor_name: str | None
    approver: UUID | None
    device_id: UUID | None
    address: str | None
    request_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
