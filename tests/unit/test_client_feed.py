"""Feed over a real socket: the other end is played by the test, message by message, and so are the clocks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from fynlo.client import (
    Connected,
    Disconnected,
    Event,
    Feed,
    FeedStopped,
    Notice,
    NotLoggedIn,
    Position,
    ProblemError,
    Resync,
    Stopped,
    Timing,
    Unreachable,
    delivery,
)

EPOCH = "e1"
PATIENCE = 10.0
"""Seconds that a test waits for what must happen."""


class Hand:
    """Time turned by hand: sleepers wake when `turn` reaches them."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.jitter = 0.25
        self.sleepers: list[tuple[float, float, asyncio.Future[None]]] = []
        self._changed = asyncio.Event()

    @property
    def timing(self) -> Timing:
        return Timing(clock=lambda: self.now, sleep=self.sleep, random=lambda: self.jitter)

    async def sleep(self, seconds: float) -> None:
        sleeper = (self.now + seconds, seconds, asyncio.get_running_loop().create_future())
        self.sleepers.append(sleeper)
        self._changed.set()
        try:
            await sleeper[2]
        finally:
            self.sleepers.remove(sleeper)

    async def asleep(self, seconds: float) -> None:
        """Returns once somebody sleeps for that long."""
        async with asyncio.timeout(PATIENCE):
            while not any(length == seconds and not waiting.done() for _, length, waiting in self.sleepers):
                self._changed.clear()
                await self._changed.wait()

    def turn(self, seconds: float) -> None:
        self.now += seconds
        for due, _, waiting in self.sleepers:
            if due <= self.now and not waiting.done():
                waiting.set_result(None)

    async def pass_(self, seconds: float) -> None:
        """Turns as soon as somebody sleeps for that long."""
        await self.asleep(seconds)
        self.turn(seconds)


class Tokens:
    """Hands out t0; a refused token is replaced by the next. `failures` come first."""

    def __init__(self) -> None:
        self.n = 0
        self.refused: list[str] = []
        self.failures: list[Exception] = []

    async def token(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return f"t{self.n}"

    async def refresh(self, failed: str) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.refused.append(failed)
        self.n += 1
        return f"t{self.n}"

    async def settle(self) -> None:
        pass


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.path = socket.request.path
        self.socket = socket
        self.hello: dict[str, Any] = {}

    async def recv(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
        return message

    async def send(self, kind: str, **members: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **members}))

    async def welcome(self, seq: int = 57, *, epoch: str = EPOCH, **members: Any) -> "Peer":
        self.hello = await self.recv()
        assert self.hello["type"] == "authenticate"
        await self.send(
            "authenticated", connection_id="c1", restaurant_id="r1", epoch=epoch, seq=seq, **members
        )
        return self

    async def event(
        self, seq: int, prev: int | None = None, kind: str = "order.created", **data: Any
    ) -> None:
        await self.send(
            kind,
            seq=seq,
            prev_seq=seq - 1 if prev is None else prev,
            restaurant_id="r1",
            timestamp="2026-11-23T19:00:00.000001Z",
            data=data,
        )

    async def pong(self, seq: int = 57, epoch: str = EPOCH) -> None:
        ping = await self.recv()
        assert ping["type"] == "ping"
        await self.send("pong", timestamp=ping["timestamp"], server_time=None, seq=seq, epoch=epoch)

    async def closed(self) -> None:
        await asyncio.wait_for(self.socket.wait_closed(), PATIENCE)


class Door:
    """Where the feed connects to; `refuse` answers upgrades with plain HTTP."""

    def __init__(self) -> None:
        self.peers: asyncio.Queue[Peer] = asyncio.Queue()
        self.open = 0
        self.empty = asyncio.Event()
        self.empty.set()
        self.refuse: list[Response] = []
        self.hand = Hand()
        self.tokens = Tokens()
        self.server: Server

    async def handle(self, socket: ServerConnection) -> None:
        self.open += 1
        self.empty.clear()
        self.peers.put_nowait(Peer(socket))
        await socket.wait_closed()
        self.open -= 1
        if not self.open:
            self.empty.set()

    def answer(self, _: ServerConnection, __: Request) -> Response | None:
        return self.refuse.pop(0) if self.refuse else None

    async def peer(self) -> Peer:
        return await asyncio.wait_for(self.peers.get(), PATIENCE)

    def feed(self, position: Position | None = None, **options: Any) -> Feed:
        port = next(iter(self.server.sockets)).getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        return Feed(url, "r1", self.tokens, position=position, timing=self.hand.timing, **options)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    async with serve(
        door.handle, "127.0.0.1", 0, process_request=door.answer, ping_interval=None, close_timeout=1
    ) as door.server:
        yield door


