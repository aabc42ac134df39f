"""GET /orders and GET /orders/{id}: what is found, page after page, and by whom."""

import asyncio
import base64
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from fynlo.demo.data import PIZZERIA

from .house import Database, Person, keys, line, next_page, order, orders, refused, table
from .wire import Order, Table

FRIES = "Skin-on fries"
MONEY = {
    "currency", "unit_price", "price", "total", "net", "tax_rate", "totals", "subtotal", "discount", "due", "paid",
    "service_charge", "tax", "tax_breakdown", "payments", "payment_status", "checks", "tips", "refunded", "tax_rates",
}  # fmt: skip


@pytest.fixture(scope="module")
async def made(waiter: Person) -> list[Order]:
    """Twelve orders, newest first: four as they are made, four ready, two completed, two cancelled."""
    found = []
    for n in range(12):
        new = await waiter.order(*[line(FRIES)] * (0 if n in (8, 9) else 1), notes=str(n))
        if n in (4, 5, 6, 7):
            new = order(await waiter.move(new, "ready"))
        elif n in (8, 9):
            new = order(await waiter.move(new, "completed"))
        elif n in (10, 11):
            new = order(await waiter.move(new, "cancelled", reason="a test"))
        found.append(new)
    return found[::-1]


async def listed(person: Person, **query: Any) -> list[Order]:
    return orders(await person.get("/orders", restaurant_id=PIZZERIA.id, **query))


async def test_orders_come_whole_and_newest_first(waiter: Person, made: list[Order]) -> None:
    answer = await waiter.get("/orders", restaurant_id=PIZZERIA.id)
    assert orders(answer)[: len(made)] == made
    assert answer.headers["vary"] == "Authorization"
    epoch, _, seq = answer.headers["fynlo-feed"].partition(":")
    assert UUID(epoch)
    assert int(seq) >= 12


async def test_a_status_may_repeat(waiter: Person, made: list[Order]) -> None:
    ids = [m.id for m in made]
    for statuses in (["ready"], ["ready", "completed"], ["completed", "cancelled"], ["pending"]):
        found = [o for o in await listed(waiter, status=statuses) if o.id in ids]
        assert found == [m for m in made if m.status in statuses]


async def test_the_day_the_table_and_the_payment_narrow_the_list(
    waiter: Person, made: list[Order], database: Database
) -> None:
    at_table = await waiter.order(line(FRIES), table_id=table("7"))
    old = await waiter.order(line(FRIES), placed_at=database.value("select now() - interval '50 hours'"))
    assert await listed(waiter, table_id=table("7")) == [at_table]
    assert await listed(waiter, table_id=uuid4()) == []
    assert await listed(waiter, business_date=old.business_date) == [old]
    assert old not in await listed(waiter, business_date=made[0].business_date)
    assert await listed(waiter, payment_status="paid") == []
    database.run("update orders set paid = total, payment_status = 'paid' where id = %s", old.id)
    paid = await waiter.read(old.id)
    assert await listed(waiter, payment_status="paid") == [paid]
    assert await listed(waiter, payment_status="paid", status="ready") == []


async def test_pages_cover_each_order_once_while_new_ones_arrive(waiter: Person, made: list[Order]) -> None:
    before = await listed(waiter, limit=100)
    answer = await waiter.get("/orders", restaurant_id=PIZZERIA.id, limit=3)
    seen = orders(answer)
    for _ in range(20):
        await waiter.order(line(FRIES))
        path = next_page(answer)
        if path is None:
            break
        answer = await waiter.client.get(path)
        assert len(orders(answer)) <= 3
        seen += orders(answer)
    assert path is None
    assert [o.id for o in seen] == [o.id for o in before]


async def test_the_link_keeps_the_filters(waiter: Person, made: list[Order]) -> None:
    answer = await waiter.get("/orders", restaurant_id=PIZZERIA.id, status=["ready", "cancelled"], limit=2)
    seen = orders(answer)
    while path := next_page(answer):
        answer = await waiter.client.get(path)
        seen += orders(answer)
    assert seen == [m for m in made if m.status in ("ready", "cancelled")]


