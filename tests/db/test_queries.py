"""The named queries: each runs on the schema as it is, is asked for by name, and gets what it asks for."""

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

import psycopg
import pytest

import fynlo
from fynlo.audit.models import AuditQuery
from fynlo.audit.queries import audit_entries
from fynlo.cash import queries as cash
from fynlo.cash.models import NewMovement, NewShift, ShiftsQuery
from fynlo.db.queries import QueryFileError, parse, queries
from fynlo.db.sqlfiles import sql_directory
from fynlo.demo.data import PIZZERIA
from fynlo.demo.seed import seed
from fynlo.devices import queries as devices
from fynlo.devices.models import DeviceChange, DevicesQuery
from fynlo.events.queries import events_page
from fynlo.floor import queries as floor
from fynlo.floor.models import Section, SectionsQuery, StationsQuery, TablesQuery
from fynlo.http import Reply
from fynlo.identity import queries as identity
from fynlo.live import queries as live
from fynlo.live import screen_queries as screens
from fynlo.live import status as feed_status
from fynlo.menu import stock_queries as stock
from fynlo.menu.models import MenuQuery
from fynlo.menu.queries import menu_page
from fynlo.orders import moves, payment_queries, payments, refunds, work
from fynlo.orders.check_bodies import Merge, Transfer
from fynlo.orders.history_queries import order_at, order_history, version_made
from fynlo.orders.models import NewOrder, OrdersQuery
from fynlo.orders.payment_bodies import Capture, NewPayment, NewRefund, PaymentsQuery, VoidPayment
from fynlo.orders.queries import orders_page, payment_orders
from fynlo.orders.stored import CheckRow
from fynlo.reports import queries as reports
from fynlo.reports import z_queries as zs
from fynlo.reports.models import GroupBy, NewZ, SalesQuery, VatQuery, ZQuery
from fynlo.restaurants import queries as restaurants
from fynlo.restaurants.models import NewRestaurant
from fynlo.staff import queries as staff
from fynlo.staff.models import NewStaff, StaffQuery
from fynlo.tenancy import Of, Once, Tenant, entered, once
from fynlo.webhooks import queries as webhooks
from fynlo.webhooks.leases import Lease, claim
from fynlo.webhooks.sending import Outcome

from .till import Till, application, connect, plain_line

DOMAINS = sorted(path.stem for path in (sql_directory() / "queries").glob("*.sql"))
ALL = [(domain, name) for domain in DOMAINS for name in queries(domain)]
_PARAMETER = re.compile(r"%\((\w+)\)s")


def parameters(text: bytes) -> list[str]:
    """The names of its parameters, in order, each once."""
    return list(dict.fromkeys(_PARAMETER.findall(text.decode())))


def numbered(text: bytes) -> bytes:
    """The query with $1, $2 … for its parameters, as PREPARE takes it."""
    order = parameters(text)
    return (
        _PARAMETER.sub(lambda match: f"${order.index(match[1]) + 1}", text.decode())
        .replace("%%", "%")
        .encode()
    )


@pytest.mark.parametrize(("domain", "name"), ALL)
async def test_a_query_is_prepared_as_the_role_that_runs_it(
    module_seeded_url: str, domain: str, name: str
) -> None:
    role = None if domain == "demo" else "fynlo_app"
    async with await connect(module_seeded_url, role) as conn:
        prepared = await conn.execute(b"prepare q as " + numbered(queries(domain)[name]))
        assert prepared.statusmessage == "PREPARE"


@pytest.mark.parametrize(("domain", "name"), ALL)
def test_a_query_says_what_it_returns(domain: str, name: str) -> None:
    if not name.startswith("insert_demo_"):
        assert queries(domain)[name].startswith(b"-- ")


