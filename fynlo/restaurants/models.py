"""What the routes under /restaurants take and give."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.http import Line, form
from fynlo.identity.rules import Role


class ServiceChargeSettings(Struct, frozen=True):
    """`percentage` of what the lines come to; applies by itself from `auto_from_covers` guests on."""

    percentage: str
    taxable: bool
    auto_from_covers: int | None


class Restaurant(Struct, frozen=True):
    """A restaurant and the caller's role in it. What concerns money is absent for who may not see it.

    `discount_limit`: who may not refund needs somebody's approval for more percent off a line or an order.
    """

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
    discount_limit: str | UnsetType = UNSET


Name = Annotated[Line, Meta(min_length=1)]
Zone = Annotated[Line, Meta(min_length=1)]
Currency = Annotated[str, form(r"^[A-Z]{3}\Z", "three capital letters, as `GBP`")]
Cutoff = Annotated[str, form(r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", "a time of day, as `04:00`")]
Percentage = Annotated[
    str, form(r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)\Z", 'a text from "0" to "100", as "12.5"')
]


class NewServiceCharge(Struct, frozen=True, forbid_unknown_fields=True):
    """`percentage` of what the lines come to; `auto_from_covers`: applies by itself from so many guests on."""

    percentage: Percentage
    taxable: bool = False
    auto_from_covers: Annotated[int, Meta(ge=1, le=999)] | None = None


class RestaurantChange(Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /restaurants/{id}. What is left out stays; `service_charge: null` switches it off."""

    name: Name | UnsetType = UNSET
    timezone: Zone | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    day_cutoff: Cutoff | UnsetType = UNSET
    prices_include_tax: bool | UnsetType = UNSET
    tax_rounding: Literal["half_up", "half_even"] | UnsetType = UNSET
    tax_scope: Literal["bucket", "line"] | UnsetType = UNSET
    service_charge: NewServiceCharge | UnsetType | None = UNSET
    discount_limit: Percentage | UnsetType = UNSET


class NewRestaurant(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /restaurants. `timezone` by its IANA name, `currency` by its ISO 4217 code."""

    name: Name
    timezone: Zone
    currency: Currency
    day_cutoff: Cutoff = "04:00"
    prices_include_tax: bool = True
    tax_rounding: Literal["half_up", "half_even"] = "half_up"
    tax_scope: Literal["bucket", "line"] = "bucket"
    service_charge: NewServiceCharge | None = None
    discount_limit: Percentage = "20"


class RestaurantsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /restaurants."""

    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
