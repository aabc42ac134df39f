"""Typed functions over sql/queries/identity.sql."""

from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import Membership, Standing, User
from .rules import Role

_SQL = queries("identity")


class Credentials(NamedTuple):
    id: UUID
    email: str | None
    name: str
    password_hash: str | None


class Invited(NamedTuple):
    """Who is invited; `external` where they sign in by an external issuer."""

    id: UUID
    email: str | None
    name: str
    password_hash: str | None
    external: bool


class StoredToken(NamedTuple):
    """A refresh token as stored; `used_s_ago` is None while it is fresh."""

    session_id: UUID
    user_id: UUID
    device_id: UUID | None
    revoked: bool
    expired: bool
    used_s_ago: float | None


async def credentials(conn: Connection, email: str) -> Credentials | None:
    row = await (await conn.execute(_SQL["credentials"], {"email": email})).fetchone()
    return Credentials(*row) if row else None


async def memberships(conn: Connection, user_id: UUID) -> tuple[Membership, ...]:
    """Where a person works, by name."""
    cursor = await conn.execute(_SQL["memberships"], {"user_id": user_id})
    return tuple(Membership(*row) for row in await cursor.fetchall())


async def standing(conn: Connection, session_id: UUID) -> Standing | None:
    """What a session is worth now; None where there is no such session."""
    rows = await (await conn.execute(_SQL["standing"], {"session_id": session_id})).fetchall()
    if not rows:
        return None
    user_id, email, name, revoked, device_id, of_device = rows[0][:6]
    return Standing(
        user=User(user_id, email, name),
        revoked=revoked,
        device_id=device_id,
        memberships={row[6]: Membership(*row[6:9]) for row in rows if row[6] is not None},
        of_device=of_device,
    )


async def external_standing(conn: Connection, sub: UUID, email: str | None, name: str) -> Standing:
    """What somebody of an external issuer is worth now; they are made where they were never seen."""
    cursor = await conn.execute(_SQL["external_standing"], {"sub": sub, "email": email, "name": name})
    rows = await cursor.fetchall()
    return Standing(
        user=User(*rows[0][:3]),
        revoked=False,
        device_id=None,
        memberships={row[3]: Membership(*row[3:6]) for row in rows if row[3] is not None},
    )


async def session_insert(
    conn: Connection,
    session_id: UUID,
    user_id: UUID,
    token_hash: bytes,
    lifetime_s: int,
    device_id: UUID | None = None,
) -> None:
    await conn.execute(
        _SQL["session_insert"],
        {
            "session_id": session_id,
            "user_id": user_id,
            "device_id": device_id,
            "token_hash": token_hash,
            "lifetime_s": lifetime_s,
        },
    )


async def refresh_token_lock(conn: Connection, token_hash: bytes) -> StoredToken | None:
    row = await (await conn.execute(_SQL["refresh_token_lock"], {"token_hash": token_hash})).fetchone()
    return StoredToken(*row) if row else None


async def refresh_token_rotate(conn: Connection, old_hash: bytes, new_hash: bytes, lifetime_s: int) -> None:
    await conn.execute(
        _SQL["refresh_token_rotate"], {"old_hash": old_hash, "new_hash": new_hash, "lifetime_s": lifetime_s}
    )


async def session_revoke(conn: Connection, session_id: UUID, reason: str) -> None:
    await conn.execute(_SQL["session_revoke"], {"session_id": session_id, "reason": reason})


async def sessions_revoke_all(conn: Connection, user_id: UUID) -> None:
    await conn.execute(_SQL["sessions_revoke_all"], {"user_id": user_id})


async def audit_person(
    conn: Connection,
    user_id: UUID,
    action: str,
    *,
    address: str,
    request_id: str,
    device_id: UUID | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Notes what somebody did or tried that concerns no one restaurant, wherever they work."""
    await conn.execute(
        _SQL["audit_person"],
        {
            "user_id": user_id,
            "action": action,
            "device_id": device_id,
            "address": address,
            "request_id": request_id,
            "after": None if after is None else Jsonb(after),
        },
    )


async def invitation_of(conn: Connection, token_hash: bytes) -> Invited | None:
    """Whose invitation a token is, locked; None where it cannot be used (any more)."""
    row = await (await conn.execute(_SQL["invitation_of"], {"token_hash": token_hash})).fetchone()
    return Invited(*row) if row else None


async def accept_invitation(
    conn: Connection, token_hash: bytes, password_hash: str, *, address: str, request_id: str
) -> UUID:
    """Uses an invitation up, and sets a password where there was none. Returns the person."""
    cursor = await conn.execute(
        _SQL["accept_invitation"],
        {
            "token_hash": token_hash,
            "password_hash": password_hash,
            "address": address,
            "request_id": request_id,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    person_id: UUID = row[0]
    return person_id


async def accept_invitation_as(conn: Connection, token_hash: bytes, user_id: UUID) -> str:
    """For somebody of an external issuer: accepted, unusable, another's or already_staff."""
    parameters = {"token_hash": token_hash, "user_id": user_id}
    row = await (await conn.execute(_SQL["accept_invitation_as"], parameters)).fetchone()
    assert row is not None
    outcome: str = row[0]
    return outcome


async def password_hash_of(conn: Connection, user_id: UUID) -> str | None:
    row = await (await conn.execute(_SQL["password_hash_of"], {"user_id": user_id})).fetchone()
    return row[0] if row else None


async def change_password(conn: Connection, user_id: UUID, session_id: UUID, password_hash: str) -> None:
    """A new password; every other sign-in of the person ends."""
    await conn.execute(
        _SQL["change_password"],
        {"user_id": user_id, "session_id": session_id, "password_hash": password_hash},
    )


async def session_without_refresh(conn: Connection, session_id: UUID, user_id: UUID, device_id: UUID) -> None:
    """A sign-in that is not renewed: by PIN, on a device."""
    await conn.execute(
        _SQL["session_without_refresh"],
        {"session_id": session_id, "user_id": user_id, "device_id": device_id},
    )


async def device_seen(conn: Connection, session_id: UUID) -> None:
    """The device of a session, where it has one, has just been heard of."""
    await conn.execute(_SQL["device_seen"], {"session_id": session_id})


class ApproverRow(NamedTuple):
    user_id: UUID
    role: Role
    pin_hash: str | None


async def approver(conn: Connection, restaurant_id: UUID, staff_id: UUID) -> ApproverRow | None:
    """Somebody who is asked to approve; None where they do not work here."""
    cursor = await conn.execute(_SQL["approver"], {"restaurant_id": restaurant_id, "staff_id": staff_id})
    row = await cursor.fetchone()
    return ApproverRow._make(row) if row else None


async def set_approver(conn: Connection, user_id: UUID) -> None:
    """Who approved what the rest of the transaction does, for the audit log."""
    await conn.execute(_SQL["set_approver"], {"user_id": user_id})
