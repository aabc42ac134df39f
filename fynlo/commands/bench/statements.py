"""The statements of a transaction, recorded from the server's own code, as a script for pgbench."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from fynlo.db.pool import Connection

RANDOM = "999999999999"
"""Stands for twelve digits that differ in each transaction, wherever it occurs in a parameter."""
BRANCH = "88888888"
"""Stands for the digits of the branch whose turn it is, likewise."""
_FIRST_BRANCH = 10_000_001

Statement = tuple[str, Mapping[str, Any]]
"""A query with its parameters."""


class RecordingConnection(Connection):
    """Keeps what is executed on it."""

    recorded: list[Statement]

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        if params is not None:
            self.__dict__.setdefault("recorded", []).append((query.decode(), dict(params)))
        return await super().execute(query, params, **options)


def branches_from(count: int) -> range:
    """The numbers of so many branches."""
    return range(_FIRST_BRANCH, _FIRST_BRANCH + count)


def choose(branches: int) -> str:
    """A line that chooses one of so many branches for `:branch`."""
    numbers = branches_from(branches)
    return f"\\set branch random({numbers[0]}, {numbers[-1]})"


def in_branch(original: UUID) -> str:
    """In a script: the id that this one is in the branch that was chosen."""
    return f"(:branch::text || '{str(original)[8:]}')::uuid"


def script(recorded: Sequence[Statement], *, branches: int = 1) -> tuple[str, dict[str, str]]:
    """The script, and the variables that it is run with."""
    variables: dict[str, str] = {}
    digits = "\\set r random(100000000000, 999999999998)"
    lines = ["set role fynlo_app;", digits, choose(branches), "begin;"]
    for number, (query, params) in enumerate(recorded):

        def place(match: re.Match[str], number: int = number, params: Mapping[str, Any] = params) -> str:
            return _literal(f"p{number}_{match[1]}", params[match[1]], variables)

        lines.append(
            re.sub(r"%\((\w+)\)s", place, re.sub(r"--.*", "", query)).replace("\n", " ").rstrip(" ;") + ";"
        )
    return "\n".join([*lines, "commit;", ""]), variables


def _literal(name: str, value: Any, variables: dict[str, str]) -> str:
    """A parameter in the script: null and what is odd as literals, the rest as a variable of pgbench's."""
    kind = ""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            text, kind = str(value), "::bigint" if value > 2**31 else "::integer"
        case bytes():
            return f"'\\x{value.hex()}'::bytea"
        case Json() | Jsonb():
            dumped = (value.dumps or json.dumps)(value.obj)
            text = dumped.decode() if isinstance(dumped, bytes) else dumped
            kind = "::jsonb" if isinstance(value, Jsonb) else "::json"
        case list():
            return "array[" + ", ".join(_varied(f"'{entry}'", str(entry)) for entry in value) + "]::uuid[]"
        case datetime():
            return "now()"
        case date():
            text, kind = str(value), "::date"
        case time():
            text, kind = str(value), "::time"
        case _:
            text = str(value)
            if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
                kind = "::uuid"
            elif RANDOM in text or BRANCH in text:
                kind = "::text"  # anything else takes the type that its place wants, as it does from psycopg
    variables[name] = text
    return f"({_varied(f':{name}::text' if kind else f':{name}', text)}{kind})"


def _varied(place: str, text: str) -> str:
    """The place of a parameter, where what differs in each transaction is put into its text."""
    for what, variable in ((RANDOM, "r"), (BRANCH, "branch")):
        if what in text:
            place = f"replace({place}, '{what}', :{variable}::text)"
    return place
