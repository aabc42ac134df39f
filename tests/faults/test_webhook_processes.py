"""Webhooks of several server processes on one database, and of such as send nothing, or not everywhere."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.live.house import House, eventually, open_house

from .load import Load
from .receiver import hooked, receiving
from .test_webhooks import caught_up, delivered, judge, sell, state_with


@pytest.fixture(scope="module")
async def neighbour(module_seeded_url: str) -> AsyncIterator[House]:
    """A second server process on the same database."""
    async with open_house(module_seeded_url) as other:
        yield other


async def test_two_processes_deliver_together_and_never_both_to_one_endpoint(
    house: House, neighbour: House
) -> None:
    async with AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(receiving()) for _ in range(4)]
        hooks = [await stack.enter_async_context(hooked(house, receiver)) for receiver in receivers]
        for one in (house, neighbour):
            await stack.enter_async_context(one.screen())  # wakes both at every event
        rounds = 0
        while rounds < 5 or not (await delivered(house) and await delivered(neighbour)):
            rounds += 1
            assert rounds < 50, "one process has all of them, every time"
            await sell(house, 2)
            for hook, receiver in zip(hooks, receivers, strict=True):
                await judge(house, hook, receiver)
        load = Load(house, 4)
        await load.reach(30)
        await load.end()
        for hook, receiver in zip(hooks, receivers, strict=True):
            await judge(house, hook, receiver, doubles=0, at_least=40)


async def test_who_may_send_sends_and_only_where_it_may(seeded_url: str) -> None:
    async with (
        receiving() as receiver,
        open_house(seeded_url, FYNLO_WEBHOOKS="0") as idle,
        hooked(idle, receiver) as hook,
    ):
        async with idle.screen() as screen:
            (order,) = await sell(idle)
            await screen.await_order(order["id"])
        assert receiver.deliveries == []
        async with open_house(seeded_url, FYNLO_WEBHOOK_PRIVATE_ADDRESSES="0"):
            # The URLs were let in by a process that allows them; the one that sends does not.
            for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
                await hook.change(url=url)
                state = await eventually(lambda: state_with(hook, attempts=1))
                assert "no public address" in state["last_error"]
        assert receiver.deliveries == []
        assert await delivered(idle) == 0
        assert not await caught_up(hook)
        # the control: one that sends, and anywhere
        async with open_house(seeded_url) as sending:
            await hook.hurry()
            await judge(idle, hook, receiver)
            assert await delivered(sending) == 1
