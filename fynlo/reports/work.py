"""Taking an X or a Z, inside a transaction of its restaurant."""

from uuid import UUID

import msgspec

from fynlo.cash.rules import counts_blind, is_theirs
from fynlo.errors import Forbidden
from fynlo.http import Reply
from fynlo.ids import uuid7
from fynlo.tenancy import Tenant

from . import z_queries
from .models import MethodSum, NewZ, XReport
from .rules import check_business_date


async def x(tenant: Tenant, shift_id: UUID) -> XReport:
    """The X of a shift; who is still to count the drawer hears nothing of its cash. Raises Forbidden for another's."""
    report = await z_queries.x_report(tenant, shift_id)
    shift = report.shift
    if not is_theirs(tenant.role, tenant.user_id, shift.opened_by):
        raise Forbidden(f"A {tenant.role} gets the X of their own shift only; ask a manager.")
    if not counts_blind(tenant.role, closed=shift.closed_at is not None):
        return report
    return msgspec.structs.replace(
        report,
        shift=msgspec.structs.replace(shift, expected=None),
        payments=tuple(map(_without_cash, report.payments)),
        refunds=tuple(map(_without_cash, report.refunds)),
    )


def _without_cash(found: MethodSum) -> MethodSum:
    return msgspec.structs.replace(found, amount=None, tips=None) if found.method == "cash" else found


async def take_z(tenant: Tenant, new: NewZ) -> Reply:
    """The next Z. Zs of a restaurant are taken one after another: the counter's lock comes first.

    Raises Invalid for a business date to come, Conflict `z_out_of_order` for one before the last Z's.
    """
    number = await z_queries.z_number(tenant.conn, tenant.restaurant_id)
    last, today = await z_queries.z_dates(tenant)
    check_business_date(new.business_date, last=last, today=today)
    orders = await z_queries.z_orders_to_report(tenant.conn, tenant.restaurant_id)
    return Reply(201, msgspec.json.encode(await z_queries.z_take(tenant, uuid7(), number, new, orders)))
