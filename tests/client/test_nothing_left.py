"""After `disconnect` and `aclose` nothing is left, whenever they come: shown by counting."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct
from websockets.asyncio.server import serve

from fynlo.client import ApiClient, Event, Feed, FeedStopped, Position, Resync, Stopped
from tests.client.door import PATIENCE, Door, Peer, begin, take

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts sockets in /proc")


class Held(Struct):
    """What somebody has: tasks, timers of the event loop, sockets to a port, and open descriptors."""

    tasks: int
    timers: int
    sockets: int
    descriptors: int

    @classmethod
    def now(cls, port: int) -> "Held":
        loop: Any = asyncio.get_running_loop()
        return cls(
            tasks=sum(not task.done() for task in asyncio.all_tasks()),
            timers=sum(not timer.cancelled() for timer in loop._scheduled),
            sockets=sum(_is_to(line, port) for line in Path("/proc/net/tcp").read_text().splitlines()[1:]),
            descriptors=len(os.listdir("/proc/self/fd")),
        )


async def _until_as(before: Held, door: Door) -> None:
    """Once the door has closed its own ends, nothing is there that was not there before."""
    for _ in range(int(PATIENCE * 100)):
        if Held.now(door.port) == before:
            return
        await asyncio.sleep(0.01)
    assert Held.now(door.port) == before


def _is_to(line: str, port: int) -> bool:
    fields = line.split()
    return (
        int(fields[2].rpartition(":")[2], 16) == port and fields[9] != "0"
    )  # the inode: a descriptor holds it


async def connecting(door: Door, feed: Feed) -> Awaitable[object]:
    """The server has accepted the connection and does not answer the upgrade."""
    door.lets_in.clear()
    started = asyncio.create_task(feed.connect())
    await asyncio.wait_for(door.knocked.wait(), PATIENCE)
    return started


async def authenticating(door: Door, feed: Feed) -> Awaitable[object]:
    started = asyncio.create_task(feed.connect())
    await (await door.peer()).recv()
    await door.hand.asleep(10)
    return started


async def live(door: Door, feed: Feed) -> None:
    """With a heartbeat that waits for its pong, and an acknowledgement that waits for its second to pass."""
    peer = await _up(door, feed)
    await peer.event(58)
    assert (await peer.recv())["type"] == "ack"
    await peer.event(59)
    await door.hand.asleep(1)
    await door.hand.pass_(30)
    await door.hand.asleep(5)


async def waiting_to_reconnect(door: Door, feed: Feed) -> None:
    peer = await _up(door, feed)
    await peer.socket.close(4006)
    await door.hand.asleep(1.25)


async def waiting_for_a_token(door: Door, feed: Feed) -> Awaitable[object]:
    door.tokens.given.clear()
    started = asyncio.create_task(feed.connect())
    await asyncio.wait_for(door.tokens.asked.wait(), PATIENCE)
    return started


async def replacing_the_token(door: Door, feed: Feed) -> None:
    peer = await _up(door, feed)
    door.tokens.given.clear()
    await peer.send("token_expiring", expires_in=60)
    await asyncio.wait_for(door.tokens.asked.wait(), PATIENCE)


async def never_connected(door: Door, feed: Feed) -> None:
    pass


async def _up(door: Door, feed: Feed) -> Peer:
    started = asyncio.create_task(feed.connect())
    peer = await (await door.peer()).welcome()
    await started
    return peer


PHASES = (
    connecting,
    authenticating,
    live,
    waiting_to_reconnect,
    waiting_for_a_token,
    replacing_the_token,
    never_connected,
)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__)
async def test_nothing_is_left_after_disconnect(
    door: Door, phase: Callable[[Door, Feed], Awaitable[Awaitable[object] | None]]
) -> None:
    before = Held.now(door.port)
    feed = door.feed()
    stopped: list[Stopped] = []
    feed.on("stopped", stopped.append)
    feed.on("event", lambda _: None)
    started = await phase(door, feed)
    if phase is not never_connected:
        assert Held.now(door.port).tasks > before.tasks, "there is something to leave"
    await feed.disconnect()

    now = Held.now(door.port)
    assert now.sockets == before.sockets == 0
    assert not any(task.get_name().startswith("fynlo") for task in asyncio.all_tasks())
    assert door.hand.sleepers == []
    assert feed._delivery.listening == 0
    assert not feed.connected
    if started is not None:
        with pytest.raises(FeedStopped, match="disconnected"):
            await started
    assert stopped == [Stopped("disconnected")] * (phase is not never_connected)
    await feed.disconnect()
    door.lets_in.set()
    door.tokens.given.set()
    await _until_as(before, door)


async def test_nothing_is_left_when_it_is_ended_during_a_snapshot(door: Door) -> None:
    before = Held.now(door.port)
    feed, peer = await begin(door)
    await peer.event(60, prev=58)
    await peer.event(61)
    assert isinstance(await take(feed), Resync)
    await feed.disconnect()
    assert Held.now(door.port).sockets == 0
    feed.continue_from(Position("e1", 60))
    notices = [await take(feed), await take(feed)]
    assert [notice.seq for notice in notices if isinstance(notice, Event)] == [61]
    assert notices[-1] == Stopped("disconnected")
    with pytest.raises(StopAsyncIteration):
        await take(feed)
    await _until_as(before, door)


async def test_two_disconnects_at_once_both_return_when_nothing_is_left(door: Door) -> None:
    feed = door.feed()
    await _up(door, feed)

    async def left() -> int:
        await feed.disconnect()
        return Held.now(door.port).sockets

    assert sum(await asyncio.gather(left(), left())) == 0


async def test_a_disconnect_that_is_given_up_can_be_asked_for_again(door: Door) -> None:
    feed = door.feed()
    await _up(door, feed)
    impatient = asyncio.create_task(feed.disconnect())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    await feed.disconnect()
    assert Held.now(door.port).sockets == 0
    assert not any(task.get_name().startswith("fynlo") for task in asyncio.all_tasks())


class Office:
    """A server of which only logins work; the rest is held back until it is let go."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.refreshing = asyncio.Event()
        self.gate = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rpartition("/")[2]
        if path != "login":
            (self.refreshing if path == "refresh" else self.asked).set()
            await self.gate.wait()
        tokens = {"access_token": path, "expires_in": 900, "refresh_token": "r"}
        return httpx.Response(200, json=tokens)


