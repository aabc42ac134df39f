"""Moving an order to another table, and merging two into one, inside the transaction that `tenancy.once` opens."""

from uuid import UUID

import msgspec
from msgspec.structs import replace

from fynlo.errors import Conflict, Invalid, NotFound, VersionConflict
from fynlo.http import Reply
from fynlo.tenancy import Tenant

from . import move_queries, queries, work
from .balancing import replaced
from .check_bodies import Merge, Transfer
from .discounting import check_together
from .merging import merged
from .pricing import repriced
from .stored import StoredOrder


async def transfer(tenant: Tenant, order_id: UUID, asked: Transfer, version: int | None) -> Reply:
    """Seat the guests of an order at another table, or at none; at its own it stays as it is.

    Raises VersionConflict, Conflict `order_closed` and `table_occupied`, Invalid for a table that is not in use.
    """
    stored = await work.locked(tenant, order_id)
    work.check_version(stored, version)
    order = stored.order
    work.check_open(order)
    if asked.table_id == order.table_id:
        return work.reply(order)
    if asked.table_id is not None:
        table = await move_queries.table_to_sit(tenant.conn, tenant.restaurant_id, asked.table_id)
        if table is None:
            raise Invalid.of("table_id", "there is no such table")
        if table.order_number is not None:
            raise Conflict(
                f"Order {table.order_number} is open at table {table.name}; merge the two, or choose another table.",
                code="table_occupied",
            )
    return await work.save(tenant, stored, replace(order, table_id=asked.table_id))


async def merge(
    tenant: Tenant, order_id: UUID, asked: Merge, version: int | None, approve: work.Approve
) -> Reply:
    """Bring the lines, payments and refunds of another order onto this one, and answer with this one.

    Raises NotFound where there is no such other order, VersionConflict for either (`current` is the one that has
    changed), Conflict `order_closed` for either, `settings_differ` where they cannot be added up, `item_refunded`,
    Forbidden `approval_required` where this one's discount takes more off the other's lines than the caller may give.
    """
    if asked.order_id == order_id:
        raise Invalid.of("order_id", "an order is not merged into itself; name the other one")
    with_word = await work.approved(tenant, asked.approver, approve)
    await move_queries.orders_lock(tenant.conn, tenant.restaurant_id, [order_id, asked.order_id])
    found = await queries.order_read(tenant.conn, tenant.restaurant_id, asked.order_id)
    if found is None:
        raise NotFound("There is no such order to merge, or it is not yours.")
    into, other = await work.read(tenant, order_id), found[0]
    work.check_version(into, version)
    _check_other_version(other, asked.version)
    work.check_open(into.order)
    work.check_open(other.order)
    _check_settings(into, other)
    await move_queries.order_take_over(tenant.conn, tenant.restaurant_id, into=order_id, other=asked.order_id)
    emptied = replace(other.order, items=(), status="merged", merged_into=order_id)
    await queries.order_save(
        tenant.conn,
        other,
        replace(other, order=repriced(emptied, other.stamp)),
        checks=replaced(other.order.checks),
    )
    whole = await work.read(tenant, order_id)
    order = merged(into.order, other.order, whole.order, stamp=into.stamp, other_stamp=other.stamp)
    if not with_word:
        apart, priced = (into.order, other.order), repriced(order, into.stamp)
        check_together(apart, priced, tenant.role, tenant.discount_limit_percentage)
    # what refunds took back is held against what both came to
    before = into.order.totals.total + other.order.totals.total
    both = replace(whole, order=replace(whole.order, totals=replace(whole.order.totals, total=before)))
    return await work.save(tenant, both, order)


def _check_other_version(other: StoredOrder, version: int) -> None:
    if version != other.order.version:
        raise VersionConflict(
            f"Order {other.order.number}, which is to be merged into this one, has changed: you have version "
            f"{version}, it is at {other.order.version}. It is the one under `current`.",
            current=msgspec.json.encode(other.order),
        )


def _check_settings(into: StoredOrder, other: StoredOrder) -> None:
    alike = (into.order.currency, into.stamp.prices_include_tax)
    if alike != (other.order.currency, other.stamp.prices_include_tax):
        raise Conflict(
            "The currency, or whether prices include tax, was set otherwise between the two orders; "
            "let them be paid apart.",
            code="settings_differ",
        )
