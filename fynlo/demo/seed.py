"""Putting the demo restaurants into a database."""

from collections.abc import Sequence

import msgspec
from argon2 import PasswordHasher

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .data import PASSWORD, RESTAURANTS
from .models import Restaurant


async def seed(conn: Connection, places: Sequence[Restaurant] = RESTAURANTS) -> list[str]:
    """Add the restaurants that are not there yet, in one transaction; returns their names.

    A restaurant that is there is left alone with all that is its own, whatever has been edited, archived or
    taken out since. `conn` is a superuser's: adding people is nobody else's to do.
    """
    password_hash = PasswordHasher().hash(PASSWORD)
    async with conn.transaction():
        return [place.name for place in places if await _add(conn, place, password_hash)]


async def _add(conn: Connection, place: Restaurant, password_hash: str) -> bool:
    sql = queries("demo")
    await conn.execute(sql["enter_demo_restaurant"], {"restaurant_id": place.id})
    added = await conn.execute(sql["insert_demo_restaurant"], {"rows": _rows([place])})
    if await added.fetchone() is None:
        return False
    await conn.execute(
        sql["insert_demo_users"], {"rows": _rows(place.memberships), "password_hash": password_hash}
    )
    # parents before children: every foreign key is checked at once
    tables: tuple[tuple[str, Sequence[msgspec.Struct]], ...] = (
        ("memberships", place.memberships),
        ("tax_classes", place.tax_classes),
        ("stations", place.stations),
        ("categories", place.categories),
        ("modifier_groups", place.modifier_groups),
        ("modifiers", place.modifier_groups),
        ("products", place.products),
        ("variants", place.products),
        ("product_modifier_groups", place.products),
        ("sections", place.sections),
        ("tables", place.tables),
    )
    for table, rows in tables:
        await conn.execute(sql[f"insert_demo_{table}"], {"restaurant_id": place.id, "rows": _rows(rows)})
    return True


def _rows(rows: Sequence[msgspec.Struct]) -> str:
    return msgspec.json.encode(rows).decode()
