"""Webhooks while the process that delivers goes: killed, or sent away."""

import asyncio

from tests.live.house import House

from .load import Load
from .receiver import hooked, receiving, take
from .test_webhooks import Holding, judge, sell


async def test_an_event_whose_acknowledgement_died_with_the_process_comes_again(house: House) -> None:
    holding = Holding()
    async with receiving() as receiver, hooked(house, receiver) as hook:
        await sell(house, 2)
        await judge(house, hook, receiver)
        receiver.answer = holding
        await sell(house, 3)
        await receiver.until(lambda: len(receiver.deliveries) == 3)
        await asyncio.to_thread(house.server.kill)
        holding.may.set()
        await receiver.until(lambda: len(receiver.taken) == 3)
        receiver.answer = take
        # However long the machine takes to start it again, the lease still stands then.
        await hook.run("lease_until = now() + interval '1 hour'")
        await asyncio.to_thread(house.server.start)
        await asyncio.to_thread(house.server.await_ready)
        async with receiving() as beside, hooked(house, beside) as other:
            await sell(house)
            await judge(house, other, beside)
        assert len(receiver.deliveries) == 3, "somebody sent to it while the lease stood"
        assert (await hook.state())["seq"] == hook.start + 2, "the process noted that the event was taken"
        await hook.run("lease_until = now()")
        await judge(house, hook, receiver, doubles=1, at_least=6)
        assert receiver.taken[:4] == [hook.start + n for n in (1, 2, 3, 3)]
        assert receiver.deliveries[2].id == receiver.deliveries[3].id


async def test_a_process_that_is_sent_away_ends_its_delivery_and_the_next_begins_behind_it(
    house: House,
) -> None:
    holding = Holding()
    async with receiving(holding) as receiver, hooked(house, receiver) as hook:
        load = Load(house, 3)
        await load.reach(10)
        await receiver.until(lambda: receiver.deliveries)
        going = asyncio.create_task(asyncio.to_thread(house.server.stop))
        await load.reach(10)
        holding.may.set()
        await going
        await load.reach(10)
        await load.end()  # a start may take as long as it likes without more to deliver
        await asyncio.to_thread(house.server.start)
        await asyncio.to_thread(house.server.await_ready)
        await sell(house, 3)
        await judge(house, hook, receiver, doubles=0, at_least=30)
