"""The catalogue lint: what every table, function and grant of the schema must be, asked of the database itself.

Each file of sql/checks/ is one query that returns no row where all is well. Its first line says what a row means.

    python -m fynlo.db.catalogue    a new embedded Postgres, migrated and checked; exits 1 with what it found
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .embedded import EmbeddedPostgres
from .migrations import apply
from .sqlfiles import sql_directory


class Finding(msgspec.Struct, frozen=True):
    """A row of a check: `object` is what is wrong, `detail` how, `meaning` the sentence about such rows."""

    check: str
    meaning: str
    object: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check}: {self.object}: {self.detail}\n    {self.meaning}"


class Check(msgspec.Struct, frozen=True):
    """One file: `name` is its name without .sql."""

    name: str
    meaning: str
    text: str


def checks() -> list[Check]:
    """All checks, by name.

    Raises ValueError for a file whose first line does not say what a row means.
    """
    found = []
    for path in sorted((sql_directory() / "checks").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        first = text.split("\n", 1)[0]
        if not first.startswith("-- "):
            raise ValueError(f"checks/{path.name}: say on the first line, after `-- `, what a row means.")
        found.append(Check(path.stem, first.removeprefix("-- "), text))
    return found


async def lint(conn: AsyncConnection[TupleRow]) -> list[Finding]:
    """Everything the checks find in a migrated database.

    Connect as a superuser or as a member of fynlo_feed: anybody else sees an empty order_events_default.
    """
    findings = []
    for check in checks():
        rows = await (await conn.execute(check.text.encode())).fetchall()
        findings += [Finding(check.name, check.meaning, name, detail) for name, detail in rows]
    return findings


@contextmanager
def scratch() -> Iterator[EmbeddedPostgres]:
    """An embedded Postgres with the schema, gone afterwards. Not from within an event loop."""
    directory = Path(tempfile.mkdtemp(prefix="fynlo-schema-"))
    server = EmbeddedPostgres(directory, settings={"fsync": "off"})
    try:
        server.start()
        asyncio.run(apply(server.url()))
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


async def _lint(url: str) -> list[Finding]:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        return await lint(conn)


def main() -> int:
    """Check the schema of this tree; what it finds goes to stdout."""
    with scratch() as server:
        findings = asyncio.run(_lint(server.url()))
    for finding in findings:
        print(finding)
    print(f"{len(checks())} checks, {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