class _Asked(ast.NodeVisitor):
    """The names that a module takes from its queries, `sql[f"insert_demo_{table}"]` by its beginning."""

    def __init__(self) -> None:
        self.domains: dict[str, str] = {}
        self.names: set[tuple[str, str]] = set()

    def visit_Assign(self, node: ast.Assign) -> None:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Call(func=ast.Name(id="queries"), args=[ast.Constant(value=str(domain))]),
            ):
                self.domains[variable] = domain
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        match node:
            case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(name))):
                self._take(variable, name)
            case ast.Subscript(
                value=ast.Name(id=variable), slice=ast.JoinedStr(values=[ast.Constant(value=str(start)), *_])
            ):
                self._take(variable, f"{start}*")
        self.generic_visit(node)

    def _take(self, variable: str, name: str) -> None:
        if variable in self.domains:
            self.names.add((self.domains[variable], name))


def test_every_name_is_used_and_every_used_name_is_there() -> None:
    asked: set[tuple[str, str]] = set()
    for path in Path(fynlo.__file__).parent.rglob("*.py"):
        visitor = _Asked()
        visitor.visit(ast.parse(path.read_text(encoding="utf-8")))
        asked |= visitor.names
    prefixes = {(domain, name[:-1]) for domain, name in asked if name.endswith("*")}
    by_name = asked - {(domain, f"{prefix}*") for domain, prefix in prefixes}
    by_prefix = {
        (domain, name) for domain, name in ALL if any(domain == d and name.startswith(p) for d, p in prefixes)
    }
    assert by_name - set(ALL) == set()
    assert set(ALL) - by_name - by_prefix == set()


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], set[frozenset[str]]]:
    """What each named query was bound to while the test ran."""
    known = {text: (domain, name) for domain, name in ALL for text in [queries(domain)[name]]}
    found: dict[tuple[str, str], set[frozenset[str]]] = defaultdict(set)
    execute = psycopg.AsyncConnection.execute

    async def recording(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        if query in known:
            found[known[query]].add(frozenset(params) if isinstance(params, Mapping) else frozenset())
        return await execute(self, query, params, **options)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", recording)
    return found


async def use_floor(tenant: Tenant) -> None:
    """Everything that is done to a room."""
    conn, place, table_id, section_id = tenant.conn, PIZZERIA.id, uuid4(), uuid4()
    section = Section(section_id, place, "Loft", 1)
    await floor.stations(conn, StationsQuery(place))
    await floor.tables(conn, TablesQuery(place))
    await floor.sections(conn, SectionsQuery(place))
    await floor.room_lock(conn, place)
    await floor.section_named(conn, place, section_id, section.name)
    await floor.section_insert(conn, section)
    await floor.section_update(conn, section)
    assert await floor.section_lock(conn, place, section_id) == ("Loft", 1, 0)
    table = floor.StoredTable("L1", section_id, 2, 1, "available", None)
    assert await floor.table_place(conn, place, table_id, table.name, section_id) == (False, True)
    await floor.table_insert(conn, place, table_id, table)
    assert await floor.table_lock(conn, place, table_id) == table
    await floor.table_update(conn, place, table_id, table)
    assert await floor.table_read(conn, place, table_id) is not None
    assert await floor.table_order(conn, place, table_id) is None
    await floor.table_archive(conn, place, table_id)
    await floor.section_archive(conn, place, section_id)


async def use_webhooks(till: Till) -> None:
    """Everything that people and deliveries do with an endpoint."""
    place, webhook_id, lease = PIZZERIA.id, uuid4(), uuid4()
    async with entered(till.pool, till.context, "back_office.write", restaurant_id=place) as tenant:
        conn = tenant.conn
        await webhooks.webhook_insert(
            conn, place, webhook_id, url="https://x", types=(), secret="s", created_by=till.user_id, most=9
        )
        await webhooks.webhooks_page(conn, place)
        await webhooks.webhook_lock(conn, place, webhook_id)
        await webhooks.webhook_update(
            conn, place, webhook_id, url="https://x", types=(), active=True, anew=True, secret=None
        )
        head = (await events_page(conn, place, 0, limit=1, max_bytes=1)).position
        await webhooks.webhook_replay(conn, place, webhook_id, head._replace(seq=0))
    (claimed,) = await claim(till.pool, lease, 60, well=1, failing=1)
    ours = Lease(till.pool, lease, 60, claimed)
    assert await ours.advance(head._replace(seq=0))
    assert await ours.missed(0, head)
    assert await ours.failed(head, Outcome(500, "x"), 1, 1.0)
    assert await ours.dead(head, Outcome(500, "x"), type="x", attempts=1, most=9)
    assert await ours.gone(head, Outcome(410, "x"))
    await ours.release()
    assert not await ours.advance(head), "it is ours no more"
    async with entered(till.pool, till.context, "back_office.write", restaurant_id=place) as tenant:
        assert await webhooks.webhook_archive(tenant.conn, place, webhook_id)


async def use_payments(till: Till) -> None:
    """Everything that is done with payments and refunds."""
    made = await till.order(plain_line())

    async def approve(*_: Any) -> None:
        raise AssertionError("nobody was asked to approve")

    async with entered(till.pool, till.context, "orders.write", of=Of("order", made.id)) as tenant:
        ids = [uuid4() for _ in range(4)]
        check = CheckRow(uuid4(), 1, made.totals.total, (), remainder=False)
        await payment_queries.checks_save(tenant, made.id, [check])
        for id in ids[:3]:
            new = NewPayment("cash", 1, id=id, state="pending" if id == ids[0] else "captured")
            await payments.take(tenant, made.id, new, b"hash", None)
        await payments.capture(tenant, ids[0], Capture())
        await payments.void(tenant, ids[1], VoidPayment("x"), None, approve)
        await refunds.refund(tenant, ids[2], NewRefund(1, "x", id=ids[3]), b"hash", None, approve)
        await payment_queries.payment_fail(tenant, ids[0], None)
        await payment_queries.payments_page(tenant.conn, PaymentsQuery(PIZZERIA.id), None)
        await payment_queries.payment_read(tenant.conn, PIZZERIA.id, ids[0])


async def use_moves(till: Till) -> None:
    """An order is merged into another, which goes to another table."""
    one, other = await till.order(plain_line()), await till.order(plain_line())

    async def approve(*_: Any) -> None:
        raise AssertionError("nobody was asked to approve")

    async with entered(till.pool, till.context, "orders.write", of=Of("order", one.id)) as tenant:
        await moves.merge(tenant, one.id, Merge(other.id, other.version), None, approve)
        await moves.transfer(tenant, one.id, Transfer(PIZZERIA.tables[0].id), None)


async def use_stock(tenant: Tenant) -> None:
    product, group = PIZZERIA.products[0].id, next(g for g in PIZZERIA.modifier_groups if g.modifiers)
    kinds: tuple[tuple[Literal["product", "modifier"], UUID], ...] = (
        ("product", product), ("modifier", group.modifiers[0].id),
    )  # fmt: skip
    for kind, id in kinds:
        assert await stock.availability_set(
            tenant.conn, PIZZERIA.id, kind, id, state="counted", quantity=2, until=None, low_stock_at=None
        )
    assert await stock.stock_take(tenant.conn, {product: 1}, {}) == {product}
    await stock.stock_give(tenant.conn, {product: 1}, {})


async def use_cash(tenant: Tenant) -> None:
    """A drawer from its float to its count, an X of it, and a Z."""
    conn, place, shift_id, by = tenant.conn, PIZZERIA.id, uuid4(), tenant.user_id
    drawer = NewShift(place, "Bar")
    assert await cash.shift_in_the_way(conn, drawer, by) is None
    await cash.shift_insert(conn, shift_id, drawer, by)
    await cash.movement_insert(conn, place, shift_id, uuid4(), NewMovement("drop", 5, "safe"), by)
    await cash.shift_lock(conn, place, shift_id)
    await cash.shift_close(conn, place, shift_id, by, 0)
    (shift,) = await cash.shifts_page(conn, ShiftsQuery(place), opened_by=by, currency="GBP")
    assert shift == await cash.shift_read(conn, place, shift_id, "GBP")
    assert (await zs.x_report(tenant, shift_id)).shift == shift
    number = await zs.z_number(conn, place)
    _, today = await zs.z_dates(tenant)
    orders = await zs.z_orders_to_report(conn, place)
    z = await zs.z_take(tenant, uuid4(), number, NewZ(place, today), orders)
    assert z == await zs.z_read(conn, place, z.id)
    assert [z] == await zs.z_page(conn, ZQuery(place))
    groups: tuple[GroupBy, ...] = ("day", "product", "payment_method")
    for group_by in groups:
        await reports.sales(tenant, SalesQuery(place, today, today, group_by))
    await reports.vat(tenant, VatQuery(place, today, today))


async def test_a_typed_function_binds_every_parameter_and_no_other(
    database_url: str, bound: dict[tuple[str, str], set[frozenset[str]]]
) -> None:
    async with await connect(database_url) as conn:
        await seed(conn)
    async with Till.at(database_url) as till:
        await till.order(plain_line(), placed_at=datetime.now(UTC))
        order = await till.order(plain_line())
        order = await till.add(order, plain_line())
        order = await till.void(order, order.items[0].id)
        await till.move(order, "cancelled", "they left")
        await use_moves(till)

        async def answer(tenant: Tenant) -> Reply:
            return await work.create(tenant, NewOrder(restaurant_id=PIZZERIA.id, items=()), b"")

        await once(
            till.pool,
            till.context,
            "orders.write",
            Once("POST", "/", "key", b""),
            answer,
            restaurant_id=PIZZERIA.id,
        )
        async with entered(till.pool, till.context, "orders.read", restaurant_id=PIZZERIA.id) as tenant:
            await menu_page(tenant.conn, MenuQuery(PIZZERIA.id), money=True)
            await use_stock(tenant)
            await orders_page(tenant.conn, OrdersQuery(PIZZERIA.id), None)
            await payment_orders(tenant.conn, PIZZERIA.id, [uuid4()])
            await use_floor(tenant)
            await order_history(tenant.conn, PIZZERIA.id, order.id, 0, limit=10, max_bytes=10)
            await order_at(tenant.conn, PIZZERIA.id, order.id, 1)
            await version_made(tenant.conn, PIZZERIA.id, order.id)
            await use_cash(tenant)
            await events_page(tenant.conn, PIZZERIA.id, 0, limit=10, max_bytes=10)
            await staff.staff_page(tenant.conn, StaffQuery(PIZZERIA.id), whole=True)
            member, by = PIZZERIA.memberships[1], tenant.user_id
            await staff.staff_lock(tenant.conn, PIZZERIA.id, member.id)
            await staff.staff_lock_address(tenant.conn, PIZZERIA.id, "new@x.test")
            await staff.owners(tenant.conn, PIZZERIA.id)
            await staff.staff_role(tenant.conn, PIZZERIA.id, member.id, "cashier")
            await staff.pin_set(tenant.conn, PIZZERIA.id, member.id, "hash", by)
            await staff.pin_forget(tenant.conn, PIZZERIA.id, member.id, by)
            await staff.staff_end(tenant.conn, PIZZERIA.id, member.id)
            invited = NewStaff(PIZZERIA.id, "new@x.test", "New", "server")
            await staff.invite(tenant.conn, invited, by, b"3" * 32, 60)
            await identity.invitation_of(tenant.conn, b"3" * 32)
            await identity.accept_invitation_as(tenant.conn, b"5" * 32, by)
            await identity.external_standing(tenant.conn, uuid4(), "noor@new.fynlo.test", "Noor")
            await identity.accept_invitation(tenant.conn, b"3" * 32, "hash", address="", request_id="")
            settings = await restaurants.restaurant_lock(tenant.conn, PIZZERIA.id)
            await restaurants.restaurant_update(tenant.conn, PIZZERIA.id, settings)
            await devices.device_grants_prune(tenant.conn)
            await devices.device_grant_insert(
                tenant.conn, b"4" * 32, "BCDFGHJK", "till", "Till", lifetime_s=60, interval_s=5
            )
            await devices.device_grant_poll(tenant.conn, b"4" * 32)
            await devices.device_waiting(tenant.conn, "BCDFGHJK")
            device = await devices.device_pair(tenant.conn, PIZZERIA.id, "BCDFGHJK", None, (), by)
            assert device is not None
            await devices.device_deny(tenant.conn, "BCDFGHJK")
            await devices.stations_known(tenant.conn, PIZZERIA.id, ())
            await devices.device_read(tenant.conn, device)
            await devices.devices_page(tenant.conn, DevicesQuery(PIZZERIA.id))
            await devices.device_update(tenant.conn, PIZZERIA.id, device, DeviceChange("Bar"))
            await devices.pin_of(tenant.conn, PIZZERIA.id, member.id)
            await identity.approver(tenant.conn, PIZZERIA.id, member.id)
            await identity.set_approver(tenant.conn, by)
            short = uuid4()
            await identity.session_without_refresh(tenant.conn, short, by, device)
            await identity.device_seen(tenant.conn, short)
            await devices.device_revoke(tenant.conn, PIZZERIA.id, device)
            new = NewRestaurant("New", "UTC", "EUR")
            await restaurants.found_restaurant(tenant.conn, by, uuid4(), new)
            await audit_entries(tenant.conn, AuditQuery(PIZZERIA.id))
        await use_webhooks(till)
        await use_payments(till)
    async with await connect(database_url) as conn:
        await restaurants.person(conn, "owner@x.test", "Owner", "hash")
    person, session = PIZZERIA.memberships[0].person, uuid4()
    async with await application(database_url) as conn:
        await restaurants.restaurants_of(conn, person.id)
        await identity.credentials(conn, person.email)
        await identity.memberships(conn, person.id)
        await identity.session_insert(conn, session, person.id, b"1" * 32, 60)
        await identity.standing(conn, session)
        await identity.refresh_token_lock(conn, b"1" * 32)
        await identity.refresh_token_rotate(conn, b"1" * 32, b"2" * 32, 60)
        await identity.audit_person(conn, person.id, "auth.login", address="::1", request_id="r")
        await identity.session_revoke(conn, session, "logout")
        await identity.sessions_revoke_all(conn, person.id)
        await identity.password_hash_of(conn, person.id)
        await identity.change_password(conn, person.id, session, "hash")
        await live.read_heads(conn, [PIZZERIA.id])
        await live.read_events(conn, [(PIZZERIA.id, 0)], 10)
        await live.make_event_partitions(conn)
        await live.bring_back(conn, 1)
        await live.prune_idempotency_keys(conn, 10)
        await live.notify(conn, [PIZZERIA.id])
        await live.keep_house(conn)
        await live.raise_floors(conn, 7, None, 10)
        await live.drop_event_month(conn, 13)
        await live.prune_default_events(conn, 13, 10)
        await feed_status.read(conn)
        assert not await screens.tell_screens(
            conn, screens.Told(uuid4(), "here", 1, 30.0, "[]", "[]", whole=False)
        )
        await screens.others_screens(conn, uuid4(), 10)
        await screens.who_watches(conn, PIZZERIA.id)
        await screens.withdraw_screens(conn, uuid4())
    async with await connect(database_url) as conn:
        await feed_status.rotate_epochs(conn)
    takes = {(domain, name): parameters(queries(domain)[name]) for domain, name in ALL}
    wanted = {query: {frozenset(names)} for query, names in takes.items() if names}
    assert {query: found for query, found in bound.items() if takes[query]} == wanted


# -- the loader


def test_a_file_is_split_by_its_names() -> None:
    assert parse("-- All.\n\n-- name: one\n-- First.\nselect 1\n\n-- name: two\nselect 2\n", "x.sql") == {
        "one": b"-- First.\nselect 1",
        "two": b"select 2",
    }


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("select 1\n-- name: one\nselect 1", r"x\.sql: SQL stands before the first"),
        ("-- name: one\nselect 1\n-- name: one\nselect 2", r"x\.sql: the name one is given twice"),
        ("-- name: one\n\n-- name: two\nselect 2", r"x\.sql: the query one is empty"),
    ],
)
def test_a_file_out_of_order_is_refused(text: str, match: str) -> None:
    with pytest.raises(QueryFileError, match=match):
        parse(text, "x.sql")
