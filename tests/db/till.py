"""Connections as the roles of the database, and a till that writes orders as the application does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import TupleRow

from fynlo.context import Context
from fynlo.db.pool import APPLICATION_ROLE, Connection, Pool, create_pool
from fynlo.demo.data import PIZZERIA
from fynlo.demo.models import Restaurant
from fynlo.identity.models import Principal, User
from fynlo.orders import work
from fynlo.orders.models import ChosenModifier, MoreItems, NewItem, NewOrder, NewStatus, Order, VoidItem
from fynlo.orders.queries import order_read
from fynlo.tenancy import Announce, Of, Once, Work, entered, once

Database = psycopg.AsyncConnection[TupleRow]


async def connect(url: str, role: str | None = None) -> Connection:
    """An autocommit connection of the superuser, or working as a role."""
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True)
    if role is not None:
        await conn.execute(f"set role {role}".encode())
    return conn


async def application(url: str) -> Connection:
    """An autocommit connection working as the server does."""
    return await connect(url, APPLICATION_ROLE)


@asynccontextmanager
async def inside(conn: Connection, restaurant_id: UUID) -> AsyncIterator[Connection]:
    """A transaction inside a tenant."""
    async with conn.transaction():
        await conn.execute("select set_config('app.restaurant_id', %s, true)", (str(restaurant_id),))
        yield conn


async def rows(conn: Connection, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    return await (await conn.execute(sql.encode(), parameters or None)).fetchall()


async def value(conn: Connection, sql: str, *parameters: object) -> Any:
    """The one value of the one row."""
    ((found,),) = await rows(conn, sql, *parameters)
    return found


class Event(Struct, frozen=True):
    """An event of the log, its data as JSON."""

    seq: int
    type: str
    entity_id: UUID
    data: Any
    actor: UUID | None
    request_id: str | None

    @property
    def order(self) -> Order:
        return msgspec.convert(self.data["order"], Order)


async def events(conn: Connection, restaurant_id: UUID, after: int = 0) -> list[Event]:
    """What a superuser finds in the log of a restaurant behind a position."""
    found = await rows(
        conn,
        "select seq, type, entity_id, data, actor, request_id from order_events"
        " where restaurant_id = %s and seq > %s order by seq",
        restaurant_id,
        after,
    )
    return [Event(*row) for row in found]


async def write_aged(conn: Connection, restaurant_id: UUID, *ages: str) -> None:
    """An event of each age, in that order, behind what the log has; in a month that was made, if there is one."""
    await conn.execute(
        "with head as (update feed_heads h set seq = h.seq + cardinality(%(ages)s::text[])"
        " where h.restaurant_id = %(place)s returning h.seq - cardinality(%(ages)s::text[]) as base)"
        " insert into order_events (restaurant_id, seq, type, entity_id, data, created_at)"
        " select %(place)s, head.base + a.n, 'order.updated', %(place)s, '{}', now() - a.age::interval"
        " from head, unnest(%(ages)s::text[]) with ordinality a (age, n)",
        {"place": restaurant_id, "ages": list(ages)},
    )


async def make_month(conn: Connection, months_ago: int) -> str:
    """The partition of a month that is past, as the server would have made it then; its name."""
    (row,) = await rows(
        conn,
        "select to_char(m, '\"order_events_\"YYYY_MM'), m at time zone 'UTC',"
        " (m + interval '1 month') at time zone 'UTC'"
        " from (select date_trunc('month', now() at time zone 'UTC') - make_interval(months => %s)) x (m)",
        months_ago,
    )
    name, starts, ends = row
    await conn.execute(
        f"create table {name} partition of order_events for values from ('{starts}') to ('{ends}');"
        f" alter table {name} enable row level security, force row level security, owner to fynlo_owner;"
        f" create trigger {name}_keep before delete or truncate on {name}"
        " for each statement execute function fynlo.refuse_delete()".encode()
    )
    return str(name)


def plain_line(place: Restaurant = PIZZERIA, **fields: Any) -> NewItem:
    """A line of a product without variants and without modifiers that must be chosen."""
    groups = {group.id: group for group in place.modifier_groups}
    product = next(
        p
        for p in place.products
        if not p.variants and all(groups[g].min_selections == 0 for g in p.modifier_group_ids)
    )
    return NewItem(product_id=product.id, **fields)


def dressed_line(place: Restaurant = PIZZERIA, **fields: Any) -> NewItem:
    """A line with a variant and the least modifiers that its groups ask for, and one more."""
    groups = {group.id: group for group in place.modifier_groups}
    product = next(p for p in place.products if p.variants and p.modifier_group_ids)
    chosen = []
    for group in (groups[g] for g in product.modifier_group_ids):
        chosen += [ChosenModifier(m.id) for m in group.modifiers[: max(1, group.min_selections)]]
    return NewItem(
        product_id=product.id, variant_id=product.variants[0].id, modifiers=tuple(chosen), **fields
    )


class Till:
    """What POST /orders and its actions do, without HTTP."""

    def __init__(self, pool: Pool, place: Restaurant = PIZZERIA, announce: Announce | None = None) -> None:
        self.pool = pool
        self.place = place
        self.announce = announce
        person = place.memberships[0].person
        self.user_id = person.id
        self.context = Context(
            "request-1",
            "127.0.0.1",
            Principal(User(person.id, person.email, person.name), uuid4(), 2**40, {}),
        )

    @classmethod
    @asynccontextmanager
    async def at(
        cls, url: str, place: Restaurant = PIZZERIA, size: int = 2, announce: Announce | None = None
    ) -> AsyncIterator["Till"]:
        pool = create_pool(url, size, timeout_s=30)
        await pool.open()
        try:
            yield cls(pool, place, announce)
        finally:
            await pool.close()

    async def order(self, *items: NewItem, **fields: Any) -> Order:
        new = NewOrder(restaurant_id=self.place.id, items=items, **fields)
        return await self._do(lambda tenant: work.create(tenant, new, b"hash"), restaurant_id=self.place.id)

    async def add(self, order: Order, *items: NewItem, send: bool = True) -> Order:
        more = MoreItems(items=items, send=send)
        return await self._do(
            lambda tenant: work.append(tenant, order.id, more, b"more", None, _approve),
            of=Of("order", order.id),
        )

    async def void(self, order: Order, item_id: UUID) -> Order:
        asked = VoidItem("dropped")
        return await self._do(
            lambda tenant: work.void_item(tenant, order.id, item_id, asked, order.version, _approve),
            of=Of("order", order.id),
        )

    async def move(self, order: Order, status: Any, reason: str | None = None) -> Order:
        new = NewStatus(status, reason)
        return await self._do(
            lambda tenant: work.set_status(tenant, order.id, new, order.version), of=Of("order", order.id)
        )

    async def read(self, order_id: UUID) -> Order:
        async with entered(self.pool, self.context, "orders.read", of=Of("order", order_id)) as tenant:
            found = await order_read(tenant.conn, tenant.restaurant_id, order_id)
        assert found is not None
        return found[0].order

    async def _do(self, do: Work, **where: Any) -> Order:
        request = Once("POST", "/api/v1/orders", None, b"")
        reply = await once(
            self.pool, self.context, "orders.write", request, do, announce=self.announce, **where
        )
        return msgspec.json.decode(reply.body, type=Order)


async def _approve(*_: Any) -> None:
    raise AssertionError("nobody was asked to approve")
