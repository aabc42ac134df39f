"""Access tokens: JWTs (RFC 7519), HS256, checked once and remembered until they expire."""

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

import jwt
import msgspec

from fynlo.errors import Unauthorized

from .models import Claims

ISSUER = "fynlo"
AUDIENCE = "fynlo"
MAX_TOKEN_BYTES = 4_096
REMEMBERED = 10_000


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
            algorithm="HS256",
        )

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
            raise _expired()
        return claims

    def _verify(self, token: str) -> Claims:
        if len(token) > MAX_TOKEN_BYTES:
            raise _unusable()
        try:
            payload = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "iat", "sub", "sid", "aud", "iss"]},
            )
            return msgspec.convert(payload, Claims)
        except jwt.ExpiredSignatureError:
            raise _expired() from None
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, RecursionError):
            raise _unusable() from None


def _expired() -> Unauthorized:
    return Unauthorized(
        "The access token has expired; refresh it and send the request again.", code="token_expired"
    )


def _unusable() -> Unauthorized:
    return Unauthorized("The access token cannot be used; sign in again.", code="token_invalid")
