"""Webhooks reach whoever listens: signed, in order, at least once, whatever goes wrong in between.

The oracle: what a receiver has acknowledged, each event counted once, is the log after the webhook's start.
"""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import WebhookVerificationError

from fynlo import __version__
from fynlo.demo.data import PIZZERIA
from tests.live.house import House, Json, eventually

from .load import Load
from .oracle import log_of
from .receiver import Answer, Delivery, Hook, Receiver, hooked, receiving, take


async def judge(
    house: House,
    hook: Hook,
    receiver: Receiver,
    *,
    doubles: int = 0,
    at_least: int = 1,
    within_s: float = 30.0,
) -> None:
    """Waits until it has acknowledged the log to its end, and holds it to the oracle."""
    wanted = [seq for _, seq in await log_of(house) if seq > hook.start]
    assert len(wanted) >= at_least, "the test wrote too little to show anything"
    await receiver.until(lambda: wanted[-1] in receiver.taken, within_s)
    assert verdict(receiver.taken, wanted, doubles) == []
    assert receiver.most_at_once == 1, "two deliveries to one endpoint at a time"
    await eventually(lambda: caught_up(hook))


async def caught_up(hook: Hook) -> bool:
    state = await hook.state()
    return bool(state["seq"] == state["head"])


def verdict(taken: list[int], wanted: list[int], doubles: int) -> list[str]:
    """What is wrong with what was acknowledged."""
    once = list(dict.fromkeys(taken))
    wrong = []
    if once != wanted:
        wrong.append(
            f"missing {sorted(set(wanted) - set(once))[:10]}, strange {sorted(set(once) - set(wanted))[:10]}"
        )
        wrong.append(f"in order: {once == sorted(once)}")
    if len(taken) - len(once) > doubles:
        wrong.append(f"{len(taken) - len(once)} came twice")
    return wrong


def test_the_oracle_sees_a_hole_a_swap_and_a_double() -> None:
    assert verdict([1, 2, 3], [1, 2, 3], 0) == []
    assert verdict([1, 2, 2, 3], [1, 2, 3], 1) == []
    assert verdict([1, 3], [1, 2, 3], 0)
    assert verdict([1, 3, 2], [1, 2, 3], 0)
    assert verdict([1, 2, 2, 3], [1, 2, 3], 0)
    assert verdict([1, 2, 3, 4], [1, 2, 3], 0)


async def sell(house: House, count: int = 1) -> list[Json]:
    return [await house.order() for _ in range(count)]


async def test_what_is_sent_is_signed_as_the_standard_says_and_is_the_event_as_rest_has_it(
    house: House,
) -> None:
    async with receiving() as receiver, hooked(house, receiver) as hook:
        (order,) = await sell(house)
        await judge(house, hook, receiver)
        (delivery,) = receiver.deliveries
        assert delivery.path == "/hooks?for=tests"
        message = delivery.verified_by(hook.secret)
        (event,) = await house.get("/events", restaurant_id=str(PIZZERIA.id), after=hook.start)
        assert message == event | {"restaurant_id": str(PIZZERIA.id)}
        assert message["data"] == {"order": order}
        assert message["data"]["order"]["totals"]["total"] > 0
        epoch = (await house.position())[0]
        assert delivery.id == f"msg_{UUID(epoch).hex}_{event['seq']}"
        assert delivery.headers["fynlo-feed"] == f"{epoch}:{event['seq']}"
        assert delivery.headers["content-type"] == "application/json"
        assert delivery.headers["user-agent"] == f"Fynlo/{__version__}"
        assert delivery.headers["host"] == f"127.0.0.1:{receiver.port}"
        # the controls: another body, another secret
        forged = Delivery("/", delivery.headers, delivery.body.replace(b"order", b"0rder", 1))
        with pytest.raises(WebhookVerificationError):
            forged.verified_by(hook.secret)
        with pytest.raises(WebhookVerificationError):
            delivery.verified_by("whsec_" + "A" * 44)


