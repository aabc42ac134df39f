"""After `disconnect` nothing is left, whenever it comes: shown by counting."""

import asyncio

import pytest

from fynlo.client import (
    FeedStopped,
    Stopped,
)
from tests.client.door import PATIENCE, Door


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
