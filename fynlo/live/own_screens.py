"""The screens of this process: which have stopped showing what they are sent."""

import asyncio
import heapq
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from msgspec import Struct

from fynlo import metrics
from fynlo.times import Time

from .connection import HEARTBEAT_S, PONG_WITHIN_S, Connection

log = structlog.get_logger(__name__)

STALE_AFTER_S = 10.0  # acknowledgements come once a second: ten of them did not
SILENT_AFTER_S = float(HEARTBEAT_S + PONG_WITHIN_S)
WORST = 50
LOOK_AT_ONCE = 250  # screens, before the event loop gets its turn


class Screen(Struct, frozen=True):
    """One screen. `lag_events` were sent and are not acknowledged, the oldest of them for `lag_s` seconds.

    Both are null for one that never acknowledged: nothing is known of it.
    """

    connection_id: UUID
    kind: str
    stale: bool
    lag_events: int | None
    lag_s: float | None
    acknowledged_at: Time | None


class Overview(Struct, frozen=True):
    """How the screens do; only those of this process while the database is away.

    tracked    acknowledge what they show; `stale` of them have stopped: an event waits for too long, or a
               heartbeat is overdue
    untracked  have never acknowledged: nothing is known of them
    lag_s_max  seconds that the oldest unacknowledged event of all has been waiting
    worst      at most fifty of them, stale ones first, then by their lag
    """

    of: Literal["all processes", "this process"]
    tracked: int
    stale: int
    untracked: int
    lag_s_max: float
    worst: tuple[Screen, ...]


class Key(Struct, frozen=True, gc=False):
    """What a screen is known by."""

    restaurant_id: UUID
    connection_id: UUID


class Row(Struct, frozen=True, gc=False):
    """A screen as the database is told of it; times in seconds ago, for clocks differ between hosts."""

    restaurant_id: UUID
    connection_id: UUID
    kind: str
    user_id: UUID
    connected_s: float
    sent_seq: int
    acknowledged_seq: int | None
    acknowledged_s: float | None
    waiting: int
    waiting_s: float | None
    stale: bool


class _Seen(Struct):
    """What was seen of a screen when it was last looked at."""

    key: Key
    stale: bool = False
    state: tuple[int, int | None, int] = (-1, None, 0)


def place(screen: Screen) -> tuple[bool, bool, float, UUID]:
    """Stale ones first, then by their lag, those of which nothing is known last."""
    return not screen.stale, screen.lag_s is None, -(screen.lag_s or 0.0), screen.connection_id


class OwnScreens:
    """Looks at them when asked to.

    connections    those of this process
    stale_after_s  how long an event may wait for its acknowledgement
    clock          the one that the connections go by
    """

    def __init__(
        self,
        connections: Callable[[], Collection[Connection]],
        stale_after_s: float = STALE_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = connections
        self._stale_after_s = stale_after_s
        self._clock = clock
        self._seen: dict[UUID, _Seen] = {}

    @property
    def any(self) -> bool:
        """Whether there were some at the last look."""
        return bool(self._seen)

    def why_stale(self, connection: Connection, now: float) -> str | None:
        """unacknowledged, silent, or None for a screen that is not stale."""
        progress = connection.progress
        if not progress.tracked:
            return None
        if progress.lag_s(now) > self._stale_after_s:
            return "unacknowledged"
        return "silent" if now - connection.heard_at > SILENT_AFTER_S else None

    async def look(self) -> tuple[list[Row], list[Key]]:
        """What has changed since the last look, and who has gone. The log is told who stops and who recovers."""
        watching = self._watching()
        changed = []
        stale_ones = 0
        for count, connection in enumerate(watching, 1):
            if count % LOOK_AT_ONCE == 0:
                await asyncio.sleep(0)
            now = self._clock()
            seen = self._seen.get(connection.id)
            if seen is None:
                key = Key(connection.restaurant_id, connection.id)
                seen = self._seen[connection.id] = _Seen(key)
            why = self.why_stale(connection, now)
            stale_ones += why is not None
            progress = connection.progress
            state = (progress.sent, progress.acknowledged, progress.waiting)
            if seen.state == state and seen.stale == (why is not None):
                continue
            if seen.stale != (why is not None):
                self._tell_log(connection, why, now)
            seen.state, seen.stale = state, why is not None
            changed.append(self._row(connection, now))
        metrics.screens_stale.set(stale_ones)
        left = self._seen.keys() - {connection.id for connection in watching}
        return changed, [self._seen.pop(connection_id).key for connection_id in left]

    def rows(self) -> list[Row]:
        """All of them."""
        now = self._clock()
        return [self._row(connection, now) for connection in self._watching()]

    def overview(self) -> Overview:
        """How they do at this moment."""
        now, wall = self._clock(), datetime.now(UTC)
        tracked = stale = untracked = 0
        lag_s_max = 0.0
        places = []
        for connection in self._watching():
            if not connection.progress.tracked:
                untracked += 1
                places.append((True, True, 0.0, connection.id, connection))
                continue
            is_stale = self.why_stale(connection, now) is not None
            lag_s = connection.progress.lag_s(now)
            tracked += 1
            stale += is_stale
            lag_s_max = max(lag_s_max, lag_s)
            places.append((not is_stale, False, -lag_s, connection.id, connection))
        worst = tuple(self._screen(found[-1], now, wall) for found in heapq.nsmallest(WORST, places))
        return Overview("this process", tracked, stale, untracked, round(lag_s_max, 3), worst)

    def _watching(self) -> list[Connection]:
        return [connection for connection in self._connections() if connection.viewer is not None]

    def _screen(self, connection: Connection, now: float, wall: datetime) -> Screen:
        progress = connection.progress
        if not progress.tracked:
            return Screen(connection.id, connection.kind, False, None, None, None)
        return Screen(
            connection.id,
            connection.kind,
            self.why_stale(connection, now) is not None,
            progress.waiting,
            round(progress.lag_s(now), 3),
            wall - timedelta(seconds=now - progress.acknowledged_at),
        )

    def _row(self, connection: Connection, now: float) -> Row:
        assert connection.viewer is not None
        progress = connection.progress
        return Row(
            connection.restaurant_id,
            connection.id,
            connection.kind,
            connection.viewer.user_id,
            now - connection.accepted_at,
            progress.sent,
            progress.acknowledged,
            now - progress.acknowledged_at if progress.tracked else None,
            progress.waiting,
            progress.lag_s(now) if progress.waiting else None,
            self.why_stale(connection, now) is not None,
        )

    def _tell_log(self, connection: Connection, why: str | None, now: float) -> None:
        told = log.bind(
            connection_id=str(connection.id),
            restaurant_id=str(connection.restaurant_id),
            kind=connection.kind,
        )
        if why is None:
            told.info("screen_recovered")
            return
        progress = connection.progress
        told.warning(
            "screen_stale", why=why, lag_events=progress.waiting, lag_s=round(progress.lag_s(now), 1)
        )
