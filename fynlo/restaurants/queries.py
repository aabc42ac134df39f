"""Typed functions over sql/queries/restaurants.sql."""

from uuid import UUID

from msgspec import UNSET

from fynlo.db.pool import Connection
from fynlo.db.queries import queries
from fynlo.identity.rules import may

from .models import Restaurant, ServiceChargeSettings

_SQL = queries("restaurants")


async def restaurants_of(conn: Connection, user_id: UUID) -> list[Restaurant]:
    """The restaurants a person works in, by name, each as their role there may see it."""
    cursor = await conn.execute(_SQL["restaurants_of"], {"user_id": user_id})
    found = []
    for row in await cursor.fetchall():
        restaurant_id, name, role, timezone, day_cutoff, *money = row
        shown = may(role, "money.read")
        currency, prices_include_tax, tax_rounding, tax_scope, percentage, taxable, from_covers = money
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
            )
        )
    return found
