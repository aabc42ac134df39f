"""Listeners, the iterator, and what is acknowledged of what they were told."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fynlo.client import Connected, Disconnected, Event, Position, Resync, delivery
from tests.client.door import EPOCH, PATIENCE, Door, begin, events, miss_pong, take


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
        assert await peer.recv() == {"type": "ack", "seq": 61, "held_ms": 1_000}, "shown a second ago"


async def test_an_ack_says_for_how_long_the_newest_event_has_been_shown(door: Door) -> None:
    feed = door.feed()
    async with feed:
        connecting = asyncio.create_task(feed.connect())
        peer = await (await door.peer()).welcome()
        await connecting
        await peer.event(58)
        assert await peer.recv() == {"type": "ack", "seq": 58}
        await door.hand.asleep(1)
        seen = asyncio.Event()
        feed.on("order.completed", lambda _: seen.set())
        await peer.event(59)
        door.hand.turn(0.6)
        await peer.event(60, kind="order.completed")
        await asyncio.wait_for(seen.wait(), PATIENCE)
        door.hand.turn(0.4)
        assert await peer.recv() == {"type": "ack", "seq": 60, "held_ms": 400}
        await door.hand.pass_(1)
        await peer.event(61)
        assert await peer.recv() == {"type": "ack", "seq": 61}, "at once"


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
            await miss_pong(door, peer, rest=rest)
        assert feed.position == Position(EPOCH, 57)
        assert len(feed._delivery._queue) == 4
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


async def test_a_snapshot_is_acknowledged_as_far_as_it_was_sent(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.event(60, prev=59)
        assert await take(feed) == Resync("gap", Position(EPOCH, 59))
        feed.continue_from(Position(EPOCH, 62))
        assert await peer.recv() == {"type": "ack", "seq": 60}
        await peer.event(61)
        await peer.event(62)
        await peer.event(63)
        assert await events(feed, 1) == [63]
        await door.hand.pass_(1)
        assert await peer.recv() == {"type": "ack", "seq": 62, "held_ms": 1_000}


async def test_what_the_server_knows_to_be_shown_is_not_acknowledged_again(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        await peer.event(58)
        assert await events(feed, 1) == [58]
        peer.socket.transport.abort()
        assert isinstance(await take(feed), Disconnected)
        await door.hand.pass_(1.25)
        peer = await (await door.peer()).welcome(58, recovered=True)
        assert isinstance(await take(feed), Connected)
        await peer.event(59)
        await peer.event(60)
        assert await events(feed, 2) == [59, 60]
        assert await peer.recv() == {"type": "ack", "seq": 59}


async def test_the_position_is_that_of_the_event_handed_out(door: Door) -> None:
    feed, peer = await begin(door)
    async with feed:
        for seq in (58, 59, 60):
            await peer.event(seq)
        await events(feed, 1)
        await events(feed, 1)
        assert feed.position == Position(EPOCH, 59)
        feed.continue_from(Position(EPOCH, 70))
        assert feed.position == Position(EPOCH, 70)


async def test_a_coroutine_function_is_no_listener(door: Door) -> None:
    async def listener(_: Event) -> None: ...

    with pytest.raises(TypeError, match="iterate"):
        door.feed().on("event", listener)


async def test_what_was_shown_of_another_epoch_is_not_acknowledged(door: Door) -> None:
    feed = aiter(door.feed(Position("e0", 40)))
    async with feed:
        peer = await (await door.peer()).welcome(41, epoch="e0", recovered=True, replayed=1)
        await take(feed)
        await peer.event(41)
        await events(feed, 1)
        peer.socket.transport.abort()
        await take(feed)
        await door.hand.pass_(1.25)
        peer = await (await door.peer()).welcome(57, recovered=False)
        await take(feed)
        await peer.send("resync", reason="epoch_changed", seq=57, epoch=EPOCH)
        assert await take(feed) == Resync("epoch_changed", Position(EPOCH, 57))
        feed.continue_from(Position(EPOCH, 58))
        assert await peer.recv() == {"type": "ack", "seq": 57}
