"""What holds for every route: how a request is refused, and what each answer carries."""

import asyncio
import json
import re
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from fynlo.demo.data import PIZZERIA
from tests.serving import ServerProcess

from .house import API, Database, Person, line, refused

FRIES = "Skin-on fries"
NO_ORDER = UUID(int=17)
JSON = {"content-type": "application/json"}


async def raw(person: Person, path: str, body: bytes, **headers: str) -> httpx.Response:
    given = {"content-type": "application/json", "idempotency-key": str(uuid4())}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await person.client.post(path, content=body, headers=given)


async def test_an_address_with_nothing_at_it_is_a_404(waiter: Person) -> None:
    for path in ("/nothing", "/orders/17/nothing", "/menu/", "/auth"):
        answer = await waiter.get(path)
        if answer.status_code != 422:  # a slash at the end is forgiven
            refused(answer, 404, "not_found")
    async with httpx.AsyncClient(base_url=waiter.client.base_url.copy_with(path="/")) as client:
        refused(await client.get("/nothing"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/orders", {"GET", "POST"}),
        ("PUT", f"/orders/{NO_ORDER}", {"GET", "PATCH"}),
        ("GET", f"/orders/{NO_ORDER}/items", {"POST"}),
        ("POST", "/menu", {"GET"}),
        ("GET", "/auth/login", {"POST"}),
        ("PATCH", "/tables", {"GET", "POST"}),
    ],
)
async def test_another_method_is_a_405_that_says_which_are_allowed(
    waiter: Person, method: str, path: str, allowed: set[str]
) -> None:
    answer = await waiter.client.request(method, path)
    refused(answer, 405, "method_not_allowed")
    assert (
        allowed
        <= {name.strip() for name in answer.headers["allow"].split(",")}
        <= allowed | {"OPTIONS", "HEAD"}
    )


@pytest.mark.parametrize(
    "accept", ["text/html", "text/plain, image/*", "application/json;q=0", "application/xml;q=0.9"]
)
async def test_who_takes_no_json_gets_a_406(waiter: Person, accept: str) -> None:
    refused(await waiter.get("/restaurants", {"accept": accept}), 406, "not_acceptable")


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "text/html, application/json;q=0.1", "application/problem+json"]
)
async def test_who_takes_json_in_some_form_gets_it(waiter: Person, accept: str) -> None:
    assert (await waiter.get("/restaurants", {"accept": accept})).status_code == 200


@pytest.mark.parametrize("path", ["/orders", "/auth/login"])
@pytest.mark.parametrize("length", ["Content-Length: 1048577", "Transfer-Encoding: chunked"])
async def test_a_body_that_is_too_large_is_a_413(
    waiter: Person, server: ServerProcess, path: str, length: str
) -> None:
    # by hand: a client that still sends when it is refused may not come to read the answer
    token = waiter.client.headers["authorization"]
    head = f"POST {API}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"{head}{length}\r\n\r\n".encode())
    if "chunked" in length:
        writer.write(b"100001\r\n" + b" " * 0x100001 + b"\r\n")
        await writer.drain()
    status = await reader.readline()
    headers = await reader.readuntil(b"\r\n\r\n")
    problem = json.loads(await reader.readexactly(int(re.search(rb"content-length: (\d+)", headers)[1])))  # type: ignore[index]
    writer.close()
    assert b" 413 " in status
    assert b"application/problem+json" in headers
    assert problem["code"] == "too_large"
    assert problem["request_id"].encode() in headers


