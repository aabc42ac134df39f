"""Where a client stands: whatever the network does, each event is taken once or its loss is told."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fynlo.client import Event, Position, Resync
from fynlo.client.answers import lowest
from fynlo.client.cursor import Cursor
from fynlo.client.frames import Authenticated, EventFrame, Pong, Remedy, decode, remedy

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)


def frame(seq: int, prev: int) -> EventFrame:
    return EventFrame("order.created", seq, prev, "r1", NOW, msgspec.Raw(b"{}"))


@given(
    shown=st.sets(st.integers(1, 60), min_size=1),
    connections=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), max_size=8),
)
def test_every_event_is_taken_once_in_order_over_any_number_of_drops(
    shown: set[int], connections: list[tuple[int, int]]
) -> None:
    """`shown` is what filters let through; the server resumes too early and drops at any point."""
    log = sorted(shown)
    cursor = Cursor(Position("e1", 0))
    taken: list[int] = []
    for too_early, length in [*connections, (0, 1_000)]:
        assert cursor.position is not None
        start = cursor.position.seq
        cursor.authenticated(Authenticated("c", "e1", 60, recovered=True))
        begin = max(0, sum(seq <= start for seq in log) - too_early)
        before = start
        for seq in log[begin : begin + length]:
            told = cursor.take(frame(seq, before), NOW)
            assert not any(isinstance(notice, Resync) for notice in told)
            taken += [notice.seq for notice in told if isinstance(notice, Event)]
            before = seq
    assert taken == log


@given(
    shown=st.lists(st.integers(1, 60), min_size=1, unique=True).map(sorted),
    swallowed=st.sets(st.integers(1, 60)),
)
def test_an_event_that_is_swallowed_is_noticed_with_the_next_one(
    shown: list[int], swallowed: set[int]
) -> None:
    cursor = Cursor(Position("e1", 0))
    cursor.authenticated(Authenticated("c", "e1", 60, recovered=True))
    before = 0
    missing = False
    for seq in shown:
        if seq in swallowed:
            missing = True
        else:
            told = cursor.take(frame(seq, before), NOW)
            assert any(isinstance(notice, Resync) for notice in told) == missing
            missing = False
        before = seq


def test_a_snapshot_ahead_of_a_filtered_feed_is_no_gap() -> None:
    cursor = Cursor(Position("e1", 57))
    cursor.authenticated(Authenticated("c", "e1", 58, recovered=True))
    cursor.continue_from(Position("e1", 60))
    assert cursor.take(frame(58, 57), NOW) == []
    assert [type(notice) for notice in cursor.take(frame(63, 58), NOW)] == [Event]


def test_a_snapshot_of_another_epoch_or_behind_moves_nothing() -> None:
    cursor = Cursor(Position("e1", 57))
    cursor.continue_from(Position("e1", 50))
    cursor.continue_from(Position("e0", 900))
    assert cursor.position == Position("e1", 57)


def test_a_head_beyond_reach_is_a_loss_after_a_heartbeat_unless_events_are_filtered() -> None:
    cursor = Cursor(Position("e1", 57))
    cursor.authenticated(Authenticated("c", "e1", 57, recovered=True))
    assert not cursor.behind(Pong(seq=60, epoch="e1"))
    assert cursor.behind(Pong(seq=60, epoch="e1"))
    filtered = Cursor(Position("e1", 57), sees_all=False)
    filtered.authenticated(Authenticated("c", "e1", 57, recovered=True))
    assert not any(filtered.behind(Pong(seq=60, epoch="e1")) for _ in range(3))
    assert filtered.behind(Pong(seq=60, epoch="e2"))


def test_a_role_that_is_not_shown_everything_is_suspected_once_only() -> None:
    cursor = Cursor(Position("e1", 57))
    cursor.authenticated(Authenticated("c", "e1", 57, recovered=True))
    cursor.behind(Pong(seq=60, epoch="e1"))
    assert cursor.behind(Pong(seq=60, epoch="e1"))
    cursor.authenticated(Authenticated("c", "e1", 60, recovered=True, replayed=0))
    assert not any(cursor.behind(Pong(seq=61, epoch="e1")) for _ in range(3))


def test_a_first_connection_starts_at_the_head() -> None:
    cursor = Cursor()
    with pytest.raises(ValueError, match="before"):
        cursor.take(frame(58, 57), NOW)
    cursor.authenticated(Authenticated("c", "e1", 57))
    assert [type(notice) for notice in cursor.take(frame(58, 57), NOW)] == [Event]


def test_positions_read_and_write_the_header() -> None:
    assert str(Position.parse("0199:a:58")) == "0199:a:58"
    assert Position.parse("0199:a:58") == Position("0199:a", 58)
    for wrong in ("58", ":58", "e1:", "e1:-1", "e1:x"):
        with pytest.raises(ValueError, match="EPOCH:SEQ"):
            Position.parse(wrong)


def test_the_lowest_of_several_positions() -> None:
    one, two, other = Position("e1", 5), Position("e1", 4), Position("e2", 1)
    assert lowest([one, two]) == two
    assert lowest([one, other]) == one  # resuming there is refused, and a snapshot follows
    assert lowest([one, None]) is None
    assert lowest([]) is None


def test_unknown_messages_and_codes_pass() -> None:
    assert decode(b'{"type":"later","x":1}') is None
    event = decode(
        b'{"type":"new.kind","seq":2,"prev_seq":1,"restaurant_id":"r","timestamp":"2026-11-23T19:00:00Z","data":{}}'
    )
    assert isinstance(event, EventFrame)
    assert remedy(None) is Remedy.RETRY
    assert remedy(4321) is Remedy.RETRY
