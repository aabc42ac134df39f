"""Access tokens of an external issuer: Supabase, or who makes the same.

The issuer signs by a shared secret (HS256), or publishes keys (ES256, RS256). Which it is stands in the settings; no
token chooses.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import Struct

from fynlo.errors import Unauthorized

from . import jose
from .keys import RemoteKeys
from .models import Email, ExternalClaims
from .tokens import expired, unusable

MAX_TOKEN_BYTES = 8_192
REMEMBERED = 10_000
REFUSED_ROLES = frozenset({"", "anon", "service_role"})


class _Said(Struct, frozen=True):
    """What is read of a token's claims."""

    iss: str
    aud: str | list[str]
    sub: UUID
    role: str
    exp: jose.Instant
    iat: jose.Instant
    nbf: jose.Instant = 0
    session_id: UUID | None = None
    is_anonymous: bool | None = None
    email: Any = None
    email_verified: Any = None
    user_metadata: Any = None


class Issuer:
    """Checks the tokens of the one issuer called `name` (the `iss`), by its secret or by its keys."""

    def __init__(
        self,
        name: str,
        audience: str,
        verifier: str | RemoteKeys,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._audience = audience
        self._verifier = verifier
        self._now = now
        self._namespace = uuid5(NAMESPACE_URL, name)
        self._known: OrderedDict[bytes, ExternalClaims] = OrderedDict()
        self._changes = 0

    def issued(self, token: str) -> bool:
        """Whether a token says that it is of this issuer; nothing of it is verified."""
        if _digest(token) in self._known:
            return True
        try:
            return jose.opened(token, MAX_TOKEN_BYTES).claims.get("iss") == self._name
        except jose.Unusable:
            return False

    async def check(self, token: str) -> ExternalClaims:
        """The claims of a token of this issuer.

        Raises Unauthorized `token_expired` or `token_invalid`; Unavailable where the issuer's keys can't be read.
        """
        self._forget_keys_that_went()
        digest = _digest(token)
        claims = self._known.get(digest)
        if claims is None:
            claims = await self._verify(token)
            self._known[digest] = claims
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if claims.exp <= self._now():
            self._known.pop(digest, None)
            raise expired()
        return claims

    def _forget_keys_that_went(self) -> None:
        """What was signed with a key that the issuer took back is not remembered."""
        if isinstance(self._verifier, RemoteKeys) and self._verifier.changes != self._changes:
            self._changes = self._verifier.changes
            self._known.clear()

    async def _verify(self, token: str) -> ExternalClaims:
        try:
            found = jose.opened(token, MAX_TOKEN_BYTES)
            await self._check_signature(token, found.header)
            said = jose.said(found.claims, _Said)
        except jose.Unusable:
            raise unusable() from None
        audience = [said.aud] if isinstance(said.aud, str) else said.aud
        if said.iss != self._name or self._audience not in audience:
            raise unusable()
        now = self._now()
        if said.exp <= now:
            raise expired()
        if max(said.iat, said.nbf) > now + jose.SKEW_S:
            raise unusable()
        if said.role in REFUSED_ROLES or said.is_anonymous:
            raise Unauthorized(
                "This token stands for no person; sign in and send the token of that.", code="token_invalid"
            )
        email = said.email if said.email_verified is True else None
        return ExternalClaims(
            sub=said.sub,
            # Of a kind that no session of ours has, whatever the issuer calls its own.
            session_id=uuid5(self._namespace, f"{said.sub}/{said.session_id or ''}"),
            exp=said.exp,
            email=_email(email),
            name=_name(said.user_metadata, said.email),
        )

    async def _check_signature(self, token: str, header: jose.Header) -> None:
        if isinstance(self._verifier, str):
            jose.check_signature(token, self._verifier, "HS256")
            return
        if header.kid is None or header.alg not in ("ES256", "RS256"):
            raise jose.Unusable
        key = await self._verifier.find(header.kid)
        if key is None:
            raise jose.Unusable
        jose.check_signature(token, key.public, key.algorithm)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _email(said: object) -> str | None:
    try:
        found = msgspec.convert(said, Email)
    except msgspec.ValidationError:
        return None
    return found if found.isprintable() else None


def _name(metadata: object, email: object) -> str:
    """What to call somebody until who invites them says it. People choose it themselves: it proves nothing."""
    given = metadata if isinstance(metadata, dict) else {}
    local = email.partition("@")[0] if isinstance(email, str) else ""
    for text in (given.get("full_name"), given.get("name"), local):
        if isinstance(text, str):
            shown = "".join(c for c in text if c.isprintable()).strip()[:200]
            if shown:
                return shown
    return "Somebody new"
