"""What would take a real socket too long, or cannot be timed with one: a Connection whose client is a list.

`Wire` stands where Granian stands; everything behind it is real but for the database.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
import pytest

from fynlo.errors import Unavailable
from fynlo.live import hub as hub_module
from fynlo.live import queries
from fynlo.live.connection import Connection
from fynlo.live.hub import Hub
from fynlo.live.outbox import BACKLOG_EVENTS, CONTROL_MESSAGES
from fynlo.live.protocol import Limits, Refused, Viewer
from fynlo.live.queries import EventRow, HeadRow
from fynlo.live.room import Audience, Frame, Room
from fynlo.live.socket import Sockets

from .house import Json, eventually

ALL = Audience("all", (), str)
PLACE = uuid4()
EPOCH = uuid4()


def frames(first: int, count: int, size: int = 2) -> list[Frame]:
    """So many events; the data of each has `size` characters."""
    data = f'"{"x" * (size - 2)}"'
    now = datetime.now(UTC)
    return [
        Frame(EventRow(PLACE, seq, "order.updated", PLACE, data, now)) for seq in range(first, first + count)
    ]


class Wire:
    """Both ends of a socket: what the client says goes into `say`, what it gets comes out of `heard`."""

    def __init__(self) -> None:
        self.heard: list[Json] = []
        self.code: int | None = None
        self.reading = asyncio.Event()
        self.reading.set()
        self.rest_s = 0.0  # after each message that it takes
        self._said: asyncio.Queue[Any] = asyncio.Queue()

    def say(self, type: str, **fields: Any) -> None:
        text = msgspec.json.encode({"type": type, **fields}).decode()
        self._said.put_nowait({"type": "websocket.receive", "text": text, "bytes": None})

    async def receive(self) -> Any:
        return await self._said.get()

    async def send(self, message: Any) -> None:
        await self.reading.wait()
        if self.rest_s:
            await asyncio.sleep(self.rest_s)
        if message["type"] == "websocket.close":
            self.code = message["code"]
        else:
            self.heard.append(msgspec.json.decode(message["text"]))

    def seqs(self) -> list[int]:
        return [message["seq"] for message in self.heard if "prev_seq" in message]


class Desk:
    """Who answers for a token; what it says can be changed."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Viewer | Exception = Viewer(uuid4(), uuid4(), time.time() + 900, ALL)

    async def identify(self, _token: str, _restaurant_id: UUID, _kind: str) -> Viewer:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Standing(Hub):
    """A hub of one room, which moves when the test says so."""

    def __init__(self) -> None:
        super().__init__("", "")
        self._rooms[PLACE] = Room(PLACE, EPOCH, 0, 0)

    @property
    def one(self) -> Room:
        return self._rooms[PLACE]


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Connection, Wire, Standing, Desk]]:
    """A connection that is welcome."""
    wire, hub, desk = Wire(), Standing(), Desk()
    connection = Connection(
        cast(Any, wire.receive),
        cast(Any, wire.send),
        hub=hub,
        identify=desk.identify,
        admit=lambda _connection: None,
        restaurant_id=PLACE,
        kind="pos",
        address="here",
    )
    running = asyncio.create_task(connection.run())
    try:
        wire.say("authenticate", token="t")
        await eventually(lambda: wire.heard)
        yield connection, wire, hub, desk
    finally:
        connection.end(None)
        await running


async def ended(connection: Connection) -> None:
    await asyncio.wait_for(connection.done.wait(), 5)


# -- time


async def test_silence_of_95_seconds_closes_with_4006_and_a_sign_of_life_counts_anew() -> None:
    async with connected() as (connection, wire, _, _):
        now, wall = time.monotonic(), time.time()
        connection.tick(now + 94, wall)
        wire.say("ping", timestamp=1)
        await eventually(lambda: len(wire.heard) == 2)
        connection.tick(time.monotonic() + 94.9, wall)
        assert not connection._ending.done()
        connection.tick(time.monotonic() + 95.1, wall)
        await ended(connection)
        assert wire.code == 4006


async def test_ten_seconds_without_a_first_message_close_with_4002() -> None:
    wire = Wire()
    connection = Connection(
        cast(Any, wire.receive),
        cast(Any, wire.send),
        hub=Standing(),
        identify=Desk().identify,
        admit=lambda _connection: None,
        restaurant_id=PLACE,
        kind="pos",
        address="here",
    )
    running = asyncio.create_task(connection.run())
    connection.tick(time.monotonic() + 9.9, time.time())
    assert not connection._ending.done()
    connection.tick(time.monotonic() + 10.1, time.time())
    await running
    assert (wire.code, wire.heard) == (4002, [])


async def test_the_end_of_a_token_is_told_a_minute_before_and_once() -> None:
    async with connected() as (connection, wire, _, _):
        assert connection.viewer is not None
        end = connection.viewer.expires_at
        for left in (61, 60, 30, 1):
            connection.tick(time.monotonic(), end - left)
            await asyncio.sleep(0)
        await eventually(lambda: len(wire.heard) == 2)
        assert wire.heard[1] == {"type": "token_expiring", "expires_in": 60}
        connection.tick(time.monotonic(), end)
        await ended(connection)
        assert (wire.code, len(wire.heard)) == (4005, 2)


