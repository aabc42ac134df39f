"""How far a screen is, by what it was sent and has acknowledged."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from fynlo.live.progress import Progress
from fynlo.live.queries import EventRow
from fynlo.live.room import Frame


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    """One that begins behind event 10."""
    return Progress(10, clock)


def came(seq: int, at: float) -> Frame:
    """An event as it stands in the ring."""
    place = uuid4()
    frame = Frame(EventRow(place, seq, "order.updated", place, "{}", datetime.now(UTC)))
    frame.came_at = at
    return frame


def test_of_a_screen_that_never_acknowledged_nothing_is_known(progress: Progress, clock: Clock) -> None:
    assert not progress.tracked
    progress.send(11)
    clock.now += 3_600
    assert not progress.tracked
    progress.acknowledge(11, None)
    assert progress.tracked


def test_what_waits_is_counted_and_its_age_is_that_of_the_oldest(progress: Progress, clock: Clock) -> None:
    assert (progress.waiting, progress.lag_s(clock.now)) == (0, 0.0)
    progress.send(11)
    clock.now += 2
    progress.send(12)
    clock.now += 1
    assert (progress.waiting, progress.lag_s(clock.now)) == (2, 3.0)
    assert progress.acknowledge(12, None)
    assert (progress.waiting, progress.lag_s(clock.now)) == (0, 0.0)
    assert (progress.acknowledged, progress.acknowledged_at) == (12, clock.now)


def test_the_clock_of_what_is_sent_after_an_acknowledgement_starts_with_it(
    progress: Progress, clock: Clock
) -> None:
    progress.send(11)
    progress.acknowledge(11, None)
    clock.now += 60
    progress.send(12)
    clock.now += 0.5
    assert progress.lag_s(clock.now) == 0.5


def test_an_ack_of_a_part_leaves_the_rest_waiting_since_it_came(progress: Progress, clock: Clock) -> None:
    for seq in range(11, 16):
        progress.send(seq)
        clock.now += 1
    assert progress.acknowledge(13, came(14, at=1_003.0))
    assert (progress.waiting, progress.lag_s(clock.now)) == (2, 2.0)


def test_a_screen_that_acks_but_stays_far_behind_does_not_look_current(
    progress: Progress, clock: Clock
) -> None:
    for seq in range(11, 111):
        progress.send(seq)
        clock.now += 1
        if seq > 40:
            progress.acknowledge(seq - 30, came(seq - 29, at=1_000.0 + seq - 29 - 11))
            assert progress.lag_s(clock.now) == pytest.approx(30, abs=1.5)
    assert progress.waiting == 30


def test_an_event_that_came_long_ago_and_is_replayed_waits_since_it_was_sent(
    progress: Progress, clock: Clock
) -> None:
    for seq in (11, 12, 13):
        progress.send(seq)
    clock.now += 1
    progress.acknowledge(11, came(12, at=clock.now - 3_600))
    assert progress.lag_s(clock.now) == 1.0


def test_a_rest_that_has_left_the_ring_keeps_the_older_clock(progress: Progress, clock: Clock) -> None:
    progress.send(11)
    clock.now += 20
    progress.send(12)
    progress.acknowledge(11, None)
    assert (progress.waiting, progress.lag_s(clock.now)) == (1, 20.0)


def test_events_between_that_were_not_for_this_screen_are_not_counted(
    progress: Progress, clock: Clock
) -> None:
    for seq in (20, 30, 40):
        progress.send(seq)
    assert progress.waiting == 3
    progress.acknowledge(39, came(40, at=clock.now))
    assert progress.waiting == 1, "no more than lie between"
    progress.acknowledge(40, None)
    assert progress.waiting == 0


@pytest.mark.parametrize("seq", [-5, 0, 14, 2**62, 11, 12])
def test_acks_ahead_backwards_repeated_or_negative_change_nothing(
    progress: Progress, clock: Clock, seq: int
) -> None:
    for sent in (11, 12, 13):
        progress.send(sent)
    assert progress.acknowledge(12, came(13, at=clock.now))
    clock.now += 5
    assert not progress.acknowledge(seq, None)
    assert (progress.acknowledged, progress.acknowledged_at) == (12, clock.now - 5)
    assert (progress.waiting, progress.lag_s(clock.now)) == (1, 5.0)
    assert progress.acknowledge(13, None), "the control: one that fits counts"


def test_a_resync_forgets_what_was_sent_before_and_counts_in_the_new_log(
    progress: Progress, clock: Clock
) -> None:
    progress.send(11)
    progress.acknowledge(11, None)
    progress.send(12)
    clock.now += 60
    progress.begin(3)  # a restored database: its log is shorter
    assert progress.tracked
    assert (progress.waiting, progress.lag_s(clock.now)) == (0, 0.0)
    progress.send(4)
    assert progress.acknowledge(4, None)
    assert (progress.acknowledged, progress.waiting) == (4, 0)


def test_it_takes_no_more_room_however_much_is_sent(progress: Progress) -> None:
    assert not hasattr(progress, "__dict__")
    for seq in range(11, 100_011):
        progress.send(seq)
    assert progress.waiting == 100_000
    assert all(not isinstance(getattr(progress, name), list | dict | set) for name in Progress.__slots__)
