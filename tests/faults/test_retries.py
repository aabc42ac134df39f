"""Asked again because nobody knows what became of the first try: it is done once, and nothing is sent again.

Each goes wrong at a server that is `careless` (careless.py), which shows that it would be seen.
"""

import asyncio
from uuid import uuid4

import httpx
import pytest
from msgspec import Struct

from tests.api.house import Json, Person, line, table
from tests.api.wire import Order

from .shop import Shop, statuses

FRIES, COLA = "Skin-on fries", "Cola"


class Sale(Struct):
    """An order that a till asks for until it is acknowledged, by an Idempotency-Key or an id of its own."""

    body: Json
    key: str | None

    async def at(self, till: Person) -> httpx.Response:
        return await till.post("/orders", self.body, key=self.key)

    def made(self, shop: Shop) -> int:
        """How many orders there are of it."""
        return int(shop.database.value("select count(*) from orders where notes = %s", self.body["notes"]))


def sales(by: Person) -> tuple[Sale, Sale]:
    """One that has a key, and one that has an id."""
    body = by.new_order(line(FRIES), line(COLA, quantity=2))
    return (
        Sale({**body, "notes": str(uuid4())}, str(uuid4())),
        Sale({**body, "notes": str(uuid4()), "id": uuid4()}, None),
    )


def judge(with_key: list[httpx.Response], with_id: list[httpx.Response]) -> None:
    """All tries were told of one order: with a key by the same bytes, with an id by the order as it is."""
    assert {answer.status_code for answer in with_key} == {201}
    assert len({answer.content for answer in with_key}) == 1
    assert set(statuses(with_id)) <= {200, 201}
    assert statuses(with_id).count(201) <= 1
    assert len({answer.json()["id"] for answer in with_id}) == 1


# -- the same order retried before its commit


async def retried_before_the_commit(shop: Shop, sale: Sale) -> list[httpx.Response]:
    async with shop.tills(shop.waiter, 4) as tills:
        with shop.held_back():
            asked = [asyncio.create_task(sale.at(tills[0]))]
            await shop.waiting(1)
            asked += [asyncio.create_task(sale.at(till)) for till in tills[1:]]
            await shop.waiting(4)
            assert sale.made(shop) == 0
        return await asyncio.gather(*asked)


async def test_an_order_retried_while_its_first_try_commits_is_one_order(shop: Shop) -> None:
    with_key, with_id = sales(shop.waiter)
    judge(await retried_before_the_commit(shop, with_key), await retried_before_the_commit(shop, with_id))
    assert (with_key.made(shop), with_id.made(shop)) == (1, 1)


async def test_a_careless_server_makes_an_order_for_each_try_before_the_commit(careless: Shop) -> None:
    for sale in sales(careless.waiter):
        await retried_before_the_commit(careless, sale)
        assert sale.made(careless) == 4


# -- the same order retried after its commit, its answer lost


async def lose_the_answer(shop: Shop, sale: Sale) -> None:
    async with shop.cut_off(shop.waiter) as till:
        with pytest.raises(httpx.TransportError):
            await sale.at(till)
    assert sale.made(shop) == 1


async def retried_after_the_commit(shop: Shop, sale: Sale, tries: int = 3) -> list[httpx.Response]:
    async with shop.tills(shop.waiter, tries) as tills:
        return await asyncio.gather(*[sale.at(till) for till in tills])


async def test_an_order_retried_after_its_answer_was_lost_is_one_order(shop: Shop) -> None:
    with_key, with_id = sales(shop.waiter)
    await asyncio.gather(lose_the_answer(shop, with_key), lose_the_answer(shop, with_id))
    judge(
        *await asyncio.gather(
            retried_after_the_commit(shop, with_key), retried_after_the_commit(shop, with_id)
        )
    )
    assert (with_key.made(shop), with_id.made(shop)) == (1, 1)


async def test_a_careless_server_makes_an_order_for_each_try_after_the_commit(careless: Shop) -> None:
    for sale in sales(careless.waiter):
        await lose_the_answer(careless, sale)
        await retried_after_the_commit(careless, sale)
        assert sale.made(careless) == 4


# -- the same order retried after the server was killed


