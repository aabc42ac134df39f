"""How many statements a request costs: a fixed number, however much there is to show."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest

from fynlo.demo.data import PIZZERIA
from tests.serving import ServerProcess

from .house import API, Person, chosen, line, orders, table, variant
from .wiretap import Wiretap

Ask = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
async def wiretap(module_seeded_url: str) -> AsyncIterator[Wiretap]:
    async with Wiretap(module_seeded_url) as wiretap:
        yield wiretap


@asynccontextmanager
async def tapping(wiretap: Wiretap, database_url: str, **environment: str) -> AsyncIterator[Person]:
    """A waiter at a server whose requests go over the wire that is counted; its listener does not, nor webhooks."""
    server = ServerProcess(
        wiretap.url,
        port=None,
        FYNLO_LISTEN_URL=database_url,
        FYNLO_POOL_SIZE="1",
        FYNLO_WEBHOOKS="0",
        **environment,
    )
    await asyncio.to_thread(server.start)  # the wire is in this thread's loop
    person = await Person.sign_in(server.url, "server@demo.fynlo.test")
    yield person
    await person.client.aclose()
    await asyncio.to_thread(server.stop)


@pytest.fixture(scope="module")
async def tapped(wiretap: Wiretap, module_seeded_url: str) -> AsyncIterator[Person]:
    async with tapping(wiretap, module_seeded_url) as person:
        yield person


async def cost(wiretap: Wiretap, ask: Ask) -> int:
    """The statements of a request: the least of several, for now and then who asks is looked up again."""
    costs = []
    for _ in range(5):
        before = wiretap.count
        answer = await ask()
        assert answer.is_success, answer.text
        await asyncio.sleep(0.02)  # a commit may follow the answer
        costs.append(wiretap.count - before)
    return min(costs)


async def test_reading_costs_the_same_however_much_there_is(wiretap: Wiretap, tapped: Person) -> None:
    pizza = line(
        "Margherita",
        variant_id=variant("Margherita", '10"'),
        modifiers=chosen(("Crust", "Neapolitan"), ("Extras", "Olives")),
    )
    first = await tapped.order(pizza)
    tip = {"method": "cash", "amount": 0, "tip": 1}
    payment = (await tapped.post(f"/orders/{first.id}/payments", tip)).json()["id"]
    manager = await Person.sign_in(
        str(tapped.client.base_url).removesuffix(f"{API}/"), "manager@demo.fynlo.test"
    )
    day = str(first.business_date)
    days = {"restaurant_id": str(PIZZERIA.id), "from": day, "to": day}

    async def close_a_drawer() -> str:
        shift = (await tapped.post("/shifts", {"restaurant_id": PIZZERIA.id, "drawer": "Bar"})).json()
        out = {"type": "paid_out", "amount": 1, "reason": "milk"}
        await tapped.post(f"/shifts/{shift['id']}/movements", out)
        assert (await tapped.post(f"/shifts/{shift['id']}/close", {"counted": 0})).status_code == 200
        z = {"restaurant_id": PIZZERIA.id, "business_date": first.business_date}
        assert (await manager.post("/reports/z", z)).status_code == 201
        return str(shift["id"])

    shift_id = await close_a_drawer()
    asks: dict[str, Ask] = {
        "payments": lambda: tapped.get("/payments", restaurant_id=PIZZERIA.id, limit=100),
        "one payment": lambda: tapped.get(f"/payments/{payment}"),
        "orders": lambda: tapped.get("/orders", restaurant_id=PIZZERIA.id, limit=100),
        "one order": lambda: tapped.get(f"/orders/{first.id}"),
        "one order as it was": lambda: tapped.get(f"/orders/{first.id}", at_seq=2**60),
        "its history": lambda: tapped.get(f"/orders/{first.id}/history"),
        "its receipt": lambda: tapped.get(f"/orders/{first.id}/receipt"),
        "sections": lambda: tapped.get("/sections", restaurant_id=PIZZERIA.id),
        "events": lambda: tapped.get("/events", restaurant_id=PIZZERIA.id, limit=1_000),
        "tables": lambda: tapped.get("/tables", restaurant_id=PIZZERIA.id),
        "restaurants": lambda: tapped.get("/restaurants"),
        "shifts": lambda: tapped.get("/shifts", restaurant_id=PIZZERIA.id),
        "an X": lambda: tapped.get("/reports/x", shift_id=shift_id),
        "Zs": lambda: manager.get("/reports/z", restaurant_id=PIZZERIA.id),
        "sales": lambda: manager.client.get("/reports/sales", params=days),
        "products sold": lambda: manager.client.get("/reports/sales", params={**days, "group_by": "product"}),
        "VAT": lambda: manager.client.get("/reports/vat", params=days),
    }
    little = {name: await cost(wiretap, ask) for name, ask in asks.items()}
    for n in range(30):
        await tapped.order(*[pizza] * 5, table_id=table(PIZZERIA.tables[n].name) if n < 10 else None)
    await tapped.post(f"/orders/{first.id}/items", {"items": [pizza] * 40})
    for _ in range(3):
        await close_a_drawer()
    assert len(orders(await asks["orders"]())) == 31
    much = {name: await cost(wiretap, ask) for name, ask in asks.items()}
    assert much == little
    assert all(1 <= statements <= 4 for statements in much.values()), much
    await manager.client.aclose()


async def test_a_menu_that_is_known_costs_nothing(wiretap: Wiretap, tapped: Person) -> None:
    assert await cost(wiretap, lambda: tapped.menu(limit=100)) == 0
    etag = (await tapped.menu(limit=100)).headers["etag"]
    before = wiretap.count
    for _ in range(20):
        assert (await tapped.menu({"if-none-match": etag}, limit=100)).status_code == 304
    assert wiretap.count - before <= 2, "who asks, looked up again"


async def test_a_menu_that_is_not_known_costs_the_same_for_one_product_and_for_all(
    wiretap: Wiretap, tapped: Person
) -> None:
    costs = []
    for limit in (1, 2, 99, 98):  # no page is asked for twice
        await tapped.get("/auth/me")
        before = wiretap.count
        assert (await tapped.menu(limit=limit)).status_code == 200
        await asyncio.sleep(0.02)
        costs.append(wiretap.count - before)
    assert min(costs) >= 3
    # who asks may be looked up again in between, and a connection be made: far from one for each product
    assert max(costs) <= 8


async def test_writing_costs_the_same_for_one_line_and_for_many(wiretap: Wiretap, tapped: Person) -> None:
    await ordering_costs_six(wiretap, tapped)


async def test_paying_costs_the_same_for_an_order_of_one_line_and_of_many(
    wiretap: Wiretap, tapped: Person
) -> None:
    """Begin, enter, the order's lock, the order, the shift, the payment, the order with it, the answer to the key,
    commit; a card needs no shift."""
    few, many = [await tapped.order(*[line("Skin-on fries")] * lines) for lines in (1, 40)]

    def paying(order_id: UUID, method: str) -> Ask:
        return lambda: tapped.post(f"/orders/{order_id}/payments", {"method": method, "amount": 1})

    for which in (few, many):
        assert await cost(wiretap, paying(which.id, "cash")) == 9
        assert await cost(wiretap, paying(which.id, "card")) == 8


async def test_writing_costs_no_more_where_others_are_told_afterwards(
    wiretap: Wiretap, module_seeded_url: str
) -> None:
    async with tapping(wiretap, module_seeded_url, FYNLO_NOTIFY="coalesced") as tapped:
        await ordering_costs_six(wiretap, tapped)


async def ordering_costs_six(wiretap: Wiretap, tapped: Person) -> None:
    """Begin, enter, what may be sold, the order with its lines, the answer to the key, commit."""
    fries = line("Skin-on fries")

    def ordering(lines: int) -> Ask:
        return lambda: tapped.post("/orders", tapped.new_order(*[fries] * lines))

    assert await cost(wiretap, ordering(1)) == 6
    assert await cost(wiretap, ordering(40)) == 6
