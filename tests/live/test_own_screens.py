"""Which screens of a process count as stale, held by a clock that the test turns."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
from structlog.testing import capture_logs

from fynlo import metrics
from fynlo.ids import uuid7
from fynlo.live.connection import Connection
from fynlo.live.own_screens import LOOK_AT_ONCE, SILENT_AFTER_S, STALE_AFTER_S, WORST, OwnScreens
from fynlo.live.progress import Progress
from fynlo.live.protocol import Viewer
from fynlo.live.room import Audience

ALL = Audience("all", (), str)


class Clock:
    def __init__(self) -> None:
        self.now = 5_000.0

    def __call__(self) -> float:
        return self.now


class Stand:
    """A connection, as far as it is looked at."""

    def __init__(self, clock: Callable[[], float], user_id: UUID | None = None) -> None:
        self.id = uuid7()
        self.restaurant_id = uuid4()
        self.kind = "kitchen"
        self.viewer: Viewer | None = Viewer(user_id or uuid4(), uuid4(), 2.0**40, ALL)
        self.progress = Progress(0, clock)
        self.accepted_at = self.heard_at = clock()
        self._clock = clock

    def sends(self, *seqs: int) -> None:
        for seq in seqs:
            self.progress.send(seq)

    def acks(self, seq: int) -> None:
        self.heard_at = self._clock()
        self.progress.acknowledge(seq, None)


class Floor:
    """Some screens, and who looks at them."""

    def __init__(self, count: int) -> None:
        self.clock = Clock()
        self.screens = [Stand(self.clock) for _ in range(count)]
        self.own = OwnScreens(lambda: cast(list[Connection], self.screens), STALE_AFTER_S, self.clock)

    def stale(self) -> list[UUID]:
        return [screen.connection_id for screen in self.own.overview().worst if screen.stale]


async def test_a_screen_that_stops_acknowledging_is_stale_and_one_that_goes_on_never_is() -> None:
    floor = Floor(2)
    stops, goes_on = floor.screens
    for seq in range(1, 40):
        for screen in floor.screens:
            screen.sends(seq)
            screen.heard_at = floor.clock.now  # both go on with their heartbeats
        if seq <= 5:
            stops.acks(seq)
        goes_on.acks(seq)
        expected = [stops.id] if seq - 6 > STALE_AFTER_S else []  # the sixth is the first that waits
        assert floor.stale() == expected, seq
        floor.clock.now += 1
    overview = floor.own.overview()
    assert (overview.tracked, overview.stale, overview.untracked) == (2, 1, 0)
    assert overview.lag_s_max == 34.0
    worst, best = overview.worst
    assert (worst.connection_id, worst.lag_events, worst.lag_s) == (stops.id, 34, 34.0)
    assert (best.connection_id, best.lag_events, best.lag_s) == (goes_on.id, 0, 0.0)
    stops.acks(39)
    assert floor.stale() == []


async def test_the_log_is_told_once_that_a_screen_stops_and_once_that_it_recovers() -> None:
    floor = Floor(1)
    (screen,) = floor.screens
    screen.sends(1)
    screen.acks(1)
    screen.sends(2, 3)
    with capture_logs() as said:
        for _ in range(30):
            await floor.own.look()
            floor.clock.now += 1
            screen.heard_at = floor.clock.now
        screen.acks(3)
        for _ in range(3):
            await floor.own.look()
    who = {
        "connection_id": str(screen.id),
        "restaurant_id": str(screen.restaurant_id),
        "kind": "kitchen",
    }
    assert said == [
        {**who, "event": "screen_stale", "log_level": "warning", "why": "unacknowledged",
         "lag_events": 2, "lag_s": 11.0},
        {**who, "event": "screen_recovered", "log_level": "info"},
    ]  # fmt: skip


async def test_a_screen_whose_heartbeat_is_overdue_is_stale_though_it_has_shown_all() -> None:
    floor = Floor(1)
    (screen,) = floor.screens
    screen.sends(1)
    screen.acks(1)
    floor.clock.now += SILENT_AFTER_S
    assert floor.stale() == []
    floor.clock.now += 0.1
    assert floor.stale() == [screen.id]
    screen.heard_at = floor.clock.now
    assert floor.stale() == []


async def test_a_screen_that_never_acknowledged_is_untracked_whatever_it_was_sent() -> None:
    floor = Floor(2)
    never, acks = floor.screens
    for screen in floor.screens:
        screen.sends(1)
    acks.acks(1)
    for screen in floor.screens:
        screen.sends(2)
    floor.clock.now += 3_600
    overview = floor.own.overview()
    assert (overview.tracked, overview.stale, overview.untracked) == (1, 1, 1)
    (untracked,) = [screen for screen in overview.worst if screen.connection_id == never.id]
    assert (untracked.stale, untracked.lag_events, untracked.lag_s, untracked.acknowledged_at) == (
        False, None, None, None,
    )  # fmt: skip


async def test_who_is_not_welcome_yet_is_no_screen() -> None:
    floor = Floor(1)
    floor.screens[0].viewer = None
    assert floor.own.overview().untracked == 0
    assert await floor.own.look() == ([], [])


async def test_a_look_tells_what_has_changed_and_who_has_gone_and_no_more() -> None:
    floor = Floor(3)
    first, second, third = floor.screens
    changed, gone = await floor.own.look()
    assert [row.connection_id for row in changed] == [first.id, second.id, third.id]
    assert gone == []
    assert await floor.own.look() == ([], [])
    second.sends(1)
    changed, _ = await floor.own.look()
    assert [(row.connection_id, row.sent_seq, row.waiting) for row in changed] == [(second.id, 1, 1)]
    second.acks(1)
    floor.clock.now += 2
    changed, _ = await floor.own.look()
    assert [(row.acknowledged_seq, row.acknowledged_s, row.waiting_s) for row in changed] == [(1, 2.0, None)]
    floor.clock.now += 5  # time alone is no change: the database knows since when an event waits
    assert await floor.own.look() == ([], [])
    floor.screens.remove(first)
    changed, gone = await floor.own.look()
    assert (changed, [key.connection_id for key in gone]) == ([], [first.id])
    assert await floor.own.look() == ([], [])


async def test_the_overview_is_bounded_and_shows_the_worst_first() -> None:
    floor = Floor(LOOK_AT_ONCE + WORST)
    for seq, screen in enumerate(floor.screens, 1):
        screen.sends(1)
        screen.acks(1)
        if seq % 2:
            floor.clock.now += 0.1
            screen.sends(2)
    changed, _ = await floor.own.look()
    assert len(changed) == len(floor.screens)
    overview = floor.own.overview()
    assert overview.tracked == len(floor.screens)
    assert len(overview.worst) == WORST
    lags = [screen.lag_s or 0.0 for screen in overview.worst]
    assert lags == sorted(lags, reverse=True)
    assert lags[0] == overview.lag_s_max > STALE_AFTER_S
    assert 0 < overview.stale < overview.tracked
    assert metrics.values("fynlo_screens_stale") == {"fynlo_screens_stale": overview.stale}


def test_what_anybody_may_read_names_nobody() -> None:
    floor = Floor(1)
    shown: dict[str, Any] = msgspec.to_builtins(floor.own.overview())
    assert set(shown["worst"][0]) == {
        "connection_id", "kind", "stale", "lag_events", "lag_s", "acknowledged_at",
    }  # fmt: skip
