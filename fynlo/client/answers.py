"""Reading answers: bodies into Structs, headers into feed positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import httpx
import msgspec

from fynlo.client.errors import BadAnswer
from fynlo.client.models import Position, Snapshot

T = TypeVar("T")


def read(response: httpx.Response, kind: type[T]) -> T:
    """The body as a Struct; raises BadAnswer if it is not one."""
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.MsgspecError as error:
        raise BadAnswer(f"{response.request.method} {response.request.url.path}: {error}") from error


def snapshot(response: httpx.Response, kind: type[T]) -> Snapshot[T]:
    """A list with its position and its total."""
    total = response.headers.get("x-total-count")
    items = read(response, list[kind])  # type: ignore[valid-type]
    return Snapshot(items, position_of(response), int(total) if total is not None else None)


def position_of(response: httpx.Response) -> Position | None:
    """What the header Fynlo-Feed says; None without one."""
    value = response.headers.get("fynlo-feed")
    try:
        return Position.parse(value) if value is not None else None
    except ValueError as error:
        raise BadAnswer(f"Fynlo-Feed: {error}") from error


def lowest(positions: Sequence[Position | None]) -> Position | None:
    """The position that all of several answers include.

    Of different epochs it is the first: a feed that resumes there is told to start over, which is right.
    """
    known = [position for position in positions if position is not None]
    if len(known) < len(positions) or not known:
        return None
    if any(position.epoch != known[0].epoch for position in known):
        return known[0]
    return min(known, key=lambda position: position.seq)
