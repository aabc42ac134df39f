"""ApiClient: tries, keys, refusals, snapshots and pages, against a scripted transport."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from fynlo.client import (
    ApiClient,
    BadAnswer,
    Choice,
    Exchange,
    NewItem,
    NewOrder,
    NotLoggedIn,
    Order,
    Position,
    ProblemError,
    TokenManager,
    Unreachable,
    Wire,
)
from fynlo.client.wire import backoff

ORDER: dict[str, Any] = {
    "id": "o1",
    "restaurant_id": "r1",
    "number": 17,
    "business_date": "2026-11-23",
    "type": "dine_in",
    "status": "confirmed",
    "version": 7,
    "created_at": "2026-11-23T19:00:00Z",
    "updated_at": "2026-11-23T19:00:00Z",
    "items": [],
    "invented_later": {"ignored": True},
}
NEW = NewOrder(
    restaurant_id="r1",
    items=(NewItem(product_id="p1", quantity=2, modifiers=(Choice("m1"),), notes="no salt"),),
)

Answer = httpx.Response | Exception
Script = Callable[[httpx.Request], Answer] | list[Answer]


def problem(
    status: int, code: str, headers: dict[str, str] | None = None, **members: object
) -> httpx.Response:
    body = {"type": f"/problems/{code}", "title": "No", "status": status, "detail": "Do this.", "code": code}
    return httpx.Response(
        status,
        headers={"content-type": "application/problem+json", **(headers or {})},
        content=msgspec.json.encode({**body, **members}),
    )


class Server:
    """Answers logins and refreshes by itself, everything else by the script; keeps the requests."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[httpx.Request] = []
        self.refreshes = 0
        self.waits: list[float] = []
        self.exchanges: list[Exchange] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path in ("/api/v1/auth/login", "/api/v1/auth/refresh"):
            self.refreshes += path.endswith("refresh")
            n = self.refreshes
            tokens = {"access_token": f"a{n}", "expires_in": 900, "refresh_token": f"r{n}"}
            return httpx.Response(200, json={"token_type": "Bearer", **tokens})
        self.requests.append(request)
        answer = self.script(request) if callable(self.script) else self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def client(self) -> ApiClient:
        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        api = ApiClient(
            "http://fynlo.test/",
            transport=httpx.MockTransport(self),
            sleep=sleep,
            observe=self.exchanges.append,
        )
        await api.login("a@b.test", "secret")
        self.exchanges.clear()
        return api

    def sent(self, header: str) -> list[str | None]:
        return [request.headers.get(header) for request in self.requests]


def created(**headers: str) -> httpx.Response:
    return httpx.Response(201, json=ORDER, headers=headers)


async def test_a_request_carries_the_token_and_a_body_without_what_was_left_out() -> None:
    server = Server([created()])
    async with await server.client() as api:
        order = await api.create_order(NEW)
    assert (order.number, order.version, order.etag) == (17, 7, '"7"')
    assert server.sent("authorization") == ["Bearer a0"]
    assert str(server.requests[0].url) == "http://fynlo.test/api/v1/orders"
    line = {"product_id": "p1", "quantity": 2, "modifiers": [{"modifier_id": "m1", "quantity": 1}]}
    assert msgspec.json.decode(server.requests[0].content) == {
        "restaurant_id": "r1",
        "type": "dine_in",
        "items": [{**line, "notes": "no salt"}],
    }


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut off"),
        httpx.Response(502, text="<html>Bad gateway</html>"),
        problem(503, "overloaded"),
        httpx.Response(504),
        problem(429, "too_many_requests"),
        problem(409, "idempotency_in_flight"),
    ],
    ids=repr,
)
async def test_what_passes_by_itself_is_tried_three_times_under_one_key(failure: Answer) -> None:
    server = Server([failure, failure, created()])
    async with await server.client() as api:
        assert (await api.create_order(NEW)).id == "o1"
    assert server.waits == [1.0, 2.0]
    keys = server.sent("idempotency-key")
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert keys[0]


