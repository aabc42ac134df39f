"""Named queries: each stands in sql/queries/<domain>.sql under `-- name: <query>`, with a sentence below.

The loader reads a file once; `queries("menu")["menu_page"]` is the text, as bytes, ready to execute.
"""

import re
from collections.abc import Mapping
from functools import cache

from .sqlfiles import sql_directory

_NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


class QueryFileError(ValueError):
    """A file of named queries is not in order: text before the first name, or a name twice."""


def parse(text: str, source: str) -> dict[str, bytes]:
    """Split one file into its queries, in order.

    Raises QueryFileError, naming the source.
    """
    found: dict[str, bytes] = {}
    matches = list(_NAME.finditer(text))
    preamble = text[: matches[0].start()] if matches else text
    if any(line.strip() and not line.startswith("--") for line in preamble.splitlines()):
        raise QueryFileError(f"{source}: SQL stands before the first `-- name:` line.")
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        name = match["name"]
        if name in found:
            raise QueryFileError(f"{source}: the name {name} is given twice.")
        body = text[match.end() : following.start() if following else len(text)].strip()
        if not body:
            raise QueryFileError(f"{source}: the query {name} is empty.")
        found[name] = body.encode()
    return found


@cache
def queries(domain: str) -> Mapping[str, bytes]:
    """The queries of sql/queries/<domain>.sql by name."""
    path = sql_directory() / "queries" / f"{domain}.sql"
    return parse(path.read_text(encoding="utf-8"), str(path.name))
