"""The catalogue lint and sql/schema.sql: clean as the migrations leave it, and each check sees its fault."""

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from fynlo.db import catalogue, schema
from fynlo.db.catalogue import Finding, checks, lint
from fynlo.db.embedded import EmbeddedPostgres
from fynlo.db.pool import Connection

from .till import connect

# What each check must see, and the fault that it is shown, in a transaction that is rolled back.
FAULTS = [
    ("rls", "orders", "alter table orders disable row level security"),
    ("rls", "orders", "alter table orders no force row level security"),
    ("rls", "notes", "create table notes (restaurant_id uuid)"),
    ("policies", "orders", "drop policy feed on orders"),
    ("policies", "orders", "create policy everybody on orders for select to fynlo_readonly using (true)"),
    ("policies", "orders", "create policy writing on orders for insert to fynlo_app with check (true)"),
    ("tenant_keys", "notes", "create table notes (id uuid primary key, restaurant_id uuid)"),
    (
        "tenant_keys",
        "notes",
        "create table notes (id uuid, restaurant_id uuid, primary key (id, restaurant_id))",
    ),
    (
        "tenant_keys",
        "notes",
        "create table notes (restaurant_id uuid, id uuid, primary key (restaurant_id, id))",
    ),
    ("tenant_keys", "orders", "alter table orders drop constraint orders_id_key"),
    ("foreign_keys", "tables", "alter table tables add foreign key (section_id) references sections (id)"),
    (
        "foreign_keys",
        "order_items",
        "alter table order_items add foreign key (order_id) references orders (id)",
    ),
    ("foreign_key_indexes", "products", "grant delete on categories to fynlo_app"),
    (
        "foreign_key_indexes",
        "modifiers",
        "grant delete on modifier_groups to fynlo_feed; drop index modifiers_group_idx",
    ),
    (
        "foreign_key_indexes",
        "orders",
        "alter table orders add foreign key (created_by) references users (id) on delete set null",
    ),
    (
        "security_definer",
        "fynlo.gate()",
        "set role fynlo_feed; create function fynlo.gate() returns int language sql security definer"
        " as 'select 1'",
    ),
    (
        "security_definer",
        "fynlo.gate()",
        "set role fynlo_feed; create function fynlo.gate() returns int language sql security definer"
        " set search_path = pg_catalog, public as 'select 1'",
    ),
    (
        "security_definer",
        "fynlo.gate()",
        "create function fynlo.gate() returns int language sql security definer"
        " set search_path = pg_catalog, public, pg_temp as 'select 1'",
    ),
    ("public_functions", "fynlo.read_heads(uuid[])", "grant execute on function fynlo.read_heads to public"),
    (
        "public_functions",
        "fynlo.added()",
        "create function fynlo.added() returns int language sql as 'select 1'",
    ),
    ("invalid_indexes", "half", "create index half on only order_events (type)"),
    (
        "money",
        "products.price",
        "drop trigger products_keep_menu_update on products; alter table products alter price type integer",
    ),
    ("money", "orders.tip_amount", "alter table orders add tip_amount numeric(10, 2)"),
    ("money", "orders.cash", "alter table orders add cash money"),
    ("column_types", "orders.due_at", "alter table orders add due_at timestamp"),
    ("column_types", "orders.due_at", "alter table orders add due_at timetz"),
    ("column_types", "orders.weight", "alter table orders add weight real"),
    ("column_types", "orders.weights", "alter table orders add weights double precision[]"),
    ("column_types", "orders.label", "alter table orders add label varchar(20)"),
    ("column_types", "orders.label", "alter table orders add label char(3)"),
    ("column_types", "orders.mood", "create type mood as enum ('fine'); alter table orders add mood mood"),
    ("views", "everything", "create view everything as select * from orders"),
    ("views", "everything", "create view everything with (security_invoker = false) as select * from orders"),
    ("views", "kept", "create materialized view kept as select * from orders"),
    ("owners", "orders", "alter table orders owner to postgres"),
    ("owners", "totals", "create view totals with (security_invoker = true) as select total from orders"),
    ("owners", "counter", "create sequence counter"),
    ("grants", "orders", "grant delete on orders to fynlo_app"),
    ("grants", "orders", "grant truncate on orders to public"),
    ("grants", "order_events", "grant insert on order_events to fynlo_app"),
    ("grants", "audit_log", "grant update (action) on audit_log to fynlo_app"),
    ("grants", "feed_heads", "grant update (floor_seq) on feed_heads to fynlo_app"),
    ("grants", "orders", "grant update (notes) on orders to fynlo_readonly"),
    ("roles", "fynlo_readonly", "alter role fynlo_readonly login bypassrls"),
    ("roles", "fynlo_readonly", "grant fynlo_feed to fynlo_readonly"),
    (
        "default_partition",
        "0190f000-0000-7000-8000-000000000000",
        "insert into order_events (restaurant_id, seq, type, entity_id, data, created_at)"
        " values ('0190f000-0000-7000-8000-000000000000', 1, 'order.created', gen_random_uuid(), '{}',"
        " '2001-01-01')",
    ),
]