async def take(feed: Feed) -> Notice:
    return await asyncio.wait_for(anext(feed), PATIENCE)


async def begin(door: Door, position: Position | None = None, **options: Any) -> tuple[Feed, Peer]:
    """An iterated feed that has just been authenticated."""
    feed = aiter(door.feed(position, **options))
    assert isinstance(feed, Feed)
    peer = await (await door.peer()).welcome(57, recovered=position is not None, replayed=0)
    assert isinstance(await take(feed), Connected)
    return feed, peer


async def events(feed: Feed, count: int) -> list[int]:
    found = []
    for _ in range(count):
        notice = await take(feed)
        assert isinstance(notice, Event), notice
        found.append(notice.seq)
    return found


async def test_the_first_message_authenticates_and_events_follow(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        assert peer.path == "/api/v1/websocket/ws/pos/r1"
        assert peer.hello == {"type": "authenticate", "token": "t0", "restaurant_id": "r1"}
        await peer.event(58)
        await peer.event(60, prev=58, kind="payment.completed", amount=5)
        first, second = await take(feed), await take(feed)
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert (first.type, first.position, first.order) == ("order.created", Position(EPOCH, 58), None)
    assert (second.seq, second.decode(dict)) == (60, {"amount": 5})


async def test_stations_and_the_kitchen_socket_are_asked_for(door: Door) -> None:
    feed, peer = await begin(door, Position(EPOCH, 41), socket="kitchen", station_ids=["s1"])
    async with feed:
        assert peer.path == "/api/v1/websocket/ws/kitchen/r1"
        assert (peer.hello["last_seq"], peer.hello["epoch"]) == (41, EPOCH)
        assert peer.hello["station_ids"] == ["s1"]


async def test_a_drop_is_resumed_and_nothing_comes_twice(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.event(58)
        await peer.event(59)
        assert await events(feed, 2) == [58, 59]
        peer.socket.transport.abort()
        assert await take(feed) == Disconnected(None, "the connection dropped", 1.25, 1)
        door.tokens.n = 7
        await door.hand.pass_(1.25)
        peer = await (await door.peer()).welcome(61, recovered=True, replayed=2)
        assert (peer.hello["last_seq"], peer.hello["epoch"], peer.hello["token"]) == (59, EPOCH, "t7")
        assert isinstance(await take(feed), Connected)
        for seq in (59, 60, 60, 61):
            await peer.event(seq)
        assert await events(feed, 2) == [60, 61]
        assert feed.position == Position(EPOCH, 61)


async def test_a_gap_is_told_before_the_event_and_a_snapshot_is_not_repeated(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.event(60, prev=59)
        assert await take(feed) == Resync("gap", Position(EPOCH, 60))
        assert await events(feed, 1) == [60]
        for seq in (61, 62, 63):
            await peer.event(seq)
        assert await events(feed, 1) == [61]
        feed.continue_from(Position(EPOCH, 64))  # 62 and 63 may be waiting already
        await peer.event(64)
        await peer.event(66, prev=64)
        assert await events(feed, 1) == [66]


async def test_a_resync_goes_on_from_where_the_server_says(door: Door) -> None:
    feed = aiter(door.feed(Position("e0", 900)))
    async with feed:
        peer = await (await door.peer()).welcome(57, recovered=False)
        await take(feed)
        await peer.send("resync", reason="epoch_changed", seq=57, epoch=EPOCH)
        assert await take(feed) == Resync("epoch_changed", Position(EPOCH, 57))
        await peer.event(58)
        assert await events(feed, 1) == [58]


async def test_a_resync_that_did_not_arrive_is_not_forgotten(door: Door) -> None:
    feed = aiter(door.feed(Position("e0", 900)))
    async with feed:
        peer = await (await door.peer()).welcome(57, recovered=False)
        await take(feed)
        peer.socket.transport.abort()
        assert isinstance(await take(feed), Disconnected)
        await door.hand.pass_(1.25)
        peer = await (await door.peer()).welcome(58, recovered=False)
        assert (peer.hello["last_seq"], peer.hello["epoch"]) == (900, "e0")
        await take(feed)
        await peer.event(59)
        assert await take(feed) == Resync("not_recovered", Position(EPOCH, 58))
        assert await events(feed, 1) == [59]


@pytest.mark.parametrize("code", [1009, 4000, 4001, 4004])
async def test_codes_that_stop(door: Door, code: int) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.send("auth_error", code="forbidden", message="Not yours.")
        await peer.socket.close(code)
        stopped = await take(feed)
        assert isinstance(stopped, Stopped)
        assert (stopped.reason, stopped.code) == ("refused", code)
        assert ("Not yours." in stopped.detail) == (code >= 4000)
        with pytest.raises(StopAsyncIteration):
            await take(feed)


@pytest.mark.parametrize(
    ("code", "delay"),
    [
        *((code, 1.25) for code in (1000, 1001, 1011, 1012, 4002, 4006, 4008, 4999)),
        *((code, 30.25) for code in (4009, 4029)),
    ],
)
async def test_codes_that_are_tried_again(door: Door, code: int, delay: float) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.socket.close(code, "because")
        assert await take(feed) == Disconnected(code, "because", delay, 1)
        await door.hand.pass_(delay)
        assert (await (await door.peer()).welcome()).hello["token"] == "t0"
        assert door.tokens.refused == []


@pytest.mark.parametrize("code", [4003, 4005])
async def test_codes_that_ask_for_another_token(door: Door, code: int) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.socket.close(code)
        await take(feed)
        door.tokens.failures = [Unreachable("no network")]
        await door.hand.pass_(1.25)
        assert await take(feed) == Disconnected(None, "no token: no network", 2.25, 2)
        await door.hand.pass_(2.25)
        assert (await (await door.peer()).welcome()).hello["token"] == "t1"
        assert door.tokens.refused == ["t0"]


@pytest.mark.parametrize(
    "error", [NotLoggedIn("log in"), ProblemError(401, "refresh_reused", "Log in again.")]
)
async def test_a_session_that_is_over_stops_it(door: Door, error: Exception) -> None:
    feed, peer = await begin(door)
    async with feed:
        door.tokens.failures = [error]
        await peer.socket.close(4005)
        await take(feed)
        await door.hand.pass_(1.25)
        stopped = await take(feed)
        assert isinstance(stopped, Stopped)
        assert stopped.reason == "unauthenticated"
        door.tokens.failures = [error]
        with pytest.raises(FeedStopped, match="unauthenticated"):
            await feed.connect()


async def test_going_away_says_when_to_come_back(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.send("going_away", retry_after_ms=340)
        await peer.socket.close(1012, "restart")
        assert await take(feed) == Disconnected(1012, "restart", 0.34, 1)
        await door.hand.pass_(0.34)
        await (await door.peer()).welcome()


async def test_reconnects_follow_the_schedule_and_end_at_max_attempts(door: Door) -> None:
    feed = aiter(door.feed(max_attempts=7))
    door.server.close()
    await door.server.wait_closed()
    async with feed:
        delays = []
        while isinstance(notice := await take(feed), Disconnected):
            delays.append(notice.retry_in)
            await door.hand.pass_(notice.retry_in)
        assert delays == [1.25, 2.25, 4.25, 8.25, 16.25, 30.25, 30.25]
        assert isinstance(notice, Stopped)
        assert notice.reason == "max_attempts"


async def test_a_connection_that_came_up_starts_the_schedule_anew(door: Door) -> None:
    door.refuse = [Response(503, "Busy", _headers({"Retry-After": "3"})), Response(403, "No", _headers({}))]
    feed = aiter(door.feed())
    async with feed:
        delays = []
        for _ in range(2):
            notice = await take(feed)
            assert isinstance(notice, Disconnected)
            delays.append(notice.retry_in)
            await door.hand.pass_(notice.retry_in)
        assert delays == [3.0, 30.0]
        peer = await (await door.peer()).welcome()
        await take(feed)
        await peer.socket.close(4006)
        again = await take(feed)
        assert isinstance(again, Disconnected)
        assert (again.retry_in, again.attempt) == (1.25, 1)


def _headers(more: dict[str, str]) -> Headers:
    return Headers({"Content-Length": "0", "Connection": "close", **more})


async def test_retry_now_cuts_the_wait_short(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.socket.close(4029)
        await take(feed)
        await door.hand.asleep(30.25)
        feed.retry_now()
        await (await door.peer()).welcome()


async def test_three_missed_pongs_in_a_row_reconnect(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await _miss_pong(door, peer, rest=30)
        await door.hand.pass_(25)  # the next ping is 30 s after the one before
        await peer.pong()
        await _miss_pong(door, peer, rest=30)
        await _miss_pong(door, peer, rest=25, late=True)
        await _miss_pong(door, peer, rest=25)
        ended = await take(feed)
        assert isinstance(ended, Disconnected)
        assert (ended.code, ended.reason) == (None, "3 heartbeats without an answer")
        await door.hand.pass_(1.25)
        await (await door.peer()).welcome()


async def _miss_pong(door: Door, peer: Peer, *, rest: float, late: bool = False) -> None:
    await door.hand.pass_(rest)
    ping = await peer.recv()
    assert ping["type"] == "ping"
    if late:
        # an answer to another ping is none to this one
        await peer.send("pong", timestamp=ping["timestamp"] - 30, seq=57, epoch=EPOCH)
    await door.hand.pass_(5)


async def test_the_servers_heartbeat_is_kept(door: Door) -> None:
    feed = aiter(door.feed())
    async with feed:
        peer = await door.peer()
        await peer.welcome(57, heartbeat={"interval_s": 12, "timeout_s": 2, "max_missed": 1})
        await take(feed)
        await door.hand.pass_(12)
        assert (await peer.recv())["type"] == "ping"
        await door.hand.pass_(2)
        ended = await take(feed)
        assert isinstance(ended, Disconnected)
        assert ended.reason == "1 heartbeats without an answer"


async def test_no_answer_to_the_first_message_is_tried_again(door: Door) -> None:
    feed = aiter(door.feed())
    async with feed:
        await (await door.peer()).recv()
        await door.hand.pass_(10)
        ended = await take(feed)
        assert isinstance(ended, Disconnected)
        assert ended.reason == "no answer to authenticate within 10 s"


@pytest.mark.parametrize("sign", ["epoch", "head"])
async def test_a_heartbeat_shows_what_was_lost(door: Door, sign: Literal["epoch", "head"]) -> None:
    feed, peer = await begin(door)
    async with feed:
        await door.hand.pass_(30)
        await peer.pong(60, "e2" if sign == "epoch" else EPOCH)
        if sign == "head":  # 58 to 60 may be on their way, but not for 30 s
            await door.hand.pass_(30)
            await peer.pong(60)
        ended = await take(feed)
        assert isinstance(ended, Disconnected)
        await door.hand.pass_(1.25)
        assert (await (await door.peer()).welcome()).hello["last_seq"] == 57


async def test_an_expiring_token_is_replaced_on_the_same_socket(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        for n in (1, 2):
            await peer.send("token_expiring", expires_in=60)
            assert await peer.recv() == {"type": "reauthenticate", "token": f"t{n}"}
            await peer.send("reauthenticated", token_expires_in=900)
        await peer.event(58)
        assert await events(feed, 1) == [58]
        assert door.tokens.refused == ["t0", "t1"]
        assert door.open == 1


async def test_acks_are_cumulative_and_at_most_one_a_second(door: Door) -> None:
    feed = door.feed()
    async with feed:
        connecting = asyncio.create_task(feed.connect())
        peer = await (await door.peer()).welcome()
        await connecting
        await peer.event(58)
        assert await peer.recv() == {"type": "ack", "seq": 58}
        seen = asyncio.Event()
        feed.on("order.completed", lambda _: seen.set())
        await peer.event(59)
        await peer.event(60)
        await peer.event(61, kind="order.completed")
        await asyncio.wait_for(seen.wait(), PATIENCE)
        await door.hand.pass_(1)
        assert await peer.recv() == {"type": "ack", "seq": 61}


async def test_an_iterated_event_is_acked_once_the_next_is_asked_for(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.event(58)
        await peer.event(59)
        assert await events(feed, 2) == [58, 59]
        assert await peer.recv() == {"type": "ack", "seq": 58}


async def test_a_slow_iterator_makes_the_feed_wait_and_loses_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "QUEUE", 4)
    feed, peer = await begin(door)
    async with feed:
        for seq in range(58, 158):
            await peer.event(seq)
        for rest in (30, 25, 25, 25):  # heartbeats that a waiting reader can't read are not missed ones
            await _miss_pong(door, peer, rest=rest)
        assert feed.position == Position(EPOCH, 61)
        assert await events(feed, 100) == list(range(58, 158))


async def test_listeners_come_and_go_and_a_broken_one_harms_nobody(door: Door) -> None:
    feed = door.feed()
    heard: list[tuple[str, int]] = []
    broken: list[dict[str, Any]] = []

    def listen(name: str) -> Callable[[Event], None]:
        return lambda event: heard.append((name, event.seq))

    def fails(_: Event) -> None:
        raise RuntimeError("broken listener")

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: broken.append(context))
    done = asyncio.Event()
    cancelled, every = listen("cancelled"), listen("every")
    try:
        async with feed:
            feed.on("event", fails)
            feed.on("order.cancelled", cancelled)
            feed.on("event", every)
            feed.on("order.completed", lambda _: done.set())
            connecting = asyncio.create_task(feed.connect())
            peer = await (await door.peer()).welcome()
            await connecting
            await peer.event(58)
            await peer.event(59, kind="order.cancelled")
            await peer.event(60, kind="order.completed")
            await asyncio.wait_for(done.wait(), PATIENCE)
            feed.off("event", every)
            feed.off("event", every)
            done.clear()
            await peer.event(61, kind="order.completed")
            await asyncio.wait_for(done.wait(), PATIENCE)
    finally:
        loop.set_exception_handler(before)
    assert heard == [("every", 58), ("every", 59), ("cancelled", 59), ("every", 60)]
    assert len(broken) == 4


async def test_connecting_twice_is_one_connection(door: Door) -> None:
    feed = door.feed()
    async with feed:
        connecting = [asyncio.create_task(feed.connect()) for _ in range(3)]
        await (await door.peer()).welcome()
        await asyncio.gather(*connecting)
        await feed.connect()
        assert feed.connected
        assert (door.open, door.peers.qsize()) == (1, 0)
        with pytest.raises(RuntimeError, match="iterate instead"):
            aiter(feed)


@pytest.mark.parametrize("when", ["connected", "waiting", "unanswered", "never"])
async def test_nothing_is_left_after_disconnect(door: Door, when: str) -> None:
    tasks = asyncio.all_tasks()
    feed = door.feed()
    stopped: list[Stopped] = []
    feed.on("stopped", stopped.append)
    feed.on("event", print)
    if when != "never":
        connecting = asyncio.create_task(feed.connect())
        peer = await door.peer()
        if when != "unanswered":
            await peer.welcome()
            await connecting
            await peer.event(58)
            await peer.recv()
        if when == "waiting":
            await peer.socket.close(4006)
            await door.hand.asleep(1.25)
        await feed.disconnect()
        assert door.hand.sleepers == []
        assert not any(task.get_name().startswith("fynlo") for task in asyncio.all_tasks())
        await peer.closed()
        if when == "unanswered":
            with pytest.raises(FeedStopped, match="disconnected"):
                await connecting
        assert stopped == [Stopped("disconnected")]
    await feed.disconnect()
    await asyncio.wait_for(door.empty.wait(), PATIENCE)
    left = [task for task in asyncio.all_tasks() - tasks if not task.done()]
    assert left == []
    assert door.hand.sleepers == []
    assert feed._delivery.listening == 0
    assert not feed.connected


async def test_a_feed_can_be_connected_again_where_it_was(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.event(58)
        assert await events(feed, 1) == [58]
        await feed.disconnect()
        assert await take(feed) == Stopped("disconnected")
        connecting = asyncio.create_task(feed.connect())
        assert (await (await door.peer()).welcome()).hello["last_seq"] == 58
        await connecting


async def test_junk_from_the_server_is_a_lost_connection(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.send("something_new", later=True)
        await peer.socket.send("{")
        ended = await take(feed)
        assert isinstance(ended, Disconnected)
        assert "unreadable" in ended.reason
        await peer.closed()
