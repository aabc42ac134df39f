"""What a connection and those who wire it agree on: close codes, viewers, limits, refusals."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from msgspec import Struct

from .room import Audience

# Close codes, as the contract names them.
RESTART = 1012
TOO_BIG = 1009
UNUSABLE = 4000
NOT_AUTHENTICATE = 4001
NO_FIRST_MESSAGE = 4002
BAD_TOKEN = 4003
NOT_ALLOWED = 4004
NO_LONGER_VALID = 4005
SILENT = 4006
TOO_SLOW = 4008
TOO_MANY = 4009
FLOOD = 4029

CLOSE_WITHIN_S = 2.0


class Refused(Exception):
    """A token or a restaurant that a socket is closed for: `close_code`, and what `auth_error` says."""

    def __init__(self, close_code: int, code: str, message: str) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.code = code
        self.message = message


class Viewer(Struct, frozen=True):
    """Who watches: `expires_at` is Unix seconds, `audience` what they may see of this restaurant."""

    user_id: UUID
    session_id: UUID
    expires_at: float
    audience: Audience
    device_id: UUID | None = None


Identify = Callable[[str, UUID, str], Awaitable[Viewer]]
"""Token, restaurant and kind of socket to a viewer. Raises Refused, or Unavailable where nobody can tell now."""


class Limits(Struct, frozen=True):
    """How many sockets there may be before 4009."""

    per_user: int = 1_000
    per_restaurant: int = 2_000
    unauthenticated_per_address: int = 1_000
