"""Nobody, the owner of another restaurant and a role that may not: each at the door of every route."""

from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from fynlo.demo.data import PIZZERIA
from tests.serving import ServerProcess

from .house import API, Database, Person, line, refused
from .wire import Order

FRIES = "Skin-on fries"
Known = tuple[str, str]
KEY = {"idempotency-key": "isolation-1", "if-match": '"1"', "content-type": "application/json"}
PLACE = f"restaurant_id={PIZZERIA.id}"

STAFF = PIZZERIA.memberships[0].id
DEVICE = UUID(int=0xD1)

# Each operation of the document, as somebody would use it who knows all ids; and whether the kitchen may.
REQUESTS: dict[Known, tuple[str, Any, bool]] = {
    ("get", "/auth/me"): ("/auth/me", None, True),
    ("post", "/auth/logout"): ("/auth/logout", None, True),
    ("post", "/auth/logout-everywhere"): ("/auth/logout-everywhere", None, True),
    ("post", "/auth/password"): ("/auth/password", {"current": "wrong", "new": "long enough, this"}, True),
    ("get", "/restaurants"): ("/restaurants", None, True),
    ("post", "/restaurants"): ("/restaurants", {"name": "x", "timezone": "UTC", "currency": "EUR"}, True),
    ("patch", "/restaurants/{restaurant_id}"): (f"/restaurants/{PIZZERIA.id}", {"name": "Mine"}, False),
    ("get", "/staff"): (f"/staff?{PLACE}", None, False),
    ("post", "/staff"): (
        "/staff",
        {"restaurant_id": PIZZERIA.id, "email": "a@b.c", "name": "x", "role": "server"},
        False,
    ),
    ("patch", "/staff/{staff_id}"): (f"/staff/{STAFF}", {"role": "kitchen"}, False),
    ("delete", "/staff/{staff_id}"): (f"/staff/{STAFF}", None, False),
    ("put", "/staff/{staff_id}/pin"): (f"/staff/{STAFF}/pin", {"pin": "123456"}, False),
    ("get", "/restaurants/{restaurant_id}"): (f"/restaurants/{PIZZERIA.id}", None, True),
    ("get", "/menu"): (f"/menu?{PLACE}", None, True),
    ("get", "/tables"): (f"/tables?{PLACE}", None, True),
    ("get", "/audit"): (f"/audit?{PLACE}", None, False),
    ("post", "/auth/pin"): ("/auth/pin", {"staff_id": STAFF, "pin": "123456"}, False),
    ("get", "/devices"): (f"/devices?{PLACE}", None, False),
    ("post", "/devices/approve"): (
        "/devices/approve",
        {"restaurant_id": PIZZERIA.id, "user_code": "BCDF-GHJK"},
        False,
    ),
    ("post", "/devices/deny"): (
        "/devices/deny",
        {"restaurant_id": PIZZERIA.id, "user_code": "BCDF-GHJK"},
        False,
    ),
    ("patch", "/devices/{device_id}"): (f"/devices/{DEVICE}", {"name": "Mine"}, False),
    ("delete", "/devices/{device_id}"): (f"/devices/{DEVICE}", None, False),
    ("get", "/orders"): (f"/orders?{PLACE}", None, True),
    ("post", "/orders"): ("/orders", {"restaurant_id": PIZZERIA.id, "items": [line(FRIES)]}, False),
    ("get", "/orders/{order_id}"): ("/orders/{order_id}", None, True),
    ("post", "/orders/{order_id}/items"): ("/orders/{order_id}/items", {"items": [line(FRIES)]}, False),
    ("get", "/events"): (f"/events?{PLACE}", None, True),
    ("post", "/orders/{order_id}/status"): ("/orders/{order_id}/status", {"status": "ready"}, False),
    ("get", "/webhooks"): (f"/webhooks?{PLACE}", None, False),
    ("post", "/webhooks"): (
        "/webhooks",
        {"restaurant_id": PIZZERIA.id, "url": "https://pos.example/x"},
        False,
    ),
    ("patch", "/webhooks/{webhook_id}"): ("/webhooks/{webhook_id}", {"rotate_secret": True}, False),
    ("delete", "/webhooks/{webhook_id}"): ("/webhooks/{webhook_id}", None, False),
    ("post", "/webhooks/{webhook_id}/replay"): ("/webhooks/{webhook_id}/replay", {"after": 0}, False),
}
OF_A_RESTAURANT = [
    known for known in REQUESTS if not known[1].startswith("/auth") and known[1] != "/restaurants"
]
BY_NAME = [f"{method} {path}" for method, path in OF_A_RESTAURANT]


