"""JSON Web Tokens in their compact form (RFC 7519, RFC 7515), read strictly.

What no issuer that is trusted here writes is no token: duplicate names, padding, keys or addresses of keys in the
header, extensions. The caller knows the key and the one algorithm that goes with it; the header only agrees or not.
"""

import base64
import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

import jwt
import msgspec
from msgspec import Meta, Struct

SKEW_S = 10  # how far another machine's clock may be ahead

Instant = Annotated[int, Meta(ge=0, le=253_402_300_799)]  # Unix seconds, up to the year 9999

T = TypeVar("T")

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_JWS = jwt.PyJWS()
_ERRORS = (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, RecursionError, OverflowError)


class Unusable(Exception):
    """It is no token, or its signature is not the key's."""


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """The JOSE header of a token that names neither keys nor extensions."""

    alg: str
    typ: str | None = None
    kid: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Opened(Struct, frozen=True):
    """A token's header and claims. Nothing of it was verified."""

    header: Header
    claims: dict[str, Any]


def opened(token: str, longest: int) -> Opened:
    """Read a token of at most so many characters. Raises Unusable."""
    found = _COMPACT.fullmatch(token) if len(token) <= longest else None
    if found is None:
        raise Unusable
    try:
        header = said(json_object(_decoded(found[1])), Header)
        claims = json_object(_decoded(found[2]))
    except _ERRORS:
        raise Unusable from None
    if header.typ is not None and header.typ.lower() != "jwt":
        raise Unusable
    return Opened(header, claims)


def check_signature(token: str, key: Any, algorithm: str) -> None:
    """Raises Unusable where the token was not signed so."""
    try:
        _JWS.decode(token, key, algorithms=[algorithm])
    except _ERRORS:
        raise Unusable from None


def said(claims: dict[str, Any], kind: type[T]) -> T:
    """The claims as a Struct. Raises Unusable."""
    try:
        return msgspec.convert(claims, kind)
    except _ERRORS:  # a lone surrogate is no text, which is a UnicodeError
        raise Unusable from None


def json_object(text: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8, no name in it twice. Raises ValueError or RecursionError."""
    found = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _decoded(part: str) -> bytes:
    decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
        raise ValueError("another text stands for the same bytes")
    return decoded


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    found = dict(listed)
    if len(found) != len(listed):
        raise ValueError("a name stands there twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
