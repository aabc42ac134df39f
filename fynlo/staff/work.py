"""Hiring, promoting and letting go, each in one transaction inside the restaurant."""

import hashlib
import secrets
from uuid import UUID

import msgspec

from fynlo.context import require
from fynlo.errors import Conflict, Forbidden, Invalid, NotFound
from fynlo.http import Reply
from fynlo.identity.models import EMAIL_LENGTH
from fynlo.identity.rules import may
from fynlo.tenancy import Tenant

from . import queries
from .models import Invitation, NewStaff, StaffChange, StaffMember

INVITATION_S = 7 * 86_400


async def invite(tenant: Tenant, new: NewStaff, _hashed: bytes) -> Reply:
    """Raises Conflict `already_staff` where they work here already, Forbidden and `last_owner` as change() does."""
    if len(new.email.lower()) > EMAIL_LENGTH:  # small letters can be more of them
        raise Invalid.of("email", f"at most {EMAIL_LENGTH} characters")
    member = await queries.staff_lock_address(tenant.conn, tenant.restaurant_id, new.email)
    if new.role == "owner" or (member is not None and member.role == "owner"):
        require(tenant.role, "owners.write")
    if member is not None and member.role == "owner" != new.role:
        await _check_not_last(tenant, member)
    token = secrets.token_urlsafe(32)
    invited = await queries.invite(
        tenant.conn, new, tenant.user_id, hashlib.sha256(token.encode()).digest(), INVITATION_S
    )
    if invited is None:
        raise Conflict("Somebody with this address works here already; see GET /staff.", code="already_staff")
    if new.role == "owner":
        await queries.pin_forget(tenant.conn, tenant.restaurant_id, invited.membership_id, tenant.user_id)
    member = await _locked(tenant, invited.membership_id)
    invitation = Invitation(invited.id, token, invited.expires_at, member)
    return Reply(201, msgspec.json.encode(invitation), {"Cache-Control": "no-store"})


async def change(tenant: Tenant, id: UUID, asked: StaffChange) -> Reply:
    """Raises Forbidden where an owner is concerned and the caller is none, Conflict `last_owner`."""
    member = await _locked(tenant, id)
    if "owner" in (member.role, asked.role):
        require(tenant.role, "owners.write")
    if member.role == "owner" != asked.role:
        await _check_not_last(tenant, member)
    await queries.staff_role(tenant.conn, tenant.restaurant_id, id, asked.role)
    if asked.role == "owner" != member.role:
        await queries.pin_forget(tenant.conn, tenant.restaurant_id, id, tenant.user_id)
    return Reply(200, msgspec.json.encode(await _locked(tenant, id)))


async def end(tenant: Tenant, id: UUID) -> None:
    """They are out within two seconds, sockets too. Raises as change() does."""
    member = await _locked(tenant, id)
    if member.role == "owner":
        require(tenant.role, "owners.write")
        await _check_not_last(tenant, member)
    await queries.staff_end(tenant.conn, tenant.restaurant_id, id)


async def set_pin(tenant: Tenant, id: UUID, pin_hash: str) -> None:
    """One's own, or as a manager somebody else's; an owner's only by an owner. Raises Forbidden."""
    member = await _locked(tenant, id)
    if member.user_id != tenant.user_id:
        if not may(tenant.role, "back_office.write"):
            raise Forbidden("Choose your own PIN; only a manager may choose another's.")
        if member.role == "owner":
            require(tenant.role, "owners.write")
    await queries.pin_set(tenant.conn, tenant.restaurant_id, id, pin_hash, tenant.user_id)


async def _locked(tenant: Tenant, id: UUID) -> StaffMember:
    member = await queries.staff_lock(tenant.conn, tenant.restaurant_id, id)
    if member is None:
        raise NotFound("There is no such member of staff, or it is not yours.")
    return member


async def _check_not_last(tenant: Tenant, member: StaffMember) -> None:
    if member.invited is not True and await queries.owners(tenant.conn, tenant.restaurant_id) <= 1:
        raise Conflict("A restaurant keeps one owner; make somebody else an owner first.", code="last_owner")
