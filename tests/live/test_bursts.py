"""Many events of one restaurant at once, and the others meanwhile: the pump, with a log that is a list."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fynlo.live import hub as hub_module
from fynlo.live import queries
from fynlo.live import room as room_module
from fynlo.live.hub import SLICE, Hub
from fynlo.live.queries import EventRow, HeadRow
from fynlo.live.room import Frame, Room

from .house import eventually

BUSY, QUIET = uuid4(), uuid4()
EPOCH = uuid4()


def row(place: UUID, seq: int, data: str = "{}") -> EventRow:
    return EventRow(place, seq, "order.updated", place, data, datetime.now(UTC))


class Logs(Hub):
    """A hub whose database is a list of events for each restaurant."""

    def __init__(self) -> None:
        self.heard: list[Frame] = []
        super().__init__("", "", on_event=self.heard.append)
        self.logs: defaultdict[UUID, list[EventRow]] = defaultdict(list)

    def write(self, place: UUID, count: int) -> None:
        """So many more events, committed together and told of."""
        log = self.logs[place]
        log += [row(place, len(log) + number) for number in range(1, count + 1)]
        self._hint(str(place), 0)

    def seqs(self, place: UUID) -> list[int]:
        return [frame.seq for frame in self.heard if frame.restaurant_id == place]

    async def _read_events(self, after: list[tuple[UUID, int]], limit: int) -> list[EventRow]:
        await asyncio.sleep(0)
        return [event for place, seq in after for event in self.logs[place][seq : seq + limit]]

    async def _read_heads(self, restaurants: list[UUID]) -> dict[UUID, queries.HeadRow]:
        await asyncio.sleep(0)
        return {place: HeadRow(place, len(self.logs[place]), 0, EPOCH) for place in restaurants}


class Slow:
    """A screen that takes one event whenever somebody looks, until it may take all of them."""

    def __init__(self) -> None:
        self.left = 10**9

    @property
    def backlog(self) -> int:
        self.left = max(0, self.left - 1)
        return self.left

    def hurry(self) -> None:
        self.left = 0

    def wake(self) -> None: ...

    def check_backlog(self) -> None: ...

    def resync(self, reason: str) -> None: ...


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Logs]:
    monkeypatch.setattr(hub_module, "SLICE_WITHIN_S", 3_600.0)  # a slice lasts as long as its screens read
    hub = Logs()
    for place in (BUSY, QUIET):
        await hub.room(place)
    hub._tasks = [asyncio.create_task(hub._pump())]
    yield hub
    await hub.stop()
    assert not hub._bursts


async def test_a_burst_in_one_restaurant_delays_no_other(hub: Logs) -> None:
    screen = Slow()
    (await hub.room(BUSY)).followers.add(screen)
    hub.write(BUSY, 200)
    await eventually(lambda: hub.seqs(BUSY))
    for count in range(1, 4):
        hub.write(QUIET, 1)
        await eventually(partial(lambda count: len(hub.seqs(QUIET)) == count, count))
    assert hub.seqs(BUSY) == list(range(1, SLICE + 1)), "its own screens are still at the first slice"
    screen.hurry()
    await eventually(lambda: hub.seqs(BUSY) == list(range(1, 201)))


async def test_what_comes_during_a_burst_comes_behind_it(hub: Logs) -> None:
    screen = Slow()
    (await hub.room(BUSY)).followers.add(screen)
    hub.write(BUSY, 200)
    await eventually(lambda: hub.seqs(BUSY))
    hub.write(BUSY, 3)
    hub.write(QUIET, 1)
    await eventually(lambda: hub.seqs(QUIET))
    assert len(hub.seqs(BUSY)) == SLICE
    screen.hurry()
    await eventually(lambda: hub.seqs(BUSY) == list(range(1, 204)))


async def test_a_burst_that_fails_is_read_again(hub: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    append, failures = Room.append, [ValueError("once")]

    def failing(room: Room, frames: list[Frame]) -> None:
        if failures and room.seq:
            raise failures.pop()
        append(room, frames)

    monkeypatch.setattr(Room, "append", failing)
    hub.write(BUSY, 200)
    await eventually(lambda: hub.seqs(BUSY) == list(range(1, 201)))
    assert not failures


async def test_a_hub_that_stops_leaves_its_bursts(hub: Logs) -> None:
    (await hub.room(BUSY)).followers.add(Slow())
    hub.write(BUSY, 200)
    await eventually(lambda: hub._bursts)
    await hub.stop()
    assert len(hub.seqs(BUSY)) == SLICE


@given(
    st.lists(st.tuples(st.booleans(), st.lists(st.integers(2, 60), min_size=1, max_size=8)), max_size=12),
    st.integers(1, 20),
    st.integers(50, 400),
)
def test_the_bytes_that_wait_are_those_of_the_events_that_wait(
    steps: list[tuple[bool, list[int]]], most_events: int, most_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room_module, "RING_EVENTS", most_events)
        patch.setattr(room_module, "RING_BYTES", most_bytes)
        room = Room(BUSY, EPOCH, 100, 0)
        for older, sizes in steps:
            first = room.oldest - len(sizes) if older else room.seq + 1
            frames = [Frame(row(BUSY, first + n, "x" * size)) for n, size in enumerate(sizes)]
            if older:
                room.prepend(frames)
            else:
                room.append(frames)
            for seq in range(room.oldest - 2, room.seq + 2):
                waiting = [frame for n in range(seq + 1, room.seq + 1) if (frame := room.get(n))]
                assert room.bytes_after(seq) == sum(len(frame.data) for frame in waiting)
