"""What a feed tells its listeners."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from fynlo.client.models import Position
from fynlo.client.orders import Order

T = TypeVar("T")


class Event(Struct, frozen=True):
    """Something that happened in the restaurant, told once and in order.

    `type` is such as "order.created"; the contract lists them all. `position` is what to store if a later run
    is to continue after this event. `data` is JSON as it came; `order` is the whole order after the change,
    for `order.*` and `payment.*`. `received_at` is this machine's clock, `timestamp` the server's.
    """

    type: str
    position: Position
    prev_seq: int
    restaurant_id: str
    timestamp: datetime
    received_at: datetime
    data: msgspec.Raw

    @property
    def seq(self) -> int:
        return self.position.seq

    @property
    def order(self) -> Order | None:
        return self.decode(_OrderData).order

    def decode(self, kind: builtins.type[T]) -> T:
        """`data` as a Struct of the caller's, or as `dict`."""
        return msgspec.json.decode(self.data, type=kind)


class LoggedEvent(Struct, frozen=True):
    """An event as the log keeps it; `type`, `data`, `order` and `decode` as of `Event`.

    `entity_id` is the order, ticket, table or product it is about. `actor` is the person whose request it
    was; None for what was done in the database itself.
    """

    seq: int
    type: str
    entity_id: str
    timestamp: datetime
    actor: str | None
    data: msgspec.Raw

    @property
    def order(self) -> Order | None:
        return self.decode(_OrderData).order

    def decode(self, kind: builtins.type[T]) -> T:
        """`data` as a Struct of the caller's, or as `dict`."""
        return msgspec.json.decode(self.data, type=kind)


class _OrderData(Struct):
    order: Order | None = None


class StatusChange(Struct, frozen=True, rename={"was": "from", "now": "to"}):
    """`data` of order.status_changed, for `Event.decode`."""

    was: str
    now: str
    order: Order


class Connected(Struct, frozen=True):
    """The socket is up. `recovered`: everything since the last position follows, `replayed` events of it."""

    connection_id: str
    position: Position
    recovered: bool
    replayed: int


class Disconnected(Struct, frozen=True):
    """The socket is down, or did not come up; the feed tries again in `retry_in` seconds and misses nothing.

    `code` is the server's close code, None for a bare drop. `attempt` counts the tries in a row.
    """

    code: int | None
    reason: str
    retry_in: float
    attempt: int


class Resync(Struct, frozen=True):
    """Something was lost for good: take a snapshot over REST, then `Feed.continue_from(snapshot.position)`.

    `reason` is the server's, or "gap" where this client noticed. What follows on the feed is newer than
    `position`.
    """

    reason: str
    position: Position


class Stopped(Struct, frozen=True):
    """The feed has ended and does not come back by itself.

    disconnected     you called `disconnect`
    unauthenticated  the session is over: log in again, then connect
    refused          the server closed with a code that trying again does not mend: `code`, `detail`
    max_attempts     that many tries in a row failed
    failed           this client is broken; `detail` says how, and it was raised as well
    """

    reason: Literal["disconnected", "unauthenticated", "refused", "max_attempts", "failed"]
    detail: str = ""
    code: int | None = None


Notice = Event | Connected | Disconnected | Resync | Stopped


def kinds(notice: Notice) -> tuple[str, ...]:
    """The names under which listeners hear of a notice."""
    if isinstance(notice, Event):
        return ("event", notice.type)
    return (type(notice).__name__.lower(),)


def dumps(event: Event, **extra: Any) -> str:
    """An event as one line of JSON, with the members of the protocol, its epoch, and `extra`."""
    members = {
        "type": event.type,
        "seq": event.seq,
        "prev_seq": event.prev_seq,
        "epoch": event.position.epoch,
        "restaurant_id": event.restaurant_id,
        "timestamp": event.timestamp,
        "received_at": event.received_at,
        "data": event.data,
        **extra,
    }
    return msgspec.json.encode(members).decode()
