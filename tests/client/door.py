"""The other end of a feed, played by the test message by message over a real socket, and its clocks."""

import asyncio
import json
from typing import Any

from websockets.asyncio.server import Server, ServerConnection
from websockets.http11 import Request, Response

from fynlo.client import Connected, Event, Feed, Notice, Position, Timing

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
    """Hands out t0; a refused token is replaced by the next. `failures` come first; nothing without `given`."""

    def __init__(self) -> None:
        self.n = 0
        self.refused: list[str] = []
        self.failures: list[Exception] = []
        self.given = asyncio.Event()
        self.given.set()
        self.asked = asyncio.Event()

    async def token(self) -> str:
        self.asked.set()
        await self.given.wait()
        if self.failures:
            raise self.failures.pop(0)
        return f"t{self.n}"

    async def refresh(self, failed: str) -> str:
        self.asked.set()
        await self.given.wait()
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
        """Answers the next ping; acknowledgements before it are passed over."""
        while (ping := await self.recv())["type"] != "ping":
            assert ping["type"] == "ack"
        await self.send("pong", timestamp=ping["timestamp"], server_time=None, seq=seq, epoch=epoch)

    async def closed(self) -> None:
        await asyncio.wait_for(self.socket.wait_closed(), PATIENCE)


class Door:
    """Where the feed connects to; `refuse` answers upgrades with plain HTTP, `lets_in` cleared not at all."""

    def __init__(self) -> None:
        self.peers: asyncio.Queue[Peer] = asyncio.Queue()
        self.open = 0
        self.empty = asyncio.Event()
        self.empty.set()
        self.refuse: list[Response] = []
        self.hand = Hand()
        self.tokens = Tokens()
        self.server: Server
        self.knocked = asyncio.Event()
        self.lets_in = asyncio.Event()
        self.lets_in.set()

    async def handle(self, socket: ServerConnection) -> None:
        self.open += 1
        self.empty.clear()
        self.peers.put_nowait(Peer(socket))
        await socket.wait_closed()
        self.open -= 1
        if not self.open:
            self.empty.set()

    async def answer(self, _: ServerConnection, __: Request) -> Response | None:
        self.knocked.set()
        await self.lets_in.wait()
        return self.refuse.pop(0) if self.refuse else None

    async def peer(self) -> Peer:
        return await asyncio.wait_for(self.peers.get(), PATIENCE)

    @property
    def port(self) -> int:
        port: int = next(iter(self.server.sockets)).getsockname()[1]
        return port

    def feed(self, position: Position | None = None, **options: Any) -> Feed:
        url = f"http://127.0.0.1:{self.port}"
        return Feed(url, "r1", self.tokens, position=position, timing=self.hand.timing, **options)


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


async def miss_pong(door: Door, peer: Peer, *, rest: float, late: bool = False) -> None:
    await door.hand.pass_(rest)
    ping = await peer.recv()
    assert ping["type"] == "ping"
    if late:
        # an answer to another ping is none to this one
        await peer.send("pong", timestamp=ping["timestamp"] - 30, seq=57, epoch=EPOCH)
    await door.hand.pass_(5)
