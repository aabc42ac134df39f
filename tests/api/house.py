"""The people of the demo restaurants at a running server, and the database behind it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg

from fynlo.db.sqlfiles import sql_directory
from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.demo.models import Product, Restaurant

from .wire import Order, Problem, SignedIn

Json = dict[str, Any]
API = "/api/v1"
PATIENCE_S = 30.0
PIN = "482913"


class Database:
    """What somebody with psql and all rights does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._conn = psycopg.connect(url, autocommit=True)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._conn.execute(sql.encode(), parameters or None).fetchall()

    def value(self, sql: str, *parameters: object) -> Any:
        """The one value of the one row."""
        ((found,),) = self.rows(sql, *parameters)
        return found

    def run(self, sql: str, *parameters: object) -> int:
        """How many rows it touched."""
        return self._conn.execute(sql.encode(), parameters or None).rowcount

    def faults(self) -> list[tuple[Any, ...]]:
        """The sums that disagree: of orders, days and Zs."""
        return self.rows((sql_directory() / "ops" / "sums.sql").read_text(encoding="utf-8"))

    def contents(self, without: tuple[str, ...] = ()) -> dict[str, tuple[int, str]]:
        """Every table with the number of its rows and a digest of them."""
        names = self.rows(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind = 'r' and n.nspname in ('public', 'fynlo') order by 1"
        )
        digest = "select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t"
        found = {}
        for (name,) in names:
            if name not in without:
                ((count, text),) = self.rows(digest.format(name))
                found[name] = (int(count), str(text))
        return found

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._conn.close()


class Person:
    """Somebody who is signed in, or nobody; and what their till does for them."""

    def __init__(self, url: str, place: Restaurant = PIZZERIA, signed_in: SignedIn | None = None) -> None:
        headers = {"authorization": f"Bearer {signed_in.access_token}"} if signed_in else {}
        self.client = httpx.AsyncClient(base_url=f"{url}{API}", timeout=PATIENCE_S, headers=headers)
        self.place = place
        self.signed_in = signed_in

    @classmethod
    async def sign_in(cls, url: str, email: str, place: Restaurant = PIZZERIA) -> "Person":
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
            answer = await client.post(f"{API}/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return cls(url, place, msgspec.json.decode(answer.content, type=SignedIn))

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        return await self.client.get(path, params=query, headers=headers)

    async def menu(self, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        return await self.get("/menu", headers, restaurant_id=self.place.id, **query)

    async def post(
        self, path: str, body: Any, *, key: str | None = "", version: int | str | None = None
    ) -> httpx.Response:
        """`key` is made up where none is given; None sends none. A number as version is quoted."""
        return await self._send("POST", path, body, key, version)

    async def put(
        self, path: str, body: Any, *, key: str | None = None, version: int | str | None = None
    ) -> httpx.Response:
        return await self._send("PUT", path, body, key, version)

    async def patch(
        self, path: str, body: Any, *, key: str | None = None, version: int | str | None = None
    ) -> httpx.Response:
        return await self._send("PATCH", path, body, key, version)

    async def _send(
        self, method: str, path: str, body: Any, key: str | None, version: int | str | None
    ) -> httpx.Response:
        headers = {"idempotency-key": key or str(uuid4())} if key is not None else {}
        if version is not None:
            headers["if-match"] = f'"{version}"' if isinstance(version, int) else version
        return await self.client.request(
            method, path, content=msgspec.json.encode(body), headers=headers | JSON
        )

    def new_order(self, *items: Json, **fields: Any) -> Json:
        return {"restaurant_id": self.place.id, "type": "takeaway", "items": items, **fields}

    async def order(self, *items: Json, **fields: Any) -> Order:
        """Makes an order that nothing speaks against."""
        return order(await self.post("/orders", self.new_order(*items, **fields)), 201)

    async def read(self, order_id: UUID) -> Order:
        return order(await self.get(f"/orders/{order_id}"))

    async def move(self, which: Order, status: str, **fields: Any) -> httpx.Response:
        return await self.post(
            f"/orders/{which.id}/status", {"status": status, **fields}, version=which.version
        )


JSON = {"content-type": "application/json"}


def order(answer: httpx.Response, status: int = 200) -> Order:
    """The order of an answer, whose ETag is its version."""
    assert answer.status_code == status, answer.text
    found = msgspec.json.decode(answer.content, type=Order)
    assert answer.headers["etag"] == f'"{found.version}"'
    return found


def orders(answer: httpx.Response) -> list[Order]:
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=list[Order])


def refused(answer: httpx.Response, status: int, code: str) -> Problem:
    """The problem of a refusal, which is well formed and tells nothing of the inside."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = msgspec.json.decode(answer.content, type=Problem)
    assert found.status == status
    assert found.type == f"/problems/{code}"
    assert found.title
    assert found.detail.endswith(".")
    assert found.request_id == answer.headers["x-request-id"]
    for inside in ("Traceback", "psycopg", "select ", "SELECT", 'File "'):
        assert inside not in answer.text
    return found


async def soon(check: Callable[[], Awaitable[bool]], within_s: float = 1.5) -> None:
    """Wait until it holds, which must not take longer than this."""
    deadline = time.monotonic() + within_s
    while True:
        if await check():
            return
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.02)


def product(name: str, place: Restaurant = PIZZERIA) -> Product:
    return place.product(name)


def line(name: str, /, **fields: Any) -> Json:
    """A line of a product by its name."""
    return {"product_id": product(name).id, **fields}


def variant(name: str, size: str) -> UUID:
    return next(v.id for v in product(name).variants if v.name == size)


def modifier(group: str, name: str, place: Restaurant = PIZZERIA) -> UUID:
    return next(m.id for g in place.modifier_groups if g.name == group for m in g.modifiers if m.name == name)


def chosen(*pairs: tuple[str, str], quantity: int = 1) -> list[Json]:
    return [{"modifier_id": modifier(*pair), "quantity": quantity} for pair in pairs]


def table(name: str, place: Restaurant = PIZZERIA) -> UUID:
    return next(t.id for t in place.tables if t.name == name)


def keys(value: Any) -> Iterator[str]:
    """Every key of a JSON value, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def next_page(answer: httpx.Response) -> str | None:
    """Where the next page is, as RFC 8288 says it."""
    found = answer.links.get("next")
    return found["url"].removeprefix(API) if found else None
