"""What the routes of devices take and give. The names of the device grant's fields are RFC 8628's."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from fynlo.http import Line
from fynlo.identity.models import SignedIn
from fynlo.times import Time

Kind = Literal["kitchen", "till"]
Name = Annotated[Line, Meta(min_length=1)]
Stations = Annotated[tuple[UUID, ...], Meta(max_length=100)]
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


class AskToPair(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /auth/device. `name` is what the approver is shown first."""

    kind: Kind
    name: Name


class DeviceCode(Struct, frozen=True):
    """RFC 8628, 3.2. Show `user_code` and `verification_uri`; ask for the token every `interval` seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class AskForToken(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /auth/device/token. `grant_type` and `client_id` may be sent as the RFC has them."""

    device_code: Annotated[str, Meta(min_length=1, max_length=200)]
    grant_type: Literal["urn:ietf:params:oauth:grant-type:device_code"] | None = None
    client_id: Annotated[str, Meta(max_length=200)] | None = None


class Approve(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /devices/approve. `station_ids`: what a kitchen display shows; empty: every station."""

    user_code: Annotated[str, Meta(min_length=1, max_length=40)]
    restaurant_id: UUID
    name: Name | None = None
    station_ids: Stations = ()


class WaitingQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /devices/waiting."""

    restaurant_id: UUID
    user_code: Annotated[str, Meta(min_length=1, max_length=40)]


class Waiting(Struct, frozen=True):
    """A device that waits to be approved, as it calls itself."""

    user_code: str
    kind: Kind
    name: str
    created_at: Time
    expires_at: Time


class Deny(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /devices/deny."""

    user_code: Annotated[str, Meta(min_length=1, max_length=40)]
    restaurant_id: UUID


class Device(Struct, frozen=True):
    """A paired device. `last_seen_at` is when it last renewed its tokens."""

    id: UUID
    kind: Kind
    name: str
    station_ids: tuple[UUID, ...]
    created_at: Time
    created_by: UUID
    last_seen_at: Time | None


class DevicesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /devices."""

    restaurant_id: UUID
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class DeviceChange(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /devices/{id}. What is left out stays."""

    name: Name | None = None
    station_ids: Stations | None = None


class PairedSignIn(SignedIn, frozen=True):
    """The device's own tokens, which it renews by POST /auth/refresh for as long as it is in use; and the device."""

    device: Device


class Pin(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /auth/pin."""

    staff_id: UUID
    pin: Annotated[str, Meta(min_length=1, max_length=12)]