async def retried_after_a_kill(shop: Shop) -> list[tuple[Sale, list[httpx.Response]]]:
    """Of some the first try had committed, of the others the database still holds the commit back."""
    lost, unsure = sales(shop.waiter), sales(shop.waiter)
    for sale in lost:
        await lose_the_answer(shop, sale)
    async with shop.tills(shop.waiter, 2) as tills:
        with shop.held_back():
            first = [asyncio.create_task(sale.at(till)) for sale, till in zip(unsure, tills, strict=True)]
            await shop.waiting(2)
            died = await shop.die()
            assert all(
                isinstance(end, httpx.TransportError)
                for end in await asyncio.gather(*first, return_exceptions=True)
            )
            again = [
                asyncio.create_task(retried_after_the_commit(shop, sale, 2)) for sale in (*lost, *unsure)
            ]
            await shop.waiting(4, since=died)
    return list(zip((*lost, *unsure), await asyncio.gather(*again), strict=True))


async def test_an_order_retried_after_the_server_was_killed_is_one_order(shop: Shop) -> None:
    (_, lost_key), (_, lost_id), (_, unsure_key), (_, unsure_id) = found = await retried_after_a_kill(shop)
    judge(lost_key, lost_id)
    judge(unsure_key, unsure_id)
    assert [sale.made(shop) for sale, _ in found] == [1, 1, 1, 1]


async def test_a_careless_server_that_was_killed_makes_an_order_for_each_try(careless: Shop) -> None:
    made = [sale.made(careless) for sale, _ in await retried_after_a_kill(careless)]
    assert all(count >= 2 for count in made), made


# -- lines that were sent are not sent again


async def add_and_retry(shop: Shop, to: Order, *, killed: bool) -> list[tuple[str, Json]]:
    """Two add a line each at once, both get no answer and ask again; what the log says of the order after that."""
    path = f"/orders/{to.id}/items"
    asked: list[tuple[Person, Json, str | None]] = [
        (shop.waiter, {"items": [line(FRIES, notes="by key")]}, str(uuid4())),
        (shop.cashier, {"items": [line(COLA, notes="by id", id=uuid4())]}, None),
    ]

    async def unanswered(by: Person, body: Json, key: str | None) -> None:
        async with shop.cut_off(by) as till:
            with pytest.raises(httpx.TransportError):
                await till.post(path, body, key=key)

    await asyncio.gather(*[unanswered(*each) for each in asked])
    for dies in (False, True) if killed else (False,):
        if dies:
            await shop.die()
        answers = await asyncio.gather(
            *[by.post(path, body, key=key) for by, body, key in asked for _ in range(2)]
        )
        assert set(statuses(answers)) == {200}
    return shop.told(to.id)


def as_sent(data: Json) -> list[Json]:
    """The lines of an event, but for their shares of a tax that is rounded over all of them."""
    return [{**item, "net": None} for item in data["order"]["items"]]


async def test_lines_that_are_added_do_not_send_the_old_ones_again(shop: Shop) -> None:
    first = await shop.waiter.order(line(FRIES), line(COLA), type="dine_in", table_id=table("1"))
    told = await add_and_retry(shop, first, killed=True)
    assert [type for type, _ in told] == ["order.created", "order.items_added", "order.items_added"]
    known = {str(item.id) for item in first.items}
    sent = as_sent(told[0][1])
    for _, data in told[1:]:
        new = [item["id"] for item in data["order"]["items"] if item["id"] not in known]
        assert data["item_ids"] == new, "an event names the lines that are new with it, and no others"
        assert len(new) == 1
        known.update(new)
        assert {item["status"] for item in data["order"]["items"]} == {"sent"}
        assert as_sent(data)[:2] == sent, "what was sent before stands as it did"
    now = await shop.read(first)
    assert {item.notes for item in now.items[2:]} == {"by key", "by id"}
    assert (len(now.items), now.totals.total) == (4, 2 * 450 + 2 * 345)


async def test_a_careless_server_sends_lines_again_for_each_try(careless: Shop) -> None:
    first = await careless.waiter.order(line(FRIES), line(COLA), type="dine_in", table_id=table("1"))
    told = await add_and_retry(careless, first, killed=False)
    assert sum(len(data["item_ids"]) for type, data in told if type == "order.items_added") > 2
