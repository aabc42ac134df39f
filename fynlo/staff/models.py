"""What the routes under /staff take and give."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.http import Line, form
from fynlo.identity.models import Email
from fynlo.identity.rules import StaffRole
from fynlo.times import Time

Name = Annotated[Line, Meta(min_length=1)]


class StaffQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /staff."""

    restaurant_id: UUID
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class StaffMember(Struct, frozen=True):
    """Somebody who works here. `invited`: they have not accepted yet, and are not in before they have. A till
    sees names and roles only."""

    id: UUID
    user_id: UUID
    name: str
    role: StaffRole
    has_pin: bool
    email: str | UnsetType | None = UNSET
    invited: bool | UnsetType = UNSET


class NewStaff(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /staff."""

    restaurant_id: UUID
    email: Email
    name: Name
    role: StaffRole


class Invitation(Struct, frozen=True):
    """`token` is for POST /auth/invitations/accept, works once and until `expires_at`, and is shown only here."""

    id: UUID
    token: str
    expires_at: Time
    staff: StaffMember


class StaffChange(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /staff/{id}."""

    role: StaffRole


class NewPin(Struct, frozen=True, forbid_unknown_fields=True):
    """PUT /staff/{id}/pin."""

    pin: Annotated[str, form(r"^[0-9]{6,12}\Z", "6 to 12 digits")]
