"""Nobody, the owner of another restaurant and each role: at the door of every route, with every method."""

import time
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import jwt
import msgspec
import pytest

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.identity.rules import Permission, may
from fynlo.settings import DEVELOPMENT_SECRET
from tests.serving import ServerProcess

from .house import API, Database, Person, line, modifier, product, refused
from .wire import Order

FRIES = "Skin-on fries"
Known = tuple[str, str]
Ids = dict[str, UUID]
KEY = {"idempotency-key": "isolation-1", "if-match": '"1"', "content-type": "application/json"}
PLACE = f"restaurant_id={PIZZERIA.id}"

YEAR = "from=2026-01-01&to=2026-12-31"

STAFF, DEVICE = UUID(int=0xE1), UUID(int=0xD1)
TILL = UUID(int=0xF1)

# Each operation of the document, as somebody would use it who knows all ids.
REQUESTS: dict[Known, tuple[str, Any]] = {
    ("get", "/auth/me"): ("/auth/me", None),
    ("post", "/auth/logout"): ("/auth/logout", None),
    ("post", "/auth/logout-everywhere"): ("/auth/logout-everywhere", None),
    ("post", "/auth/password"): ("/auth/password", {"current": "wrong", "new": "long enough, this"}),
    ("get", "/restaurants"): ("/restaurants", None),
    ("post", "/restaurants"): ("/restaurants", {"name": "x", "timezone": "UTC", "currency": "EUR"}),
    ("patch", "/restaurants/{restaurant_id}"): (f"/restaurants/{PIZZERIA.id}", {"name": "Mine"}),
    ("get", "/staff"): (f"/staff?{PLACE}", None),
    ("post", "/staff"): (
        "/staff",
        {"restaurant_id": PIZZERIA.id, "email": "a@b.c", "name": "x", "role": "server"},
    ),
    ("patch", "/staff/{staff_id}"): ("/staff/{staff_id}", {"role": "kitchen"}),
    ("delete", "/staff/{staff_id}"): ("/staff/{staff_id}", None),
    ("put", "/staff/{staff_id}/pin"): ("/staff/{staff_id}/pin", {"pin": "123456"}),
    ("get", "/restaurants/{restaurant_id}"): (f"/restaurants/{PIZZERIA.id}", None),
    ("get", "/menu"): (f"/menu?{PLACE}", None),
    ("put", "/products/{product_id}/availability"): (
        "/products/{product_id}/availability",
        {"state": "out_of_stock"},
    ),
    ("put", "/modifiers/{modifier_id}/availability"): (
        "/modifiers/{modifier_id}/availability",
        {"state": "out_of_stock"},
    ),
    ("get", "/tables"): (f"/tables?{PLACE}", None),
    ("post", "/tables"): ("/tables", {"restaurant_id": PIZZERIA.id, "name": "I1"}),
    ("patch", "/tables/{table_id}"): ("/tables/{table_id}", {"status": "cleaning"}),
    ("delete", "/tables/{table_id}"): ("/tables/{table_id}", None),
    ("get", "/sections"): (f"/sections?{PLACE}", None),
    ("post", "/sections"): ("/sections", {"restaurant_id": PIZZERIA.id, "name": "I1"}),
    ("patch", "/sections/{section_id}"): ("/sections/{section_id}", {"name": "Mine"}),
    ("delete", "/sections/{section_id}"): ("/sections/{section_id}", None),
    ("get", "/stations"): (f"/stations?{PLACE}", None),
    ("get", "/auth/me/device"): ("/auth/me/device", None),
    ("get", "/devices/waiting"): (f"/devices/waiting?{PLACE}&user_code=BCDF-GHJK", None),
    ("get", "/audit"): (f"/audit?{PLACE}", None),
    ("post", "/auth/pin"): ("/auth/pin", {"staff_id": STAFF, "pin": "123456"}),
    ("get", "/devices"): (f"/devices?{PLACE}", None),
    ("post", "/devices/approve"): (
        "/devices/approve",
        {"restaurant_id": PIZZERIA.id, "user_code": "BCDF-GHJK"},
    ),
    ("post", "/devices/deny"): ("/devices/deny", {"restaurant_id": PIZZERIA.id, "user_code": "BCDF-GHJK"}),
    ("patch", "/devices/{device_id}"): ("/devices/{device_id}", {"name": "Mine"}),
    ("delete", "/devices/{device_id}"): ("/devices/{device_id}", None),
    ("get", "/orders"): (f"/orders?{PLACE}", None),
    ("post", "/orders"): ("/orders", {"restaurant_id": PIZZERIA.id, "items": [line(FRIES)]}),
    ("post", "/orders/batch"): (
        "/orders/batch",
        {
            "restaurant_id": PIZZERIA.id,
            "operations": [
                {
                    "key": "isolation-2",
                    "method": "POST",
                    "path": "/orders",
                    "body": {"restaurant_id": PIZZERIA.id, "items": [line(FRIES)]},
                }
            ],
        },
    ),
    ("get", "/orders/{order_id}"): ("/orders/{order_id}", None),
    ("get", "/orders/{order_id}/history"): ("/orders/{order_id}/history", None),
    ("get", "/orders/{order_id}/receipt"): ("/orders/{order_id}/receipt", None),
    ("post", "/orders/{order_id}/items"): ("/orders/{order_id}/items", {"items": [line(FRIES)]}),
    ("post", "/orders/{order_id}/items/{item_id}/void"): (
        "/orders/{order_id}/items/{item_id}/void",
        {"reason": "dropped"},
    ),
    ("post", "/orders/preview"): ("/orders/preview", {"restaurant_id": PIZZERIA.id, "items": [line(FRIES)]}),
    ("patch", "/orders/{order_id}"): ("/orders/{order_id}", {"notes": "mine"}),
    ("patch", "/orders/{order_id}/items/{item_id}"): ("/orders/{order_id}/items/{item_id}", {"quantity": 2}),
    ("post", "/orders/{order_id}/send"): ("/orders/{order_id}/send", {}),
    ("put", "/orders/{order_id}/discount"): (
        "/orders/{order_id}/discount",
        {"percentage": "5", "reason": "x"},
    ),
    ("put", "/orders/{order_id}/items/{item_id}/discount"): (
        "/orders/{order_id}/items/{item_id}/discount",
        None,
    ),
    ("put", "/orders/{order_id}/service-charge"): (
        "/orders/{order_id}/service-charge",
        {"amount": 1, "reason": "x"},
    ),
    ("post", "/orders/{order_id}/checks"): ("/orders/{order_id}/checks", {"split": "equal", "ways": 2}),
    ("post", "/orders/{order_id}/transfer"): ("/orders/{order_id}/transfer", {"table_id": None}),
    ("post", "/orders/{order_id}/merge"): (
        "/orders/{order_id}/merge",
        {"order_id": UUID(int=1), "version": 1},
    ),
    ("get", "/events"): (f"/events?{PLACE}", None),
    ("post", "/orders/{order_id}/status"): ("/orders/{order_id}/status", {"status": "ready"}),
    ("post", "/orders/{order_id}/payments"): ("/orders/{order_id}/payments", {"method": "card", "amount": 1}),
    ("get", "/payments"): (f"/payments?{PLACE}", None),
    ("get", "/payments/{payment_id}"): ("/payments/{payment_id}", None),
    ("post", "/payments/{payment_id}/capture"): ("/payments/{payment_id}/capture", {}),
    ("post", "/payments/{payment_id}/fail"): ("/payments/{payment_id}/fail", {}),
    ("post", "/payments/{payment_id}/void"): ("/payments/{payment_id}/void", {"reason": "wrong tender"}),
    ("post", "/payments/{payment_id}/refunds"): (
        "/payments/{payment_id}/refunds",
        {"amount": 1, "reason": "cold"},
    ),
    ("get", "/shifts"): (f"/shifts?{PLACE}", None),
    ("post", "/shifts"): ("/shifts", {"restaurant_id": PIZZERIA.id, "drawer": "Bar"}),
    ("get", "/shifts/{shift_id}"): ("/shifts/{shift_id}", None),
    ("post", "/shifts/{shift_id}/movements"): (
        "/shifts/{shift_id}/movements",
        {"type": "paid_out", "amount": 1, "reason": "mine"},
    ),
    ("post", "/shifts/{shift_id}/close"): ("/shifts/{shift_id}/close", {"counted": 1}),
    ("get", "/reports/x"): ("/reports/x?shift_id={shift_id}", None),
    ("get", "/reports/z"): (f"/reports/z?{PLACE}", None),
    ("post", "/reports/z"): ("/reports/z", {"restaurant_id": PIZZERIA.id, "business_date": "2026-01-01"}),
    ("get", "/reports/z/{z_id}"): ("/reports/z/{z_id}", None),
    ("get", "/reports/sales"): (f"/reports/sales?{PLACE}&{YEAR}", None),
    ("get", "/reports/vat"): (f"/reports/vat?{PLACE}&{YEAR}", None),
    ("get", "/webhooks"): (f"/webhooks?{PLACE}", None),
    ("post", "/webhooks"): ("/webhooks", {"restaurant_id": PIZZERIA.id, "url": "https://pos.example/x"}),
    ("patch", "/webhooks/{webhook_id}"): ("/webhooks/{webhook_id}", {"rotate_secret": True}),
    ("delete", "/webhooks/{webhook_id}"): ("/webhooks/{webhook_id}", None),
    ("post", "/webhooks/{webhook_id}/replay"): ("/webhooks/{webhook_id}/replay", {"after": 0}),
}
# Refused to those who have the role as well: a PIN that is another's or without a device, what needs approval,
# another's shift.
FOR_OTHER_REASONS = {
    ("put", "/staff/{staff_id}/pin"), ("post", "/auth/pin"), ("post", "/orders/{order_id}/items/{item_id}/void"),
    ("post", "/payments/{payment_id}/void"), ("post", "/payments/{payment_id}/refunds"),
    ("get", "/shifts/{shift_id}"), ("post", "/shifts/{shift_id}/movements"), ("post", "/shifts/{shift_id}/close"),
    ("get", "/reports/x"),
}  # fmt: skip
WITHOUT = ("screens", "fynlo.screens")  # which the server keeps for itself, all the time
OF_A_RESTAURANT = [
    known for known in REQUESTS if not known[1].startswith("/auth") and known[1] != "/restaurants"
]
BY_NAME = [f"{method} {path}" for method, path in OF_A_RESTAURANT]


