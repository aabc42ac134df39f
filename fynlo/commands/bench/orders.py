"""Orders: four lines with modifiers, created over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID, uuid4

import msgspec
import psycopg

from fynlo.client import ApiClient, NewOrder, Product
from fynlo.commands.bench.house import OWNER, House
from fynlo.commands.bench.load import Load, load, request
from fynlo.commands.bench.menu import bench_context
from fynlo.commands.bench.report import Figure
from fynlo.commands.bench.statements import RANDOM, RecordingConnection, Statement, script
from fynlo.commands.simulate import choose, orderable
from fynlo.db.pool import Pool, create_pool
from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.http import Reply, request_hash
from fynlo.orders import models, work
from fynlo.tenancy import Announce, Once, Tenant, once

CLIENTS = 16
LINES = 4
OF_PGBENCH = 0.6
WITH_THE_LOG = 0.5  # of what goes through without it: the log at most doubles a transaction


async def run(house: House, rounds: int, seconds: float) -> list[Figure]:
    """Orders a second at 16 clients, beside pgbench running the same statements at 16 clients."""
    one, two = await house.serve(FYNLO_POOL_SIZE="16"), await house.serve(workers=2)
    async with ApiClient(one) as api:
        await api.login(OWNER.email, PASSWORD)
        menu = [product for product in (await api.menu_all(str(PIZZERIA.id))).items if orderable(product)]
    authorized = {"authorization": f"Bearer {await house.token(one)}"}
    body = msgspec.json.encode(an_order(menu))
    text, variables = script(await order_statements(house, body))

    def posts() -> Iterator[bytes]:
        while True:
            yield request("POST", "/api/v1/orders", authorized | {"idempotency-key": str(uuid4())}, body)

    async def post(address: str) -> Load:
        done = await load(address, posts, connections=CLIENTS, seconds=seconds)
        assert set(done.statuses) == {201}, done.statuses
        return done

    async def commits(clients: int) -> float:
        return (await house.pgbench(text, variables, clients=clients, seconds=seconds)).rate

    floors, alone, unlogged, unlogged_alone = [], [], [], []
    ones, twos, p50s, p99s = [], [], [], []
    for _ in range(rounds):
        async with without_the_log(house):
            unlogged_alone.append(await commits(1))
            unlogged.append(await commits(CLIENTS))
        alone.append(await commits(1))
        floors.append(await commits(CLIENTS))
        done = await post(one)
        ones.append(done.rate)
        p50s.append(done.ms(0.5))
        p99s.append(done.ms(0.99))
        twos.append((await post(two)).rate)
    return [
        Figure("one worker, beside pgbench", "orders/s", ones, floors),
        Figure("two workers, beside pgbench", "orders/s", twos, floors, at_least=OF_PGBENCH),
        Figure(
            "pgbench, one writer, beside itself without the event log",
            "orders/s",
            alone,
            unlogged_alone,
            at_least=WITH_THE_LOG,
        ),
        Figure("pgbench, 16 writers of one restaurant, likewise", "orders/s", floors, unlogged),
        Figure("p50 at 16 clients, one worker", "ms", p50s),
        Figure("p99 at 16 clients, one worker", "ms", p99s),
        Figure("statements an order, without begin and commit", "statements", [text.count(";\n") - 3]),
    ]


@asynccontextmanager
async def without_the_log(house: House) -> AsyncIterator[None]:
    """The triggers that note what is to be logged are off: what is left is what any till would write."""
    switch = (
        "do $$ declare t record; begin"
        " for t in select tgrelid::regclass as on_table, tgname from pg_trigger"
        "  where tgname ~ '_note_(insert|update)$' and not tgisinternal loop"
        "  execute format('alter table %s {} trigger %I', t.on_table, t.tgname); end loop; end $$"
    )
    async with await psycopg.AsyncConnection.connect(house.postgres.url(), autocommit=True) as conn:
        await conn.execute(switch.format("disable").encode())
        try:
            yield
        finally:
            await conn.execute(switch.format("enable").encode())


def an_order(menu: list[Product]) -> NewOrder:
    """Takeaway, four lines, at least one of them with modifiers; always the same one."""
    rng = Random(8)  # noqa: S311 - to repeat, not to hide
    with_choice = [product for product in menu if product.modifier_groups]
    lines = [choose(rng.choice(with_choice), rng) for _ in range(LINES)]
    return NewOrder(restaurant_id=str(PIZZERIA.id), type="takeaway", items=tuple(lines))


async def create(house: House, orders: Sequence[models.NewOrder]) -> None:
    """Have these orders, as POST /orders makes them."""
    async with create_pool(house.postgres.url(), 1) as pool:
        for order in orders:
            await _create(pool, order, None, None)


async def order_statements(house: House, body: bytes, announce: Announce | None = None) -> list[Statement]:
    """What the server asks the database for such an order; its ids differ in each transaction of pgbench's.

    With `announce` as the coalesced mode asks it.
    """
    new = msgspec.json.decode(body, type=models.NewOrder)
    first = uuid4().hex[:8]  # of the ids and the key, so that recording twice records two orders
    ids = (UUID(f"{first}-{number:04x}-4000-8000-{RANDOM}") for number in range(1, 100))
    items = tuple(msgspec.structs.replace(item, id=next(ids)) for item in new.items)
    named = msgspec.structs.replace(new, id=next(ids), items=items)
    pool = create_pool(house.postgres.url(), 1, connection_class=RecordingConnection)
    async with pool:
        await _create(pool, named, f"{first}-{RANDOM}", announce)
        async with pool.connection() as conn:
            assert isinstance(conn, RecordingConnection)
            return conn.recorded


async def _create(pool: Pool, order: models.NewOrder, key: str | None, announce: Announce | None) -> None:
    hashed = request_hash(order)

    async def work_on(tenant: Tenant) -> Reply:
        return await work.create(tenant, order, hashed)

    request = Once("POST", "/api/v1/orders", key, hashed)
    await once(
        pool, bench_context(), "orders.write", request, work_on,
        restaurant_id=order.restaurant_id, announce=announce,
    )  # fmt: skip
