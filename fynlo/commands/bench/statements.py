"""The statements of a transaction, recorded from the server's own code, as a script for pgbench."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from psycopg.types.json import Json, Jsonb

from fynlo.db.pool import Connection

RANDOM = "999999999999"
"""Stands for twelve digits that differ in each transaction, wherever it occurs in a parameter."""


Statement = tuple[str, Mapping[str, Any]]
"""A query with its parameters."""


class RecordingConnection(Connection):
    """Keeps what is executed on it."""

    recorded: list[Statement]

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        if params is not None:
            self.__dict__.setdefault("recorded", []).append((query.decode(), dict(params)))
        return await super().execute(query, params, **options)


def script(recorded: Sequence[Statement]) -> tuple[str, dict[str, str]]:
    """The script, and the variables that it is run with."""
    variables: dict[str, str] = {}
    lines = ["set role fynlo_app;", "\\set r random(100000000000, 999999999998)", "begin;"]
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
            return "array[" + ", ".join(f"'{entry}'" for entry in value) + "]::uuid[]"
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
            elif RANDOM in text:
                kind = "::text"  # anything else takes the type that its place wants, as it does from psycopg
    variables[name] = text
    place = f":{name}::text" if RANDOM in text or kind else f":{name}"
    if RANDOM in text:
        place = f"replace({place}, '{RANDOM}', :r::text)"
    return f"({place}{kind})"
