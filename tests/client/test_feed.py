"""The feed: what it says first, what it tells, what it drops."""

import asyncio

from fynlo.client import (
    Connected,
    Disconnected,
    Event,
    Position,
    Resync,
    Stopped,
)
from tests.client.door import EPOCH, Door, begin, events, take


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
        assert await take(feed) == Resync("gap", Position(EPOCH, 59))
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
