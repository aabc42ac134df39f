"""The messages of the socket, both ways, and what its close codes ask of a client."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec
from msgspec import UNSET, Struct, UnsetType

# what a client sends


class Authenticate(Struct, tag="authenticate"):
    """The first message; `last_seq` with `epoch` resumes."""

    token: str
    restaurant_id: str
    last_seq: int | UnsetType = UNSET
    epoch: str | UnsetType = UNSET
    station_ids: tuple[str, ...] | UnsetType = UNSET


class Ping(Struct, tag="ping"):
    timestamp: float


class Reauthenticate(Struct, tag="reauthenticate"):
    token: str


class Ack(Struct, tag="ack", omit_defaults=True):
    """`held_ms`: for how long the last of them has been shown already."""

    seq: int
    held_ms: int = 0


# what the server sends


class Heartbeat(Struct, frozen=True):
    """How often to ping and when to give up."""

    interval_s: float = 30.0
    timeout_s: float = 5.0
    max_missed: int = 3


class Authenticated(Struct, tag="authenticated"):
    connection_id: str
    epoch: str
    seq: int
    recovered: bool = False
    replayed: int = 0
    heartbeat: Heartbeat = Heartbeat()


class Reauthenticated(Struct, tag="reauthenticated"):
    token_expires_in: float | None = None


class Pong(Struct, tag="pong"):
    """`seq` is the head of the restaurant's feed."""

    timestamp: float | None = None
    seq: int | None = None
    epoch: str | None = None


class TokenExpiring(Struct, tag="token_expiring"):
    expires_in: float | None = None


class ResyncNow(Struct, tag="resync"):
    reason: str
    seq: int
    epoch: str


class Error(Struct, tag="error"):
    code: str = ""
    message: str = ""


class AuthError(Struct, tag="auth_error"):
    code: str = ""
    message: str = ""


class GoingAway(Struct, tag="going_away"):
    retry_after_ms: float | None = None


class EventFrame(Struct):
    type: str
    seq: int
    prev_seq: int
    restaurant_id: str
    timestamp: datetime
    data: msgspec.Raw


ControlFrame = (
    Authenticated | Reauthenticated | Pong | TokenExpiring | ResyncNow | Error | AuthError | GoingAway
)


class _Kind(Struct):
    type: str


_CONTROL_KINDS = frozenset(
    (
        "authenticated",
        "reauthenticated",
        "pong",
        "token_expiring",
        "resync",
        "error",
        "auth_error",
        "going_away",
    )
)
_kind = msgspec.json.Decoder(_Kind)
_control: msgspec.json.Decoder[ControlFrame] = msgspec.json.Decoder(ControlFrame)
_event = msgspec.json.Decoder(EventFrame)


def decode(message: bytes) -> ControlFrame | EventFrame | None:
    """A message of the server; None for a kind that a later server may know. Raises msgspec.DecodeError."""
    kind = _kind.decode(message).type
    if kind in _CONTROL_KINDS:
        return _control.decode(message)
    return _event.decode(message) if "." in kind else None


class Remedy(Enum):
    """What a client does about a connection that ended."""

    RETRY = "retry"
    REFRESH = "refresh the token, retry"
    RETRY_LATE = "retry at the longest backoff"
    STOP = "stop"


_REMEDIES = {
    1009: Remedy.STOP,
    4000: Remedy.STOP,
    4001: Remedy.STOP,
    4003: Remedy.REFRESH,
    4004: Remedy.STOP,
    4005: Remedy.REFRESH,
    4009: Remedy.RETRY_LATE,
    4029: Remedy.RETRY_LATE,
}


def remedy(code: int | None) -> Remedy:
    """What to do after a close code; a bare drop is None, and what is not in the table passes by itself."""
    return _REMEDIES.get(code, Remedy.RETRY) if code is not None else Remedy.RETRY
