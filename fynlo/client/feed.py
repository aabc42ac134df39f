"""The live feed of a restaurant: every order that commits, in order, once, over whatever happens to the
network.

    async with ApiClient("https://pos.example.com") as api:
        await api.login("kitchen@example.com", "secret", keep=True)
        orders = await api.orders(restaurant, status=("confirmed", "preparing", "ready"))
        async with api.feed(restaurant, position=orders.position) as feed:
            async for notice in feed:
                match notice:
                    case Event(order=Order() as order):
                        show(order)
                    case Resync():
                        orders = await api.orders(restaurant, status=("confirmed", "preparing", "ready"))
                        show_only(orders.items)
                        feed.continue_from(orders.position)
                    case Disconnected():
                        show_offline(notice.retry_in)
                    case Connected():
                        show_online()

or with listeners, which are plain functions called in the order of events:

        feed.on("order.created", show)       # one type of event
        feed.on("event", log)                # every event
        feed.on("disconnected", warn)        # connected, disconnected, resync, stopped
        await feed.connect()

**Nothing is lost.** The feed resumes where it was after every break. Where the server can't replay, or a gap
shows, it tells a `Resync`: read what the screen is built on again and call `continue_from`. To continue in a
later run, store `event.position` once the event is dealt with and give it as `position`. **Nothing comes
twice:** what is known already is dropped.

**It stays up.** A ping every 30 s whose pong must come within 5 s; three misses and it reconnects, after
min(1 s · 2ⁿ⁻¹, 30 s) and up to a second of jitter, or when the server asked for. n starts at 1 again once a
connection has held for 10 s, so a server that accepts and drops is left alone for longer and longer. `online`
is for an app that hears that the network is back. Tokens are renewed without a break. It ends (`Stopped`)
only when the session is over, when the server refuses for good, after `max_attempts`, or by `disconnect`,
which leaves nothing running. An iterator that falls 1,000 events behind makes the feed wait for it; the
server may then drop the connection, and the feed resumes once there is room.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from types import TracebackType
from typing import Literal

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from fynlo.client.connection import Connection, Ended
from fynlo.client.cursor import Cursor
from fynlo.client.delivery import Delivery, Listener
from fynlo.client.errors import BadAnswer, FeedStopped, NotLoggedIn, ProblemError, Unreachable
from fynlo.client.events import Disconnected, Notice, Stopped
from fynlo.client.frames import Remedy, remedy
from fynlo.client.models import Position
from fynlo.client.timing import Timing, finish
from fynlo.client.tokens import TokenSource
from fynlo.client.wire import API

LONGEST_BACKOFF = 30.0
HELD_AFTER = 10.0
"""Seconds that a connection must last for the next reconnect to be a first one again."""
LONGEST_ASKED = 60.0
"""Seconds that the server, or a proxy before it, can make this client wait."""
OPEN_WITHIN = 10.0
CLOSE_WITHIN = 1.0
LARGEST_MESSAGE = 16 * 2**20


class Feed:
    """One restaurant's feed over one socket at a time.

    socket        "pos" sees every event; "kitchen" what a kitchen needs, without money
    position      where to resume, from a snapshot or a stored event; None starts with what happens next
    station_ids   narrows kitchen.* to these stations
    max_attempts  reconnects in a row before it gives up; None never does
    timing        clock, timer and jitter (tests)
    """

    def __init__(
        self,
        url: str,
        restaurant_id: str,
        tokens: TokenSource,
        *,
        socket: Literal["pos", "kitchen"] = "pos",
        position: Position | None = None,
        station_ids: Iterable[str] = (),
        max_attempts: int | None = None,
        timing: Timing | None = None,
    ) -> None:
        base = httpx.URL(url)
        scheme = "wss" if base.scheme == "https" else "ws"
        path = f"{base.path.rstrip('/')}{API}/websocket/ws/{socket}/{restaurant_id}"
        self._address = str(base.copy_with(scheme=scheme, path=path))
        self._restaurant_id = restaurant_id
        self._tokens = tokens
        self._station_ids = tuple(station_ids)
        self._max_attempts = max_attempts
        self._timing = timing or Timing()
        self._delivery = Delivery(Cursor(position, sees_all=socket == "pos"), self._timing.clock)
        self._runner: asyncio.Task[None] | None = None
        self._ending = asyncio.Lock()
        self._connection: Connection | None = None
        self._settled = asyncio.Event()
        self._stopped: Stopped | None = None
        self._wake = asyncio.Event()
        self._up_since: float | None = None

    @property
    def position(self) -> Position | None:
        """The last event that was handed out; None before the first connection."""
        return self._delivery.position

    @property
    def connected(self) -> bool:
        """Whether the socket is up and authenticated right now."""
        return self._up_since is not None

    def on(self, kind: str, listener: Listener) -> None:
        """Calls `listener` for each event of a type, for each "event", or for "connected", "disconnected",
        "resync" and "stopped", with the notice. Keep it short: the feed waits for it. TypeError for a
        coroutine function: iterate where something is to be awaited."""
        self._delivery.on(kind, listener)

    def off(self, kind: str, listener: Listener) -> None:
        """Takes a listener away again; one that is not there is no error."""
        self._delivery.off(kind, listener)

    async def connect(self) -> None:
        """Starts the feed and returns when it is connected. Calling it again changes nothing.

        It keeps trying for as long as it takes: set your own time limit around it. Raises FeedStopped if the
        feed ends instead.
        """
        async with self._ending:  # one that is being disconnected ends first
            self._start()
        await self._settled.wait()
        if self._stopped is not None:
            raise FeedStopped(self._stopped.reason, self._stopped.detail)

    def __aiter__(self) -> Feed:
        """Starts the feed and hands out its notices, until `Stopped`.

        For one consumer; breaking off and iterating again goes on where it was. RuntimeError if the feed runs
        for listeners only, whose events are gone.
        """
        if not self._delivery.iterated and self._runner is not None:
            raise RuntimeError(
                "the feed is running already: iterate instead of calling connect, or before it"
            )
        self._delivery.iterated = True
        self._start()
        return self

    async def __anext__(self) -> Notice:
        return await self._delivery.next()

    def continue_from(self, position: Position | None) -> None:
        """After a snapshot: what it includes is not told again."""
        if position is not None:
            self._delivery.snapshot(position)

    def online(self) -> None:
        """The network is back: ends the wait before a reconnect, and an open connection has to answer a ping
        within 5 s or is given up."""
        self._wake.set()
        if self._connection is not None:
            self._connection.probe()

    async def disconnect(self) -> None:
        """Ends the feed. Nothing of it is left when this returns: no task, timer, socket or listener."""
        async with self._ending:
            if self._runner is not None:
                await finish(self._runner)
                self._runner = None
                await self._tokens.settle()
                if self._stopped is None:
                    self._stop(Stopped("disconnected"))
            self._delivery.silence()

    async def __aenter__(self) -> Feed:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, where: TracebackType | None
    ) -> None:
        await self.disconnect()

    def _start(self) -> None:
        if self._runner is None or self._runner.done():
            self._stopped = None
            self._settled.clear()
            self._delivery.open()
            self._runner = asyncio.create_task(self._run(), name="fynlo feed")

    def _stop(self, stopped: Stopped) -> None:
        self._stopped = stopped
        self._settled.set()
        self._delivery.close(stopped)

    async def _run(self) -> None:
        try:
            self._stop(await self._keep_connected())
        except Exception as error:
            self._stop(Stopped("failed", repr(error)))
            raise

    async def _keep_connected(self) -> Stopped:
        attempt = 0
        refused: str | None = None
        while True:
            token = None
            try:
                token = await (self._tokens.token() if refused is None else self._tokens.refresh(refused))
                refused = None
                ended = await self._connect(token)
            except NotLoggedIn as error:
                return Stopped("unauthenticated", str(error))
            except ProblemError as error:
                if error.status < 500 and error.status != httpx.codes.TOO_MANY_REQUESTS:
                    return Stopped("unauthenticated", error.detail)
                ended = Ended(f"no token: {error}", retry_after=error.retry_after)
            except (Unreachable, BadAnswer) as error:
                ended = Ended(f"no token: {error}")
            measure = remedy(ended.code)
            if measure is Remedy.STOP:
                return Stopped("refused", ended.reason, ended.code)
            if measure is Remedy.REFRESH:
                refused = token
            attempt = 1 if ended.held else attempt + 1
            if self._max_attempts is not None and attempt > self._max_attempts:
                return Stopped("max_attempts", ended.reason, ended.code)
            await self._wait_to_reconnect(ended, attempt, late=measure is Remedy.RETRY_LATE)

    async def _wait_to_reconnect(self, ended: Ended, attempt: int, *, late: bool) -> None:
        backoff = LONGEST_BACKOFF if late else min(2.0 ** min(attempt - 1, 5), LONGEST_BACKOFF)
        if ended.retry_after is not None:
            # asked to come back soon, again and again: then not sooner than the schedule says
            delay = max(min(ended.retry_after, LONGEST_ASKED), backoff if attempt > 1 else 0.0)
        else:
            delay = backoff + self._timing.random()
        self._wake.clear()
        self._delivery.tell(Disconnected(ended.code, ended.reason, delay, attempt))
        await self._timing.within(self._wake, delay)

    async def _connect(self, token: str) -> Ended:
        try:
            socket = await connect(
                self._address,
                compression=None,
                ping_interval=None,
                open_timeout=OPEN_WITHIN,
                close_timeout=CLOSE_WITHIN,
                max_size=LARGEST_MESSAGE,
            )
        except InvalidStatus as error:
            return _refused_upgrade(error)
        except (OSError, TimeoutError, WebSocketException) as error:
            return Ended(f"no connection: {error or type(error).__name__}")
        try:
            self._connection = Connection(socket, self._delivery, self._tokens, self._timing, self._came_up)
            ended = await self._connection.run(token, self._restaurant_id, self._station_ids)
            up_since = self._up_since
            ended.held = up_since is not None and self._timing.clock() - up_since >= HELD_AFTER
            return ended
        finally:
            self._up_since = self._connection = None
            with contextlib.suppress(WebSocketException, OSError):
                await socket.close()

    def _came_up(self) -> None:
        self._up_since = self._timing.clock()
        self._settled.set()


def _refused_upgrade(error: InvalidStatus) -> Ended:
    """The server, or a proxy, answered the upgrade with an ordinary response."""
    status = error.response.status_code
    asked = error.response.headers.get("Retry-After", "")
    # 4xx seldom passes by itself, yet a screen on a wall should come back when it does
    wait = float(asked) if asked.isascii() and asked.isdigit() else None
    if wait is None and status < 500:
        wait = LONGEST_BACKOFF
    return Ended(f"no connection: HTTP {status}", retry_after=wait)