async def test_two_calls_have_two_keys_and_a_given_key_is_used() -> None:
    server = Server([created(), created(), created()])
    async with await server.client() as api:
        await api.create_order(NEW)
        await api.create_order(NEW)
        await api.create_order(NEW, idempotency_key="till-4-0017")
    first, second, third = server.sent("idempotency-key")
    assert first != second
    assert third == "till-4-0017"


async def test_the_third_failure_reaches_the_caller() -> None:
    server = Server([httpx.ConnectError("refused")] * 3)
    async with await server.client() as api:
        with pytest.raises(Unreachable, match="refused"):
            await api.restaurants()
    assert server.waits == [1.0, 2.0]
    assert [exchange.status for exchange in server.exchanges] == [None] * 3


async def test_retry_after_replaces_the_backoff_and_a_long_one_is_told_at_once() -> None:
    server = Server([problem(429, "too_many_requests", {"retry-after": "7"}), httpx.Response(200, json=[])])
    async with await server.client() as api:
        assert await api.restaurants() == []
        assert server.waits == [7.0]
        server.script = [problem(429, "too_many_requests", {"retry-after": "900"})]
        with pytest.raises(ProblemError) as refused:
            await api.restaurants()
    assert refused.value.retry_after == 900
    assert server.waits == [7.0]


async def test_retry_after_may_be_a_date() -> None:
    server = Server([problem(503, "overloaded", {"retry-after": "Mon, 01 Jan 2024 00:00:00 GMT"}), created()])
    async with await server.client() as api:
        await api.create_order(NEW)
    assert server.waits == [0.0]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "malformed_body"),
        (403, "forbidden"),
        (404, "not_found"),
        (409, "out_of_stock"),
        (422, "validation_failed"),
        (428, "version_required"),
        (500, "internal_error"),
    ],
)
async def test_other_refusals_are_not_tried_again(status: int, code: str) -> None:
    errors = [{"field": "items.0.quantity", "message": "Expected int >= 1"}]
    server = Server([problem(status, code, request_id="req-1", errors=errors)])
    async with await server.client() as api:
        with pytest.raises(ProblemError) as refused:
            await api.create_order(NEW)
    error = refused.value
    assert (error.status, error.code, error.detail, error.request_id) == (status, code, "Do this.", "req-1")
    assert error.errors[0].field == "items.0.quantity"
    assert len(server.requests) == 1
    assert server.exchanges[0].code == code


async def test_a_refusal_that_is_no_problem_document_still_is_one() -> None:
    server = Server([httpx.Response(404, text="nothing here", headers={"x-request-id": "req-2"})])
    async with await server.client() as api:
        with pytest.raises(ProblemError) as refused:
            await api.order("o1")
    assert (refused.value.code, refused.value.request_id) == ("http_404", "req-2")


async def test_a_stale_version_brings_the_order_as_it_is() -> None:
    server = Server([problem(412, "version_conflict", current={**ORDER, "version": 9})])
    order = msgspec.convert(ORDER, Order)
    async with await server.client() as api:
        with pytest.raises(ProblemError) as refused:
            await api.set_status(order, "cancelled", "mistake")
    assert server.sent("if-match") == ['"7"']
    assert msgspec.json.decode(server.requests[0].content) == {"status": "cancelled", "reason": "mistake"}
    assert refused.value.current is not None
    assert refused.value.current.version == 9


async def test_a_401_makes_one_refresh_and_one_more_request() -> None:
    server = Server([problem(401, "token_invalid"), created()])
    async with await server.client() as api:
        await api.create_order(NEW)
    assert server.refreshes == 1
    assert server.sent("authorization") == ["Bearer a0", "Bearer a1"]
    assert len(set(server.sent("idempotency-key"))) == 1
    assert server.waits == []


async def test_a_second_401_reaches_the_caller() -> None:
    server = Server([problem(401, "token_invalid"), problem(401, "token_invalid")])
    async with await server.client() as api:
        with pytest.raises(ProblemError, match="token_invalid"):
            await api.me()
    assert server.refreshes == 1