async def test_order_is_kept_under_load_while_the_receiver_fails_now_and_then(house: House) -> None:
    failed: set[int] = set()

    async def now_and_then(delivery: Delivery) -> Answer:
        if delivery.seq % 9 == 0 and delivery.seq not in failed:
            failed.add(delivery.seq)
            return (500, 503, None)[len(failed) % 3]
        return 200

    async with receiving(now_and_then) as receiver, hooked(house, receiver) as hook:
        load = Load(house, 4)
        hurrying = asyncio.create_task(hurry_on(hook))
        await load.reach(60)
        await load.end()
        try:
            await judge(house, hook, receiver, at_least=60)
        finally:
            hurrying.cancel()
        assert len(failed) >= 6
        ids: dict[int, set[str]] = {}
        for delivery in receiver.deliveries:
            ids.setdefault(delivery.seq, set()).add(delivery.id)
        assert all(len(found) == 1 for found in ids.values()), "an attempt has an id of its own"


async def hurry_on(hook: Hook) -> None:
    """Nothing waits for its next attempt."""
    while True:
        await hook.hurry()
        await asyncio.sleep(0.2)


async def test_a_failure_is_told_and_tried_again_after_a_while(house: House) -> None:
    async def fails(_delivery: Delivery) -> Answer:
        return 503, {"retry-after": "3600"}

    async with receiving(fails) as receiver, hooked(house, receiver) as hook:
        await sell(house, 3)
        await receiver.until(lambda: receiver.deliveries)
        state = await eventually(lambda: state_with(hook, attempts=1))
        assert (state["last_status"], state["last_error"]) == (503, "Answered 503.")
        assert (state["seq"], state["active"], state["disabled"]) == (hook.start, True, None)
        assert state["next_attempt_at"] is not None
        await hook.hurry()
        await eventually(lambda: state_with(hook, attempts=2))
        receiver.answer = take
        await hook.hurry()
        await judge(house, hook, receiver)
        state = await hook.state()
        assert (state["attempts"], state["last_error"], state["last_status"]) == (0, None, 204)
        assert state["delivered_at"] is not None


async def state_with(hook: Hook, **wanted: Any) -> Json | None:
    state = await hook.state()
    return state if all(state[name] == value for name, value in wanted.items()) else None