async def test_a_client_that_sends_too_much_gets_to_read_why(waiter: Person) -> None:
    for _ in range(5):
        refused(await raw(waiter, "/orders", b" " * 4_000_000), 413, "too_large")
    assert (await waiter.get("/restaurants")).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_body_that_says_it_is_something_else_is_a_415(waiter: Person, content_type: str) -> None:
    body = msgspec.json.encode(waiter.new_order(line(FRIES)))
    refused(await raw(waiter, "/orders", body, content_type=content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.pos+json"]
)
async def test_json_by_any_of_its_names_is_taken(waiter: Person, content_type: str) -> None:
    body = msgspec.json.encode(waiter.new_order(line(FRIES)))
    assert (await raw(waiter, "/orders", body, content_type=content_type)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nothing", b'{"a":}', b"\xff\xfe", b'{"restaurant_id": "\xff"}', b"[" * 100_000, b"{}}", b"NaN",
     b'{"restaurant_id": "\\ud800"}'],
)  # fmt: skip
async def test_malformed_json_is_a_400(waiter: Person, body: bytes) -> None:
    for path in ("/orders", "/auth/login", "/auth/refresh"):
        refused(await raw(waiter, path, body), 400, "malformed_body")


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/orders", b"", "The body is empty; send JSON (where nothing is meant, the word `null`)."),
        ("/auth/login", b"{}", "email: is required."),
        ("/auth/login", b'{"email":"manager","password":"x"}', "email: send an address, as `you@example.com`."),
        ("/auth/login", b'{"email":"a@b.cd","password":"x","pin":1}', "pin: there is no field `pin`."),
        ("/orders/{}/status", b'{"status":"x"}', "status: Invalid enum value 'x'; send one of cancelled, completed, "
         "confirmed, merged, pending, preparing, ready."),
        ("/orders/{}/discount", b'{"reason":"late","percentage":"200"}',
         'percentage: send a text from "0" to "100", as "12.5".'),
        ("/orders/{}/discount", b'{"reason":"late","percentage":25}',
         'percentage: Expected `str | null`, got `int`; send a text from "0" to "100", as "12.5".'),
        ("/orders/{}/discount", b'{"reason":" ","amount":1}', "reason: send in words why."),
        ("/orders/{}/checks", b'{"split":"thirds"}',
         "split: Invalid value 'thirds'; send one of equal, items, amounts."),
        ("/orders/{}/status", b'{"status":"cancelled","reason":"\\u0000"}', "reason: send a text without NUL in it."),
        ("/orders/{}/payments", b'{"method":"cash","amount":100,"state":"failed"}',
         "state: Invalid enum value 'failed'; send one of captured, pending."),
    ],
)  # fmt: skip
async def test_a_body_that_does_not_fit_is_answered_with_what_would(
    waiter: Person, path: str, body: bytes, sentence: str
) -> None:
    made = await waiter.order(line(FRIES))
    method = "PUT" if path.endswith("discount") else "POST"
    headers = {"content-type": "application/json", "idempotency-key": str(uuid4()), "if-match": '"1"'}
    answer = await waiter.client.request(method, path.format(made.id), content=body, headers=headers)
    assert answer.json()["detail"] == sentence


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"7", b"true"])
async def test_json_that_is_no_object_is_a_422(waiter: Person, body: bytes) -> None:
    for path in ("/orders", "/auth/login"):
        refused(await raw(waiter, path, body), 422, "validation_failed")


async def test_malformed_json_on_an_order_is_a_400_for_who_may_change_it(
    waiter: Person, kitchen: Person
) -> None:
    made = await waiter.order(line(FRIES))
    for what in ("items", "status"):
        path = f"/orders/{made.id}/{what}"
        refused(await raw(waiter, path, b"{"), 400, "malformed_body")
        refused(await raw(kitchen, path, b"{"), 403, "forbidden")
        refused(await raw(waiter, path, b'{"unknown": 1}'), 422, "validation_failed")


async def test_an_unknown_field_or_parameter_is_named(waiter: Person) -> None:
    problem = refused(await waiter.post("/orders", waiter.new_order(tip=1)), 422, "validation_failed")
    assert "tip" in problem.errors[0].message
    for path in ("/menu", "/orders", "/tables"):
        answer = await waiter.get(path, restaurant_id=PIZZERIA.id, sort="name")
        assert "sort" in refused(answer, 422, "validation_failed").errors[0].message
        assert "restaurant_id" in refused(await waiter.get(path), 422, "validation_failed").detail
        answer = await waiter.get(path, restaurant_id="17")
        assert refused(answer, 422, "validation_failed").fields == ["restaurant_id"]
        answer = await waiter.get(path, restaurant_id=[PIZZERIA.id, PIZZERIA.id])
        assert refused(answer, 422, "validation_failed").fields == ["restaurant_id"]


async def test_a_nul_in_a_text_is_a_422(waiter: Person) -> None:
    answer = await waiter.menu(category="a\0b")
    assert refused(answer, 422, "validation_failed").fields == ["category"]
    made = await waiter.order()
    answer = await waiter.post(
        f"/orders/{made.id}/status", {"status": "cancelled", "reason": "\0"}, version=1
    )
    assert refused(answer, 422, "validation_failed").fields == ["reason"]


async def test_bytes_that_are_no_text_in_a_query_do_no_harm(waiter: Person) -> None:
    for query in ("category=%ff%fe", "category=%ed%a0%80", "%ff=1", "=", "&&", "category=%"):
        answer = await waiter.client.get(f"/menu?restaurant_id={PIZZERIA.id}&{query}")
        assert answer.status_code in (200, 400, 422), answer.text


async def test_the_callers_request_id_comes_back(
    waiter: Person, nobody: Person, server: ServerProcess
) -> None:
    mine = {"x-request-id": "till-4:0000.17"}
    for answer in (
        await waiter.get("/restaurants", mine),
        await waiter.get("/nothing", mine),
        await nobody.get("/restaurants", mine),
        await nobody.client.get(f"{server.url}/health/live", headers=mine),
    ):
        assert answer.headers.get_list("x-request-id") == ["till-4:0000.17"]
    refused(await waiter.get("/nothing", mine), 404, "not_found")


