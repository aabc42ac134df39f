"""A second person who approves what the caller may not do: `approver: {staff_id, pin}`."""

from uuid import UUID

import structlog

from fynlo.errors import Forbidden
from fynlo.tenancy import Tenant

from . import queries
from .passwords import Passwords
from .rules import Permission, may

log = structlog.get_logger(__name__)


class Approvals:
    """Judges approvers by their PINs."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def __call__(self, tenant: Tenant, staff_id: UUID, pin: str, permission: Permission) -> None:
        """The rest of the transaction is done with this approval; the audit log says whose.

        Raises Forbidden `approval_refused` where the PIN is wrong or they may not either, TooMany.
        """
        found = await queries.approver(tenant.conn, tenant.restaurant_id, staff_id)
        wrong = await self._passwords.attempt(
            "pin",
            str(staff_id),
            str(tenant.device_id or tenant.user_id),
            found.pin_hash if found else None,
            pin,
            restaurant=str(tenant.restaurant_id),
        )
        if found is None or wrong is not None:
            log.warning("approval_refused", staff_id=str(staff_id), user_id=str(tenant.user_id))
            raise Forbidden("The approver's PIN is not right.", code="approval_refused", headers=wrong)
        if not may(found.role, permission):
            raise Forbidden(f"A {found.role} may not approve this; ask a manager.", code="approval_refused")
        await queries.set_approver(tenant.conn, found.user_id)
