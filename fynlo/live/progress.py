"""How far a screen is: what it was sent, and what of that it has acknowledged."""

import time
from collections.abc import Callable

from .room import Frame


class Progress:
    """The acknowledgements of one connection, in constant time and space whatever it is sent.

    Acks are cumulative and come once a second, so what waits is known between two of them only roughly:
    `waiting` is exact once all is acknowledged, and before that never too small.
    """

    __slots__ = ("_clock", "_waits_since", "acknowledged", "acknowledged_at", "sent", "waiting")

    def __init__(self, seq: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.sent = seq  # the last one sent, or where it began
        self.acknowledged: int | None = None
        self.acknowledged_at = 0.0  # by the clock
        self.waiting = 0  # events sent and not acknowledged
        self._waits_since = 0.0  # the oldest of them
        self._clock = clock

    @property
    def tracked(self) -> bool:
        """Whether it acknowledges at all: of a client that never did nothing is known."""
        return self.acknowledged is not None

    def begin(self, seq: int) -> None:
        """It goes on here, in another log maybe: what was sent before counts no more."""
        self.sent, self.waiting = seq, 0
        if self.acknowledged is not None:
            self.acknowledged = 0

    def send(self, seq: int) -> None:
        """This event is handed to the socket."""
        if not self.waiting:
            self._waits_since = self._clock()
        self.waiting += 1
        self.sent = seq

    def acknowledge(self, seq: int, following: Frame | None) -> bool:
        """Everything up to `seq` is on the screen; `following` is the event behind it, where it is at hand.

        False, and nothing else, for what is known already and for what was never sent.
        """
        if not (self.acknowledged or 0) < seq <= self.sent:
            return False
        self.acknowledged, self.acknowledged_at = seq, self._clock()
        # No more than lie between can wait; fewer, where some of these were not for this screen.
        self.waiting = min(self.waiting, self.sent - seq)
        if self.waiting and following is not None:
            self._waits_since = max(self._waits_since, following.came_at)
        return True

    def lag_s(self, now: float) -> float:
        """How long the oldest event has been waiting to be acknowledged."""
        return max(0.0, now - self._waits_since) if self.waiting else 0.0
