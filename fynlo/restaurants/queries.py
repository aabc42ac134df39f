"""Typed functions over sql/queries/restaurants.sql."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

import psycopg
from msgspec import UNSET

from fynlo.context import Context
from fynlo.db.pool import Connection
from fynlo.db.queries import queries
from fynlo.errors import FieldProblem, Invalid
from fynlo.identity.rules import may

from .models import NewRestaurant, Restaurant, ServiceChargeSettings

_SQL = queries("restaurants")


async def restaurants_of(conn: Connection, user_id: UUID) -> list[Restaurant]:
    """The restaurants a person works in, by name, each as their role there may see it."""
    cursor = await conn.execute(_SQL["restaurants_of"], {"user_id": user_id})
    found = []
    for row in await cursor.fetchall():
        restaurant_id, name, role, timezone, day_cutoff, *money = row
        shown = may(role, "money.read")
        currency, prices_include_tax, tax_rounding, tax_scope, percentage, taxable, from_covers, limit = money
        charge = None if percentage is None else ServiceChargeSettings(percentage, taxable, from_covers)
        found.append(
            Restaurant(
                restaurant_id,
                name,
                role,
                timezone,
                day_cutoff,
                currency if shown else UNSET,
                prices_include_tax if shown else UNSET,
                tax_rounding if shown else UNSET,
                tax_scope if shown else UNSET,
                charge if shown else UNSET,
                limit if shown else UNSET,
            )
        )
    return found


class Settings(NamedTuple):
    """The settings as stored; `has_orders`: then the currency stays."""

    name: str
    timezone: str
    currency: str
    day_cutoff: str
    prices_include_tax: bool
    tax_rounding: str
    tax_scope: str
    service_charge_percentage: str | None
    service_charge_taxable: bool
    service_charge_from_covers: int | None
    discount_limit_percentage: str
    has_orders: bool


async def found_restaurant(
    conn: Connection, user_id: UUID, id: UUID, new: NewRestaurant, context: Context | None = None
) -> None:
    """A new restaurant of the person's, unless the id is taken; `context` is the request's, for the audit log.

    Raises Invalid where the time zone is none.
    """
    with _known_timezone():
        await conn.execute(
            _SQL["found_restaurant"],
            {
                "user_id": user_id,
                "id": id,
                "name": new.name,
                "timezone": new.timezone,
                "currency": new.currency,
                "request_id": context.request_id if context else None,
                "address": context.address if context else None,
            },
        )


async def restaurant_lock(conn: Connection, restaurant_id: UUID) -> Settings:
    """The settings, locked until the end of the transaction."""
    cursor = await conn.execute(_SQL["restaurant_lock"], {"restaurant_id": restaurant_id})
    row = await cursor.fetchone()
    assert row is not None
    return Settings._make(row)


async def restaurant_update(conn: Connection, restaurant_id: UUID, settings: Settings) -> None:
    """Raises Invalid where the time zone is none."""
    fields = {**settings._asdict(), "restaurant_id": restaurant_id}
    del fields["has_orders"]
    with _known_timezone():
        await conn.execute(
            _SQL["restaurant_update"],
            fields,
        )


async def person(conn: Connection, email: str, name: str, password_hash: str) -> UUID:
    """The person of an e-mail address, made with this password where there is none. For `fynlo found`: adding
    people is the owner's role to do."""
    await conn.execute(_SQL["person_insert"], {"email": email, "name": name, "password_hash": password_hash})
    row = await (await conn.execute(_SQL["person_id"], {"email": email})).fetchone()
    assert row is not None
    person_id: UUID = row[0]
    return person_id


@contextmanager
def _known_timezone() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InvalidParameterValue:
        raise Invalid(
            "timezone: Postgres knows no such time zone; give an IANA name like Europe/London.",
            errors=[FieldProblem("timezone", "no such time zone")],
        ) from None