async def test_one_call_refreshes_once_over_all_its_tries() -> None:
    refusal = problem(401, "token_invalid")
    server = Server([refusal, problem(503, "overloaded"), refusal, created()])
    async with await server.client() as api:
        with pytest.raises(ProblemError, match="token_invalid"):
            await api.create_order(NEW)
    assert server.refreshes == 1


async def test_nothing_is_sent_before_a_login() -> None:
    server = Server([])
    async with ApiClient("http://fynlo.test", transport=httpx.MockTransport(server)) as api:
        with pytest.raises(NotLoggedIn):
            await api.me()
    assert server.requests == []


async def test_an_unreadable_answer_says_so() -> None:
    server = Server([httpx.Response(200, json={"id": 5})])
    async with await server.client() as api:
        with pytest.raises(BadAnswer, match="/api/v1/orders/o1"):
            await api.order("o1")


async def test_orders_follow_the_list_on_this_server_and_keep_the_lowest_position() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        assert request.url.host == "fynlo.test"
        if cursor is None:
            link = '<http://internal:8000/api/v1/orders?restaurant_id=r1&cursor=abc>; rel="next"'
            return httpx.Response(200, json=[ORDER], headers={"link": link, "fynlo-feed": "e1:58"})
        return httpx.Response(200, json=[{**ORDER, "id": "o2"}], headers={"fynlo-feed": "e1:60"})

    server = Server(pages)
    async with await server.client() as api:
        found = await api.orders("r1", status=("confirmed", "ready"))
        assert [order.id for order in found.items] == ["o1", "o2"]
        assert found.position == Position("e1", 58)
        assert server.requests[0].url.params.get_list("status") == ["confirmed", "ready"]
        assert len((await api.orders("r1", at_most=1)).items) == 1
    assert len(server.requests) == 3


async def test_the_menu_is_read_in_pages_and_revalidated() -> None:
    products = [{"id": f"p{n}", "name": "P", "category": {"id": "c", "name": "C"}} for n in range(150)]

    def menu(request: httpx.Request) -> httpx.Response:
        headers = {"etag": '"m1"', "x-total-count": "150", "fynlo-feed": f"e1:{40 + len(server.requests)}"}
        if request.headers.get("if-none-match") == '"m1"':
            return httpx.Response(304, headers=headers)
        page = int(request.url.params["page"])
        return httpx.Response(200, json=products[(page - 1) * 100 : page * 100], headers=headers)

    server = Server(menu)
    async with await server.client() as api:
        whole = await api.menu_all("r1")
        assert [product.id for product in whole.items] == [product["id"] for product in products]
        assert whole.position == Position("e1", 41)
        again = await api.menu_all("r1")
    assert again.items == whole.items
    assert again.position == Position("e1", 43)
    assert server.sent("if-none-match") == [None, None, '"m1"', '"m1"']


async def test_a_replay_is_seen_by_who_counts() -> None:
    server = Server([created(**{"idempotent-replayed": "true"})])
    async with await server.client() as api:
        order = await api.create_order(NEW)
    assert order.created_at == datetime(2026, 11, 23, 19, tzinfo=UTC)
    assert [(e.method, e.path, e.status, e.replayed) for e in server.exchanges] == [
        ("POST", "/orders", 201, True)
    ]


async def test_a_hundred_requests_that_are_refused_at_once_make_one_refresh() -> None:
    server = Server(lambda _: httpx.Response(200, json=[]))
    refused = 0
    all_are_asked = asyncio.Event()

    async def refuses_the_first_token(request: httpx.Request) -> httpx.Response:
        nonlocal refused
        if request.headers.get("authorization") != "Bearer a0":
            return server(request)
        refused += 1
        if refused == 100:
            all_are_asked.set()
        await all_are_asked.wait()
        return problem(401, "token_invalid")

    async with ApiClient("http://fynlo.test", transport=httpx.MockTransport(refuses_the_first_token)) as api:
        await api.login("a@b.test", "secret")
        assert await asyncio.gather(*(api.restaurants() for _ in range(100))) == [[]] * 100
    assert (refused, server.refreshes) == (100, 1)
    assert server.sent("authorization") == ["Bearer a1"] * 100


