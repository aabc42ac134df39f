"""What an order would be, were it made now; what is asked of the menu for it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from fynlo.errors import Conflict, Invalid
from fynlo.http import utc_now
from fynlo.menu.models import OrderType
from fynlo.menu.queries import Asked, sellable
from fynlo.tenancy import Tenant

from .models import NewItem, NewOrder, OrderItem
from .money import Totals
from .pricing import Stamp, priced, unpriced

OFFLINE_FOR = timedelta(hours=72)
CLOCK_SKEW = timedelta(minutes=2)  # a tablet's clock runs a little ahead


async def ask(
    tenant: Tenant,
    order_type: OrderType,
    items: tuple[NewItem, ...],
    order_id: UUID | None = None,
    table_id: UUID | None = None,
    placed_at: datetime | None = None,
) -> Asked:
    """What the menu says to these lines; as it was at `placed_at`, where that is a time past."""
    return await sellable(
        tenant.conn,
        restaurant_id=tenant.restaurant_id,
        order_type=order_type,
        products=list({item.product_id for item in items}),
        variants=list({item.variant_id for item in items if item.variant_id is not None}),
        modifiers=list({chosen.modifier_id for item in items for chosen in item.modifiers}),
        order_id=order_id,
        table_id=table_id,
        at=placed_at if placed_at is not None and placed_at < utc_now() else None,
    )


async def ask_for(tenant: Tenant, new: NewOrder) -> Asked:
    """What the menu, the table and the orders there are say to a new one."""
    return await ask(tenant, new.type, new.items, new.id, new.table_id, new.placed_at)


def check_ids(items: tuple[NewItem, ...]) -> None:
    """Raises Invalid where two lines have one id."""
    given = [item.id for item in items if item.id is not None]
    if len(set(given)) != len(given):
        raise Invalid.of("items", "two lines have the same id")


def _placed_at(given: datetime | None, now: datetime) -> datetime:
    if given is None:
        return now
    if given > now + CLOCK_SKEW:
        raise Invalid.of("placed_at", "is in the future; check the clock of the till")
    if given < now - OFFLINE_FOR:
        raise Invalid.of("placed_at", "is more than 72 hours ago; enter the order as one of today")
    return min(given, now).astimezone(UTC)


class Quote(Struct, frozen=True):
    """What an order would be, with its lines and totals, were it made now."""

    table_name: str | None
    placed_at: datetime
    sent: bool
    stamp: Stamp
    items: tuple[OrderItem, ...]
    result: Totals


def is_there(new: NewOrder, asked: Asked, request_hash: bytes) -> bool:
    """Whether the same request has made this order before. Raises Conflict `id_conflict` where another has."""
    if new.id is None or not asked.order_exists:
        return False
    if asked.order_hash != request_hash:
        raise Conflict("This id is taken by another order; make a new UUID.", code="id_conflict")
    return True


def quoted(tenant: Tenant, new: NewOrder, asked: Asked) -> Quote:
    """Raises what `unpriced` raises, Invalid for what cannot be used, Conflict `table_occupied`."""
    check_ids(new.items)
    placed_at = _placed_at(new.placed_at, utc_now())
    if new.table_id is not None:
        if asked.table_name is None:
            raise Invalid.of("table_id", "there is no such table")
        if asked.table_order_number is not None:
            raise Conflict(
                f"Order {asked.table_order_number} is open at table {asked.table_name}; add to it, or move it.",
                code="table_occupied",
            )
    sent = new.send and bool(new.items)
    stamp = Stamp(
        tenant.prices_include_tax, tenant.tax_rounding, tenant.tax_scope, tenant.service_charge_percentage,
        tenant.service_charge_taxable, tenant.service_charge_from_covers,
    )  # fmt: skip
    lines = unpriced(new.items, asked.products, status="sent" if sent else "held")
    items, result = priced(lines, stamp, new.type, new.covers)
    return Quote(asked.table_name, placed_at, sent, stamp, items, result)
