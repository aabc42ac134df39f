"""When a feed comes back: after which close codes, after how long, and when not at all."""

import asyncio

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Response

from fynlo.client import Connected, Disconnected, FeedStopped, NotLoggedIn, ProblemError, Stopped, Unreachable
from tests.client.door import Door, begin, take


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


async def test_an_upgrade_that_is_refused_is_tried_again_when_asked_for_within_a_minute(door: Door) -> None:
    door.refuse = [
        Response(503, "Busy", _headers({"Retry-After": "3"})),
        Response(403, "No", _headers({})),
        Response(503, "Closed", _headers({"Retry-After": "86400"})),
    ]
    feed = aiter(door.feed())
    async with feed:
        for delay in (3.0, 30.0, 60.0):
            notice = await take(feed)
            assert isinstance(notice, Disconnected)
            assert notice.retry_in == delay
            await door.hand.pass_(delay)
        await (await door.peer()).welcome()


async def test_a_connection_that_held_starts_the_schedule_anew_and_one_that_flaps_does_not(
    door: Door,
) -> None:
    feed = aiter(door.feed())
    async with feed:
        delays = []
        for held in (0, 0, 9.9, 0, 0, 0, 10, 0):
            peer = await (await door.peer()).welcome()
            assert isinstance(await take(feed), Connected)
            await door.hand.asleep(30)
            door.hand.turn(held)
            await peer.socket.close(4006)
            ended = await take(feed)
            assert isinstance(ended, Disconnected)
            delays.append(ended.retry_in)
            await door.hand.pass_(ended.retry_in)
        assert delays == [1.25, 2.25, 4.25, 8.25, 16.25, 30.25, 1.25, 2.25]


async def test_flapping_counts_as_failing(door: Door) -> None:
    feed = aiter(door.feed(max_attempts=1))
    async with feed:
        for _ in range(2):
            peer = await (await door.peer()).welcome()
            await take(feed)
            await peer.socket.close(1012)
            ended = await take(feed)
            if isinstance(ended, Disconnected):
                await door.hand.pass_(ended.retry_in)
        assert isinstance(ended, Stopped)
        assert ended.reason == "max_attempts"


async def test_a_server_that_goes_away_again_and_again_is_not_hammered(door: Door) -> None:
    feed = aiter(door.feed())
    async with feed:
        delays = []
        for asked in (0, 0, 0, 3_600_000, -1):
            peer = await (await door.peer()).welcome()
            await take(feed)
            await peer.send("going_away", retry_after_ms=asked)
            await peer.socket.close(1012)
            ended = await take(feed)
            assert isinstance(ended, Disconnected)
            delays.append(ended.retry_in)
            await door.hand.pass_(ended.retry_in)
        assert delays == [0, 2, 4, 60, 16.25]


def _headers(more: dict[str, str]) -> Headers:
    return Headers({"Content-Length": "0", "Connection": "close", **more})


async def test_online_cuts_the_wait_short(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.socket.close(4029)
        await take(feed)
        await door.hand.asleep(30.25)
        feed.online()
        await (await door.peer()).welcome()


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
