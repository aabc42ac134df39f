"""Branches: copies of the demo's pizzeria, so that many restaurants are at work at once.

Each id of a branch begins with the branch's eight digits and goes on as the original's, so pgbench can make
the ids of the branch whose turn it is out of its number. The people are the pizzeria's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec
import psycopg

from fynlo.commands.bench.house import House
from fynlo.commands.bench.statements import BRANCH, branches_from
from fynlo.demo.data import PIZZERIA
from fynlo.demo.models import Restaurant
from fynlo.demo.seed import seed

_FIRST_DIGITS = re.compile(r"\b[0-9a-f]{8}(?=(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)")


def moved(text: str, number: int) -> str:
    """The text with every id in it turned into the branch's."""
    return _FIRST_DIGITS.sub(f"{number:08d}", text)


def branch_id(number: int) -> UUID:
    """The restaurant id of a branch."""
    return UUID(moved(str(PIZZERIA.id), number))


async def open_branches(house: House, count: int) -> Sequence[int]:
    """So many branches with their menus, and the one that statements are recorded in; returns the numbers."""
    numbers = branches_from(count)
    original = msgspec.json.encode(PIZZERIA).decode()
    places = [
        msgspec.json.decode(moved(original, number), type=Restaurant) for number in (*numbers, int(BRANCH))
    ]
    async with await psycopg.AsyncConnection.connect(house.postgres.url(), autocommit=True) as conn:
        await seed(conn, places)
        await conn.execute("vacuum analyze")
    return numbers
