"""The Postgres that the tests share, and the databases on it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from argon2 import PasswordHasher
from msgspec import Struct

from fynlo.db.embedded import EmbeddedPostgres
from fynlo.db.migrations import apply
from fynlo.demo.data import PASSWORD
from fynlo.demo.seed import seed

EXTERNAL = "FYNLO_TEST_DATABASE_URL"
"""A superuser's URL of a cluster to test on, instead of the embedded one."""

# Nothing here outlives the tests. Statistics change when a test says so, not when autovacuum comes by.
VOLATILE = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
_MEMORY = "/dev/shm"
_ROOM_BYTES = 2 * 2**30  # a run has taken a tenth of it


def _place(settings: dict[str, str]) -> str | None:
    """Where a cluster's directory goes: in memory, if it need not last and there is room; None: where others go.

    A new database is a thousand files, which a disk takes 10 to 25 times as long for.
    """
    if settings.get("fsync") != "off" or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    return _MEMORY if shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES else None


@contextmanager
def own_postgres(settings: dict[str, str] = VOLATILE) -> Iterator[EmbeddedPostgres]:
    """A cluster that is the test's own to restart, without anything on it.

    Not under pytest's directory: another run of pytest would lock its parent against the system user that
    Postgres runs as.
    """
    with tempfile.TemporaryDirectory(
        prefix="fynlo-tests-", dir=_place(settings), ignore_cleanup_errors=True
    ) as directory:
        server = EmbeddedPostgres(Path(directory) / "server", settings=settings)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


_LOCK = 0x7465737473  # "tests"

T = TypeVar("T")


def elsewhere(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread, which leaves the event loop of this one alone."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


class Cluster(Struct, frozen=True):
    """A running Postgres. `base` is a superuser's URL, `run` tells the databases of this run from others'.

    It is everybody's: a test that restarts or configures a server starts an EmbeddedPostgres of its own.
    """

    base: str
    run: str

    def url(self, database: str = "postgres") -> str:
        """A superuser's URL of one of its databases."""
        return urlunsplit(urlsplit(self.base)._replace(path=f"/{database}"))

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, dropped afterwards whoever is still connected to it."""
        name = f"fynlo_{self.run}_{uuid4().hex[:12]}"
        self._execute(f"create database {name} template {template}")
        try:
            yield self.url(name)
        finally:
            self._execute(f"drop database {name} with (force)")

    def migrated(self) -> str:
        """The name of a template database with the schema; made by who comes first."""
        return self._template("migrated", "template1", _migrate)

    def seeded(self) -> str:
        """The same with the demo restaurants."""
        return self._template("seeded", self.migrated(), _seed)

    def drop_all(self) -> None:
        """Drop what this run has left."""
        with psycopg.connect(self.url(), autocommit=True) as conn:
            names = conn.execute(
                "select datname from pg_database where datname like %s", (f"fynlo\\_{self.run}\\_%",)
            ).fetchall()
            for (name,) in names:
                conn.execute(f"drop database {name} with (force)")

    def _template(self, kind: str, origin: str, fill: Any) -> str:
        name = f"fynlo_{self.run}_{kind}"
        with psycopg.connect(self.url(), autocommit=True) as conn:
            conn.execute("select pg_advisory_lock(%s)", (_LOCK,))
            known = conn.execute("select from pg_database where datname = %s", (name,)).fetchone()
            if known is None:
                conn.execute(f"drop database if exists {name}_new with (force)")
                conn.execute(f"create database {name}_new template {origin}")
                elsewhere(fill(self.url(f"{name}_new")))
                conn.execute(f"alter database {name}_new rename to {name}")
        return name

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as conn:
            conn.execute(statement.encode())


async def _migrate(url: str) -> None:
    await apply(url)


async def _seed(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await seed(conn)
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # thousands sign in
        await conn.execute("update users set password_hash = %s where password_hash is not null", (cheap,))


@contextmanager
def running() -> Iterator[Cluster]:
    """A cluster for this run: the one that the environment names, else an embedded one that ends with it."""
    run = uuid4().hex[:8]
    if external := os.environ.get(EXTERNAL):
        cluster = Cluster(external, run)
        try:
            yield cluster
        finally:
            cluster.drop_all()
        return
    directory = Path(tempfile.mkdtemp(prefix="fynlo-tests-", dir=_place(VOLATILE)))
    server = EmbeddedPostgres(directory, settings=VOLATILE)
    try:
        server.start()
        yield Cluster(server.url("postgres"), run)
    finally:
        server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)