@asynccontextmanager
async def _door_of(door: Door) -> AsyncIterator[str]:
    async with serve(door.handle, "127.0.0.1", 0, ping_interval=None, close_timeout=1) as door.server:
        yield f"http://127.0.0.1:{door.port}"


async def test_closing_the_client_ends_its_feeds_and_lets_a_refresh_end() -> None:
    office, door = Office(), Door()
    async with _door_of(door) as url:
        before = Held.now(door.port)
        api = ApiClient(url, transport=httpx.MockTransport(office))
        await api.login("a@b.test", "secret")
        feeds = [api.feed("r1") for _ in range(3)]
        up = [asyncio.create_task(feed.connect()) for feed in feeds]
        for _ in feeds:
            await (await door.peer()).welcome()
        await asyncio.gather(*up)
        refreshing = asyncio.create_task(api.tokens.refresh("login"))
        await asyncio.wait_for(office.refreshing.wait(), PATIENCE)
        closing = asyncio.create_task(api.aclose())
        await asyncio.wait_for(door.empty.wait(), PATIENCE)
        assert not closing.done(), "what the server may have spent already is waited for"
        office.gate.set()
        await closing
        assert await refreshing == "refresh"
        assert not any(task.get_name().startswith("fynlo") for task in asyncio.all_tasks())
        await _until_as(before, door)


async def test_connecting_while_it_disconnects_is_a_new_start(door: Door) -> None:
    feed = door.feed()
    await _up(door, feed)
    ending = asyncio.create_task(feed.disconnect())
    await asyncio.sleep(0)
    again = asyncio.create_task(feed.connect())
    await ending
    await (await door.peer()).welcome()
    await again
    assert feed.connected
    await feed.disconnect()
    assert Held.now(door.port).sockets == 0
