"""The menu: a page of 50 products with variants and modifiers."""

from __future__ import annotations

import itertools
from uuid import uuid4

import httpx

from fynlo.commands.bench.house import House
from fynlo.commands.bench.load import load, request
from fynlo.commands.bench.report import Figure
from fynlo.commands.bench.statements import RecordingConnection, Statement, script
from fynlo.context import Context
from fynlo.db.pool import create_pool
from fynlo.demo.data import PIZZERIA
from fynlo.identity.models import Membership, Principal, User
from fynlo.menu.models import MenuQuery
from fynlo.menu.queries import menu_page
from fynlo.tenancy import entered

CONNECTIONS = 16


async def run(house: House, rounds: int, seconds: float) -> list[Figure]:
    """Requests a second: from the cache beside a bare application with the same bytes, and beside the same server
    without authentication; unchanged (304); and without any cache beside pgbench running the same statements."""
    cached = await house.serve()
    anybodys = await house.serve(authenticated=False)
    uncached = await house.serve(FYNLO_MENU_CACHE="0")
    path = f"/api/v1/menu?restaurant_id={PIZZERIA.id}&limit=50"
    authorized = {"authorization": f"Bearer {await house.token(cached)}"}
    async with httpx.AsyncClient() as client:
        answer = await client.get(cached + path, headers=authorized)
    body = house.postgres.directory / "menu.json"
    body.write_bytes(answer.content)
    bare = await house.floor(FYNLO_FLOOR_BODY=str(body))
    text, variables = script(await _statements(house))
    whole = request("GET", path, authorized)
    known = request("GET", path, authorized | {"if-none-match": answer.headers["etag"]})

    async def rate(address: str, what: bytes) -> float:
        done = await load(address, lambda: itertools.repeat(what), connections=CONNECTIONS, seconds=seconds)
        assert set(done.statuses) <= {200, 304}, done.statuses
        return done.rate

    names = ("floor", "anybody's", "cached", "304", "uncached", "pgbench")
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        found["floor"].append(await rate(bare, whole))
        found["anybody's"].append(await rate(anybodys, whole))
        found["cached"].append(await rate(cached, whole))
        found["304"].append(await rate(cached, known))
        pgbench = await house.pgbench(text, variables, clients=CONNECTIONS, seconds=seconds)
        found["pgbench"].append(pgbench.rate)
        found["uncached"].append(await rate(uncached, whole))
    return [
        Figure("cached, beside a bare ASGI application", "requests/s", found["cached"], found["floor"]),
        Figure(
            "cached, beside the same without authentication",
            "requests/s",
            found["cached"],
            found["anybody's"],
            at_least=0.85,
        ),
        Figure("unchanged (304), beside the same", "requests/s", found["304"], found["floor"]),
        Figure("uncached, beside pgbench", "requests/s", found["uncached"], found["pgbench"]),
        Figure("size of the answer", "bytes", [len(answer.content)]),
    ]


async def _statements(house: House) -> list[Statement]:
    """What the server asks the database for a page of the menu."""
    pool = create_pool(house.postgres.url(), 1, connection_class=RecordingConnection)
    async with pool:
        async with entered(pool, bench_context(), "menu.read", restaurant_id=PIZZERIA.id) as tenant:
            await menu_page(tenant.conn, MenuQuery(PIZZERIA.id, limit=50), money=True)
        async with pool.connection() as conn:
            assert isinstance(conn, RecordingConnection)
            return conn.recorded


def owner() -> Principal:
    """The demo's owner, signed in for good."""
    person = PIZZERIA.memberships[0].person
    place = Membership(PIZZERIA.id, PIZZERIA.name, "owner")
    return Principal(User(person.id, person.email, person.name), uuid4(), 2**32, {PIZZERIA.id: place})


def bench_context() -> Context:
    """A request of the demo's owner."""
    return Context("bench", "127.0.0.1", owner())
