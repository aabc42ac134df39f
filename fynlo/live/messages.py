"""What clients say over a socket, and what the server says besides events."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

MAX_BYTES = 16_384


class Authenticate(Struct, frozen=True, tag="authenticate", tag_field="type"):
    """The first message. The fields may stand under `data` instead."""

    token: str | UnsetType = UNSET
    user_id: UUID | None = None
    restaurant_id: UUID | None = None
    last_seq: int | None = None
    epoch: UUID | None = None
    station_ids: list[UUID] | None = None
    data: "Credentials | None" = None


class Credentials(Struct, frozen=True):
    token: str | UnsetType = UNSET
    user_id: UUID | None = None
    restaurant_id: UUID | None = None
    last_seq: int | None = None
    epoch: UUID | None = None
    station_ids: list[UUID] | None = None


class Ping(Struct, frozen=True, tag="ping", tag_field="type"):
    timestamp: msgspec.Raw = msgspec.Raw(b"null")


class Reauthenticate(Struct, frozen=True, tag="reauthenticate", tag_field="type"):
    token: str


class Ack(Struct, frozen=True, tag="ack", tag_field="type"):
    """Everything up to `seq` is on the screen, the last of it for `held_ms` already."""

    seq: int
    held_ms: float = 0.0


ClientMessage = Authenticate | Ping | Reauthenticate | Ack

client_message = msgspec.json.Decoder(ClientMessage)


class _Typed(Struct):
    type: str = ""


_typed = msgspec.json.Decoder(_Typed)


def message_type(text: str) -> str | None:
    """The `type` of a message that could not be used; None where it is no JSON object."""
    try:
        return _typed.decode(text).type
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def encode(message_type: str, **fields: Any) -> str:
    """A server message as text."""
    return msgspec.json.encode({"type": message_type, **fields}).decode()
