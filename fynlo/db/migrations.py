"""The migration runner: ordered files once, repeatable files when their text changes.

sql/roles/*.sql            first, every time; safe to run again
sql/migrations/NNNN_*.sql  in order, each once, never edited (SHA-256 is checked)
sql/repeatable/*/NN_*.sql  functions, triggers, policies, views, grants: again when the text changed

One file is one transaction. Two processes that start together take turns by polling a try-lock: two that
block on an advisory lock around CREATE INDEX CONCURRENTLY deadlock.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import psycopg
from psycopg import AsyncConnection, pq

from .sqlfiles import sql_directory

REPEATABLE_ORDER = ("functions", "triggers", "policies", "views", "grants")
LOCK_KEY = 0x46796E6C6F  # "Fynlo"
LOCK_TIMEOUT = "900ms"  # a waiting ALTER TABLE stalls every SELECT behind it for this long
TRIES = 20

State = Literal["applied", "pending", "edited", "unknown"]


class MigrationError(Exception):
    """The migrations cannot go on; the sentence says which file and what to do."""


class MigrationFile(msgspec.Struct, frozen=True):
    """One file: `name` is its path below sql/, with forward slashes."""

    name: str
    kind: Literal["ordered", "repeatable"]
    sha256: str
    text: str


class Status(msgspec.Struct, frozen=True):
    """How one file stands in a database."""

    name: str
    kind: Literal["ordered", "repeatable"]
    state: State


def _read(path: Path, root: Path, kind: Literal["ordered", "repeatable"]) -> MigrationFile:
    text = path.read_text(encoding="utf-8")
    return MigrationFile(
        name=path.relative_to(root).as_posix(),
        kind=kind,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )


def migration_files(root: Path | None = None) -> list[MigrationFile]:
    """All files in the order in which they are applied.

    Raises MigrationError for a name out of order or a number given twice.
    """
    root = root or sql_directory()
    ordered = sorted((root / "migrations").glob("*.sql"))
    numbers: set[str] = set()
    for path in ordered:
        match = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", path.name)
        if match is None:
            raise MigrationError(f"{path.name}: name a migration NNNN_what_it_does.sql.")
        if match[1] in numbers:
            raise MigrationError(f"{path.name}: the number {match[1]} is taken; use the next one.")
        numbers.add(match[1])
    files = [_read(path, root, "ordered") for path in ordered]
    for folder in REPEATABLE_ORDER:
        files += [
            _read(path, root, "repeatable") for path in sorted((root / "repeatable" / folder).glob("*.sql"))
        ]
    return files


async def _applied(conn: AsyncConnection) -> dict[str, str]:
    row = await (await conn.execute("select to_regclass('fynlo.migrations') is not null")).fetchone()
    if row is None or not row[0]:
        return {}
    cursor = await conn.execute("select name, sha256 from fynlo.migrations")
    return dict(await cursor.fetchall())


async def status(conn: AsyncConnection, root: Path | None = None) -> list[Status]:
    """How each file stands, and rows of files that are not here any more (`unknown`)."""
    applied = await _applied(conn)
    files = migration_files(root)
    rows = []
    for file in files:
        known = applied.pop(file.name, None)
        state: State = "applied"
        if known is None:
            state = "pending"
        elif known != file.sha256:
            state = "edited" if file.kind == "ordered" else "pending"
        rows.append(Status(file.name, file.kind, state))
    rows += [Status(name, "ordered", "unknown") for name in sorted(applied)]
    return rows


def _check(files: Sequence[MigrationFile], applied: dict[str, str]) -> None:
    edited = [f.name for f in files if f.kind == "ordered" and applied.get(f.name, f.sha256) != f.sha256]
    if edited:
        raise MigrationError(
            f"{', '.join(edited)}: edited after it was applied. Restore the file and put the change "
            "into a new migration."
        )
    ordered = [f.name for f in files if f.kind == "ordered"]
    done = [name for name in ordered if name in applied]
    late = [name for name in ordered if name not in applied and done and name < done[-1]]
    if late:
        raise MigrationError(f"{', '.join(late)}: comes before {done[-1]}, which is applied. Number it anew.")
    here = {f.name for f in files}
    newer = [name for name in applied if name.startswith("migrations/") and name not in here]
    if newer:
        raise MigrationError(
            f"{', '.join(sorted(newer))}: applied to this database but not in this release. "
            "Run the release that brought it, or a newer one."
        )


async def _transaction_id(conn: AsyncConnection) -> str | None:
    row = await (await conn.execute("select pg_current_xact_id()::text")).fetchone()
    return row[0] if row else None


async def _run(conn: AsyncConnection, text: str, record: MigrationFile | None) -> None:
    """One file in one transaction, tried again while its locks are not to be had."""
    for attempt in range(TRIES):
        started = time.monotonic()
        try:
            async with conn.transaction():
                await conn.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                ours = await _transaction_id(conn)
                await conn.execute(text.encode())
                still = conn.info.transaction_status == pq.TransactionStatus.INTRANS
                if not still or await _transaction_id(conn) != ours:
                    raise MigrationError("the file ends its transaction itself; take its COMMIT out.")
                if record is not None:
                    await conn.execute("reset role")
                    await conn.execute(
                        "insert into fynlo.migrations (name, kind, sha256, duration_ms)"
                        " values (%s, %s, %s, %s) on conflict (name) do update"
                        " set sha256 = excluded.sha256, applied_at = now(), duration_ms = excluded.duration_ms",
                        (record.name, record.kind, record.sha256, int((time.monotonic() - started) * 1000)),
                    )
            return
        except (
            psycopg.errors.LockNotAvailable,
            psycopg.errors.DeadlockDetected,
            psycopg.errors.InternalError_,  # "tuple concurrently updated": roles belong to the whole cluster
        ) as exc:
            passing = not isinstance(exc, psycopg.errors.InternalError_) or "concurrently" in str(exc)
            if not passing or attempt == TRIES - 1:
                raise
            await asyncio.sleep(0.1 * (attempt + 1))


async def apply(
    database_url: str,
    *,
    root: Path | None = None,
    lock_wait_s: float = 60.0,
    report: Callable[[str], None] = lambda _line: None,
) -> list[str]:
    """Bring a database to this release; returns the names of the files that ran.

    Raises MigrationError with the file's name; what ran before it stays applied.
    """
    base = root or sql_directory()
    files = migration_files(base)
    ran: list[str] = []
    async with await AsyncConnection.connect(
        database_url, autocommit=True, application_name="fynlo-migrate"
    ) as conn:
        await _lock(conn, lock_wait_s)
        applied = await _applied(conn)
        _check(files, applied)
        for path in sorted((base / "roles").glob("*.sql")):
            try:
                await _run(conn, path.read_text(encoding="utf-8"), None)
            except psycopg.Error as exc:
                raise MigrationError(f"roles/{path.name}: {str(exc).strip()}") from exc
        pending = [f for f in files if applied.get(f.name) != f.sha256]
        # Policies and grants cover whatever tables and functions there are: after any change, again.
        if pending:
            again = ("repeatable/policies/", "repeatable/grants/")
            pending = [f for f in files if f in pending or f.name.startswith(again)]
        for file in pending:
            try:
                await _run(conn, file.text, file)
            except (psycopg.Error, MigrationError) as exc:
                raise MigrationError(f"{file.name}: {str(exc).strip()}") from exc
            report(file.name)
            ran.append(file.name)
        await conn.execute("select fynlo.make_event_partitions()")
    return ran


async def _lock(conn: AsyncConnection, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        row = await (await conn.execute("select pg_try_advisory_lock(%s)", (LOCK_KEY,))).fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > deadline:
            raise MigrationError(
                f"another process has been migrating for {wait_s:.0f} s; wait for it to end."
            )
        await asyncio.sleep(0.1)