@pytest.fixture
async def conn(module_seeded_url: str) -> AsyncIterator[Connection]:
    """A superuser's connection, in a transaction that is rolled back."""
    async with await connect(module_seeded_url) as superuser, superuser.transaction(force_rollback=True):
        yield superuser


def found(findings: list[Finding], check: str) -> list[str]:
    return [finding.object for finding in findings if finding.check == check]


async def test_the_migrated_schema_is_clean(conn: Connection) -> None:
    assert await lint(conn) == []


@pytest.mark.parametrize(("check", "where", "fault"), FAULTS)
async def test_a_check_sees_its_fault(conn: Connection, check: str, where: str, fault: str) -> None:
    await conn.execute(fault.encode())
    await conn.execute("reset role")
    assert where in found(await lint(conn), check)


def test_every_check_has_been_shown_a_fault() -> None:
    assert {check.name for check in checks()} == {check for check, _, _ in FAULTS}


async def test_a_finding_says_what_it_means(conn: Connection) -> None:
    await conn.execute("grant delete on day_counters to fynlo_app")
    (finding,) = await lint(conn)
    assert str(finding) == (
        "grants: day_counters: fynlo_app holds DELETE\n    A right that nobody should hold: fynlo_app deleting,"
        " truncating or writing the log, fynlo_readonly writing."
    )


@contextmanager
def standing(url: str) -> Iterator[SimpleNamespace]:
    """In place of the Postgres that the commands start: one that runs already."""
    yield SimpleNamespace(url=lambda: url, bin=EmbeddedPostgres(Path("unused")).bin)


def run(command: Callable[[], int]) -> int:
    """Run it in a thread: it has an event loop of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(command).result()


def change(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.encode())


def test_the_command_fails_with_what_it_finds(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "scratch", lambda: standing(database_url))
    assert run(catalogue.main) == 0
    assert capsys.readouterr().out == f"{len(checks())} checks, no findings\n"
    change(database_url, "grant delete on orders to fynlo_app")
    assert run(catalogue.main) == 1
    assert "grants: orders: fynlo_app holds DELETE" in capsys.readouterr().out


# -- sql/schema.sql


def test_the_schema_does_not_change_with_the_calendar(database_url: str) -> None:
    pg_dump = EmbeddedPostgres(Path("unused")).bin / "pg_dump"
    before = schema.dump(database_url, pg_dump)
    assert "CREATE TABLE public.order_events_default" in before
    change(database_url, "select fynlo.make_event_partitions(30)")
    assert schema.dump(database_url, pg_dump) == before
    change(database_url, "alter table orders add colour text")
    after = schema.dump(database_url, pg_dump)
    assert [line for line in schema.difference(before, after).splitlines() if line.startswith("+ ")] == [
        "+    colour text,"
    ]


def test_a_stale_schema_fails_with_the_difference(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "scratch", lambda: standing(database_url))
    monkeypatch.setattr(schema, "sql_directory", lambda: tmp_path)
    assert run(lambda: schema.main(["--check"])) == 1  # there is none
    capsys.readouterr()
    assert run(lambda: schema.main([])) == 0
    assert run(lambda: schema.main(["--check"])) == 0
    assert capsys.readouterr().out == ""
    change(database_url, "revoke select on orders from fynlo_readonly")
    assert run(lambda: schema.main(["--check"])) == 1
    assert "-GRANT SELECT ON TABLE public.orders TO fynlo_readonly;\n" in capsys.readouterr().out
