"""Access tokens: JWTs (RFC 7519), HS256, checked once and remembered until they expire."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal
from uuid import UUID

import jwt

from fynlo.errors import Unauthorized

from . import jose
from .models import Claims

ISSUER = "fynlo"
AUDIENCE = "fynlo"
ALGORITHM = "HS256"
MAX_TOKEN_BYTES = 4_096
REMEMBERED = 10_000


class _Said(Claims, frozen=True):
    """All that a token of ours says."""

    iss: Literal["fynlo"]
    aud: Literal["fynlo"]
    iat: jose.Instant
    nbf: jose.Instant = 0


class Tokens:
    """Makes and checks access tokens."""

    def __init__(self, secret: str, lifetime_s: int, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self.lifetime_s = lifetime_s
        self._now = now
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, user_id: UUID, session_id: UUID) -> str:
        """A token for `lifetime_s` seconds from now."""
        now = int(self._now())
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": str(user_id),
                "sid": str(session_id),
                "iat": now,
                "exp": now + self.lifetime_s,
            },
            self._secret,
            algorithm=ALGORITHM,
        )

    def knows(self, token: str) -> bool:
        """Whether it was checked before."""
        return token in self._known

    def check(self, token: str) -> Claims:
        """The claims of a token of ours.

        Raises Unauthorized, with code `token_expired` where that is what is wrong with it.
        """
        claims = self._known.get(token)
        if claims is None:
            claims = self._verify(token)
            self._known[token] = claims
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if claims.exp <= self._now():
            self._known.pop(token, None)
            raise expired()
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            found = jose.opened(token, MAX_TOKEN_BYTES)
            jose.check_signature(token, self._secret, ALGORITHM)
            said = jose.said(found.claims, _Said)
        except jose.Unusable:
            raise unusable() from None
        now = self._now()
        if said.exp <= now:
            raise expired()
        if max(said.iat, said.nbf) > now + jose.SKEW_S:
            raise unusable()
        return said


def expired() -> Unauthorized:
    return Unauthorized(
        "The access token has expired; refresh it and send the request again.", code="token_expired"
    )


def unusable() -> Unauthorized:
    return Unauthorized("The access token cannot be used; sign in again.", code="token_invalid")
