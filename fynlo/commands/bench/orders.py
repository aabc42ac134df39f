"""Orders: four lines with modifiers, created over REST."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from uuid import UUID, uuid4

import msgspec

from fynlo.client import ApiClient, NewOrder, Product
from fynlo.commands.bench.house import OWNER, House
from fynlo.commands.bench.load import Load, load, request
from fynlo.commands.bench.menu import bench_context
from fynlo.commands.bench.report import Figure
from fynlo.commands.bench.statements import RANDOM, RecordingConnection, Statement, script
from fynlo.commands.simulate import choose, orderable
from fynlo.db.pool import create_pool
from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.http import Reply, request_hash
from fynlo.orders import models, work
from fynlo.tenancy import Once, Tenant, once

CLIENTS = 16
LINES = 4


async def run(house: House, rounds: int, seconds: float) -> list[Figure]:
    """Orders a second at 16 clients, beside pgbench running the same statements at 16 clients."""
    one, two = await house.serve(FYNLO_POOL_SIZE="16"), await house.serve(workers=2)
    async with ApiClient(one) as api:
        await api.login(OWNER.email, PASSWORD)
        menu = [product for product in (await api.menu_all(str(PIZZERIA.id))).items if orderable(product)]
    authorized = {"authorization": f"Bearer {await house.token(one)}"}
    wanted = an_order(menu)
    body = msgspec.json.encode(wanted)
    text, variables = script(await _statements(house, body))

    def posts() -> Iterator[bytes]:
        while True:
            yield request("POST", "/api/v1/orders", authorized | {"idempotency-key": str(uuid4())}, body)

    async def post(address: str) -> Load:
        done = await load(address, posts, connections=CLIENTS, seconds=seconds)
        assert set(done.statuses) == {201}, done.statuses
        return done

    floors, ones, twos, p50s, p99s = [], [], [], [], []
    for _ in range(rounds):
        floors.append(await house.pgbench(text, variables, clients=CLIENTS, seconds=seconds))
        done = await post(one)
        ones.append(done.rate)
        p50s.append(done.ms(0.5))
        p99s.append(done.ms(0.99))
        twos.append((await post(two)).rate)
    return [
        Figure("one worker, beside pgbench", "orders/s", ones, floors),
        Figure("two workers, beside pgbench", "orders/s", twos, floors),
        Figure("p50 at 16 clients, one worker", "ms", p50s),
        Figure("p99 at 16 clients, one worker", "ms", p99s),
        Figure("statements an order, without begin and commit", "statements", [text.count(";\n") - 3]),
    ]


def an_order(menu: list[Product]) -> NewOrder:
    """Takeaway, four lines, at least one of them with modifiers; always the same one."""
    rng = Random(8)  # noqa: S311 - to repeat, not to hide
    with_choice = [product for product in menu if product.modifier_groups]
    lines = [choose(rng.choice(with_choice), rng) for _ in range(LINES)]
    return NewOrder(restaurant_id=str(PIZZERIA.id), type="takeaway", items=tuple(lines))


async def _statements(house: House, body: bytes) -> list[Statement]:
    """What the server asks the database for such an order; its ids differ in each transaction of pgbench's."""
    new = msgspec.json.decode(body, type=models.NewOrder)
    ids = (UUID(f"{number:08x}-0000-4000-8000-{RANDOM}") for number in range(1, 100))
    items = tuple(msgspec.structs.replace(item, id=next(ids)) for item in new.items)
    named = msgspec.structs.replace(new, id=next(ids), items=items)

    async def create(tenant: Tenant) -> Reply:
        return await work.create(tenant, named, request_hash(named))

    pool = create_pool(house.postgres.url(), 1, connection_class=RecordingConnection)
    async with pool:
        key = Once("POST", "/api/v1/orders", f"bench-{RANDOM}", request_hash(named))
        await once(pool, bench_context(), "orders.write", key, create, restaurant_id=PIZZERIA.id)
        async with pool.connection() as conn:
            assert isinstance(conn, RecordingConnection)
            return conn.recorded