@pytest.mark.parametrize("given", [None, "short", "x" * 129, "with space", "semi;colon"])
async def test_a_request_without_a_usable_id_gets_one(waiter: Person, given: str | None) -> None:
    headers = {} if given is None else {"x-request-id": given}
    found = (await waiter.get("/restaurants", headers)).headers["x-request-id"]
    assert UUID(found).version == 7


async def test_an_unexpected_failure_tells_nothing_and_is_in_the_log(
    waiter: Person, server: ServerProcess, database: Database
) -> None:
    database.run("alter table tables rename to tables_away")
    try:
        answer = await waiter.get("/tables", restaurant_id=PIZZERIA.id)
    finally:
        database.run("alter table tables_away rename to tables")
    problem = refused(answer, 500, "internal_error")
    assert "tables" not in answer.text
    assert not problem.errors
    assert (await waiter.get("/tables", restaurant_id=PIZZERIA.id)).status_code == 200
    logged = [entry for entry in server.log.splitlines() if problem.request_id in entry]
    assert any(
        "UndefinedTable" in entry and json.loads(entry)["event"] == "request_failed" for entry in logged
    )


async def test_the_edge_asks_for_a_token_however_the_path_is_written(
    nobody: Person, server: ServerProcess
) -> None:
    paths = [
        f"{API}/restaurants", f"/{API}/restaurants", f"{API}/restaurants/", f"{API}//restaurants",
        "/api/v1/%72estaurants", "/api//v1/restaurants", "/api/v1/../v1/restaurants", f"{API}/auth/login/../me",
    ]  # fmt: skip
    for path in paths:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert re.match(rb"HTTP/1.1 40[14] ", answer), (path, answer[:200])
        assert b"Forno" not in answer


async def test_lists_in_pages_say_how_many_there_are_and_where(waiter: Person) -> None:
    answer = await waiter.get("/tables", restaurant_id=PIZZERIA.id, limit=7, page=2)
    assert answer.headers["x-total-count"] == "18"
    links = {str(rel): link["url"] for rel, link in answer.links.items()}
    assert sorted(links) == ["first", "last", "next", "prev"]
    for rel, page in (("first", 1), ("prev", 1), ("next", 3), ("last", 3)):
        assert f"page={page}" in links[rel].partition("?")[2].split("&")
    beyond = await waiter.get("/tables", restaurant_id=PIZZERIA.id, limit=7, page=9)
    assert (beyond.status_code, beyond.json(), beyond.headers["x-total-count"]) == (200, [], "18")
    assert "next" not in beyond.links
    for query in ({"page": 0}, {"limit": 0}, {"limit": 101}, {"page": "x"}, {"page": -1}, {"page": 10**20}):
        answer = await waiter.get("/tables", restaurant_id=PIZZERIA.id, **query)
        assert refused(answer, 422, "validation_failed").fields == list(query)


async def test_restaurants_are_those_i_work_in_and_money_is_for_who_may_see_it(
    waiter: Person, kitchen: Person, rival: Person
) -> None:
    answer = await waiter.get("/restaurants")
    assert (answer.headers["vary"], answer.headers["x-total-count"]) == ("Authorization", "1")
    assert answer.json() == [
        {
            "id": str(PIZZERIA.id), "name": "Forno & Fig", "role": "server", "timezone": "Europe/London",
            "day_cutoff": "04:00", "currency": "GBP", "prices_include_tax": True, "tax_rounding": "half_up",
            "tax_scope": "bucket", "service_charge": {"percentage": "12.5", "taxable": False, "auto_from_covers": 6},
            "discount_limit": "20",
        }
    ]  # fmt: skip
    one = f"/restaurants/{PIZZERIA.id}"
    assert (await waiter.get(one)).json() == answer.json()[0]
    assert set((await kitchen.get(one)).json()) == {"id", "name", "role", "timezone", "day_cutoff"}
    refused(await rival.get(one), 404, "not_found")
    refused(await waiter.get(f"/restaurants/{uuid4()}"), 404, "not_found")


async def test_health_and_figures_need_no_token(nobody: Person, server: ServerProcess) -> None:
    client = nobody.client
    assert (await client.get(f"{server.url}/health/live")).json() == {"status": "live"}
    sockets = (await client.get(f"{server.url}/health/websocket")).json()
    assert sockets == {
        "status": "healthy", "active_connections": 0, "total_connections": 0, "failed_messages": 0,
        "listener": "listening",
        "screens": {
            "of": "all processes", "tracked": 0, "stale": 0, "untracked": 0, "lag_s_max": 0.0, "worst": [],
        },
    }  # fmt: skip
    assert "fynlo_http_request_seconds" in (await client.get(f"{server.url}/metrics")).text
    # the database of the tests flushes nothing, which readiness must notice
    ready = await client.get(f"{server.url}/health/ready")
    assert ready.status_code == 503
    assert {name: check["ok"] for name, check in ready.json()["checks"].items()} == {
        "database": True, "migrations": True, "durability": False, "feed": True,
    }  # fmt: skip
    assert "fsync" in ready.json()["checks"]["durability"]["detail"]
