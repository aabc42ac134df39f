"""Running Fynlo: what a DBA asks in psql, and the logins that migrate and serve without being a superuser."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from fynlo.db.catalogue import lint
from fynlo.db.migrations import MigrationError, apply, migration_files
from fynlo.db.pool import transaction
from fynlo.db.sqlfiles import sql_directory
from fynlo.demo.data import PIZZERIA
from fynlo.demo.seed import seed
from fynlo.live.listener import Listener
from tests.cluster import Cluster, own_postgres

from .till import Till, connect, events, plain_line, rows, value

QUESTIONS = sorted(path.stem for path in (sql_directory() / "ops").glob("*.sql"))
ROLES = "fynlo_owner, fynlo_app, fynlo_readonly, fynlo_feed"


async def ask(url: str, name: str) -> list[dict[str, Any]]:
    """What sql/ops/<name>.sql answers."""
    text = (sql_directory() / "ops" / f"{name}.sql").read_text(encoding="utf-8")
    conn: psycopg.AsyncConnection[DictRow]
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row) as conn:
        cursor = await conn.execute(text.encode())
        while cursor.nextset():
            pass
        return await cursor.fetchall()


# -- what a DBA asks


@pytest.mark.parametrize("name", QUESTIONS)
async def test_every_question_is_answered(module_seeded_url: str, name: str) -> None:
    await ask(module_seeded_url, name)


async def test_the_feed_has_no_holes_and_its_lag_says_so(seeded_url: str) -> None:
    async with Till.at(seeded_url) as till:
        for _ in range(3):
            await till.order(plain_line())
    (ours,) = [row for row in await ask(seeded_url, "feed_lag") if row["restaurant_id"] == PIZZERIA.id]
    assert ours["missing"] == ours["holes_last_hour"] == 0
    assert ours["seq"] == ours["newest_in_log"] >= 3
    assert ours["silent_s"] < 60
    async with await connect(seeded_url) as conn:
        await conn.execute("update feed_heads set seq = seq + 2 where restaurant_id = %s", (PIZZERIA.id,))
    (ours,) = [row for row in await ask(seeded_url, "feed_lag") if row["restaurant_id"] == PIZZERIA.id]
    assert ours["missing"] == 2


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("subtotal", "update order_items set total = total + 1 where order_id = %s"),
        ("discount", "update orders set discount = subtotal + 1 where id = %s"),
        ("tax", "update orders set tax = tax + 1 where id = %s"),
        ("total", "update orders set total = total + 1 where id = %s"),
        ("paid", "update orders set paid = 1 where id = %s"),
        (
            "checks",
            "insert into checks (restaurant_id, order_id, position, total)"
            " select restaurant_id, id, 1, total + 1 from orders where id = %s",
        ),
        ("completed with money due", "update orders set status = 'completed' where id = %s"),
        ("order numbers", "update day_counters set last_number = 9 where %s::uuid is not null"),
        ("seq", "update feed_heads set seq = seq + 1 where seq > 0 and %s::uuid is not null"),
    ],
)
async def test_sums_that_disagree_are_found(module_seeded_url: str, fault: str, change: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        order = await till.order(plain_line())
        assert await ask(module_seeded_url, "sums") == []
        async with conn.transaction(force_rollback=True):
            await conn.execute(change.encode(), (order.id,))
            await conn.execute("set constraints all immediate")  # what the commit would tell
            text = (sql_directory() / "ops" / "sums.sql").read_text(encoding="utf-8")
            assert fault in {row[3] for row in await (await conn.execute(text.encode())).fetchall()}


async def test_who_waits_and_for_whom(seeded_url: str) -> None:
    async with Till.at(seeded_url) as till, await connect(seeded_url) as holder:
        order = await till.order(plain_line())
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks, holder.transaction():
            await holder.execute("update orders set notes = 'mine' where id = %s", (order.id,))
            tasks.create_task(till.add(order, plain_line()))
            waiting: list[dict[str, Any]] = []
            while not waiting:
                waiting = await ask(seeded_url, "locks")
            open_for_long = await ask(seeded_url, "transactions")
        assert {row["held_up_by"] for row in waiting} == {holder.info.backend_pid}
        assert {row["its_state"] for row in waiting} == {"idle in transaction"}
        assert holder.info.backend_pid in {row["pid"] for row in open_for_long}


async def test_slow_queries_says_what_is_missing(module_seeded_url: str) -> None:
    (row,) = await ask(module_seeded_url, "slow_queries")
    assert row["query"].startswith("pg_stat_statements is missing")


async def test_months_are_made_ahead(module_seeded_url: str) -> None:
    months = await ask(module_seeded_url, "partitions")
    assert {row["months_ahead"] for row in months} == {3}
    assert [row["bounds"] for row in months if row["partition"] == "order_events_default"] == ["DEFAULT"]


async def test_old_answers_are_counted(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        await conn.execute(
            "insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash, created_at)"
            " values (%s, gen_random_uuid(), 'POST', '/', 'k', '', now() - interval '31 days')",
            (PIZZERIA.id,),
        )
    (row,) = await ask(seeded_url, "idempotency")
    assert (row["keys"], row["older_than_30_days"], row["unfinished"]) == (1, 1, 1)


# -- logins

PASSWORD = "counter-top"


def as_login(url: str, login: str) -> str:
    """The same database, as somebody else."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{login}:{PASSWORD}@{parts.hostname}:{parts.port}"))


@pytest.fixture
def new_server() -> Iterator[str]:
    """A superuser's URL of a cluster on which nobody has run Fynlo yet: it has none of the roles."""
    with own_postgres() as server:
        yield server.url()


