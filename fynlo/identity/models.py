"""What comes in and goes out when somebody signs in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from .rules import Role

Email = Annotated[str, Meta(min_length=3, max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\Z")]


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /auth/login."""

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=1_000)]


class Refresh(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /auth/refresh."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=1_000)]


PASSWORD_LENGTH = 10
NewPassword = Annotated[str, Meta(min_length=PASSWORD_LENGTH, max_length=1_000, pattern=r"^[^\x00]*\Z")]


class ChangePassword(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /auth/password. The new one has at least 10 characters, of whatever kind (NIST SP 800-63B, 5.1.1.2)."""

    current: Annotated[str, Meta(min_length=1, max_length=1_000)]
    new: NewPassword


class AcceptInvitation(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /auth/invitations/accept."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=1_000, pattern=r"^[^\x00]*\Z")]


class User(Struct, frozen=True):
    """A person, or a device that was paired; devices, and some people of other issuers, have no address."""

    id: UUID
    email: str | None
    name: str


class Membership(Struct, frozen=True):
    """A restaurant somebody works in, and as what."""

    id: UUID
    name: str
    role: Role


class SignedIn(Struct, frozen=True):
    """A pair of tokens. `expires_in` is in seconds and is the access token's."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    user: User
    restaurants: tuple[Membership, ...]


class ShortSignIn(Struct, frozen=True):
    """An access token for `expires_in` seconds; after them the PIN is asked again."""

    access_token: str
    token_type: str
    expires_in: int
    user: User
    restaurants: tuple[Membership, ...]


class Workplace(Struct, frozen=True):
    """A restaurant somebody works in, with what they may do there."""

    id: UUID
    name: str
    role: Role
    permissions: tuple[str, ...]


class Me(Struct, frozen=True):
    """GET /auth/me."""

    user: User
    restaurants: tuple[Workplace, ...]
    session_id: UUID
    expires_at: datetime


class Claims(Struct, frozen=True):
    """What an access token of ours says. `exp` is Unix seconds."""

    sub: UUID
    sid: UUID
    exp: int


class Standing(Struct, frozen=True):
    """What a session is worth now: whose it is, whether it was ended, and where the person works."""

    user: User
    revoked: bool
    device_id: UUID | None
    memberships: dict[UUID, Membership]


class Principal(Struct, frozen=True):
    """Who makes a request; `device_id` is the paired device that they, or it, signed in on."""

    user: User
    session_id: UUID
    expires_at: int
    memberships: dict[UUID, Membership]
    device_id: UUID | None = None

    @property
    def user_id(self) -> UUID:
        return self.user.id