@pytest.fixture(scope="module")
def server(module_seeded_url: str) -> Iterator[ServerProcess]:
    """One that sends no webhooks: what changes in the database, a request has changed."""
    with ServerProcess(module_seeded_url, FYNLO_WEBHOOKS="0") as server:
        server.await_ready()
        yield server


@pytest.fixture(scope="module")
async def made(waiter: Person, database: Database) -> Order:
    database.run(
        "insert into users (id, kind, email, name)"
        " values (%s, 'person', 'e1@x.test', 'E1'), (%s, 'device', null, 'D1')",
        STAFF,
        TILL,
    )
    for user in (STAFF, TILL):
        role = "till" if user == TILL else "server"
        database.run(
            "insert into memberships (restaurant_id, id, user_id, role) values (%s, %s, %s, %s)",
            PIZZERIA.id, user, user, role,
        )  # fmt: skip
    database.run(
        "insert into devices (restaurant_id, id, kind, name, user_id, created_by)"
        " values (%s, %s, 'till', 'Till', %s, %s)",
        PIZZERIA.id, DEVICE, TILL, STAFF,
    )  # fmt: skip
    return await waiter.order(line(FRIES))


@pytest.fixture(scope="module")
async def ids(manager: Person, made: Order) -> Ids:
    """What there is, by the name that the paths have for it."""
    begun = {"method": "card", "amount": 1, "state": "pending"}
    payment = (await manager.post(f"/orders/{made.id}/payments", begun)).json()
    answer = await manager.post(
        "/webhooks", {"restaurant_id": PIZZERIA.id, "url": "https://pos.example/x", "types": ["payment.*"]}
    )
    shift = await manager.post("/shifts", {"restaurant_id": PIZZERIA.id, "drawer": "Door"})
    z = await manager.post("/reports/z", {"restaurant_id": PIZZERIA.id, "business_date": "2026-01-01"})
    return {
        "shift_id": UUID(shift.json()["id"]),
        "z_id": UUID(z.json()["id"]),
        "order_id": made.id,
        "item_id": made.items[0].id,
        "payment_id": UUID(payment["id"]),
        "webhook_id": UUID(answer.json()["id"]),
        "staff_id": STAFF,
        "device_id": DEVICE,
        "table_id": PIZZERIA.tables[0].id,
        "section_id": PIZZERIA.sections[0].id,
        "product_id": product("Cola").id,
        "modifier_id": modifier("Extras", "Olives"),
    }


