"""What is done with a drawer, inside a transaction of its restaurant."""

from uuid import UUID

import msgspec

from fynlo.errors import Conflict, Forbidden
from fynlo.http import Reply
from fynlo.identity.rules import may
from fynlo.ids import uuid7
from fynlo.tenancy import Tenant

from . import queries
from .models import CloseShift, NewMovement, NewShift, Shift, ShiftsQuery
from .rules import counts_blind, is_theirs


async def open_shift(tenant: Tenant, new: NewShift) -> Reply:
    """The caller takes a drawer.

    Raises Conflict `shift_open` where they have one, or somebody has this one. Of two at once one wins: the
    other's insert fails, and asked again it is told.
    """
    held = await queries.shift_in_the_way(tenant.conn, new, tenant.user_id)
    if held is not None:
        raise Conflict(
            f"You have the drawer {held.drawer}; close that shift first."
            if held.opened_by == tenant.user_id
            else f"{held.opened_by_name} has the drawer {held.drawer}; take another, or close their shift first.",
            code="shift_open",
        )
    id = uuid7()
    await queries.shift_insert(tenant.conn, id, new, tenant.user_id)
    return Reply(201, msgspec.json.encode(await read(tenant, id)))


async def move_cash(tenant: Tenant, shift_id: UUID, new: NewMovement) -> Reply:
    """Raises Forbidden for another's shift, Conflict `shift_closed`."""
    await _lock_open(tenant, shift_id)
    made = await queries.movement_insert(
        tenant.conn, tenant.restaurant_id, shift_id, uuid7(), new, tenant.user_id
    )
    return Reply(201, msgspec.json.encode(made))


async def close_shift(tenant: Tenant, shift_id: UUID, asked: CloseShift) -> Reply:
    """Raises Forbidden for another's shift, Conflict `shift_closed` with the shift under `current`."""
    await _lock_open(tenant, shift_id)
    await queries.shift_close(tenant.conn, tenant.restaurant_id, shift_id, tenant.user_id, asked.counted)
    return Reply(200, msgspec.json.encode(await read(tenant, shift_id)))


async def read(tenant: Tenant, shift_id: UUID) -> Shift:
    """The shift as the caller may see it. Raises Forbidden for another's."""
    shift = await queries.shift_read(tenant.conn, tenant.restaurant_id, shift_id, tenant.currency)
    check_theirs(tenant, shift.opened_by)
    return _as_seen(tenant, shift)


async def page(tenant: Tenant, asked: ShiftsQuery) -> list[Shift]:
    """The shifts that the caller may see, newest first."""
    of = None if may(tenant.role, "shifts.write") else tenant.user_id
    found = await queries.shifts_page(tenant.conn, asked, opened_by=of, currency=tenant.currency)
    return [_as_seen(tenant, shift) for shift in found]


def check_theirs(tenant: Tenant, opened_by: UUID) -> None:
    """Raises Forbidden for another's shift."""
    if not is_theirs(tenant.role, tenant.user_id, opened_by):
        raise Forbidden(f"A {tenant.role} sees and changes their own shift only; ask a manager.")


async def _lock_open(tenant: Tenant, shift_id: UUID) -> None:
    locked = await queries.shift_lock(tenant.conn, tenant.restaurant_id, shift_id)
    check_theirs(tenant, locked.opened_by)
    if locked.closed:
        shift = await read(tenant, shift_id)
        raise Conflict(
            f"This shift was closed: {shift.counted} counted, {shift.expected} expected, a difference of"
            f" {shift.difference}. Open a new one.",
            code="shift_closed",
            current=msgspec.json.encode(shift),
        )


def _as_seen(tenant: Tenant, shift: Shift) -> Shift:
    if counts_blind(tenant.role, closed=shift.closed_at is not None):
        return msgspec.structs.replace(shift, expected=None)
    return shift
