"""What somebody says about what is left, inside the transaction that `tenancy.once` opens."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from fynlo.errors import Invalid, NotFound
from fynlo.http import Reply, utc_now
from fynlo.tenancy import Tenant

from . import stock_queries
from .models import NewAvailability, Stocked


async def set_availability(
    tenant: Tenant, kind: Literal["product", "modifier"], id: UUID, new: NewAvailability
) -> Reply:
    """Say how a product or modifier is sold from now on: the same again changes nothing.

    Raises Invalid for a quantity or a time that does not go with the state, NotFound for what is archived.
    """
    _check(new, utc_now())
    found = await stock_queries.availability_set(
        tenant.conn,
        tenant.restaurant_id,
        kind,
        id,
        state=new.state,
        quantity=new.quantity,
        until=new.until,
        low_stock_at=new.low_stock_at,
    )
    if found is None:
        raise NotFound(f"There is no such {kind}, or it is not yours.")
    return Reply(200, msgspec.json.encode(Stocked(id, *found)))


def _check(new: NewAvailability, now: datetime) -> None:
    if new.state == "counted" and new.quantity is None:
        raise Invalid.of("quantity", "say how many are left")
    if new.state != "counted" and new.quantity is not None:
        raise Invalid.of("quantity", "goes with counted only")
    if new.until is not None:
        if new.state == "in_stock":
            raise Invalid.of("until", "goes with counted or out_of_stock only")
        if new.until <= now:
            raise Invalid.of("until", "is not in the future")
        try:
            new.until.astimezone(UTC)
        except OverflowError:
            raise Invalid.of("until", "is after the year 9999; leave it out") from None
