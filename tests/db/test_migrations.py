"""The migration runner: each file once and in order, and what it refuses."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fynlo.db import migrations
from fynlo.db.migrations import MigrationError, Status, apply, migration_files, status
from fynlo.db.sqlfiles import sql_directory
from tests.cluster import Cluster

from .till import connect, rows, value

ALWAYS_AGAIN = ["repeatable/policies/10_tenant.sql", "repeatable/grants/10_grants.sql"]


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """A database in which nobody has done anything."""
    with cluster.database() as url:
        yield url


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of sql/, to add to and to edit."""
    return Path(shutil.copytree(sql_directory(), tmp_path / "sql"))


def migration(root: Path, name: str, text: str) -> str:
    """Puts a file into migrations/, its tables the owner's; returns the name it goes by."""
    (root / "migrations" / name).write_text(f"set local role fynlo_owner; {text}", encoding="utf-8")
    return f"migrations/{name}"


async def exists(url: str, relation: str) -> bool:
    async with await connect(url) as conn:
        return bool(await value(conn, "select to_regclass(%s) is not null", relation))


async def states(url: str, root: Path) -> dict[str, str]:
    """The state of every file that is not simply applied."""
    async with await connect(url) as conn:
        return {one.name: one.state for one in await status(conn, root) if one.state != "applied"}


async def refused(url: str, root: Path, match: str) -> None:
    """Apply is refused with that sentence, before anything ran."""
    ran: list[str] = []
    with pytest.raises(MigrationError, match=match):
        await apply(url, root=root, report=ran.append)
    assert ran == []


# -- once and in order


async def test_twice_is_once(empty_url: str) -> None:
    reported: list[str] = []
    first = await apply(empty_url, report=reported.append)
    assert first == reported == [file.name for file in migration_files()]
    async with await connect(empty_url) as conn:
        before = await rows(conn, "select m::text from fynlo.migrations m order by 1")
        assert await apply(empty_url) == []
        assert await rows(conn, "select m::text from fynlo.migrations m order by 1") == before


async def test_a_new_file_runs_alone_and_what_covers_every_table_runs_again(
    database_url: str, root: Path
) -> None:
    new = migration(
        root,
        "0900_coats.sql",
        "create table coats (restaurant_id uuid not null references restaurants (id), hook integer);",
    )
    assert await apply(database_url, root=root) == [new, *ALWAYS_AGAIN]
    async with await connect(database_url) as conn:
        (found,) = await rows(
            conn,
            "select c.relrowsecurity, c.relforcerowsecurity, has_table_privilege('fynlo_readonly', c.oid, 'select'),"
            " (select count(*) from pg_policy where polrelid = c.oid) from pg_class c where c.relname = 'coats'",
        )
    assert found == (True, True, True, 2)


async def test_a_repeatable_file_runs_again_when_its_text_has_changed(database_url: str, root: Path) -> None:
    file = root / "repeatable" / "functions" / "30_orders.sql"
    file.write_text(
        file.read_text(encoding="utf-8")
        + "create or replace function fynlo.answer() returns integer language sql as $$ select 42 $$;",
        encoding="utf-8",
    )
    name = "repeatable/functions/30_orders.sql"
    assert await states(database_url, root) == {name: "pending"}
    assert await apply(database_url, root=root) == [name, *ALWAYS_AGAIN]
    assert await apply(database_url, root=root) == []
    async with await connect(database_url) as conn:
        assert await value(conn, "select fynlo.answer()") == 42


async def test_a_failure_leaves_what_ran_before_and_takes_its_own_half_back(
    database_url: str, root: Path
) -> None:
    good = migration(root, "0901_good.sql", "create table good ();")
    bad = migration(root, "0902_bad.sql", "create table half (); select 1 / 0;")
    after = migration(root, "0903_after.sql", "create table after ();")
    ran: list[str] = []
    with pytest.raises(MigrationError, match=r"0902_bad\.sql: division by zero"):
        await apply(database_url, root=root, report=ran.append)
    assert ran == [good]
    assert [await exists(database_url, name) for name in ("good", "half", "after")] == [True, False, False]
    assert await states(database_url, root) == {bad: "pending", after: "pending"}
    migration(root, "0902_bad.sql", "create table half ();")
    assert await apply(database_url, root=root) == [bad, after, *ALWAYS_AGAIN]


# -- what is refused


async def test_an_edited_file_is_refused(module_seeded_url: str, root: Path) -> None:
    file = root / "migrations" / "0003_floor.sql"
    file.write_text(file.read_text(encoding="utf-8") + "-- better now\n", encoding="utf-8")
    await refused(module_seeded_url, root, r"migrations/0003_floor\.sql: edited after it was applied")
    assert await states(module_seeded_url, root) == {"migrations/0003_floor.sql": "edited"}


async def test_a_late_file_is_refused(module_seeded_url: str, root: Path) -> None:
    late = migration(root, "0000_late.sql", "create table late ();")
    await refused(
        module_seeded_url, root, r"migrations/0000_late\.sql: comes before migrations/.*Number it anew"
    )
    assert await states(module_seeded_url, root) == {late: "pending"}
    assert not await exists(module_seeded_url, "late")


