"""Heartbeats: a peer that is silent, and what a pong says besides."""

from typing import Literal

import pytest

from fynlo.client import (
    Disconnected,
)
from tests.client.door import EPOCH, Door, begin, events, miss_pong, take


async def test_three_missed_pongs_in_a_row_reconnect(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await miss_pong(door, peer, rest=30)
        await door.hand.pass_(25)  # the next ping is 30 s after the one before
        await peer.pong()
        await miss_pong(door, peer, rest=30)
        await miss_pong(door, peer, rest=25, late=True)
        await miss_pong(door, peer, rest=25)
        ended = await take(feed)
        assert isinstance(ended, Disconnected)
        assert (ended.code, ended.reason) == (None, "3 heartbeats without an answer")
        await door.hand.pass_(1.25)
        await (await door.peer()).welcome()


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


async def test_online_makes_an_open_connection_prove_itself_at_once(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await door.hand.asleep(30)
        feed.online()
        await peer.pong()
        await door.hand.asleep(30)
        feed.online()
        assert (await peer.recv())["type"] == "ping"
        await door.hand.pass_(5)
        ended = await take(feed)
        assert isinstance(ended, Disconnected)
        assert ended.reason == "1 heartbeats without an answer"


async def test_a_pong_that_overtakes_an_event_is_no_loss(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        for seq in (58, 59, 60):
            await door.hand.pass_(30)
            await peer.pong(seq)
            await peer.event(seq)
            assert await events(feed, 1) == [seq]
        assert door.open == 1
