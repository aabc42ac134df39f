"""From the socket to whoever listens: listeners at once, the iterator through a bounded queue."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from fynlo.client.cursor import Cursor
from fynlo.client.events import Connected, Event, Notice, Resync, Stopped, kinds
from fynlo.client.models import Position

QUEUE = 1_000
"""Events that may wait for the iterator before the feed stops reading the socket."""

Listener = Callable[[Any], object]


class Delivery:
    """Keeps the order of what is told, and up to where it has been shown, since when by the clock."""

    def __init__(self, cursor: Cursor, clock: Callable[[], float] = time.monotonic) -> None:
        self.cursor = cursor
        self._clock = clock
        self.iterated = False
        self.shown: Position | None = None
        self.shown_at = 0.0
        self.shown_changed = asyncio.Event()
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._queue: deque[Notice] = deque()
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._current: Notice | None = None
        self._handed_out = cursor.position
        self._snapshot: Position | None = None
        self._over = False

    @property
    def position(self) -> Position | None:
        """The last event that was handed out, or the snapshot that includes it."""
        return self._handed_out if self.iterated else self.cursor.position

    @property
    def listening(self) -> int:
        """How many listeners there are."""
        return sum(map(len, self._listeners.values()))

    def on(self, kind: str, listener: Listener) -> None:
        """Raises TypeError for a coroutine function, which nobody would await."""
        if inspect.iscoroutinefunction(listener):
            raise TypeError("listeners are plain functions: iterate over the feed to await something")
        self._listeners[kind].append(listener)

    def off(self, kind: str, listener: Listener) -> None:
        if listener in self._listeners.get(kind, ()):
            self._listeners[kind].remove(listener)

    def open(self) -> None:
        """The feed starts."""
        self._over = False

    def close(self, stopped: Stopped) -> None:
        """The feed has ended: the iterator ends after what is waiting."""
        self.tell(stopped)
        self._over = True
        self._arrived.set()

    def silence(self) -> None:
        """Lets go of every listener."""
        self._listeners.clear()

    def snapshot(self, position: Position) -> None:
        """Nothing that a snapshot includes is told any more."""
        self.cursor.continue_from(position)
        self._snapshot = position
        known = self._handed_out
        if known is None or (known.epoch == position.epoch and known.seq < position.seq):
            self._handed_out = position
        self._show_up_to(position)

    def tell(self, notice: Notice) -> None:
        """To every listener in turn. One that raises is reported to the event loop and stops nobody else."""
        if not self.iterated:
            self._begin(notice)
        for kind in kinds(notice):
            for listener in tuple(self._listeners.get(kind, ())):
                try:
                    listener(notice)
                except Exception as error:
                    asyncio.get_running_loop().call_exception_handler(
                        {"message": f"a listener of the feed failed on {kind!r}", "exception": error}
                    )
        if self.iterated:
            self._queue.append(notice)
            if len(self._queue) >= QUEUE:
                self._has_room.clear()
            self._arrived.set()
        else:
            self._show(notice)

    async def room(self) -> None:
        """Returns when another event can be told."""
        await self._has_room.wait()

    @property
    def full(self) -> bool:
        return not self._has_room.is_set()

    async def next(self) -> Notice:
        """What comes next; asking says that the one before has been shown. StopAsyncIteration at the end."""
        if self._current is not None:
            self._show(self._current)
            self._current = None
        while True:
            while not self._queue:
                if self._over:
                    raise StopAsyncIteration
                self._arrived.clear()
                await self._arrived.wait()
            notice = self._queue.popleft()
            if len(self._queue) < QUEUE:
                self._has_room.set()
            if not self._is_in_snapshot(notice):
                self._begin(notice)
                self._current = notice
                return notice

    def _is_in_snapshot(self, notice: Notice) -> bool:
        known = self._snapshot
        return (
            isinstance(notice, Event)
            and known is not None
            and notice.position.epoch == known.epoch
            and notice.seq <= known.seq
        )

    def _begin(self, notice: Notice) -> None:
        """A notice is about to be handed out."""
        if isinstance(notice, Event | Connected | Resync):
            self._handed_out = notice.position

    def _show(self, notice: Notice) -> None:
        if isinstance(notice, Event):
            self._show_up_to(notice.position)

    def _show_up_to(self, position: Position) -> None:
        known = self.shown
        if known is None or known.epoch != position.epoch or known.seq < position.seq:
            self.shown, self.shown_at = position, self._clock()
            self.shown_changed.set()