async def test_orders_of_one_moment_are_still_walked_once(waiter: Person, database: Database) -> None:
    same = [(await waiter.order(line(FRIES), notes="same")).id for _ in range(5)]
    database.run("update orders set created_at = now() + interval '1 minute' where id = any(%s)", same)
    seen: list[UUID] = []
    path: str | None = f"/orders?restaurant_id={PIZZERIA.id}&limit=2"
    while path is not None and len(seen) < 5:
        answer = await waiter.client.get(path)
        seen += [o.id for o in orders(answer)]
        path = next_page(answer)
    assert seen[:5] == sorted(same, reverse=True)


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": [1, 2]}, "limit"),
        ({"status": "open"}, "status[0]"),
        ({"status": ["ready", "open"]}, "status[1]"),
        ({"business_date": "2026-02-30"}, "business_date"),
        ({"table_id": "7"}, "table_id"),
        ({"payment_status": "owed"}, "payment_status"),
        ({"page": 2}, "page"),
        ({"cursor": "x" * 201}, "cursor"),
        *[
            ({"cursor": wrong}, "cursor")
            for wrong in (
                "", "é", "!!!", "AAAA", cursor(1), cursor([]), cursor(["2026-01-01T00:00:00", str(uuid4())]),
                cursor(["soon", str(uuid4())]), cursor(["2026-01-01T00:00:00Z", "x"]),
            )
        ],
    ],
)  # fmt: skip
async def test_a_query_that_cannot_be_used_is_refused(
    waiter: Person, query: dict[str, Any], field: str
) -> None:
    answer = await waiter.get("/orders", restaurant_id=PIZZERIA.id, **query)
    assert refused(answer, 422, "validation_failed").fields == [field]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_cursor_of_our_making_at_the_end_of_time_is_just_an_end(waiter: Person, moment: str) -> None:
    answer = await waiter.get(
        "/orders", restaurant_id=PIZZERIA.id, cursor=cursor([moment, str(uuid4())]), limit=1
    )
    assert len(orders(answer)) == (0 if moment < "1" else 1)


async def test_an_order_carries_its_version_and_a_position_that_includes_it(waiter: Person) -> None:
    new = await waiter.order(line(FRIES))
    answer = await waiter.get(f"/orders/{new.id}")
    assert order(answer) == new
    assert answer.headers["vary"] == "Authorization"
    first = int(answer.headers["fynlo-feed"].partition(":")[2])
    order(await waiter.move(new, "ready"))
    answer = await waiter.get(f"/orders/{new.id}")
    assert int(answer.headers["fynlo-feed"].partition(":")[2]) > first


@pytest.mark.parametrize("path", ["/orders/{}", "/orders/{}/items", "/orders/{}/status"])
async def test_an_id_that_is_none_leads_nowhere(waiter: Person, path: str) -> None:
    for wrong in ("17", "x", "0" * 36, "%00", "null"):
        method = "GET" if path == "/orders/{}" else "POST"
        refused(await waiter.client.request(method, path.format(wrong)), 404, "not_found")
    refused(await waiter.get(f"/orders/{uuid4()}"), 404, "not_found")


async def test_the_kitchen_sees_orders_without_money(
    kitchen: Person, waiter: Person, made: list[Order]
) -> None:
    new = await waiter.order(line(FRIES), customer_name="Ada")
    one = await kitchen.get(f"/orders/{new.id}")
    assert one.headers["etag"] == '"1"'
    many = await kitchen.get("/orders", restaurant_id=PIZZERIA.id)
    for found in (one.json(), many.json()):
        assert not MONEY & set(keys(found))
    assert one.json()["items"][0]["name"] == FRIES
    assert one.json()["customer_name"] == "Ada"
    assert one.json() == many.json()[0] or one.json() in many.json()


async def test_the_tables_are_all_there_in_the_order_of_the_room(waiter: Person, kitchen: Person) -> None:
    answer = await waiter.get("/tables", restaurant_id=PIZZERIA.id, limit=5)
    assert answer.headers["x-total-count"] == str(len(PIZZERIA.tables))
    assert ":" in answer.headers["fynlo-feed"]
    seen = answer.json()
    while path := next_page(answer):
        answer = await waiter.client.get(path)
        seen += answer.json()
    tables = msgspec.convert(seen, list[Table])
    assert [t.id for t in tables] == [t.id for t in PIZZERIA.tables]
    assert tables[0].section_name == "Front"
    new = await waiter.order(table_id=table("T1"))
    for person in (waiter, kitchen):
        shown = (await person.get("/tables", restaurant_id=PIZZERIA.id)).json()
        assert {t["name"]: (t["status"], t["order_id"]) for t in shown}["T1"] == ("occupied", str(new.id))
    order(await waiter.move(new, "completed"))
    shown = (await waiter.get("/tables", restaurant_id=PIZZERIA.id)).json()
    assert {t["name"]: (t["status"], t["order_id"]) for t in shown}["T1"] == ("available", None)


async def test_a_crowd_that_reads_and_writes_is_answered(waiter: Person) -> None:
    answers = await asyncio.gather(
        *[waiter.post("/orders", waiter.new_order(line(FRIES))) for _ in range(25)],
        *[waiter.get("/orders", restaurant_id=PIZZERIA.id, limit=5) for _ in range(25)],
    )
    assert {answer.status_code for answer in answers} == {200, 201}
