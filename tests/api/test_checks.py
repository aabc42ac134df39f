"""Splitting: the checks of an order add up to what is due of it, to the penny, whatever comes after."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .house import Database, Json, Person, line, order, refused
from .money import adds_up, paid, pay, settle, told
from .wire import Order

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"  # at 450 and 525


async def split(by: Person, which: Order, **fields: Any) -> httpx.Response:
    request = {"version": fields.pop("version", which.version), "key": fields.pop("key", "")}
    return await by.post(f"/orders/{which.id}/checks", fields, **request)


async def into(by: Person, which: Order, **fields: Any) -> Order:
    found = order(await split(by, which, **fields))
    adds_up(found)
    return found


def part(which: Order, place: int, **fields: Any) -> Json:
    return {"item_id": which.items[place].id, **fields}


def dues(which: Order) -> list[int]:
    return [check.due for check in which.checks]


@contextmanager
def tax_on_top(database: Database, place: Person, *, on_top: bool) -> Iterator[None]:
    """Orders made meanwhile have their tax on top of the prices."""
    change = "update restaurants set prices_include_tax = %s where id = %s"
    database.run(change, not on_top, place.place.id)
    try:
        yield
    finally:
        database.run(change, True, place.place.id)


@pytest.mark.parametrize(("on_top", "due"), [(False, 975), (True, 1170)])
async def test_what_is_due_is_split_to_the_penny_in_every_way(
    waiter: Person, database: Database, on_top: bool, due: int
) -> None:
    with tax_on_top(database, waiter, on_top=on_top):
        made = await waiter.order(line(FRIES), line(BROCCOLI))
    assert made.totals.due == due
    equal = order(await split(waiter, made, split="equal", ways=7))
    adds_up(equal, tax_on_top=on_top)
    assert len(equal.checks) == 7
    assert max(dues(equal)) - min(dues(equal)) == 1
    assert [check.paid for check in equal.checks] == [0] * 7
    amounts = order(await split(waiter, equal, split="amounts", amounts=[1, 400]))
    adds_up(amounts, tax_on_top=on_top)
    assert [(c.total, c.items, c.remainder) for c in amounts.checks] == [
        (1, (), False), (400, (), False), (due - 401, (), True),
    ]  # fmt: skip
    thirds = [[part(made, 0, share="1/3")], [part(made, 0, share="1/3"), part(made, 1, quantity=1)]]
    items = order(await split(waiter, amounts, split="items", checks=thirds))
    adds_up(items, tax_on_top=on_top)
    third = due * 450 // 975 // 3
    assert [(c.total, c.remainder) for c in items.checks] == [
        (third, False), (due - 2 * third, False), (third, True),
    ]  # fmt: skip
    assert [[(p.item_id, p.quantity, p.share) for p in c.items] for c in items.checks] == [
        [(made.items[0].id, None, "1/3")],
        [(made.items[0].id, None, "1/3"), (made.items[1].id, 1, None)],
        [],
    ]
    assert not {c.id for c in items.checks} & {c.id for c in (*equal.checks, *amounts.checks)}
    assert await waiter.read(made.id) == items


async def test_checks_are_paid_and_later_lines_fall_on_the_remainder(manager: Person) -> None:
    made = await manager.order(line(FRIES, quantity=2), line(BROCCOLI))
    parts = [[part(made, 0, quantity=1)], [part(made, 0, quantity=1), part(made, 1, quantity=1)]]
    done = await into(manager, made, split="items", checks=parts)
    assert dues(done) == [450, 975]
    first, second = done.checks
    refused(await pay(manager, done, 451, check_id=first.id), 422, "overpayment")
    done = paid(await pay(manager, done, 450, check_id=first.id)).order
    adds_up(done)
    assert [(c.id, c.paid, c.due) for c in done.checks] == [(first.id, 450, 0), (second.id, 0, 975)]
    done = order(await manager.post(f"/orders/{made.id}/items", {"items": [line(BROCCOLI)]}))
    adds_up(done)
    assert [(c.due, c.remainder) for c in done.checks] == [(0, False), (975, False), (525, True)]
    # a voided line comes off the check that holds it
    path = f"/orders/{made.id}/items/{made.items[1].id}/void"
    done = order(await manager.post(path, {"reason": "dropped"}, version=done.version))
    adds_up(done)
    assert dues(done) == [0, 450, 525]
    # what is paid for no check comes off the remainder
    done = paid(await pay(manager, done, 600)).order
    adds_up(done)
    assert dues(done) == [0, 375, 0]
    done = paid(await pay(manager, done, 375, check_id=second.id)).order
    assert (dues(done), done.payment_status) == ([0, 0, 0], "paid")


async def test_splitting_again_leaves_what_was_paid_or_is_being_paid(waiter: Person) -> None:
    made = await into(waiter, await waiter.order(line(FRIES, quantity=4)), split="equal", ways=4)
    whole, some, terminal, _ = made.checks
    await pay(waiter, made, 450, check_id=whole.id)
    await pay(waiter, made, 100, check_id=some.id)
    pending = paid(await pay(waiter, made, 300, check_id=terminal.id, state="pending"))
    again = await into(waiter, pending.order, split="equal", ways=2)
    assert [(c.id, c.total, c.paid, c.due) for c in again.checks[:3]] == [
        (whole.id, 450, 450, 0), (some.id, 100, 100, 0), (terminal.id, 300, 0, 300),
    ]  # fmt: skip
    assert dues(again)[3:] == [475, 475]
    captured = paid(await settle(waiter, pending.id, "capture"), 200).order
    adds_up(captured)
    assert captured.payments[-1].check_id == terminal.id
    assert dues(captured) == [0, 0, 0, 475, 475]
    # where the terminal has taken nothing, its check is due as before
    pending = paid(await pay(waiter, captured, 475, check_id=captured.checks[3].id, state="pending"))
    again = await into(waiter, pending.order, split="amounts", amounts=[75])
    failed = paid(await settle(waiter, pending.id, "fail"), 200).order
    adds_up(failed)
    assert dues(failed) == dues(again) == [0, 0, 0, 475, 75, 400]


async def test_a_line_that_was_paid_is_not_split_again(waiter: Person) -> None:
    made = await waiter.order(line(FRIES), line(BROCCOLI))
    halves = [[part(made, 0, quantity=1)], [part(made, 1, quantity=1)]]
    done = await into(waiter, made, split="items", checks=halves)
    done = paid(await pay(waiter, done, 450, check_id=done.checks[0].id)).order
    refused(await split(waiter, done, split="items", checks=halves), 422, "split_mismatch")
    again = await into(waiter, done, split="items", checks=[[part(made, 1, share="1/2")]])
    assert [(c.due, c.remainder) for c in again.checks] == [(0, False), (263, False), (262, True)]


async def test_a_split_that_cannot_be_is_refused_and_changes_nothing(
    waiter: Person, kitchen: Person, rival: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES, quantity=2))
    closed = order(await waiter.move(await waiter.order(line(FRIES)), "cancelled", reason="a test"))
    nothing = await waiter.order()
    before = database.contents()
    for fields, field in (
        ({"split": "equal", "ways": 1}, "ways"),
        ({"split": "equal", "ways": 100}, "ways"),
        ({"split": "equal"}, "ways"),
        ({"split": "fair"}, "split"),
        ({"ways": 2}, "split"),
        ({"split": "amounts", "amounts": []}, "amounts"),
        ({"split": "amounts", "amounts": [10, 0]}, "amounts[1]"),
        ({"split": "items", "checks": []}, "checks"),
        ({"split": "items", "checks": [[]]}, "checks[0]"),
        ({"split": "items", "checks": [[part(made, 0, quantity=1)]], "ways": 2}, "ways"),
        ({"split": "items", "checks": [[{"item_id": uuid4(), "quantity": 1}]]}, "checks[0][0].item_id"),
        ({"split": "items", "checks": [[part(made, 0, share="4/3")]]}, "checks[0][0]"),
        ({"split": "items", "checks": [[part(made, 0)]]}, "checks[0][0]"),
    ):
        problem = refused(await split(waiter, made, **fields), 422, "validation_failed")
        assert [f.replace("[...]", "[0]") for f in problem.fields] == [field], fields
    for fields in (
        {"split": "amounts", "amounts": [900, 1]},
        {"split": "items", "checks": [[part(made, 0, quantity=3)]]},
        {"split": "items", "checks": [[part(made, 0, share="1/2")], [part(made, 0, share="2/3")]]},
    ):
        refused(await split(waiter, made, **fields), 422, "split_mismatch")
    halves = {"split": "equal", "ways": 2}
    refused(await split(waiter, made, version=None, **halves), 428, "version_required")
    refused(await split(waiter, made, version=made.version + 1, **halves), 412, "version_conflict")
    refused(await split(kitchen, made, **halves), 403, "forbidden")
    refused(await split(rival, made, **halves), 404, "not_found")
    refused(await split(waiter, closed, **halves), 409, "order_closed")
    refused(await split(waiter, nothing, **halves), 409, "nothing_due")
    assert database.contents() == before
    reserved = paid(await pay(waiter, made, 900, state="pending")).order
    assert dues(await into(waiter, reserved, **halves)) == [450, 450]  # for no check: nobody's part is taken


async def test_of_two_who_split_at_once_one_is_told_and_a_retry_is_done_once(
    waiter: Person, manager: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    answers = await asyncio.gather(
        *[split((waiter, manager)[n % 2], made, split="equal", ways=2 + n) for n in range(4)]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    (won,) = [order(answer) for answer in answers if answer.status_code == 200]
    assert await waiter.read(made.id) == won
    key = str(uuid4())
    first, again = [await split(waiter, won, split="equal", ways=2, key=key) for _ in range(2)]
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert (order(first).version, len(order(first).checks)) == (won.version + 1, 2)
    assert told(database, made) == ["order.created", "order.updated", "order.updated"]


async def test_a_check_that_is_paid_while_somebody_splits_anew(waiter: Person, manager: Person) -> None:
    seen = set()
    for turn in range(6):
        made = await into(waiter, await waiter.order(line(FRIES, quantity=2)), split="equal", ways=3)
        asks = [
            split(waiter, made, split="equal", ways=2),
            pay(manager, made, made.checks[1].due, check_id=made.checks[1].id),
        ]
        answers = await asyncio.gather(*(asks if turn % 2 else asks[::-1]))
        split_answer, pay_answer = answers if turn % 2 else answers[::-1]
        now = await waiter.read(made.id)
        adds_up(now)
        seen.add((split_answer.status_code, pay_answer.status_code))
        if split_answer.status_code == 200:  # its check was gone when the money came
            assert refused(pay_answer, 422, "validation_failed").fields == ["check_id"]
            assert dues(now) == [450, 450]
        else:
            refused(split_answer, 412, "version_conflict")
            assert paid(pay_answer).order == now
            assert dues(now) == [300, 0, 300]
    assert seen <= {(200, 422), (412, 201)}
