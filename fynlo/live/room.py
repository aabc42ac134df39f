"""A restaurant's part of the hub: its position in the log, a ring of recent events, who follows it."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from .queries import EventRow

RING_EVENTS = 2_500
RING_BYTES = 8 * 1_048_576  # of event data; the encoded texts are about as much again for each audience
KITCHEN_TYPES = ("order.", "kitchen.", "menu.", "inventory.", "table.")


class Audience(Struct, frozen=True, eq=False):
    """Who sees what: the types of events (by prefix; empty: all), and how their data is shown."""

    name: str
    types: tuple[str, ...]
    show: Callable[[str], str]

    def wants(self, frame: "Frame") -> bool:
        return self.sees(frame.type)

    def sees(self, type: str) -> bool:
        return not self.types or type.startswith(self.types)


class _Ticket(Struct):
    station_id: UUID | None = None


class _TicketData(Struct):
    ticket: _Ticket


class Frame:
    """One event, encoded once for each audience; only `prev_seq` differs between connections."""

    __slots__ = (
        "_last",
        "_parts",
        "begins_at",
        "came_at",
        "created_at",
        "data",
        "restaurant_id",
        "seq",
        "type",
    )

    def __init__(self, row: EventRow) -> None:
        self.restaurant_id = row.restaurant_id
        self.seq = row.seq
        self.type = row.type
        self.data = row.data
        self.created_at = row.created_at  # when the database wrote it, just before its commit
        self.came_at = time.monotonic()
        self.begins_at = 0  # in the data of its room, in bytes; the room says
        self._parts: dict[str, tuple[str, str]] = {}
        self._last: dict[str, tuple[int, str]] = {}

    def text(self, audience: Audience, prev_seq: int) -> str:
        """The message as sent to this audience after `prev_seq`."""
        last = self._last.get(audience.name)
        if last is not None and last[0] == prev_seq:
            return last[1]
        parts = self._parts.get(audience.name)
        if parts is None:
            at = self.created_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            parts = self._parts[audience.name] = (
                f'{{"type":"{self.type}","seq":{self.seq},"prev_seq":',
                f',"restaurant_id":"{self.restaurant_id}","timestamp":"{at}","data":{audience.show(self.data)}}}',
            )
        text = f"{parts[0]}{prev_seq}{parts[1]}"
        self._last[audience.name] = (prev_seq, text)
        return text

    def station_id(self) -> UUID | None:
        """The station of a kitchen.* event."""
        return msgspec.json.decode(self.data, type=_TicketData).ticket.station_id

    def age_s(self) -> float:
        """Seconds since the event was written."""
        return (datetime.now(UTC) - self.created_at).total_seconds()


class Follower(Protocol):
    """A connection that follows a room."""

    def wake(self) -> None:
        """There may be something to send."""

    @property
    def backlog(self) -> int:
        """How many events wait for it, beyond a replay."""

    def check_backlog(self) -> None:
        """End the connection if it is too far behind."""

    def resync(self, reason: str) -> None:
        """The room went on somewhere else: tell the client, and go on from there."""


class Room:
    """Position, ring and followers of one restaurant. All of it runs in the event loop; no method awaits."""

    def __init__(self, restaurant_id: UUID, epoch: UUID, seq: int, floor_seq: int) -> None:
        self.restaurant_id = restaurant_id
        self.epoch = epoch
        self.seq = seq  # up to here the feed has been applied in this process
        self.floor_seq = floor_seq
        self.followers: set[Follower] = set()
        self.used_at = 0.0
        self._frames: dict[int, Frame] = {}
        self._oldest = seq + 1
        self._begin = self._end = 0  # the data in the ring lies between these, in bytes

    @property
    def oldest(self) -> int:
        """The seq of the oldest event in the ring; one above the head while it is empty."""
        return self._oldest

    def get(self, seq: int) -> Frame | None:
        return self._frames.get(seq)

    def between(self, after: int, upto: int) -> Iterator[Frame]:
        """The frames after `after` up to `upto`, which must be in the ring."""
        return (self._frames[seq] for seq in range(after + 1, upto + 1))

    def bytes_after(self, seq: int) -> int:
        """How much data of the ring lies after `seq`."""
        first = self._frames.get(max(seq + 1, self._oldest))
        return 0 if first is None else self._end - first.begins_at

    def append(self, frames: Sequence[Frame]) -> None:
        """The next events; wakes the followers. Their seqs must follow on."""
        for frame in frames:
            if frame.seq != self.seq + 1:
                raise ValueError(f"event {frame.seq} does not follow {self.seq}")
            self._frames[frame.seq] = frame
            frame.begins_at = self._end
            self._end += len(frame.data)
            self.seq = frame.seq
        while len(self._frames) > RING_EVENTS or (
            self._end - self._begin > RING_BYTES and len(self._frames) > 1
        ):
            self._begin += len(self._frames.pop(self._oldest).data)
            self._oldest += 1
        for follower in tuple(self.followers):
            follower.wake()

    def prepend(self, frames: Sequence[Frame]) -> bool:
        """Older events, ending right below the ring; False where it would grow over its bounds."""
        if not frames:
            return True
        if frames[-1].seq != self._oldest - 1:
            raise ValueError(f"event {frames[-1].seq} does not end below {self._oldest}")
        size = sum(len(frame.data) for frame in frames)
        if len(self._frames) + len(frames) > RING_EVENTS or self._end - self._begin + size > RING_BYTES:
            return False
        self._begin = at = self._begin - size
        for frame in frames:
            self._frames[frame.seq] = frame
            frame.begins_at = at
            at += len(frame.data)
        self._oldest = frames[0].seq
        return True

    def move(self, epoch: UUID, seq: int, floor_seq: int, reason: str) -> None:
        """The log is another one now, or lies below us: start anew and have every follower resync."""
        self.epoch, self.seq, self.floor_seq = epoch, seq, floor_seq
        self._frames.clear()
        self._begin = self._end = 0
        self._oldest = seq + 1
        for follower in tuple(self.followers):
            follower.resync(reason)