async def send(person: Person, known: Known, ids: Ids) -> httpx.Response:
    path, body = REQUESTS[known]
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
    before = database.contents(WITHOUT)
    answer = await send(nobody, known, ids)
    refused(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert database.contents(WITHOUT) == before


@pytest.mark.parametrize("known", OF_A_RESTAURANT, ids=BY_NAME)
async def test_another_restaurant_is_not_there(
    rival: Person, rival_at_home: Person, ids: Ids, database: Database, known: Known
) -> None:
    before = database.contents(WITHOUT)
    there = await send(rival, known, ids)
    refused(there, 404, "not_found")
    assert database.contents(WITHOUT) == before
    # nor does the answer tell an order that is from one that is not
    nowhere = await send(rival, known, dict.fromkeys(ids, UUID(int=1)))
    assert nowhere.json() | {"request_id": ""} == there.json() | {"request_id": ""}


async def needs(server: ServerProcess) -> dict[Known, str]:
    """The permission that each route declares."""
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{server.url}/schema/openapi.json")).json()
    return {
        (method, path.removeprefix(API)): operation["x-permission"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.mark.parametrize("known", list(REQUESTS), ids=lambda known: " ".join(known))
async def test_an_expired_token_is_nobodys(
    server: ServerProcess, ids: Ids, database: Database, known: Known
) -> None:
    long_ago = int(time.time()) - 3_600
    claims = {"sub": str(uuid4()), "sid": str(uuid4()), "iat": long_ago, "exp": long_ago + 900}
    token = jwt.encode({**claims, "aud": "fynlo", "iss": "fynlo"}, DEVELOPMENT_SECRET, algorithm="HS256")
    person = Person(server.url)
    person.client.headers["authorization"] = f"Bearer {token}"
    before = database.contents(WITHOUT)
    refused(await send(person, known, ids), 401, "token_expired")
    assert database.contents(WITHOUT) == before
    await person.client.aclose()


async def test_each_role_may_what_its_routes_need_and_no_more(
    server: ServerProcess, ids: Ids, database: Database
) -> None:
    wanted = await needs(server)
    others = [known for known in REQUESTS if not known[1].startswith("/auth/logout")]
    for role in ("kitchen", "server", "cashier", "manager", "owner"):  # who may most comes last
        person = await Person.sign_in(server.url, f"{role}@demo.fynlo.test")
        for known in [*others, ("post", "/auth/logout")]:
            need = wanted[known]
            allowed = need == "signed in" or may(role, cast("Permission", need))
            before = {} if allowed else database.contents(WITHOUT)
            answer = await send(person, known, ids)
            told = f"{role} {' '.join(known)} needs {need}: {answer.status_code} {answer.text[:200]}"
            if not allowed:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), told
                assert database.contents(WITHOUT) == before, told
            elif known not in FOR_OTHER_REASONS:
                assert answer.status_code not in (401, 403, 405), told
                assert answer.status_code < 500, told
        await person.client.aclose()


async def test_a_method_that_a_route_does_not_have_is_405_and_says_which_it_has(
    server: ServerProcess, manager: Person, ids: Ids
) -> None:
    ways: dict[str, set[str]] = {}
    for known in REQUESTS:
        ways.setdefault(REQUESTS[known][0].partition("?")[0], set()).add(known[0])
    for path, methods in ways.items():
        for method in {"get", "post", "put", "patch", "delete"} - methods:
            for name, id in ids.items():
                path = path.replace(f"{{{name}}}", str(id))
            answer = await manager.client.request(method, path)
            refused(answer, 405, "method_not_allowed")
            assert methods <= {m.lower() for m in answer.headers["allow"].split(", ")}


async def test_the_lists_of_another_show_nothing_of_ours(rival_at_home: Person, made: Order) -> None:
    for path in ("/orders", "/payments", "/tables", "/stations", "/menu", "/events"):
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


# Every query loses its `restaurant_id = …`: only row-level security is left.
UNFILTERED = """
import re
from fynlo.db import queries as named
parse = named.parse
FILTER = re.compile(rb"(\\w+\\.)?restaurant_id = %\\(restaurant_id\\)s")
named.parse = lambda text, source: {
    name: FILTER.sub(rb"%(restaurant_id)s::uuid is not null", sql) for name, sql in parse(text, source).items()
}
"""
# And this takes the second wall down too.
UNWALLED = (
    UNFILTERED
    + """
from fynlo.db import pool
pool.APPLICATION_ROLE = "postgres"
"""
)
LISTS = ("/orders", "/payments", "/tables", "/menu", "/events", "/staff", "/devices", "/webhooks", "/audit")


async def lists(url: str) -> dict[str, str]:
    person = await Person.sign_in(url, "owner@rival.fynlo.test", RIVAL)
    found = {}
    for path in LISTS:
        answer = await person.get(path, restaurant_id=RIVAL.id, limit=100)
        assert answer.status_code == 200, answer.text
        found[path] = answer.text
    await person.client.aclose()
    return found


def leaks(found: dict[str, str], database: Database) -> set[str]:
    """The lists in which something of the pizzeria stands."""
    ids = {
        str(id)
        for table in ("orders", "payments", "tables", "products", "memberships", "devices", "audit_log")
        for (id,) in database.rows(f"select id from {table} where restaurant_id = %s", PIZZERIA.id)
    }
    return {path for path, text in found.items() if any(id in text for id in ids)}


async def test_without_the_filters_of_the_queries_row_level_security_still_leaks_nothing(
    module_seeded_url: str, ids: Ids, database: Database
) -> None:
    with ServerProcess(module_seeded_url, patched=UNFILTERED, FYNLO_WEBHOOKS="0") as server:
        server.await_ready()
        assert leaks(await lists(server.url), database) == set()
        rival = await Person.sign_in(server.url, "owner@rival.fynlo.test")
        before = database.contents(WITHOUT)
        for known in OF_A_RESTAURANT:
            refused(await send(rival, known, ids), 404, "not_found")
        assert database.contents(WITHOUT) == before
        await rival.client.aclose()
    with ServerProcess(module_seeded_url, patched=UNWALLED) as server:
        server.await_ready()
        assert {"/orders", "/payments", "/tables", "/staff", "/audit"} <= leaks(
            await lists(server.url), database
        )