# -- a client that stopped reading


@pytest.mark.parametrize(("size", "fits"), [(100, BACKLOG_EVENTS), (10_000, 104)])
async def test_what_waits_is_bounded_by_events_and_by_bytes(size: int, fits: int) -> None:
    async with connected() as (connection, wire, hub, _):
        wire.reading.clear()
        hub.one.append(frames(1, 1, size))  # this one the writer takes, and hangs with
        await asyncio.sleep(0.01)
        hub.one.append(frames(2, fits, size))
        connection.out.check_backlog()
        assert not connection._ending.done(), "what is allowed is not too much"
        hub.one.append(frames(2 + fits, 1, size))
        connection.out.check_backlog()
        assert connection._ending.done()
        wire.reading.set()
        await ended(connection)
        assert wire.code == 4008


async def test_who_reads_in_time_gets_all_of_it() -> None:
    async with connected() as (connection, wire, hub, _):
        for start in range(1, 5_001, 50):
            connection.out.check_backlog()
            hub.one.append(frames(start, 50))
            await eventually(partial(lambda last: wire.seqs()[-1:] == [last], start + 49))
        assert wire.seqs() == list(range(1, 5_001))


@pytest.mark.parametrize(("count", "size"), [(1_000, 100), (150, 20_000)])
async def test_a_burst_is_handed_out_no_faster_than_a_client_reads(count: int, size: int) -> None:
    # 64 of the big ones are more than may wait for anybody.
    async with connected() as (connection, wire, hub, _):
        wire.rest_s = 0.001
        await hub._hand_out(hub.one, frames(1, count, size), EPOCH)
        await eventually(lambda: wire.seqs()[-1:] == [count])
        assert not connection._ending.done()


async def test_a_close_that_hangs_is_given_up_in_two_seconds() -> None:
    async with connected() as (connection, wire, _, _):
        wire.reading.clear()
        began = time.monotonic()
        connection.end(4008)
        await ended(connection)
        assert wire.code is None, "it was never written: the client sees a drop"
        assert 1.5 < time.monotonic() - began < 3


async def test_answers_that_nobody_reads_end_it_too() -> None:
    async with connected() as (connection, wire, _, _):
        wire.reading.clear()
        for number in range(CONTROL_MESSAGES + 2):
            connection._window_count = 0  # not a flood: this client takes its time
            wire.say("ping", timestamp=number)
            await asyncio.sleep(0)
        await eventually(connection._ending.done)
        wire.reading.set()
        await ended(connection)
        assert wire.code == 4008


async def test_a_slow_client_delays_nobody() -> None:
    async with connected() as (slow, stuck, hub, _), connected() as (quick, wire, other, _):
        other._rooms[PLACE] = hub.one
        quick.out.follow(hub.one, ALL, stations=None, after=None)
        stuck.reading.clear()
        hub.one.append(frames(1, 20))
        await eventually(lambda: wire.seqs() == list(range(1, 21)))
        assert stuck.seqs() == []
        stuck.reading.set()
        await eventually(lambda: stuck.seqs() == list(range(1, 21)))
        assert not slow._ending.done()


# -- who may stay


async def test_where_nobody_can_tell_whether_it_may_stay_it_is_asked_again() -> None:
    async with connected() as (connection, wire, _, desk):
        good, desk.answer, asked = desk.answer, Unavailable("away"), desk.asked
        checking = asyncio.create_task(connection.recheck())
        await eventually(lambda: desk.asked >= asked + 2)
        assert not connection._ending.done(), "a database that is away signs nobody out"
        desk.answer = good
        await asyncio.wait_for(checking, 5)
        assert not connection._ending.done()
        desk.answer = Refused(4003, "session_ended", "")
        await connection.recheck()
        await ended(connection)
        assert wire.code == 4005


async def test_a_doubt_that_comes_while_one_is_cleared_up_is_cleared_up_as_well() -> None:
    async with connected() as (connection, wire, _, desk):
        first = asyncio.create_task(connection.recheck())
        asked = desk.asked
        await eventually(lambda: desk.asked > asked)  # it asks, and what it will hear is decided
        desk.answer = Refused(4003, "session_ended", "")
        await connection.recheck()
        await asyncio.wait_for(first, 5)
        await ended(connection)
        assert wire.code == 4005


# -- limits of the process


async def served(sockets: Sockets, *wires: Wire) -> list[asyncio.Task[None]]:
    scope = {
        "type": "websocket",
        "path": f"/api/v1/websocket/ws/pos/{PLACE}",
        "headers": [],
        "client": ("10.0.0.1", 1),
    }
    tasks = []
    for wire in wires:
        receive = cast(Callable[[], Awaitable[Any]], wire.receive)
        wire._said.put_nowait({"type": "websocket.connect"})

        async def send(message: Any, wire: Wire = wire) -> None:
            if message["type"] != "websocket.accept":
                await wire.send(message)

        tasks.append(asyncio.create_task(sockets(cast(Any, scope), cast(Any, receive), cast(Any, send))))
    await asyncio.sleep(0.01)
    return tasks


