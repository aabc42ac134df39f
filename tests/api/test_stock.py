"""Counted stock and what is 86'd: said, sold, given back, shown, and back by itself."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest

from fynlo.demo.data import PIZZERIA

from .house import (
    Database,
    Json,
    Person,
    chosen,
    keys,
    line,
    modifier,
    order,
    product,
    refused,
    soon,
    variant,
)
from .wire import Order, Product

FRIES, BROCCOLI, COLA = "Skin-on fries", "Tenderstem broccoli", "Cola"
OLIVES = modifier("Extras", "Olives")
INVENTORY = "select type, data from order_events where type like 'inventory.%%' and seq > %s order by seq"


@pytest.fixture(autouse=True)
def clean(database: Database) -> Iterator[None]:
    yield
    for table in ("products", "modifiers"):
        database.run(
            f"update {table} set availability = 'in_stock', stock = null, low_stock_at = null, out_until = null"
            " where availability <> 'in_stock' or low_stock_at is not null"
        )


async def put(person: Person, what: str, id: UUID, **fields: Any) -> httpx.Response:
    return await person.client.put(
        f"/{what}/{id}/availability",
        content=msgspec.json.encode(fields),
        headers={"content-type": "application/json"},
    )


async def count(person: Person, name: str, quantity: int, **fields: Any) -> None:
    answer = await put(person, "products", product(name).id, state="counted", quantity=quantity, **fields)
    assert answer.status_code == 200, answer.text


def stock(database: Database, name: str) -> int | None:
    found: int | None = database.value("select stock from products where id = %s", product(name).id)
    return found


def head(database: Database) -> int:
    return int(database.value("select seq from feed_heads where restaurant_id = %s", PIZZERIA.id))


def heard(database: Database, since: int) -> list[tuple[str, str, Json]]:
    """The inventory events since then: type, name, availability."""
    return [
        (kind.removeprefix("inventory."), data["name"], data["availability"])
        for kind, data in database.rows(INVENTORY, since)
    ]


def pizza(**fields: Any) -> Json:
    extras = chosen(("Crust", "Neapolitan")) + chosen(("Extras", "Olives"), quantity=2)
    return line("Margherita", variant_id=variant("Margherita", '10"'), modifiers=extras, **fields)


async def shown(person: Person) -> dict[UUID, Json]:
    """The availability of all that stands on the menu."""
    answer = await person.menu(limit=100)
    assert answer.status_code == 200
    if '"price"' in answer.text:
        msgspec.json.decode(answer.content, type=list[Product])
    found = {}
    for each in answer.json():
        found[UUID(each["id"])] = each["availability"]
        for group in each["modifier_groups"]:
            found |= {UUID(m["id"]): m["availability"] for m in group["modifiers"]}
    return found


async def test_whoever_cooks_or_sells_says_what_is_left_and_saying_it_again_changes_nothing(
    kitchen: Person, manager: Person, database: Database
) -> None:
    fries, since = product(FRIES).id, head(database)
    for _ in range(2):
        answer = await put(kitchen, "products", fries, state="counted", quantity=7, low_stock_at=2)
        assert answer.json() == {
            "id": str(fries), "name": FRIES, "availability": {"state": "counted", "quantity": 7}, "low_stock_at": 2,
        }  # fmt: skip
        assert "price" not in set(keys(answer.json()))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    answer = await put(kitchen, "products", fries, state="out_of_stock", until=tomorrow)
    assert answer.json()["low_stock_at"] == 2, "what is not said stays"
    assert (await put(kitchen, "modifiers", OLIVES, state="out_of_stock")).status_code == 200
    assert [kind for kind, _, _ in heard(database, since)] == ["in_stock", "out_of_stock", "out_of_stock"]
    assert database.value("select version from products where id = %s", fries) == 1
    audited = await manager.get("/audit", restaurant_id=PIZZERIA.id, entity_id=fries)
    said = [entry["after"] for entry in audited.json()]
    assert [(s.get("availability"), s.get("stock")) for s in said] == [("out_of_stock", None), ("counted", 7)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"state": "counted"}, "quantity"),
        ({"state": "counted", "quantity": -1}, "quantity"),
        ({"state": "out_of_stock", "quantity": 1}, "quantity"),
        ({"state": "in_stock", "quantity": 1}, "quantity"),
        ({"state": "in_stock", "until": "2126-01-01T00:00:00Z"}, "until"),
        ({"state": "out_of_stock", "until": "2026-01-01T00:00:00Z"}, "until"),
        ({"state": "out_of_stock", "until": "2126-01-01T00:00:00"}, "until"),
        ({"state": "out_of_stock", "until": "9999-12-31T23:59:59-01:00"}, "until"),
        ({"state": "sold"}, "state"),
        ({"state": "counted", "quantity": 1, "price": 1}, "price"),
    ],
)
async def test_what_does_not_go_together_is_refused(waiter: Person, fields: Json, field: str) -> None:
    answer = await put(waiter, "products", product(FRIES).id, **fields)
    assert refused(answer, 422, "validation_failed").fields == [field]


async def test_of_twenty_tills_five_sell_the_last_five(
    waiter: Person, manager: Person, database: Database
) -> None:
    """Each order has both products, half of them in the other order: who locks as they come deadlocks."""
    await count(manager, FRIES, 5)
    await count(manager, BROCCOLI, 100)
    bodies = [
        waiter.new_order(*(lines if n % 2 else reversed(lines)))
        for n in range(20)
        for lines in [[line(FRIES), line(BROCCOLI)]]
    ]
    answers = await asyncio.gather(*(waiter.post("/orders", body) for body in bodies))
    sold = [answer for answer in answers if answer.status_code == 201]
    assert len(sold) == 5
    for body, answer in zip(bodies, answers, strict=True):
        if answer.status_code != 201:
            place = next(n for n, i in enumerate(body["items"]) if i["product_id"] == product(FRIES).id)
            assert refused(answer, 409, "out_of_stock").fields == [f"items[{place}]"]
    assert (stock(database, FRIES), stock(database, BROCCOLI)) == (0, 95)
    assert database.value("select version from products where id = %s", product(FRIES).id) == 1
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES), line(COLA)))
    assert refused(answer, 409, "out_of_stock").errors[0].message == FRIES


async def test_the_lines_for_which_there_is_not_enough_are_named(waiter: Person, database: Database) -> None:
    await count(waiter, FRIES, 3)
    await put(waiter, "modifiers", OLIVES, state="counted", quantity=4)
    body = waiter.new_order(line(FRIES, quantity=2), line(COLA), line(FRIES, quantity=2), pizza(quantity=3))
    problem = refused(await waiter.post("/orders", body), 409, "out_of_stock")
    assert [(e.field, e.message) for e in problem.errors] == [
        ("items[2]", f"{FRIES}, 1 left"), ("items[3]", "Olives (Margherita), 4 left"),
    ]  # fmt: skip
    made = await waiter.order(line(FRIES, quantity=2), pizza(quantity=2))
    assert made.items[1].modifiers[1].quantity == 2
    assert stock(database, FRIES) == 1
    assert database.value("select stock from modifiers where id = %s", OLIVES) == 0


async def test_what_is_held_takes_nothing_and_what_is_added_and_sent_does(
    waiter: Person, database: Database
) -> None:
    await count(waiter, FRIES, 3)
    made = await waiter.order(line(FRIES, quantity=5), send=False)
    more = await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES)], "send": False})
    assert (order(more).items[1].status, stock(database, FRIES)) == ("held", 3)
    added = await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES, quantity=2)]})
    assert (order(added).items[2].status, stock(database, FRIES)) == ("sent", 1)
    again = await waiter.post(f"/orders/{made.id}/items", {"items": [line(COLA), line(FRIES, quantity=2)]})
    assert refused(again, 409, "out_of_stock").fields == ["items[1]"]


async def void(person: Person, which: Order, place: int = 0, **fields: Any) -> Order:
    path = f"/orders/{which.id}/items/{which.items[place].id}/void"
    return order(await person.post(path, {"reason": "dropped", **fields}, version=which.version))


async def test_what_is_voided_comes_back_part_by_part_unless_it_is_being_cooked(
    manager: Person, database: Database
) -> None:
    await count(manager, FRIES, 10)
    made = await manager.order(line(FRIES, quantity=6), line(COLA))
    made = await void(manager, made, quantity=2)
    assert stock(database, FRIES) == 6
    made = await void(manager, made, quantity=1, restock=False)
    assert stock(database, FRIES) == 6
    made = order(await manager.move(made, "preparing"))
    made = await void(manager, made, quantity=1)
    assert stock(database, FRIES) == 6
    made = await void(manager, made, quantity=1, restock=True)
    assert stock(database, FRIES) == 7
    order(await manager.move(made, "cancelled", reason="left", restock=True))
    assert stock(database, FRIES) == 8, "the one that was left; none of those voided before"


async def test_only_what_was_taken_comes_back_and_only_where_it_is_still_counted(
    manager: Person, database: Database
) -> None:
    before = await manager.order(line(FRIES, quantity=2))
    await count(manager, FRIES, 10)
    order(await manager.move(before, "cancelled", reason="left"))
    assert stock(database, FRIES) == 10
    made, other = await manager.order(line(FRIES)), await manager.order(line(FRIES), pizza())
    await put(manager, "products", product(FRIES).id, state="out_of_stock")
    await void(manager, made)
    assert stock(database, FRIES) is None
    await count(manager, FRIES, 1)
    order(await manager.move(other, "cancelled", reason="left"))
    assert stock(database, FRIES) == 2
    cooking = order(await manager.move(await manager.order(line(FRIES)), "ready"))
    order(await manager.move(cooking, "cancelled", reason="left"))
    assert stock(database, FRIES) == 1


async def test_merging_gives_nothing_back_and_forgets_nothing(manager: Person, database: Database) -> None:
    await count(manager, FRIES, 5)
    into, other = await manager.order(line(COLA)), await manager.order(line(FRIES, quantity=3))
    body = {"order_id": other.id, "version": other.version}
    whole = order(await manager.post(f"/orders/{into.id}/merge", body, version=into.version))
    assert stock(database, FRIES) == 2
    await void(manager, whole, place=1)
    assert stock(database, FRIES) == 5


async def test_each_change_of_what_is_left_is_one_event_and_shown_by_the_menu(
    waiter: Person, kitchen: Person, database: Database
) -> None:
    fries = product(FRIES).id
    assert (await shown(waiter))[fries] == {"state": "in_stock"}
    since, began = head(database), datetime.now(UTC)
    await count(waiter, FRIES, 4, low_stock_at=2)
    made = await waiter.order(line(FRIES), line(FRIES))
    for left in (1, 0):
        await waiter.order(line(FRIES))

        async def follows(left: int = left) -> bool:
            state = "counted" if left else "out_of_stock"
            return all(
                [(await shown(p))[fries] == {"state": state, "quantity": left} for p in (waiter, kitchen)]
            )

        await soon(follows)
    order(await waiter.move(made, "cancelled", reason="left"))
    await put(waiter, "products", fries, state="in_stock")
    assert heard(database, since) == [
        ("in_stock", FRIES, {"state": "counted", "quantity": 4}),
        ("low_stock", FRIES, {"state": "counted", "quantity": 2}),
        ("low_stock", FRIES, {"state": "counted", "quantity": 1}),
        ("out_of_stock", FRIES, {"state": "out_of_stock", "quantity": 0}),
        ("low_stock", FRIES, {"state": "counted", "quantity": 2}),
        ("in_stock", FRIES, {"state": "in_stock"}),
    ]
    audited = (
        "select count(*) from audit_log where entity_id = %s and action = 'product.availability' and at > %s"
    )
    assert database.value(audited, fries, began) == 2, "what somebody said, and not what was sold"
    updated = "select count(*) from order_events where type = 'menu.updated' and seq > %s"
    assert database.value(updated, since) == 0


async def test_what_is_back_at_a_time_is_sold_from_then_on_and_screens_hear_of_it(
    waiter: Person, database: Database
) -> None:
    cola, since = product(COLA).id, head(database)
    until = datetime.now(UTC) + timedelta(seconds=1.2)
    await put(waiter, "products", cola, state="out_of_stock", until=until)
    await put(waiter, "modifiers", OLIVES, state="counted", quantity=0, until=until)
    refused(await waiter.post("/orders", waiter.new_order(line(COLA))), 409, "out_of_stock")
    refused(await waiter.post("/orders", waiter.new_order(pizza())), 409, "out_of_stock")
    state = (await shown(waiter))[cola]
    assert (state["state"], datetime.fromisoformat(state["until"])) == ("out_of_stock", until)

    async def sold() -> bool:
        return (await waiter.post("/orders", waiter.new_order(line(COLA), pizza()))).status_code == 201

    await soon(sold, within_s=4)

    async def back() -> bool:
        now = await shown(waiter)
        return now[cola] == now[OLIVES] == {"state": "in_stock"}

    await soon(back, within_s=10)
    assert sorted(heard(database, since)[2:]) == [
        ("in_stock", COLA, {"state": "in_stock"}), ("in_stock", "Olives", {"state": "in_stock"}),
    ]  # fmt: skip


async def test_an_order_sent_again_takes_once(waiter: Person, database: Database) -> None:
    await count(waiter, FRIES, 5)
    body, key = waiter.new_order(line(FRIES), id=uuid4()), str(uuid4())
    for each in (key, key, None):
        assert (await waiter.post("/orders", body, key=each)).is_success
    assert stock(database, FRIES) == 4


async def test_an_order_sent_twice_at_once_gets_the_last_portion_and_no_refusal(
    waiter: Person, manager: Person, database: Database
) -> None:
    """The second waits for the portion that goes to the first; without a key, or from another person, by the id alone
    does it know that the order is its own."""
    await count(waiter, FRIES, 1)
    body = waiter.new_order(line(FRIES), id=uuid4())
    with psycopg.connect(database.url) as conn:
        conn.execute("select from products where id = %s for update", (product(FRIES).id,))
        people = (waiter, manager, waiter)
        asked = [asyncio.create_task(by.post("/orders", body, key=None)) for by in people]

        async def wait() -> bool:
            waiting = "select count(*) from pg_locks l join pg_stat_activity a using (pid) where not granted"
            return int(database.value(f"{waiting} and datname = current_database()")) == len(asked)

        await soon(wait, within_s=4)
        conn.rollback()
        answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert stock(database, FRIES) == 0
    refused(await waiter.post("/orders", waiter.new_order(line(FRIES), id=uuid4())), 409, "out_of_stock")