@asynccontextmanager
async def login(url: str, options: str = "", grant: str = "") -> AsyncIterator[str]:
    """A login for the time being, on a cluster that others use too; its name."""
    name = f"fynlo_test_{uuid4().hex[:12]}"
    async with await connect(url) as conn:
        await conn.execute(f"create role {name} login password '{PASSWORD}' {options}".encode())
        try:
            if grant:
                await conn.execute(f"grant {grant} to {name}".encode())
            yield name
        finally:
            database = await value(conn, "select current_database()")
            await conn.execute(f"alter database {database} owner to postgres".encode())
            await conn.execute(f"drop owned by {name}; drop role {name}".encode())


async def serves(url: str) -> None:
    """With this login a till takes an order, the kitchen hears of it, and there is nothing else to see."""
    listening, heard = asyncio.Event(), asyncio.Event()

    async def connected() -> None:
        listening.set()

    listener = Listener(url, hint=lambda *_: heard.set(), control=lambda _: None, connected=connected)
    async with Till.at(url) as till, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        ears = tasks.create_task(listener.run())
        await listening.wait()
        order = await till.order(plain_line())
        await heard.wait()
        ears.cancel()
        assert (await till.read(order.id)).number == order.number
        async with transaction(till.pool) as conn:
            assert await value(conn, "select current_user::text") == "fynlo_app"
            assert await value(conn, "select count(*) from orders") == 0
    async with await connect(url) as conn:
        assert await value(conn, "select count(*) from orders") == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await conn.execute("delete from orders")


async def everything_ran(url: str) -> bool:
    """Whether a database has all files of this release, each with its row."""
    async with await connect(url) as conn:
        names = {name for (name,) in await rows(conn, "select name from fynlo.migrations")}
    return names == {file.name for file in migration_files()}


@pytest.mark.parametrize("inherits", ["inherit", "noinherit"])
async def test_the_owner_of_a_database_migrates_and_makes_the_servers_login(
    new_server: str, inherits: str
) -> None:
    async with await connect(new_server) as superuser:
        assert await value(superuser, "select count(*) from pg_roles where rolname like 'fynlo%'") == 0
        await superuser.execute(f"create role dba login createrole {inherits} password '{PASSWORD}'".encode())
        await superuser.execute(b"alter database fynlo owner to dba")
    dba = as_login(new_server, "dba")
    assert len(await apply(dba)) == len(migration_files())
    assert await apply(dba) == []
    assert await everything_ran(dba)
    async with await connect(dba) as conn:
        assert await lint(conn) == []
        await conn.execute(f"create role fynlo_login login password '{PASSWORD}'".encode())
        await conn.execute(b"grant fynlo_app to fynlo_login")
        await seed(conn)
    await serves(as_login(new_server, "fynlo_login"))
    async with await connect(dba) as conn:
        assert [event.type for event in await events(conn, PIZZERIA.id)][-1:] == ["order.created"]
    # a superuser may take over and give back: nothing belongs to who ran it
    assert await apply(new_server) == []
    assert await apply(dba) == []


async def test_who_was_given_the_roles_migrates_without_making_any(cluster: Cluster) -> None:
    cluster.migrated()  # brings the roles
    with cluster.database() as url:
        async with login(url, grant=ROLES) as name:
            await _own(url, name)
            assert len(await apply(as_login(url, name))) == len(migration_files())
            assert await everything_ran(as_login(url, name))


async def test_who_was_not_given_the_roles_is_told(cluster: Cluster) -> None:
    cluster.migrated()
    with cluster.database() as url:
        async with login(url) as name:
            await _own(url, name)
            with pytest.raises(MigrationError, match=r"roles/0001_roles\.sql: .*role"):
                await apply(as_login(url, name))


async def test_a_table_of_somebody_else_stops_no_migration(cluster: Cluster) -> None:
    with cluster.database() as url:
        async with await connect(url) as conn:
            await conn.execute("create table loyalty (id int)")
            assert len(await apply(url)) == len(migration_files())
            assert {(finding.check, finding.object) for finding in await lint(conn)} == {
                ("owners", "loyalty"), ("policies", "loyalty"), ("rls", "loyalty"),
            }  # fmt: skip


async def test_membership_in_fynlo_app_is_all_that_the_server_needs(seeded_url: str) -> None:
    async with login(seeded_url, grant="fynlo_app") as name:
        await serves(as_login(seeded_url, name))


async def test_a_login_that_inherits_nothing_serves_too(seeded_url: str) -> None:
    async with login(seeded_url, "noinherit", grant="fynlo_app") as name:
        async with Till.at(as_login(seeded_url, name)) as till:
            await till.order(plain_line())
        async with await connect(as_login(seeded_url, name)) as conn:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await conn.execute("select from orders")


async def test_a_reader_sees_the_restaurant_it_names(seeded_url: str) -> None:
    async with Till.at(seeded_url) as till:
        await till.order(plain_line())
    async with (
        login(seeded_url, grant="fynlo_readonly") as name,
        await connect(as_login(seeded_url, name)) as conn,
    ):
        assert await value(conn, "select count(*) from orders") == 0
        await conn.execute("select set_config('app.restaurant_id', %s, false)", (str(PIZZERIA.id),))
        assert await value(conn, "select count(*) from orders") == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await conn.execute("update orders set notes = ''")


async def _own(url: str, name: str) -> None:
    async with await connect(url) as conn:
        database = await value(conn, "select current_database()")
        await conn.execute(f"alter database {database} owner to {name}".encode())
