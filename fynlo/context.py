"""What the outer ASGI layer knows of a request, for the handlers."""

from typing import Any
from uuid import UUID

import msgspec

from fynlo.errors import Forbidden, NotFound, Unauthorized
from fynlo.identity.models import Membership, Principal
from fynlo.identity.rules import Permission, may
from fynlo.limiting import Rate


class Context(msgspec.Struct):
    """One request: its id (X-Request-Id), the caller's address, and who they are where they are known."""

    request_id: str
    address: str
    principal: Principal | None = None
    rate: Rate | None = None  # of restaurants; None once the request was counted
    began: float = 0.0
    only: UUID | None = None  # the restaurant that it must be of: for an operation of a batch

    @property
    def caller(self) -> Principal:
        """Raises Unauthorized where nobody is signed in."""
        if self.principal is None:
            raise Unauthorized(
                "Send an access token: `Authorization: Bearer …`, from POST /api/v1/auth/login."
            )
        return self.principal

    def count_for(self, restaurant_id: UUID) -> None:
        """Count the request, once, to a restaurant that the caller was found to work in.

        Raises TooMany where all its people together send too many.
        """
        rate, self.rate = self.rate, None
        if rate is not None:
            rate.take(restaurant_id, self.began)


def context_of(scope: Any) -> Context:
    """The context that the outer layer put into the ASGI scope."""
    context: Context = scope["state"]["context"]
    return context


def membership(caller: Principal, restaurant_id: UUID, permission: Permission) -> Membership:
    """The caller's membership of a restaurant.

    Raises NotFound where they do not work there, Forbidden where their role may not.
    """
    found = caller.memberships.get(restaurant_id)
    if found is None:
        raise NotFound("There is no such restaurant, or it is not yours.")
    require(found.role, permission)
    return found


def require(role: Any, permission: Permission) -> None:
    """Raises Forbidden where the role lacks the permission."""
    if not may(role, permission):
        raise Forbidden(f"The role {role} may not do this ({permission}); ask a manager.")