Ids = dict[str, UUID]


@pytest.fixture(scope="module")
async def made(waiter: Person, database: Database) -> Order:
    database.run(
        "insert into devices (restaurant_id, id, kind, name, user_id, created_by)"
        " select restaurant_id, %s, 'till', 'Till', user_id, user_id from memberships where id = %s",
        DEVICE,
        STAFF,
    )
    return await waiter.order(line(FRIES))


@pytest.fixture(scope="module")
async def ids(manager: Person, made: Order) -> Ids:
    """What there is, by the name that the paths have for it."""
    answer = await manager.post(
        "/webhooks", {"restaurant_id": PIZZERIA.id, "url": "https://pos.example/x", "types": ["payment.*"]}
    )
    return {"order_id": made.id, "webhook_id": UUID(answer.json()["id"])}


async def send(person: Person, known: Known, ids: Ids) -> httpx.Response:
    path, body, _ = REQUESTS[known]
    content = b"" if body is None else msgspec.json.encode(body)
    for name, id in ids.items():
        path = path.replace(f"{{{name}}}", str(id))
    return await person.client.request(known[0].upper(), path, content=content, headers=KEY)


async def test_every_route_stands_here(server: ServerProcess) -> None:
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{server.url}/schema/openapi.json")).json()
    closed = {
        (method, path.removeprefix(API))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["security"]
    }
    assert closed == set(REQUESTS)


@pytest.mark.parametrize("known", list(REQUESTS), ids=lambda known: " ".join(known))
async def test_nobody_gets_anything(nobody: Person, ids: Ids, database: Database, known: Known) -> None:
    before = database.contents()
    answer = await send(nobody, known, ids)
    refused(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert database.contents() == before


@pytest.mark.parametrize("known", OF_A_RESTAURANT, ids=BY_NAME)
async def test_another_restaurant_is_not_there(
    rival: Person, rival_at_home: Person, ids: Ids, database: Database, known: Known
) -> None:
    before = database.contents()
    there = await send(rival, known, ids)
    refused(there, 404, "not_found")
    assert database.contents() == before
    # nor does the answer tell an order that is from one that is not
    nowhere = await send(rival, known, dict.fromkeys(ids, UUID(int=1)))
    assert nowhere.json() | {"request_id": ""} == there.json() | {"request_id": ""}


@pytest.mark.parametrize("known", OF_A_RESTAURANT, ids=BY_NAME)
async def test_the_kitchen_may_what_is_the_kitchens(
    kitchen: Person, ids: Ids, database: Database, known: Known
) -> None:
    allowed = REQUESTS[known][2]
    before = database.contents()
    answer = await send(kitchen, known, ids)
    if allowed:
        assert answer.status_code == 200, answer.text
    else:
        refused(answer, 403, "forbidden")
    assert database.contents() == before


async def test_the_lists_of_another_show_nothing_of_ours(rival_at_home: Person, made: Order) -> None:
    for path in ("/orders", "/tables", "/menu", "/events"):
        answer = await rival_at_home.get(path, restaurant_id=rival_at_home.place.id)
        assert answer.status_code == 200
        assert str(PIZZERIA.id) not in answer.text
        assert str(made.id) not in answer.text
    assert [r["name"] for r in (await rival_at_home.get("/restaurants")).json()] == ["Rival Burgers"]


async def test_who_is_let_go_is_out_at_once(server: ServerProcess, database: Database) -> None:
    person = await Person.sign_in(server.url, "cashier@demo.fynlo.test")
    assert person.signed_in is not None
    assert (await person.menu()).status_code == 200
    made = await person.order(line(FRIES))
    database.run("delete from memberships where user_id = %s", person.signed_in.user.id)
    # what is asked of the database is refused by it, whatever this process remembers
    refused(await person.get(f"/orders/{made.id}"), 404, "not_found")
    refused(await person.post("/orders", person.new_order(line(FRIES))), 404, "not_found")
    await person.client.aclose()
