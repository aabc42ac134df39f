"""What is done to the room, inside the transaction of a request.

Names of tables, and of sections, differ within a restaurant, whatever their case: an order names its table by
its name alone. Locks: the table, then the room.
"""

from typing import NoReturn
from uuid import UUID

import msgspec
from msgspec import UNSET

from fynlo.errors import Conflict, Forbidden, Invalid, NotFound
from fynlo.http import Reply
from fynlo.identity.rules import may
from fynlo.ids import uuid7
from fynlo.tenancy import Tenant

from . import queries
from .models import NewSection, NewTable, Section, SectionChange, TableChange
from .queries import StoredTable


async def create_table(tenant: Tenant, new: NewTable) -> Reply:
    """Raises Conflict `name_taken`, Invalid for a section that is not there."""
    table = StoredTable(new.name.strip(), new.section_id, new.seats, new.sort_order, new.status, new.position)
    table_id = uuid7()
    await queries.room_lock(tenant.conn, tenant.restaurant_id)
    await _check_place(tenant, table_id, table)
    await queries.table_insert(tenant.conn, tenant.restaurant_id, table_id, table)
    return await _shown(tenant, table_id, 201)


async def change_table(tenant: Tenant, table_id: UUID, change: TableChange) -> Reply:
    """Raises Forbidden where the role may not build, Conflict `table_occupied` and `name_taken`, Invalid for a
    section that is not there."""
    if change.rebuilds and not may(tenant.role, "back_office.write"):
        raise Forbidden(f"The role {tenant.role} may change the `status` of a table, and nothing else of it.")
    was = await _locked(tenant, table_id)
    if change.status is not UNSET:
        await _check_free(tenant, table_id, was.name)
    table = StoredTable(
        was.name if change.name is UNSET else change.name.strip(),
        was.section_id if change.section_id is UNSET else change.section_id,
        was.seats if change.seats is UNSET else change.seats,
        was.sort_order if change.sort_order is UNSET else change.sort_order,
        was.state if change.status is UNSET else change.status,
        was.position if change.position is UNSET else change.position,
    )
    if (table.name, table.section_id) != (was.name, was.section_id):
        await queries.room_lock(tenant.conn, tenant.restaurant_id)
        await _check_place(tenant, table_id, table)
    await queries.table_update(tenant.conn, tenant.restaurant_id, table_id, table)
    return await _shown(tenant, table_id)


async def archive_table(tenant: Tenant, table_id: UUID) -> None:
    """Raises Conflict `table_occupied` while an order is open at it."""
    was = await _locked(tenant, table_id)
    await _check_free(tenant, table_id, was.name)
    await queries.table_archive(tenant.conn, tenant.restaurant_id, table_id)


async def create_section(tenant: Tenant, new: NewSection) -> Reply:
    """Raises Conflict `name_taken`."""
    section = Section(uuid7(), tenant.restaurant_id, new.name.strip(), new.sort_order)
    await queries.room_lock(tenant.conn, tenant.restaurant_id)
    await _check_section_name(tenant, section)
    await queries.section_insert(tenant.conn, section)
    return Reply(201, msgspec.json.encode(section))


async def change_section(tenant: Tenant, section_id: UUID, change: SectionChange) -> Reply:
    """Raises Conflict `name_taken`."""
    await queries.room_lock(tenant.conn, tenant.restaurant_id)
    was = await queries.section_lock(tenant.conn, tenant.restaurant_id, section_id)
    if was is None:
        _no_section()
    section = Section(
        section_id,
        tenant.restaurant_id,
        was.name if change.name is UNSET else change.name.strip(),
        was.sort_order if change.sort_order is UNSET else change.sort_order,
    )
    if section.name != was.name:
        await _check_section_name(tenant, section)
    await queries.section_update(tenant.conn, section)
    return Reply(200, msgspec.json.encode(section))


async def archive_section(tenant: Tenant, section_id: UUID) -> None:
    """Raises Conflict `section_in_use` while tables stand in it."""
    await queries.room_lock(tenant.conn, tenant.restaurant_id)
    was = await queries.section_lock(tenant.conn, tenant.restaurant_id, section_id)
    if was is None:
        _no_section()
    if was.tables:
        raise Conflict(
            f"{was.tables} table{'s stand' if was.tables > 1 else ' stands'} in {was.name};"
            " give them another section, or none, first.",
            code="section_in_use",
        )
    await queries.section_archive(tenant.conn, tenant.restaurant_id, section_id)


async def _locked(tenant: Tenant, table_id: UUID) -> StoredTable:
    found = await queries.table_lock(tenant.conn, tenant.restaurant_id, table_id)
    if found is None:
        _no_table()
    return found


async def _shown(tenant: Tenant, table_id: UUID, status: int = 200) -> Reply:
    found = await queries.table_read(tenant.conn, tenant.restaurant_id, table_id)
    assert found is not None
    return Reply(status, msgspec.json.encode(found))


async def _check_free(tenant: Tenant, table_id: UUID, name: str) -> None:
    # A statement of its own: it sees the order of whoever held the table until we had the lock.
    number = await queries.table_order(tenant.conn, tenant.restaurant_id, table_id)
    if number is not None:
        raise Conflict(
            f"Order {number} is open at table {name}; complete it, or move it to another table, first.",
            code="table_occupied",
        )


async def _check_place(tenant: Tenant, table_id: UUID, table: StoredTable) -> None:
    taken, section_known = await queries.table_place(
        tenant.conn, tenant.restaurant_id, table_id, table.name, table.section_id
    )
    if not section_known:
        raise Invalid.of("section_id", "there is no such section")
    if taken:
        raise Conflict(
            f"There is a table called {table.name} already; give this one another name.", code="name_taken"
        )


async def _check_section_name(tenant: Tenant, section: Section) -> None:
    if await queries.section_named(tenant.conn, tenant.restaurant_id, section.id, section.name):
        raise Conflict(
            f"There is a section called {section.name} already; give this one another name.",
            code="name_taken",
        )


def _no_table() -> NoReturn:
    raise NotFound("There is no such table, or it is not yours.")


def _no_section() -> NoReturn:
    raise NotFound("There is no such section, or it is not yours.")
