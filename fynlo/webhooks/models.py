"""Webhooks as they come in and go out."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.events.models import Event, Seq
from fynlo.times import Time

Url = Annotated[str, Meta(min_length=1, max_length=2_000)]
Types = Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=50)]


class NewWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /webhooks. `types` are event types, or groups of them as `order.*`; none: all."""

    restaurant_id: UUID
    url: Url
    types: Types = ()


class ChangedWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /webhooks/{id}: what is left out stays. `active` false pauses, true resumes where it stopped."""

    url: Url | UnsetType = UNSET
    types: Types | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    rotate_secret: bool = False


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /webhooks/{id}/replay: every event after this seq is sent again; 0 begins with the oldest kept."""

    after: Seq


class Disabled(Struct, frozen=True):
    """Since when the server sends nothing, and why: the endpoint answered 410, or took none of many events."""

    at: Time
    reason: Literal["gone", "failing"]


class Missed(Struct, frozen=True):
    """Events that were no longer kept when their turn came: those after `after` up to `upto`."""

    after: int
    upto: int
    at: Time


class DeadLetter(Struct, frozen=True):
    """An event that the endpoint did not take within a day. `POST …/replay` with the seq before sends it again."""

    seq: int
    type: str
    attempts: int
    last_status: int | None
    last_error: str | None
    dead_at: Time


class Webhook(Struct, frozen=True):
    """An endpoint. `seq` is how far it has come, `head` the newest event; `attempts` counts the failures of the
    event after `seq`, which is tried next at `next_attempt_at`. `dead_letters` are the newest ten of
    `dead_letter_count`. `secret` is shown when it was just made, and never again."""

    id: UUID
    restaurant_id: UUID
    url: str
    types: tuple[str, ...]
    active: bool
    disabled: Disabled | None
    epoch: UUID
    seq: int
    head: int
    attempts: int
    next_attempt_at: Time | None
    last_status: int | None
    last_error: str | None
    delivered_at: Time | None
    missed: Missed | None
    dead_letter_count: int
    dead_letters: tuple[DeadLetter, ...]
    created_by: UUID | None
    created_at: Time
    secret: str | UnsetType = UNSET


class WebhooksQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /webhooks."""

    restaurant_id: UUID
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class Message(Event, frozen=True):
    """What an endpoint is sent: the event as GET /events has it, money included, and whose it is."""

    restaurant_id: UUID
