"""An evening: people who order, split, move, merge, pay and give back at the same tables at once; all adds up."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest

from fynlo.demo.data import PIZZERIA
from tests.serving import ServerProcess

from .house import Database, Json, Person, line, order
from .money import adds_up, pay, refund
from .test_checks import split, tax_on_top
from .test_merge import PIZZA, merge, transfer
from .wire import Order

TABLES = [table.id for table in PIZZERIA.tables[:9]]
ITEMS = [line("Skin-on fries"), line("Tenderstem broccoli", quantity=3), PIZZA]
OFTEN = {
    "seat": 2, "add": 3, "void": 2, "discount": 1, "split": 4, "pay": 3, "pay_check": 4, "pending": 2, "merge": 2,
    "move": 2, "refund": 1,
}  # fmt: skip
TOLD = {200, 201, 403, 409, 412, 422}


@pytest.fixture(scope="module")
async def people(server: ServerProcess) -> AsyncIterator[list[Person]]:
    roles = ("manager", "owner", "server", "cashier")
    found = [await Person.sign_in(server.url, f"{role}@demo.fynlo.test") for role in roles]
    yield found
    for person in found:
        await person.client.aclose()


class Evening:
    """What somebody does next is drawn from `random`; every order that is looked at adds up."""

    def __init__(self, random: Random, made: list[UUID], *, on_top: bool) -> None:
        self.random = random
        self.made = made
        self.live: list[UUID] = []
        self.on_top = on_top
        self.did: dict[str, set[int]] = {}
        self.booked: dict[UUID, int] = {}

    async def look(self, by: Person, order_id: UUID) -> Order:
        found = await by.read(order_id)
        adds_up(found, tax_on_top=self.on_top)
        return found

    async def step(self, by: Person) -> None:
        (what,) = self.random.choices([*OFTEN], [*OFTEN.values()])
        if what == "seat" or not self.live:
            answer = await self.seat(by)
        else:
            which = await self.look(by, self.random.choice(self.live))
            if (
                which.closed_at is not None and which.id in self.live and self.random.random() < 0.7
            ):  # the rest: again
                self.live.remove(which.id)
            answer = await getattr(self, what)(by, which)
        if answer is None:
            return
        assert answer.status_code in TOLD, (what, answer.text)
        self.did.setdefault(what, set()).add(answer.status_code)

    async def seat(self, by: Person) -> httpx.Response:
        items = self.random.sample(ITEMS, self.random.randint(0, 2))
        fields: Json = {
            "type": "dine_in",
            "covers": self.random.randint(1, 5),
            "send": self.random.random() < 0.7,
        }
        if self.random.random() < 0.5:
            fields["table_id"] = self.random.choice(TABLES)
        answer = await by.post("/orders", by.new_order(*items, **fields))
        if answer.is_success:
            self.made.append(order(answer, 201).id)
            self.live.append(self.made[-1])
        return answer

    async def add(self, by: Person, which: Order) -> httpx.Response:
        return await by.post(f"/orders/{which.id}/items", {"items": [self.random.choice(ITEMS)]})

    async def void(self, by: Person, which: Order) -> httpx.Response | None:
        items = [i for i in which.items if i.status != "voided"]
        if not items:
            return None
        item = self.random.choice(items)
        body = {"reason": "x", "quantity": self.random.randint(1, item.quantity)}
        return await by.post(f"/orders/{which.id}/items/{item.id}/void", body, version=which.version)

    async def discount(self, by: Person, which: Order) -> httpx.Response:
        terms: Json = self.random.choice([{"percentage": "17.5"}, {"amount": 333}])
        return await by.put(f"/orders/{which.id}/discount", {**terms, "reason": "x"}, version=which.version)

    async def split(self, by: Person, which: Order) -> httpx.Response:
        how = self.random.randrange(3)
        if how == 0:
            return await split(by, which, split="equal", ways=self.random.randint(2, 5))
        if how == 1:
            most = max(1, which.totals.due // 2)
            return await split(
                by, which, split="amounts", amounts=[self.random.randint(1, most) for _ in range(2)]
            )
        parts = [{"item_id": i.id, "share": self.random.choice(["1/2", "1/3"])} for i in which.items]
        return await split(by, which, split="items", checks=[parts[::2] or parts, parts[1::2] or parts])

    async def pay(
        self, by: Person, which: Order, check_id: UUID | None = None, due: int | None = None
    ) -> Any:
        due = which.totals.due if due is None else due
        amount = due if self.random.random() < 0.5 else self.random.randint(1, max(1, due))
        answer = await pay(by, which, amount, check_id=check_id)
        self.book(answer, amount)
        return answer

    def book(self, answer: httpx.Response, amount: int) -> None:
        if answer.status_code == 201:
            self.booked[UUID(answer.json()["id"])] = amount

    async def pay_check(self, by: Person, which: Order) -> Any:
        if not which.checks:
            return None
        check = self.random.choice(which.checks)
        return await self.pay(by, which, check.id, check.due)

    async def pending(self, by: Person, which: Order) -> httpx.Response:
        """A terminal that takes its time."""
        check_id = self.random.choice([None, *[check.id for check in which.checks]])
        amount = self.random.randint(1, max(1, which.totals.due // 2))
        answer = await pay(by, which, amount, check_id=check_id, state="pending")
        if answer.status_code != 201:
            return answer
        await asyncio.sleep(self.random.random() / 50)
        outcome = self.random.choice(["capture", "fail"])
        settled = await by.post(f"/payments/{answer.json()['id']}/{outcome}", {})
        assert settled.status_code == 200, settled.text
        if outcome == "capture":
            self.book(answer, amount)
        return settled

    async def merge(self, by: Person, which: Order) -> httpx.Response:
        return await merge(by, which, await self.look(by, self.random.choice(self.live or self.made)))

    async def move(self, by: Person, which: Order) -> httpx.Response:
        return await transfer(by, which, self.random.choice([None, *TABLES]))

    async def refund(self, by: Person, which: Order) -> httpx.Response | None:
        taken = [p for p in which.payments if p.state == "captured" and p.amount]
        if not taken:
            return None
        payment = self.random.choice(taken)
        return await refund(by, payment, self.random.randint(1, payment.amount))


async def check_evening(
    people: list[Person], database: Database, *, seed: int, steps: int, on_top: bool
) -> dict[str, set[int]]:
    manager = people[0]
    made: list[UUID] = []
    for table_id in TABLES:
        database.run("update orders set table_id = null where table_id = %s and closed_at is null", table_id)
    with tax_on_top(database, manager, on_top=on_top):
        evening = Evening(Random(seed), made, on_top=on_top)

        async def work(by: Person) -> None:
            for _ in range(steps):
                await evening.step(by)

        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(work(person))
    found = [await evening.look(manager, each) for each in made]
    for each in found:
        if each.status == "merged":
            assert (each.items, each.payments, each.checks, each.totals.total) == ((), (), (), 0)
            assert each.merged_into in made
    # all money that was taken is on one order, once
    payments = [p for each in found for p in each.payments if p.state == "captured"]
    assert {p.id: p.amount for p in payments} == evening.booked
    assert len(payments) == len(evening.booked)
    # what the feed told last of each order is how it is
    told = database.rows(
        "select distinct on (entity_id) entity_id, data -> 'order' ->> 'version' from order_events"
        " where entity_id = any(%s) and data -> 'order' is not null order by entity_id, seq desc",
        made,
    )
    assert {id: int(version) for id, version in told} == {each.id: each.version for each in found}
    return evening.did


@pytest.mark.parametrize("on_top", [False, True])
async def test_all_of_an_evening_adds_up(people: list[Person], database: Database, on_top: bool) -> None:
    did = await check_evening(people, database, seed=4, steps=40, on_top=on_top)
    done = {what for what, statuses in did.items() if statuses & {200, 201}}
    assert {"seat", "add", "split", "pay", "merge", "move"} <= done


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("seed", range(4))
async def test_all_of_many_evenings_adds_up(people: list[Person], database: Database, seed: int) -> None:
    await check_evening(people, database, seed=seed, steps=400, on_top=seed % 2 == 1)