async def test_a_request_has_15_seconds_and_a_refresh_5(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float | None] = []
    real = asyncio.timeout

    def timeout(delay: float | None) -> asyncio.Timeout:
        limits.append(delay)
        return real(0)

    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    monkeypatch.setattr(asyncio, "timeout", timeout)
    wire = Wire("http://fynlo.test", transport=httpx.MockTransport(never))
    tokens = TokenManager(wire, refresh_token="r0")
    with pytest.raises(Unreachable, match=r"GET /menu got no answer from http://.*: TimeoutError"):
        await wire.send("GET", "/menu")
    with pytest.raises(Unreachable):
        await tokens.token()
    with pytest.raises(Unreachable):
        await tokens.login("a@b.test", "secret")
    await wire.aclose()
    assert limits == [15, 5, 15]


def test_the_backoff_doubles_up_to_ten_seconds() -> None:
    assert [backoff(n) for n in range(6)] == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize("away", [httpx.ConnectError("away"), problem(401, "token_revoked")], ids=repr)
async def test_logging_out_forgets_the_session_even_if_the_server_is_away(away: Answer) -> None:
    server = Server(lambda _: away)
    async with await server.client() as api:
        await api.logout()
        asked = len(server.requests)
        with pytest.raises(NotLoggedIn):
            await api.me()
    assert len(server.requests) == asked
    assert server.requests[0].url.path == "/api/v1/auth/logout"
    assert server.sent("idempotency-key")[0] is None


async def test_logging_out_everywhere_says_when_the_server_was_not_told() -> None:
    server = Server([httpx.Response(204), httpx.ConnectError("away")])
    async with await server.client() as api:
        await api.logout_everywhere()
        await api.login("a@b.test", "secret")
        with pytest.raises(Unreachable):
            await api.logout_everywhere()
        with pytest.raises(NotLoggedIn):
            await api.me()


async def test_what_has_no_method_is_requested_by_its_path() -> None:
    busy = problem(503, "overloaded")
    server = Server([busy, httpx.Response(200, json={"id": 1}), busy, httpx.Response(204), busy])
    async with await server.client() as api:
        assert await api.request("GET", "/later", params={"page": 2}) == {"id": 1}
        assert await api.request("POST", "/later", body={"a": 1}, idempotency_key="k") is None
        with pytest.raises(ProblemError):
            await api.request("PATCH", "/later", body={"a": 1})
    assert server.sent("idempotency-key") == [None, None, "k", "k", None]
    assert server.requests[0].url.query == b"page=2"
    assert server.requests[2].content == b'{"a":1}'
    assert server.waits == [1.0, 1.0]


async def test_the_log_is_read_page_by_page_from_a_position() -> None:
    def event(seq: int) -> dict[str, Any]:
        about = {"entity_id": "o1", "timestamp": "2026-11-23T19:00:00Z", "actor": None}
        return {"seq": seq, "type": "order.created", "data": {"order": ORDER}, **about}

    def log(request: httpx.Request) -> httpx.Response:
        if request.url.params["after"] == "41":
            link = '<http://internal/api/v1/events?restaurant_id=r1&after=43&epoch=e1>; rel="next"'
            body = [event(42), event(43)]
            return httpx.Response(200, json=body, headers={"fynlo-feed": "e1:43", "link": link})
        return httpx.Response(200, json=[], headers={"fynlo-feed": "e1:50"})

    server = Server(log)
    async with await server.client() as api:
        pages = [page async for page in api.events("r1", Position("e1", 41), limit=2)]
        assert [[event.seq for event in page.items] for page in pages] == [[42, 43], []]
        assert [page.position for page in pages] == [Position("e1", 43), Position("e1", 50)]
        assert pages[0].items[0].order == msgspec.convert(ORDER, Order)
        assert server.requests[0].url.params == httpx.QueryParams(
            {"restaurant_id": "r1", "limit": 2, "after": 41, "epoch": "e1"}
        )
        async for _ in api.events("r1"):
            pass
    assert "epoch" not in server.requests[-1].url.params
    assert server.requests[-1].url.params["after"] == "0"
