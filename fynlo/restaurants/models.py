"""Restaurants as they go out."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.identity.rules import Role


class ServiceChargeSettings(Struct, frozen=True):
    """`percentage` of what the lines come to; applies by itself from `auto_from_covers` guests on."""

    percentage: str
    taxable: bool
    auto_from_covers: int | None


class Restaurant(Struct, frozen=True):
    """A restaurant and the caller's role in it. What concerns money is absent for who may not see it."""

    id: UUID
    name: str
    role: Role
    timezone: str
    day_cutoff: str
    currency: str | UnsetType = UNSET
    prices_include_tax: bool | UnsetType = UNSET
    tax_rounding: str | UnsetType = UNSET
    tax_scope: str | UnsetType = UNSET
    service_charge: ServiceChargeSettings | UnsetType | None = UNSET


class RestaurantsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /restaurants."""

    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