@pytest.mark.parametrize(
    ("limits", "welcome"),
    [
        (Limits(per_user=2), True),
        (Limits(per_restaurant=2), True),
        (Limits(unauthenticated_per_address=2), False),
    ],
)
async def test_one_socket_too_many_is_closed_with_4009_and_makes_room_when_it_goes(
    limits: Limits, welcome: bool
) -> None:
    sockets = Sockets(Standing(), Desk().identify, allowed_origins=(), limits=limits)
    wires = [Wire() for _ in range(3)]
    tasks = []
    for wire in wires:
        tasks += await served(sockets, wire)
        if welcome:
            wire.say("authenticate", token="t")
            await eventually(partial(lambda wire: wire.heard, wire))
    await asyncio.wait_for(tasks[2], 5)
    assert [wire.code for wire in wires] == [None, None, 4009]
    wires[0]._said.put_nowait({"type": "websocket.disconnect"})
    await asyncio.wait_for(tasks[0], 5)
    late = Wire()
    tasks += await served(sockets, late)
    late.say("authenticate", token="t")
    await eventually(lambda: late.heard)
    assert late.heard[0]["type"] == "authenticated"
    await sockets.drain(1)
    await asyncio.gather(*tasks)
    assert (late.code, late.heard[-1]["type"]) == (1012, "going_away")


async def test_a_socket_that_is_accepted_while_the_process_goes_is_sent_away() -> None:
    sockets = Sockets(Standing(), Desk().identify, allowed_origins=())
    wire = Wire()
    scope: Json = {
        "type": "websocket",
        "path": f"/api/v1/websocket/ws/pos/{PLACE}",
        "headers": [],
        "client": None,
    }

    async def receive() -> Any:
        if sockets._draining:
            await asyncio.Event().wait()
        await sockets.drain(1)  # in between
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        if message["type"] != "websocket.accept":
            await wire.send(message)

    await asyncio.wait_for(sockets(cast(Any, scope), cast(Any, receive), cast(Any, send)), 5)
    assert wire.code == 1012


async def test_upgrades_are_refused_with_503_while_the_process_goes() -> None:
    sockets = Sockets(Standing(), Desk().identify, allowed_origins=())
    scope: Json = {
        "type": "websocket",
        "path": f"/api/v1/websocket/ws/pos/{PLACE}",
        "headers": [],
        "client": None,
        "extensions": {"websocket.http.response": {}},
    }
    answers: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        answers.append(message)

    await sockets.drain(1)
    await sockets(cast(Any, scope), cast(Any, receive), cast(Any, send))
    assert answers[0]["status"] == 503
    assert b"going away" in answers[1]["body"]


# -- the hub


class Log(Hub):
    """A hub whose database is a list; `before_rows` runs while it waits for them."""

    def __init__(self, rows: list[EventRow], head: HeadRow) -> None:
        super().__init__("", "")
        self.rows = rows
        self.head = head
        self.before_rows: Callable[[], None] = lambda: None

    async def _read_events(self, after: list[tuple[UUID, int]], limit: int) -> list[EventRow]:
        await asyncio.sleep(0)
        ((_, seq),) = after
        found = [row for row in self.rows if row.seq > seq][:limit]
        self.before_rows()
        return found

    async def _read_heads(self, _restaurants: list[UUID]) -> dict[UUID, queries.HeadRow]:
        await asyncio.sleep(0)
        return {PLACE: self.head}


async def test_rows_of_an_old_log_are_not_put_behind_the_head_of_a_new_one() -> None:
    rows = [EventRow(PLACE, seq, "order.updated", PLACE, "{}", datetime.now(UTC)) for seq in range(1, 201)]
    restored = HeadRow(PLACE, 40, 0, uuid4())
    hub = Log(rows, HeadRow(PLACE, 0, 0, EPOCH))
    room = await hub.room(PLACE)
    hub.before_rows = lambda: room.move(restored.epoch, restored.seq, 0, "epoch_changed")
    await hub._catch_up([room])
    assert (room.epoch, room.seq, room.get(41)) == (restored.epoch, 40, None)


async def test_a_log_that_changes_between_two_slices_ends_the_handing_out() -> None:
    rows = [EventRow(PLACE, seq, "order.updated", PLACE, "{}", datetime.now(UTC)) for seq in range(1, 201)]
    hub = Log(rows, HeadRow(PLACE, 0, 0, EPOCH))
    room = await hub.room(PLACE)

    def seen(frame: Frame) -> None:
        if frame.seq == hub_module.SLICE:
            room.move(uuid4(), 5, 0, "epoch_changed")

    hub._on_event = seen
    await hub._catch_up([room])
    assert (room.seq, room.get(6)) == (5, None)
