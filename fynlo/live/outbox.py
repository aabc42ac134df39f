"""What goes out on one socket: answers and notices first, then the room's events.

Events are taken straight from the room's ring, from the socket's own place in it; what waits for a slow screen
is a number, not a copy.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from uuid import UUID

from litestar.types import Send

from fynlo import metrics

from .messages import Ack, encode
from .progress import Progress
from .protocol import TOO_SLOW
from .room import Audience, Frame, Room

BACKLOG_EVENTS = 256
BACKLOG_BYTES = 1_048_576
CONTROL_MESSAGES = 64
YIELD_EVERY = 64  # frames passed over before the event loop gets its turn


class Outbox:
    """A follower of a room, once `follow` was called. `end` ends the connection with a close code, or with None
    where the client has gone."""

    def __init__(self, send: Send, end: Callable[[int | None], None]) -> None:
        self.progress = Progress(0)
        self.room: Room | None = None
        self._send = send
        self._end = end
        self._audience: Audience | None = None
        self._stations: frozenset[UUID] | None = None
        self._cursor = 0  # up to here the room's events were sent or passed over
        self._began_at = 0  # where it began, or began anew
        self._replay_until = 0
        self._control: deque[str] = deque()
        self._wake = asyncio.Event()

    def follow(
        self, room: Room, audience: Audience, *, stations: Iterable[UUID] | None, after: int | None
    ) -> int:
        """Send what this audience and these stations (None: all) may see, from now on, or after a seq whose
        successors are in the ring. Returns how many events are replayed."""
        self.room, self._audience = room, audience
        self._stations = frozenset(stations) if stations is not None else None
        self._go_on_from_head()
        if after is not None:
            self._begin(after)
        room.followers.add(self)
        return sum(map(self._wants, room.between(self._cursor, room.seq)))

    def leave(self) -> None:
        """Follow no more."""
        if self.room is not None:
            self.room.followers.discard(self)

    # -- what the room calls (Follower)

    def wake(self) -> None:
        self._wake.set()

    @property
    def backlog(self) -> int:
        """How many events wait for it, beyond a replay."""
        return 0 if self.room is None else self.room.seq - max(self._cursor, self._replay_until)

    def check_backlog(self) -> None:
        """What waits beyond a replay is bounded: 256 events or 1 MiB."""
        if self.room is None:
            return
        waiting_from = max(self._cursor, self._replay_until)
        if self.backlog > BACKLOG_EVENTS or self.room.bytes_after(waiting_from) > BACKLOG_BYTES:
            self._too_slow()

    def resync(self, reason: str) -> None:
        assert self.room is not None
        self._go_on_from_head()
        self.say(encode("resync", reason=reason, seq=self.room.seq, epoch=self.room.epoch))

    def _too_slow(self) -> None:
        if self.room is not None:
            metrics.messages_failed.inc(self.room.seq - self._cursor)
        self._end(TOO_SLOW)

    # -- out

    def say(self, text: str) -> None:
        """Send this before the next event; too many that wait end the connection."""
        if len(self._control) >= CONTROL_MESSAGES:
            self._too_slow()
        self._control.append(text)
        self._wake.set()

    def _go_on_from_head(self) -> None:
        assert self.room is not None
        self._begin(self.room.seq)
        self._replay_until = self.room.seq

    def _begin(self, seq: int) -> None:
        self._cursor = self._began_at = seq
        self.progress.begin(seq)

    def _wants(self, frame: Frame) -> bool:
        assert self._audience is not None
        if not self._audience.wants(frame):
            return False
        if self._stations is None or not frame.type.startswith("kitchen."):
            return True
        return frame.station_id() in self._stations

    async def write(self) -> None:
        """Send until cancelled."""
        passed = 0
        while True:
            if self._control:
                await self._transmit(self._control.popleft())
                continue
            room = self.room
            if room is None or self._cursor >= room.seq:
                self._wake.clear()
                await self._wake.wait()
                continue
            frame = room.get(self._cursor + 1)
            if frame is None:  # it has left the ring: we are hopelessly behind
                self._too_slow()
                return
            self._cursor = frame.seq
            if self._wants(frame):
                assert self._audience is not None
                text = frame.text(self._audience, self.progress.sent)
                self.progress.send(frame.seq)
                await self._transmit(text)
            else:
                passed += 1
                if passed % YIELD_EVERY == 0:
                    await asyncio.sleep(0)

    async def _transmit(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text, "bytes": None})
        except Exception:
            metrics.messages_failed.inc()
            self._end(None)
            raise

    def acknowledge(self, ack: Ack) -> None:
        """Cumulative; what was not sent yet cannot be acknowledged.

        The newest event of an ack is the one whose way is measured: the client says how long it has held that
        ack back, and of the ones before it nobody knows when they were shown.
        """
        room, seq = self.room, ack.seq
        if room is None or not self.progress.acknowledge(seq, room.get(seq + 1)):
            return
        if seq > self._began_at and (frame := room.get(seq)) is not None:
            shown = metrics.replayed_to_screen if seq <= self._replay_until else metrics.live_to_screen
            shown.observe(max(0.0, frame.age_s() - max(0.0, ack.held_ms) / 1000))
