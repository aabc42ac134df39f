"""Typed functions over sql/queries/staff.sql."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import UNSET

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import NewStaff, StaffMember, StaffQuery

_SQL = queries("staff")


class Invited(NamedTuple):
    id: UUID
    expires_at: datetime
    membership_id: UUID
    user_id: UUID
    name: str


def _member(row: Any, *, whole: bool) -> StaffMember:
    id, user_id, name, email, role, invited, has_pin = row
    return StaffMember(
        id, user_id, name, role, has_pin, email if whole else UNSET, invited if whole else UNSET
    )


async def staff_page(conn: Connection, asked: StaffQuery, *, whole: bool) -> tuple[list[StaffMember], int]:
    """A page of the people by name, and how many there are; `whole` with their addresses."""
    cursor = await conn.execute(
        _SQL["staff_page"],
        {
            "restaurant_id": asked.restaurant_id,
            "limit": asked.limit,
            "offset": (asked.page - 1) * asked.limit,
        },
    )
    rows = await cursor.fetchall()
    return [_member(row[:7], whole=whole) for row in rows], rows[0][7] if rows else 0


async def staff_lock(conn: Connection, restaurant_id: UUID, id: UUID) -> StaffMember | None:
    """One of them, locked until the end of the transaction; None where they have left."""
    cursor = await conn.execute(_SQL["staff_lock"], {"restaurant_id": restaurant_id, "id": id})
    row = await cursor.fetchone()
    return _member(row, whole=True) if row else None


async def staff_lock_address(conn: Connection, restaurant_id: UUID, email: str) -> StaffMember | None:
    """The one of an e-mail address, locked; None where nobody who works here has it."""
    cursor = await conn.execute(_SQL["staff_lock_address"], {"restaurant_id": restaurant_id, "email": email})
    row = await cursor.fetchone()
    return _member(row, whole=True) if row else None


async def owners(conn: Connection, restaurant_id: UUID) -> int:
    """How many owners are in."""
    row = await (await conn.execute(_SQL["owners"], {"restaurant_id": restaurant_id})).fetchone()
    assert row is not None
    count: int = row[0]
    return count


async def staff_role(conn: Connection, restaurant_id: UUID, id: UUID, role: str) -> None:
    await conn.execute(_SQL["staff_role"], {"restaurant_id": restaurant_id, "id": id, "role": role})


async def staff_end(conn: Connection, restaurant_id: UUID, id: UUID) -> None:
    await conn.execute(_SQL["staff_end"], {"restaurant_id": restaurant_id, "id": id})


async def pin_set(conn: Connection, restaurant_id: UUID, id: UUID, pin_hash: str, set_by: UUID) -> None:
    await conn.execute(
        _SQL["pin_set"], {"restaurant_id": restaurant_id, "id": id, "pin_hash": pin_hash, "set_by": set_by}
    )


async def pin_forget(conn: Connection, restaurant_id: UUID, id: UUID, by: UUID) -> None:
    """For who becomes an owner: a PIN that neither they nor this owner chose is none any more."""
    await conn.execute(_SQL["pin_forget"], {"restaurant_id": restaurant_id, "id": id, "by": by})


async def invite(
    conn: Connection, new: NewStaff, by: UUID, token_hash: bytes, lifetime_s: int
) -> Invited | None:
    """Employs somebody, with a token by which they choose a password; None where they work here already."""
    cursor = await conn.execute(
        _SQL["invite"],
        {
            "restaurant_id": new.restaurant_id,
            "email": new.email,
            "name": new.name,
            "role": new.role,
            "by": by,
            "token_hash": token_hash,
            "lifetime_s": lifetime_s,
        },
    )
    row = await cursor.fetchone()
    return Invited(*row) if row else None
