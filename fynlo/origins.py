"""Pages of other origins: which may read what the API answers (CORS), and which may open sockets."""

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from fynlo.errors import Forbidden

RawHeaders = tuple[tuple[bytes, bytes], ...]

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
TAKEN = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
SHOWN = (
    "ETag, Link, X-Total-Count, Fynlo-Feed, X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, "
    "Idempotent-Replayed, WWW-Authenticate, Allow"
)
REMEMBERED_S = 600  # how long a browser need not ask again
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


def exact(names: Iterable[str]) -> tuple[str, ...]:
    """Origins as browsers write them: `https://pos.example`, without a path, in lower case.

    Raises ValueError, saying why, for what is none.
    """
    return tuple(_exact(name) for name in names)


def _exact(name: str) -> str:
    parts = urlsplit(name.rstrip("/"))
    named = _NAME.fullmatch(parts.hostname or "")
    if parts.scheme not in _PORTS or not named or parts.path or parts.query or parts.fragment:
        raise ValueError(f"{name!r} is no origin; name each as https://pos.example, without a path or a `*`")
    if parts.username is not None:
        raise ValueError(f"{name!r} names a user, which no origin has")
    return f"{parts.scheme}://{_authority(parts.netloc, parts.scheme)}"


def _authority(text: str, scheme: str) -> str:
    """Host and port, without the port that goes without saying. Raises ValueError for a port that is none."""
    parts = urlsplit(f"//{text}")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return host if parts.port in (None, _PORTS[scheme]) else f"{host}:{parts.port}"


def check(origin: str | None, host: str, scheme: str, allowed: Collection[str]) -> None:
    """Whether a page of this origin may open a socket here; `host` and `scheme` are those it was opened at.

    A page of ours may: one of the same host, over https where the socket comes over TLS. Behind a proxy that
    is not trusted the scheme is not known, so a socket that came without TLS takes both.
    Raises Forbidden for any other that is not allowed by name. Native apps send no origin.
    """
    if origin is None:
        return
    try:
        name = _exact(origin)
        if name in allowed:
            return
        theirs, _, authority = name.partition("://")
        ours = _authority(host, theirs)
    except ValueError:
        theirs, authority, ours = "", "", "nobody's"
    if authority != ours or (scheme in ("https", "wss") and theirs != "https"):
        raise Forbidden("Pages of this origin may not connect; name it in FYNLO_ALLOWED_ORIGINS.")


class Cors:
    """The headers of the Fetch standard's CORS protocol, for the origins that are allowed and no other.

    No credentials: the API knows no cookies, a page sends its token itself.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(origin.encode() for origin in allowed)

    def __bool__(self) -> bool:
        return bool(self._allowed)

    def answer(self, origin: bytes | None) -> RawHeaders:
        """For every answer, refusals included: a page shall read why it was refused."""
        vary = ((b"vary", b"Origin"),)
        if origin not in self._allowed:
            return vary
        return (
            *vary,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", SHOWN.encode()),
        )

    def preflight(self, origin: bytes | None) -> RawHeaders:
        """For the answer to a preflight. Raises Forbidden where pages of this origin may not ask."""
        if origin not in self._allowed:
            raise Forbidden("Pages of this origin may not ask; name it in FYNLO_ALLOWED_ORIGINS.")
        return (
            (b"access-control-allow-methods", METHODS.encode()),
            (b"access-control-allow-headers", TAKEN.encode()),
            (b"access-control-max-age", str(REMEMBERED_S).encode()),
        )
