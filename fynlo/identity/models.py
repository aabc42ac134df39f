"""What comes in and goes out when somebody signs in."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.http import form
from fynlo.times import Time

from .jose import Instant
from .rules import Role

EMAIL_LENGTH = 320
Email = Annotated[
    str,
    Meta(min_length=3, max_length=EMAIL_LENGTH),
    form(r"^[^@\s\x00]+@[^@\s\x00]+\Z", "an address, as `you@example.com`"),
]


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
    """POST /auth/invitations/accept. Only who comes with an external issuer's token leaves the password out."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=1_000, pattern=r"^[^\x00]*\Z")] | UnsetType = UNSET


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


class Accepted(Struct, frozen=True):
    """The person, where they work, and a pair of tokens, unless they have an external issuer's."""

    user: User
    restaurants: tuple[Membership, ...]
    access_token: str | UnsetType = UNSET
    token_type: str | UnsetType = UNSET
    expires_in: int | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET


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
    expires_at: Time


class Claims(Struct, frozen=True):
    """What an access token of ours says. `exp` is Unix seconds."""

    sub: UUID
    sid: UUID
    exp: Instant


class ExternalClaims(Struct, frozen=True):
    """What an external issuer's access token says. `exp` is Unix seconds, `email` is None unless it is verified."""

    sub: UUID
    session_id: UUID
    exp: int
    email: str | None
    name: str


class Standing(Struct, frozen=True):
    """What a session is worth now: whose it is, whether it was ended, and where the person works; on a device, only
    the restaurant where that stands. `of_device`: it is the device's own."""

    user: User
    revoked: bool
    device_id: UUID | None
    memberships: dict[UUID, Membership]
    of_device: bool = False


class Principal(Struct, frozen=True):
    """Who makes a request; `device_id` is the paired device that they, or it, signed in on, `of_device` says that
    it is the device itself, `external` that the sign-in is an external issuer's."""

    user: User
    session_id: UUID
    expires_at: int
    memberships: dict[UUID, Membership]
    device_id: UUID | None = None
    external: bool = False
    of_device: bool = False

    @property
    def user_id(self) -> UUID:
        return self.user.id