class Holding:
    """Answers nothing until it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def __call__(self, _delivery: Delivery) -> Answer:
        await self.may.wait()
        return 200


async def test_an_endpoint_that_hangs_delays_neither_the_screens_nor_another_endpoint(house: House) -> None:
    holding = Holding()
    async with (
        receiving(holding) as slow,
        receiving() as quick,
        hooked(house, slow) as hanging,
        hooked(house, quick) as well,
        house.screen() as screen,
    ):
        (order,) = await sell(house)
        await slow.until(lambda: slow.deliveries)
        for _ in range(5):
            (order,) = await sell(house)
            assert (await screen.await_order(order["id"], 2))["data"]["order"] == order
        await judge(house, well, quick, at_least=6)
        assert (len(slow.deliveries), slow.taken) == (1, []), "it answered: nothing hung"
        holding.may.set()
        await judge(house, hanging, slow, at_least=6)


async def test_events_that_are_not_wanted_are_passed_over(house: House) -> None:
    async with receiving() as receiver, hooked(house, receiver, types=["menu.*", "order.cancelled"]) as hook:
        await sell(house, 3)
        assert await eventually(lambda: caught_up(hook)), "the cursor passes what is not wanted"
        assert receiver.deliveries == []
        (order,) = await sell(house)
        answer = await house.rest.post(
            f"/orders/{order['id']}/status",
            json={"status": "cancelled", "reason": "they left"},
            headers={**(await house.session()).headers, "if-match": f'"{order["version"]}"'},
        )
        assert answer.status_code == 200
        async with house.psql() as conn:
            await conn.execute(
                "update products set name = name || '!' where restaurant_id = %s", (PIZZERIA.id,)
            )
        await receiver.until(lambda: len(receiver.taken) == 2)
        assert [d.message["type"] for d in receiver.deliveries] == ["order.cancelled", "menu.updated"]
        assert await eventually(lambda: caught_up(hook))


async def test_an_event_that_is_not_taken_for_a_day_becomes_a_dead_letter_and_can_be_replayed(
    house: House,
) -> None:
    poison: set[int] = set()

    async def refuses(delivery: Delivery) -> Answer:
        return 500 if delivery.seq in poison else 200

    async with receiving(refuses) as receiver, hooked(house, receiver) as hook:
        poison.add(hook.start + 2)
        await sell(house, 4)
        await eventually(lambda: state_with(hook, attempts=1))
        # the control: an hour before the day is over it is tried again
        await hook.run("failing_since = now() - interval '23 hours', next_attempt_at = now()")
        await eventually(lambda: state_with(hook, attempts=2))
        assert (await hook.state())["dead_letter_count"] == 0
        await hook.run("failing_since = now() - interval '24 hours', next_attempt_at = now()")
        state = await eventually(lambda: state_with(hook, dead_letter_count=1))
        (letter,) = state["dead_letters"]
        assert (letter["seq"], letter["last_status"]) == (hook.start + 2, 500)
        assert letter["attempts"] >= 3
        assert letter["type"] == "order.created"
        await receiver.until(lambda: hook.start + 4 in receiver.taken)
        assert receiver.taken == [hook.start + n for n in (1, 3, 4)]
        assert (await eventually(lambda: state_with(hook, seq=hook.start + 4)))["active"]
        poison.clear()
        first = next(d for d in receiver.deliveries if d.seq == hook.start + 2)
        await hook.replay(letter["seq"] - 1)
        await receiver.until(lambda: receiver.taken[-3:] == [hook.start + n for n in (2, 3, 4)])
        again = [d for d in receiver.deliveries if d.seq == hook.start + 2][-1]
        assert (again.id, again.body) == (first.id, first.body)
        again.verified_by(hook.secret)


async def test_five_dead_letters_in_a_row_disable_an_endpoint(house: House) -> None:
    async def refuses(_delivery: Delivery) -> Answer:
        return 500

    async with receiving(refuses) as receiver, hooked(house, receiver) as hook:
        await sell(house, 7)
        for count in range(1, 6):
            await eventually(lambda: state_with(hook, attempts=1))
            await hook.run("failing_since = now() - interval '24 hours', next_attempt_at = now()")
            state = await eventually(partial(state_with, hook, dead_letter_count=count))
            assert state["active"] == (count < 5)
        assert state["disabled"]["reason"] == "failing"
        assert state["seq"] == hook.start + 5
        asked = len(receiver.deliveries)
        receiver.answer = take
        async with receiving() as watching, hooked(house, watching) as other:
            await sell(house)
            await judge(house, other, watching)
        assert len(receiver.deliveries) == asked, "it is disabled, and was asked all the same"
        await hook.change(active=True)
        await receiver.until(lambda: hook.start + 8 in receiver.taken)
        assert receiver.taken == [hook.start + n for n in (6, 7, 8)]


async def test_who_says_that_it_is_gone_is_sent_nothing_more(house: House) -> None:
    async def gone(_delivery: Delivery) -> Answer:
        return 410

    async with receiving(gone) as receiver, hooked(house, receiver) as hook:
        await sell(house, 3)
        state = await eventually(lambda: state_with(hook, active=False))
        assert (state["disabled"]["reason"], state["last_status"]) == ("gone", 410)
        assert (state["seq"], len(receiver.deliveries)) == (hook.start, 1)
        receiver.answer = take
        await hook.change(url=receiver.url)
        await judge(house, hook, receiver, at_least=3)


async def test_a_redirect_is_a_failure_and_leads_nowhere(house: House) -> None:
    async with receiving() as elsewhere:

        async def moved(_delivery: Delivery) -> Answer:
            return 307, {"location": elsewhere.url}

        async with receiving(moved) as receiver, hooked(house, receiver) as hook:
            await sell(house)
            state = await eventually(lambda: state_with(hook, attempts=1))
            assert state["last_status"] == 307
            assert "redirects are not followed" in state["last_error"]
            assert elsewhere.deliveries == []
            # the control: sent there, it arrives
            await hook.change(url=elsewhere.url)
            await judge(house, hook, elsewhere)


async def test_a_receiver_that_is_away_is_waited_for(house: House) -> None:
    async with receiving() as receiver:
        async with receiving() as away:
            pass
        async with hooked(house, away) as hook:
            await sell(house, 2)
            state = await eventually(lambda: state_with(hook, attempts=1))
            assert state["last_status"] is None
            assert state["last_error"].startswith("ConnectError")
            await hook.change(url=receiver.url)
            await judge(house, hook, receiver, at_least=2)


async def test_both_secrets_sign_for_a_day_after_a_change(house: House) -> None:
    async with receiving() as receiver, hooked(house, receiver) as hook:
        fresh = (await hook.change(rotate_secret=True))["secret"]
        await sell(house)
        await receiver.until(lambda: receiver.taken)
        for secret in (hook.secret, fresh):
            receiver.deliveries[0].verified_by(secret)
        assert await eventually(lambda: caught_up(hook))
        await hook.run("old_secrets_until = now()")
        await sell(house)
        await receiver.until(lambda: len(receiver.taken) == 2)
        receiver.deliveries[1].verified_by(fresh)
        with pytest.raises(WebhookVerificationError):
            receiver.deliveries[1].verified_by(hook.secret)


async def test_a_replay_during_a_delivery_is_not_undone_by_its_end(house: House) -> None:
    holding = Holding()
    async with receiving() as receiver, hooked(house, receiver) as hook:
        await sell(house, 3)
        await receiver.until(lambda: len(receiver.taken) == 3)
        receiver.answer = holding
        await sell(house)
        await receiver.until(lambda: len(receiver.deliveries) == 4)
        assert (await hook.replay(hook.start))["seq"] == hook.start
        assert len(receiver.deliveries) == 4, "nothing is sent beside the delivery that is under way"
        holding.may.set()
        await receiver.until(lambda: len(receiver.taken) == 8)
        assert receiver.taken[3:] == [hook.start + n for n in (4, 1, 2, 3, 4)]
        assert receiver.most_at_once == 1


async def test_a_paused_endpoint_gets_what_came_meanwhile(house: House) -> None:
    async with (
        receiving() as receiver,
        receiving() as beside,
        hooked(house, receiver) as hook,
        hooked(house, beside) as other,
    ):
        await hook.change(active=False)
        await sell(house, 3)
        await judge(house, other, beside, at_least=3)
        assert receiver.deliveries == []
        await hook.change(active=True)
        await judge(house, hook, receiver, at_least=3)


async def test_after_a_restore_the_ids_are_others(house: House) -> None:
    async with receiving() as receiver, hooked(house, receiver) as hook:
        await sell(house)
        await receiver.until(lambda: len(receiver.taken) == 1)
        async with house.psql() as conn:
            await conn.execute(
                "update feed_heads set epoch = gen_random_uuid() where restaurant_id = %s", (PIZZERIA.id,)
            )
        await sell(house)
        await receiver.until(lambda: len(receiver.taken) == 2)
        before, after = (delivery.id.split("_")[1] for delivery in receiver.deliveries)
        assert before != after == UUID((await house.position())[0]).hex
        assert receiver.taken == [hook.start + 1, hook.start + 2]


async def test_what_is_delivered_is_counted(house: House) -> None:
    async with receiving() as receiver, hooked(house, receiver) as hook:
        before = await delivered(house)
        await sell(house, 2)
        await judge(house, hook, receiver)
        assert await delivered(house) == before + 2


async def delivered(house: House) -> float:
    """How many events this process has delivered."""
    text = (await house.rest.get(house.server.url + "/metrics")).text
    name = 'fynlo_webhook_deliveries_total{outcome="taken"} '
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)


async def test_what_is_no_longer_kept_is_told_as_a_gap_and_the_rest_comes(house: House) -> None:
    async with receiving() as receiver, hooked(house, receiver) as hook:
        await hook.change(active=False)
        await sell(house, 5)
        assert (await hook.state())["missed"] is None
        async with house.psql() as conn:
            await conn.execute("set session_replication_role = replica")
            await conn.execute(
                "delete from order_events where restaurant_id = %s and seq <= %s",
                (PIZZERIA.id, hook.start + 3),
            )
        await hook.change(active=True)
        await receiver.until(lambda: len(receiver.taken) == 2)
        assert receiver.taken == [hook.start + 4, hook.start + 5]
        missed = (await hook.state())["missed"]
        assert (missed["after"], missed["upto"]) == (hook.start, hook.start + 3)