async def test_a_database_of_a_newer_release_is_refused(database_url: str, root: Path) -> None:
    newer = migration(root, "0904_newer.sql", "create table newer ();")
    await apply(database_url, root=root)
    (root / newer).unlink()
    await refused(database_url, root, r"migrations/0904_newer\.sql: applied .* but not in this release")
    assert await states(database_url, root) == {newer: "unknown"}


@pytest.mark.parametrize("ending", ["commit;", "rollback;", "COMMIT; -- done", "commit; begin;"])
async def test_a_file_that_ends_its_transaction_is_refused(
    database_url: str, root: Path, ending: str
) -> None:
    name = migration(root, "0905_own_way.sql", f"create table own_way (); {ending}")
    with pytest.raises(MigrationError, match=r"0905_own_way\.sql: the file ends its transaction itself"):
        await apply(database_url, root=root)
    assert await states(database_url, root) == {name: "pending"}


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("0006-kebab.sql", "name a migration NNNN_what_it_does.sql"),
        ("6_short.sql", "name a migration NNNN_what_it_does.sql"),
        ("0001_again.sql", "the number 0001 is taken"),
    ],
)
async def test_a_name_out_of_order_is_refused(
    module_seeded_url: str, root: Path, name: str, match: str
) -> None:
    migration(root, name, "select 1;")
    await refused(module_seeded_url, root, match)


# -- with others at work


async def test_two_at_once_take_turns(empty_url: str) -> None:
    ran = await asyncio.gather(apply(empty_url), apply(empty_url))
    assert sorted(ran) == [[], [file.name for file in migration_files()]]


async def test_who_waits_too_long_for_the_other_says_so(database_url: str) -> None:
    async with await connect(database_url) as other:
        await other.execute("select pg_advisory_lock(%s)", (migrations.LOCK_KEY,))
        with pytest.raises(MigrationError, match="another process has been migrating"):
            await apply(database_url, lock_wait_s=0)


async def test_a_lock_that_others_hold_is_tried_for_again(
    database_url: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    new = migration(root, "0906_wider.sql", "alter table orders add column wider integer;")
    async with await connect(database_url) as reader, await connect(database_url) as watcher:
        async with reader.transaction():
            await reader.execute("select count(*) from orders")
            applying = asyncio.create_task(apply(database_url, root=root))
            tries: set[tuple[object, ...]] = set()
            async with asyncio.timeout(30):
                while len(tries) < 3:
                    tries |= set(
                        await rows(
                            watcher,
                            "select xact_start from pg_stat_activity where datname = current_database()"
                            " and application_name = 'fynlo-migrate' and wait_event_type = 'Lock'",
                        )
                    )
            assert not applying.done()
        assert new in await applying


async def test_a_lock_that_is_never_to_be_had_fails_with_the_name_of_the_file(
    database_url: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(migrations, "TRIES", 2)
    new = migration(root, "0907_never.sql", "alter table orders add column never integer;")
    async with await connect(database_url) as reader, reader.transaction():
        await reader.execute("select count(*) from orders")
        with pytest.raises(MigrationError, match=r"0907_never\.sql: canceling statement due to lock timeout"):
            await apply(database_url, root=root)
    assert await states(database_url, root) == {new: "pending"}


async def test_a_killed_runner_leaves_no_lock_and_no_half(database_url: str, root: Path) -> None:
    new = migration(root, "0908_slow.sql", "create table slow (); select pg_sleep(60);")
    applying = asyncio.create_task(apply(database_url, root=root))
    async with await connect(database_url) as conn, asyncio.timeout(30):
        while not await rows(
            conn,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and application_name = 'fynlo-migrate' and wait_event = 'PgSleep'",
        ):
            pass
    with pytest.raises(MigrationError, match=r"0908_slow\.sql"):
        await applying
    assert not await exists(database_url, "slow")
    migration(root, "0908_slow.sql", "create table slow ();")
    assert await apply(database_url, root=root) == [new, *ALWAYS_AGAIN]


# -- how it stands


async def test_an_empty_database_is_all_pending(empty_url: str) -> None:
    async with await connect(empty_url) as conn:
        found = await status(conn)
    assert found == [Status(file.name, file.kind, "pending") for file in migration_files()]


async def test_a_migrated_database_is_all_applied(module_seeded_url: str) -> None:
    assert await states(module_seeded_url, sql_directory()) == {}


async def test_the_log_has_its_partitions_after_every_run(database_url: str) -> None:
    async with await connect(database_url) as conn:
        this_month = await value(conn, "select to_char(now() at time zone 'UTC', '\"order_events_\"YYYY_MM')")
        await conn.execute(f"drop table {this_month}".encode())
        assert await apply(database_url) == []
        assert await exists(database_url, this_month)
        made = await rows(conn, "select fynlo.make_event_partitions(5)")
        assert len(made) == 2
