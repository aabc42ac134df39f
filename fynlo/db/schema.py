"""sql/schema.sql: what all migrations together make, to read and to diff. Nothing is ever made from it.

python -m fynlo.db.schema            writes it anew
python -m fynlo.db.schema --check    exits 1 with a diff where it is stale
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from .catalogue import scratch
from .sqlfiles import sql_directory

HEADER = """\
-- The whole schema as its migrations make it: for reading and for diffs. Generated, never run, never edited:
--   python -m fynlo.db.schema
-- The months of order_events are left out, so that it does not change with the calendar.
"""

# pg_dump's patterns: ? is any character.
_MONTHS = "public.order_events_????_??"
_VERSIONS = re.compile(r"^-- Dumped (from|by) .*\n", re.MULTILINE)


def dump(url: str, pg_dump: Path) -> str:
    """The schema of a database as text that differs only where the schema does.

    Raises subprocess.CalledProcessError where pg_dump refuses, e.g. a server newer than itself.
    """
    place = conninfo_to_dict(url)
    done = subprocess.run(
        [str(pg_dump), "--schema-only", "--restrict-key=fynlo", f"--exclude-table={_MONTHS}", "--schema=public",
         "--schema=fynlo", "-h", str(place["host"]), "-p", str(place["port"]), "-U", str(place["user"]),
         str(place["dbname"])],
        env={**os.environ, "PGPASSWORD": str(place["password"])}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return HEADER + _VERSIONS.sub("", done.stdout)


def difference(before: str, after: str) -> str:
    """What has changed in the schema, as a unified diff; empty where nothing has."""
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            "sql/schema.sql",
            "the migrations",
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write sql/schema.sql, or compare it."""
    parser = argparse.ArgumentParser(prog="python -m fynlo.db.schema", description="sql/schema.sql")
    parser.add_argument("--check", action="store_true", help="compare; exit 1 with a diff where it is stale")
    options = parser.parse_args(arguments)
    path = sql_directory() / "schema.sql"
    with scratch() as server:
        text = dump(server.url(), server.bin / "pg_dump")
    if not options.check:
        path.write_text(text, encoding="utf-8")
        return 0
    changed = difference(path.read_text(encoding="utf-8") if path.exists() else "", text)
    if changed:
        print(changed, end="")
        print("sql/schema.sql is stale: run python -m fynlo.db.schema", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
