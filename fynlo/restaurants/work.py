"""Founding a restaurant and changing its settings, in one transaction."""

import msgspec
from msgspec import UNSET

from fynlo.errors import Conflict
from fynlo.http import Reply
from fynlo.tenancy import Tenant

from . import queries
from .models import NewRestaurant, Restaurant, RestaurantChange


async def fill(tenant: Tenant, new: NewRestaurant, _hashed: bytes) -> Reply:
    """The settings of a restaurant that was founded in this transaction."""
    change = RestaurantChange(
        day_cutoff=new.day_cutoff,
        prices_include_tax=new.prices_include_tax,
        tax_rounding=new.tax_rounding,
        tax_scope=new.tax_scope,
        service_charge=new.service_charge,
        discount_limit=new.discount_limit,
    )
    await _change(tenant, change)
    restaurant = await _as_seen(tenant)
    return Reply(201, msgspec.json.encode(restaurant), {"Location": f"/api/v1/restaurants/{restaurant.id}"})


async def change(tenant: Tenant, asked: RestaurantChange, _hashed: bytes) -> Reply:
    """Raises Conflict `currency_fixed` where there are orders."""
    await _change(tenant, asked)
    return Reply(200, msgspec.json.encode(await _as_seen(tenant)))


async def _change(tenant: Tenant, asked: RestaurantChange) -> None:
    stored = await queries.restaurant_lock(tenant.conn, tenant.restaurant_id)
    if asked.currency not in (UNSET, stored.currency) and stored.has_orders:
        raise Conflict(
            f"The currency stays {stored.currency}: there are orders in it.", code="currency_fixed"
        )
    changed = {
        name: value
        for name, value in msgspec.structs.asdict(asked).items()
        if value is not UNSET and name not in ("service_charge", "discount_limit")
    }
    if asked.discount_limit is not UNSET:
        changed["discount_limit_percentage"] = asked.discount_limit
    if asked.service_charge is not UNSET:
        charge = asked.service_charge
        changed |= {
            "service_charge_percentage": charge.percentage if charge else None,
            "service_charge_taxable": charge.taxable if charge else False,
            "service_charge_from_covers": charge.auto_from_covers if charge else None,
        }
    await queries.restaurant_update(tenant.conn, tenant.restaurant_id, stored._replace(**changed))


async def _as_seen(tenant: Tenant) -> Restaurant:
    found = await queries.restaurants_of(tenant.conn, tenant.user_id)
    return next(restaurant for restaurant in found if restaurant.id == tenant.restaurant_id)
