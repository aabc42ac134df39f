"""Where a client stands in the feed: what it has, what it drops, how it knows of a loss. Pure."""

from __future__ import annotations

from datetime import datetime

from fynlo.client.events import Event, Resync
from fynlo.client.frames import Authenticated, EventFrame, Pong, ResyncNow
from fynlo.client.models import Position


class Cursor:
    """The place of one client in one restaurant's feed, over all its connections.

    `position` is the last event taken, None before the first connection. With `sees_all` the socket sends
    every event, so a head beyond the position is a loss; on a filtered socket it means nothing.
    """

    def __init__(self, position: Position | None = None, *, sees_all: bool = True) -> None:
        self.position = position
        self._sees_all = sees_all
        self._unrecovered: Position | None = None
        self._earlier_head: int | None = None
        self._suspected = False

    def authenticated(self, frame: Authenticated) -> None:
        """A connection begins."""
        self._earlier_head = None
        head = Position(frame.epoch, frame.seq)
        if self._suspected and frame.recovered and frame.replayed == 0:
            # the head was beyond us and yet nothing was missing: this role is not shown everything
            self._sees_all = False
        self._suspected = False
        self._unrecovered = None
        if self.position is None:
            self.position = head
        elif not frame.recovered:
            # The old position stays until the loss is told: if this connection breaks before, the next one is
            # refused its resume again.
            self._unrecovered = head

    def resync(self, frame: ResyncNow) -> Resync:
        """The server can not replay: goes on from where it says."""
        return self._start_over(frame.reason, Position(frame.epoch, frame.seq))

    def take(self, frame: EventFrame, received_at: datetime) -> list[Resync | Event]:
        """What to tell about an event: nothing if it is known, the event, or a loss and then the event."""
        told: list[Resync | Event] = []
        if self._unrecovered is not None:
            told.append(self._start_over("not_recovered", self._unrecovered))
        if self.position is None:
            raise ValueError("an event came before the connection was authenticated")
        if frame.seq <= self.position.seq:
            return told
        # The server sent prev_seq just before. If that is beyond what we have, it did not reach us; if it is
        # below (a snapshot moved us ahead), nothing is missing.
        if frame.prev_seq > self.position.seq:
            told.append(Resync("gap", Position(self.position.epoch, frame.prev_seq)))
        self.position = Position(self.position.epoch, frame.seq)
        told.append(
            Event(
                type=frame.type,
                position=self.position,
                prev_seq=frame.prev_seq,
                restaurant_id=frame.restaurant_id,
                timestamp=frame.timestamp,
                received_at=received_at,
                data=frame.data,
            )
        )
        return told

    def behind(self, pong: Pong) -> bool:
        """Whether a heartbeat shows a loss: another epoch, or a head not reached one heartbeat later."""
        if self.position is None or self._unrecovered is not None:
            return False
        if pong.epoch is not None and pong.epoch != self.position.epoch:
            return True
        lost = self._sees_all and self._earlier_head is not None and self._earlier_head > self.position.seq
        self._earlier_head = pong.seq
        self._suspected = lost
        return lost

    def continue_from(self, position: Position) -> None:
        """A snapshot includes everything up to here: what the feed has of that is dropped.

        A position of another epoch is ignored. Numbers can't be compared with it, and the feed tells a Resync
        of its own when its epoch changes.
        """
        if self.position is None or (
            position.epoch == self.position.epoch and position.seq > self.position.seq
        ):
            self.position = position

    def _start_over(self, reason: str, position: Position) -> Resync:
        self._unrecovered = None
        self._earlier_head = None
        self.position = position
        return Resync(reason, position)
