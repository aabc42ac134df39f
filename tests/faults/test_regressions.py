"""What has gone wrong elsewhere where two did the same thing at once, each as it would go wrong again.

Each goes wrong at a server that is `careless` (careless.py), which shows that it would be seen. Retries, and lines
that are sent again, stand in test_retries.py.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import psycopg
import pytest

from fynlo.demo.data import PIZZERIA
from tests.api.house import Json, Person, line, order, product, refused, table
from tests.api.money import paid, pay, refund
from tests.api.wire import Order

from .shop import Shop, statuses

FRIES, COLA = "Skin-on fries", "Cola"  # at 450 and at 345
TENDERS = ("card", "cash", "card")
ROUNDS = (True, False, False)
"""In some all have begun before one commits, see Shop.at_once(); in others it comes as it comes."""


# -- two waiters add to one table's order


async def add_at_once(shop: Shop, where: str, *rounds: bool) -> Order:
    """In each round four tills of two people add a line each; a round is held or not."""
    made = await shop.waiter.order(line(FRIES), type="dine_in", table_id=table(where))
    async with shop.tills(shop.waiter, 2) as ours, shop.tills(shop.cashier, 2) as theirs:
        for n, held in enumerate(rounds):
            answers = await shop.at_once(
                *[
                    till.post(f"/orders/{made.id}/items", {"items": [line(FRIES, notes=f"{n}.{place}")]})
                    for place, till in enumerate((*ours, *theirs))
                ],
                held=held,
            )
            assert set(statuses(answers)) == {200}
    return await shop.read(made)


async def test_two_waiters_add_to_one_tables_order_and_no_line_is_lost(shop: Shop) -> None:
    now = await add_at_once(shop, "1", True, *[False] * 5)
    notes = sorted(item.notes or "" for item in now.items[1:])
    assert notes == [f"{n}.{place}" for n in range(6) for place in range(4)]
    assert (now.totals.subtotal, now.totals.due, now.version) == (25 * 450, 25 * 450, 25)
    body = {"items": [line(FRIES)]}
    seen = [
        by.post(f"/orders/{now.id}/items", body, version=now.version) for by in (shop.waiter, shop.cashier)
    ]
    assert statuses(await asyncio.gather(*seen)) == [200, 412], "who has seen the same version is told"


async def test_without_its_lock_the_sums_of_a_tables_order_lack_a_line(careless: Shop) -> None:
    now = await add_at_once(careless, "1", True)
    assert now.totals.subtotal < sum(item.total for item in now.items)


# -- one table opened twice


async def open_twice(shop: Shop, where: str, *, held: bool = True) -> list[httpx.Response]:
    async with AsyncExitStack() as stack:
        tills = [await stack.enter_async_context(shop.tills(by, 2)) for by in (shop.waiter, shop.cashier)]
        body = shop.waiter.new_order(line(FRIES), type="dine_in", table_id=table(where))
        return await shop.at_once(*[till.post("/orders", body) for pair in tills for till in pair], held=held)


async def test_one_table_opened_by_two_at_once_is_open_once(shop: Shop) -> None:
    for where in ("2", "3", "4", "5"):
        answers = await open_twice(shop, where, held=where == "2")
        assert statuses(answers) == [201, 409, 409, 409]
        (made,) = [order(answer, 201) for answer in answers if answer.status_code == 201]
        for answer in answers:
            if answer.status_code == 409:
                detail = refused(answer, 409, "table_occupied").detail
                assert f"Order {made.number} " in detail, "it names the order that is open there"


async def test_without_its_index_a_table_is_open_twice(careless: Shop) -> None:
    assert statuses(await open_twice(careless, "2")).count(201) > 1


# -- one bill paid twice


async def pay_at_once(shop: Shop, *, held: bool = True, **fields: Any) -> tuple[Order, list[httpx.Response]]:
    made = await shop.waiter.order(line(FRIES))
    answers = await shop.at_once(
        *[pay(by, made, 450, method, **fields) for by, method in zip(shop.people, TENDERS, strict=True)],
        held=held,
    )
    return await shop.read(made), answers


async def test_one_bill_paid_at_two_tills_at_once_is_paid_once(shop: Shop) -> None:
    for held in ROUNDS:
        now, answers = await pay_at_once(shop, held=held)
        assert statuses(answers) == [201, 422, 422]
        for answer in answers:
            if answer.status_code == 422:
                refused(answer, 422, "overpayment")
        assert (now.totals.paid, now.totals.due, now.totals.to_refund) == (450, 0, 0)
        assert [(p.state, p.amount) for p in now.payments] == [("captured", 450)]


async def test_money_taken_twice_for_one_bill_is_booked_once_as_paid_and_else_unapplied(shop: Shop) -> None:
    for held in ROUNDS:
        now, answers = await pay_at_once(shop, held=held, accept_surplus=True)
        assert statuses(answers) == [201, 201, 201]
        assert sorted(p.unapplied for p in now.payments) == [0, 450, 450]
        assert (now.totals.paid, now.totals.unapplied, now.totals.to_refund) == (450, 900, 900)


async def test_without_its_lock_a_bill_is_paid_twice(careless: Shop) -> None:
    for fields in ({}, {"accept_surplus": True}):
        now, _ = await pay_at_once(careless, **fields)
        assert sum(p.amount - p.unapplied for p in now.payments) > 450


# -- paying a paid order


async def pay_again(shop: Shop) -> tuple[Order, list[httpx.Response]]:
    """While the payment that pays it commits, and once more when it has."""
    made = await shop.waiter.order(line(FRIES))
    with shop.held_back():
        first = asyncio.create_task(pay(shop.waiter, made, 450))
        await shop.waiting(1)
        second = asyncio.create_task(pay(shop.cashier, made, 1))
        await shop.waiting(2)
    paid(await first)
    answers = await asyncio.gather(second, *[pay(by, made, 450) for by in shop.people])
    return made, answers


async def test_a_paid_order_takes_no_more_but_a_tip(shop: Shop) -> None:
    made, answers = await pay_again(shop)
    for answer in answers:
        assert "at most 0 " in refused(answer, 422, "overpayment").detail
    tips = await asyncio.gather(*[pay(by, made, 0, tip=50) for by in shop.people])
    assert {paid(tip).state for tip in tips} == {"captured"}
    now = await shop.read(made)
    assert (now.totals.paid, now.totals.tips, now.payment_status) == (450, 150, "paid")


async def test_without_its_lock_an_order_that_is_being_paid_is_paid_again(careless: Shop) -> None:
    _, (while_it_commits, *_) = await pay_again(careless)
    assert while_it_commits.status_code == 201


# -- refunds


async def refund_at_once(shop: Shop, *, held: bool = True) -> tuple[Order, list[httpx.Response]]:
    """Six at once give back a third, and a third of the tip."""
    made = await shop.waiter.order(line(FRIES, quantity=2))
    payment = paid(await pay(shop.waiter, made, 900, tip=90))
    async with shop.tills(shop.manager, 6) as tills:
        answers = await shop.at_once(*[refund(till, payment, 300, tip=30) for till in tills], held=held)
    return await shop.read(made), answers


async def test_refunds_at_once_never_give_back_more_than_was_paid(shop: Shop) -> None:
    for held in ROUNDS:
        now, answers = await refund_at_once(shop, held=held)
        assert statuses(answers) == [201] * 3 + [422] * 3
        for answer in answers:
            if answer.status_code == 422:
                refused(answer, 422, "refund_exceeds_payment")
        assert (now.totals.refunded, now.totals.tips, now.payment_status) == (900, 0, "refunded")


async def test_without_its_lock_more_of_a_payment_is_given_back_than_was_paid(careless: Shop) -> None:
    now, _ = await refund_at_once(careless)
    assert sum(each.amount for p in now.payments for each in p.refunds) > 900


# -- the last portion


async def sell_the_last(shop: Shop, *, held: bool = True) -> list[httpx.Response]:
    """Four tills want the last of two things, some the one first and some the other."""
    ids = [product(FRIES).id, product(COLA).id]
    shop.database.run("update products set availability = 'counted', stock = 1 where id = any (%s)", ids)
    try:
        async with shop.tills(shop.waiter, 2) as ours, shop.tills(shop.cashier, 2) as theirs:
            lines = [line(FRIES), line(COLA)]
            return await shop.at_once(
                *[
                    till.post("/orders", till.new_order(*(lines if place % 2 else lines[::-1])))
                    for place, till in enumerate((*ours, *theirs))
                ],
                held=held,
            )
    finally:
        left = shop.database.rows("select distinct stock from products where id = any (%s)", ids)
        shop.database.run(
            "update products set availability = 'in_stock', stock = null where id = any (%s)", ids
        )
        assert left == [(0,)]


async def test_the_last_portion_is_sold_once(shop: Shop) -> None:
    for held in ROUNDS:
        answers = await sell_the_last(shop, held=held)
        assert statuses(answers) == [201, 409, 409, 409]
        for answer in answers:
            if answer.status_code == 409:
                refused(answer, 409, "out_of_stock")


async def test_without_its_lock_the_last_portion_is_sold_twice(careless: Shop) -> None:
    assert statuses(await sell_the_last(careless)).count(201) > 1


# -- a price changed between menu and order


class Prices(NamedTuple):
    """Of what was ordered before the change committed, after it, and of an order made offline before it."""

    before: int
    after: set[int]
    offline: int


async def change_the_price(shop: Shop) -> Prices:
    fries = product(FRIES).id

    def price(made: Order) -> int:
        return made.items[0].unit_price

    for till in (shop.waiter, shop.cashier):
        shown = {each["name"]: each["price"] for each in (await till.menu(limit=100)).json()}
        assert shown[FRIES] == 450
    moment = datetime.now(UTC)
    try:
        with psycopg.connect(shop.database.url) as dba:
            dba.execute("update products set price = 500 where id = %s", (fries,))
            before = price(await shop.waiter.order(line(FRIES)))
        after = await asyncio.gather(*[till.order(line(FRIES)) for till in (shop.waiter, shop.cashier)])
        for field in ("price", "unit_price"):
            body = shop.waiter.new_order(line(FRIES, **{field: 450}))
            refused(await shop.waiter.post("/orders", body), 422, "validation_failed")
        offline = price(await shop.cashier.order(line(FRIES), placed_at=moment))
    finally:
        shop.database.run("update products set price = 450 where id = %s", fries)
    return Prices(before, {price(made) for made in after}, offline)


async def test_a_price_that_changed_since_the_menu_was_shown_is_the_new_one(shop: Shop) -> None:
    assert await change_the_price(shop) == Prices(before=450, after={500}, offline=450)


async def test_without_its_history_an_order_made_offline_has_the_new_price(careless: Shop) -> None:
    assert await change_the_price(careless) == Prices(before=450, after={500}, offline=500)


# -- numbers


async def number(shop: Shop, day: datetime) -> list[int]:
    """Of fifty orders made at once on a day without any, while others are refused after they had a number."""
    taken = uuid4()
    shop.set_clock(day - timedelta(days=1))
    await shop.waiter.order(line(FRIES, id=taken))
    shop.set_clock(day)

    async def ask_for(n: int) -> int | None:
        by = shop.people[n % 3]
        fields: Json = {"id": taken} if n % 3 == 2 else {}
        answer = await by.post("/orders", by.new_order(line(FRIES, **fields)))
        if fields and shop.careful:
            refused(answer, 409, "id_conflict")
        return order(answer, 201).number if not fields else None

    try:
        found = await asyncio.gather(*[ask_for(n) for n in range(75)])
    finally:
        shop.set_clock(None)
    return sorted(each for each in found if each is not None)


async def test_fifty_orders_at_once_are_numbered_without_a_gap_or_a_repeat(shop: Shop) -> None:
    assert await number(shop, datetime(2027, 6, 1, 12, tzinfo=UTC)) == list(range(1, 51))


async def test_numbers_after_the_highest_that_is_seen_repeat(careless: Shop) -> None:
    found = await number(careless, datetime(2027, 6, 1, 12, tzinfo=UTC))
    assert len(set(found)) < len(found)


# -- days


class Boundary(NamedTuple):
    """The instant at which a day of trade begins, by a zone and the time that a restaurant changes days at."""

    zone: str
    cutoff: str
    at: datetime
    day: date
    misjudged: bool
    """Whether one is wrong about it who goes by the time that the zone had a day before."""


def boundary(zone: str, cutoff: str, at: str, day: str, *, misjudged: bool) -> Boundary:
    return Boundary(zone, cutoff, datetime.fromisoformat(f"{at}+00:00"), date.fromisoformat(day), misjudged)


DAYS = [
    boundary("Europe/London", "00:00", "2027-06-10T23:00", "2027-06-11", misjudged=False),
    boundary("Europe/London", "04:00", "2027-01-20T04:00", "2027-01-20", misjudged=False),
    boundary("Europe/London", "04:00", "2027-03-28T03:00", "2027-03-28", misjudged=True),
    boundary("Europe/London", "04:00", "2027-10-31T04:00", "2027-10-31", misjudged=True),
    # the clock shows 00:59:59, then 02:00:00
    boundary("Europe/London", "01:30", "2028-03-26T01:00", "2028-03-26", misjudged=True),
    # by half an hour only
    boundary("Australia/Lord_Howe", "04:00", "2027-10-02T17:00", "2027-10-03", misjudged=True),
    boundary("Australia/Lord_Howe", "04:00", "2027-04-03T17:30", "2027-04-04", misjudged=True),
    # a midnight that there is not, and one that the clock reaches an hour later than it said it would
    boundary("America/Santiago", "00:00", "2027-09-05T04:00", "2027-09-05", misjudged=False),
    boundary("America/Santiago", "00:00", "2028-04-02T04:00", "2028-04-02", misjudged=True),
]
AROUND = timedelta(seconds=0.15)


async def sell_over(shop: Shop, when: Boundary) -> list[Order]:
    """Four tills sell while one day becomes the other; then each enters two orders that it made offline, one just
    before the new day began and one just as it did."""
    shop.database.run(
        "update restaurants set timezone = %s, day_cutoff = %s where id = %s",
        when.zone, when.cutoff, PIZZERIA.id,
    )  # fmt: skip

    async def sell(till: Person) -> list[Order]:
        made = [await till.order(line(FRIES))]
        while made[-1].placed_at < when.at:
            made.append(await till.order(line(FRIES)))
        for moment in (when.at - timedelta(milliseconds=1), when.at):
            made.append(await till.order(line(FRIES), placed_at=moment))
            assert made[-1].placed_at == moment
        return made

    async with shop.tills(shop.waiter, 2) as ours, shop.tills(shop.cashier, 2) as theirs:
        shop.set_clock(when.at - AROUND)
        return [made for sold in await asyncio.gather(*map(sell, (*ours, *theirs))) for made in sold]


def numbered(made: Iterable[Order]) -> dict[date, list[int]]:
    days: dict[date, list[int]] = {}
    for each in made:
        days.setdefault(each.business_date, []).append(each.number)
    return {day: sorted(numbers) for day, numbers in days.items()}


def of_the_day(made: list[Order], when: Boundary) -> dict[date, list[int]]:
    """As `numbered`, as it should be: by when the orders were placed."""
    new = sum(each.placed_at >= when.at for each in made)
    numbers = {when.day - timedelta(days=1): len(made) - new, when.day: new}
    return {day: list(range(1, count + 1)) for day, count in numbers.items()}


@pytest.fixture
def london(shop: Shop, careless: Shop) -> Iterator[None]:
    """Everything is where it was afterwards."""
    yield
    for each in (shop, careless):
        each.set_clock(None)
        each.database.run(
            "update restaurants set timezone = %s, day_cutoff = %s where id = %s",
            PIZZERIA.timezone, PIZZERIA.day_cutoff, PIZZERIA.id,
        )  # fmt: skip


@pytest.mark.usefixtures("london")
async def test_orders_at_midnight_and_at_each_clock_change_are_of_the_right_day(shop: Shop) -> None:
    for when in DAYS:
        made = await sell_over(shop, when)
        assert numbered(made) == of_the_day(made, when), when


@pytest.mark.usefixtures("london")
async def test_where_every_day_has_24_hours_orders_are_of_the_wrong_day(careless: Shop) -> None:
    for when in DAYS:
        made = await sell_over(careless, when)
        right = {each.business_date for each in made if each.placed_at >= when.at} == {when.day} and {
            each.business_date for each in made if each.placed_at < when.at
        } == {when.day - timedelta(days=1)}
        assert right == (not when.misjudged), when
