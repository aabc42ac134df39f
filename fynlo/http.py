"""HTTP in and out: bodies and queries to Structs, answers to bytes, headers with rules of their own."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, NoReturn, TypeVar, cast
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from msgspec import Meta, inspect

from fynlo.errors import BadRequest, FieldProblem, Invalid, Unauthorized, UnsupportedMedia, VersionRequired

T = TypeVar("T")
AnyRequest = Request[Any, Any, State]

# Postgres takes no NUL in a text.
_NO_NUL = r"^[^\x00]*\Z"
Line = Annotated[str, Meta(max_length=200, pattern=_NO_NUL)]
Text = Annotated[str, Meta(max_length=2_000, pattern=_NO_NUL)]


def form(pattern: str, expected: str) -> Meta:
    """A text of that form; `expected` says in words what is to be sent, to readers and to who sends another."""
    return Meta(pattern=pattern, description=expected, extra={"expected": expected})


Reason = Annotated[
    str, Meta(min_length=1, max_length=200), form(r"^[^\x00]*[^\x00\s][^\x00]*\Z", "in words why")
]
_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_NAMED_FIELD = re.compile(r"^Object (contains unknown|missing required) field `([^`]+)`$")
_STEP = re.compile(r"\[[^\]]*\]|[^.\[\]]+")
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
_WEIGHT = re.compile(r"[01](\.\d{0,3})?")


RawHeaders = tuple[tuple[bytes, bytes], ...]


class Encoded(ASGIResponse):
    """JSON bytes as an answer, on the shortest way: for hot routes. Header names are in lower case."""

    __slots__ = ("_body", "_start")

    def __init__(self, body: bytes, status: int, headers: RawHeaders) -> None:
        # Not the parent's: what it prepares, cookies and the like, is a third of a hot answer's cost.
        self._start: Any = {"type": "http.response.start", "status": status, "headers": headers}
        self._body: Any = {"type": "http.response.body", "body": body, "more_body": False}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        await send(self._start)
        await send(self._body)


class Reply(msgspec.Struct, frozen=True):
    """An answer, encoded: what an Idempotency-Key stores."""

    status: int
    body: bytes
    headers: dict[str, str] = msgspec.field(default_factory=dict)

    def response(self) -> Response[bytes]:
        return Response(
            self.body, status_code=self.status, headers=self.headers, media_type="application/json"
        )


def respond(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """The value as JSON."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/json",
    )


def _invalid(error: msgspec.ValidationError, kind: Any, whole: str) -> NoReturn:
    text = str(error)
    match = _AT.search(text)
    field = match["path"] if match else ""
    message = text[: match.start()] if match else text
    if (named := _NAMED_FIELD.search(message)) is not None:
        field = f"{field}.{named[2]}".lstrip(".")
        message = "is required" if named[1].startswith("missing") else f"there is no field `{named[2]}`"
    elif message.startswith(("Expected `str", "Invalid enum value", "Invalid value")):
        meant = _meant(kind, field)
        if "matching regex" in message:
            message = meant or "send a text without NUL in it"
        elif meant:
            message = f"{message}; {meant}"
    raise Invalid(
        f"{field or whole}: {message}.",
        errors=[FieldProblem(field, message)],
    ) from None


def _meant(kind: Any, field: str) -> str:
    """What a field takes, in words; nothing where its type has none."""
    at = _alternatives(inspect.type_info(kind))
    for step in _STEP.findall(field):
        at = [inner for found in at for inner in _inside(found, step)]
    for found in at:
        if isinstance(found, inspect.Metadata) and (expected := (found.extra or {}).get("expected")):
            return f"send {expected}"
    values = [str(value) for found in at if isinstance(found, inspect.LiteralType) for value in found.values]
    return f"send one of {', '.join(values)}" if values else ""


def _inside(found: inspect.Type, step: str) -> list[inspect.Type]:
    """The types that a field or the elements of a type can have."""
    if step.startswith("["):
        kinds = [getattr(found, "item_type", None)]
    elif isinstance(found, inspect.StructType) and found.tag_field == step:
        kinds = [inspect.LiteralType((found.tag,))]
    elif isinstance(found, inspect.StructType):
        kinds = [field.type for field in found.fields if field.encode_name == step]
    else:
        kinds = []
    return [one for kind in kinds if kind is not None for one in _alternatives(kind)]


def _alternatives(kind: inspect.Type) -> list[inspect.Type]:
    while isinstance(kind, inspect.Metadata) and "expected" not in (kind.extra or {}):
        kind = kind.type  # a description says nothing of what is expected
    return list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]


async def read_body(request: AnyRequest) -> bytes:
    """The body of a JSON request.

    Raises UnsupportedMedia for a body that says it is something else.
    """
    body = await request.body()
    content_type = request.headers.get("content-type", "")
    media = content_type.partition(";")[0].strip().lower()
    if body and media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMedia("Send the body as JSON, with `Content-Type: application/json`.")
    return body


def decode(body: bytes, kind: type[T]) -> T:
    """The body as a Struct.

    Raises BadRequest `malformed_body` where it is no JSON, Invalid `validation_failed` with the field.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as exc:
        _check_json(body)  # what follows the first field that does not fit has not been read
        _invalid(exc, kind, "the body")
    except _NO_JSON:
        raise _malformed(body) from None


def _check_json(body: bytes) -> None:
    try:
        msgspec.json.decode(body)
    except _NO_JSON:
        raise _malformed(body) from None


def _malformed(body: bytes) -> BadRequest:
    if not body:
        return BadRequest("The body is empty; send JSON (where nothing is meant, the word `null`).")
    return BadRequest("The body is not valid JSON; send one JSON object.")


class _OfRestaurant(msgspec.Struct):
    restaurant_id: UUID


def restaurant_in(body: bytes) -> UUID:
    """The restaurant of a body, before the rest of it is judged: whose it is comes first."""
    return decode(body, _OfRestaurant).restaurant_id


def query(request: AnyRequest, kind: type[T], *, lists: frozenset[str] = frozenset()) -> T:
    """The query string as a Struct; names in `lists` may repeat.

    Raises Invalid for an unknown, repeated or unusable parameter.
    """
    found: T = _query(request.scope["query_string"], cast("Any", kind), lists)
    return found


@lru_cache(maxsize=4_096)
def _query(query_string: bytes, kind: Any, lists: frozenset[str]) -> Any:
    # Screens ask the same again and again, and what is asked is frozen: it is read once.
    values: dict[str, Any] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise Invalid(f"{name}: give it once.", errors=[FieldProblem(name, "given twice")])
        else:
            values[name] = value
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as exc:
        _invalid(exc, kind, "the query")


def header(request: AnyRequest, name: bytes) -> str | None:
    """A header by its lower-case name, without making the whole of them on a hot route."""
    for found, value in request.scope["headers"]:
        if found == name:
            return value.decode("latin-1")
    return None


def bearer(authorization: str) -> str:
    """The token of an Authorization header. Raises Unauthorized where it is of another scheme."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("The Authorization header must read `Bearer` and an access token.")
    return token


@lru_cache(maxsize=1_024)
def accepted(accept: bytes, offered: tuple[str, ...]) -> str | None:
    """The media type of `offered` that an Accept header likes best (RFC 9110, 12.5.1), the first of equals;
    None where it takes none of them."""
    ranges: dict[str, float] = {}
    for part in accept.decode("latin-1").split(","):
        media, *parameters = [piece.strip().lower() for piece in part.split(";")]
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        ranges[media] = float(weight) if _WEIGHT.fullmatch(weight) else 1.0
    best, best_weight = None, 0.0
    for media in offered:
        of_its_kind = f"{media.partition('/')[0]}/*"
        weight_of_it = next((ranges[r] for r in (media, of_its_kind, "*/*") if r in ranges), 0.0)
        if weight_of_it > best_weight:
            best, best_weight = media, weight_of_it
    return best


def idempotency_key(request: AnyRequest) -> str | None:
    """The Idempotency-Key header, without the quotes of a structured string.

    Raises Invalid where it cannot be used as one.
    """
    value = request.headers.get("idempotency-key")
    if value is None:
        return None
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if not _KEY.match(value):
        raise Invalid(
            "Idempotency-Key: send 1 to 255 visible ASCII characters, such as a UUID.",
            errors=[FieldProblem("Idempotency-Key", "1 to 255 visible ASCII characters")],
        )
    return value


def if_match(request: AnyRequest, *, required: bool) -> int | None:
    """The version that If-Match names.

    Raises VersionRequired where it is missing though required, weak, `*`, or no version.
    """
    value = request.headers.get("if-match")
    if value is None and not required:
        return None
    match = re.fullmatch(r'"(\d{1,18})"', (value or "").strip())
    if match is None:
        wrong = (
            "" if value is None else f" {value.strip()[:40]} is no version: no weak tag, no `*`, in quotes."
        )
        raise VersionRequired(
            f'Send the version you have seen: `If-Match: "7"`, as the order\'s ETag gives it.{wrong}'
        )
    return int(match[1])


def request_hash(value: Any) -> bytes:
    """SHA-256 of a request's content: the same whatever the order of its keys or its white space.

    An approver's PIN is no part of it: so few digits would be found again from a hash that is kept.
    """
    approver = getattr(value, "approver", None)
    if approver is not None:
        value = msgspec.structs.replace(value, approver=msgspec.structs.replace(approver, pin=""))
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).digest()


def etag(version: int) -> str:
    return f'"{version}"'


def unchanged(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller has this version: `*` or a list of tags, compared weakly (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip() for tag in if_none_match.split(",")]
    return "*" in tags or etag in [tag.removeprefix("W/") for tag in tags]


def link(request: AnyRequest, rel: str, **changed: Any) -> str:
    """A link (RFC 8288) to the same list with other parameters, relative to this server."""
    return _link(request.scope["path"], request.scope["query_string"], rel, changed)


def _link(path: str, query_string: bytes, rel: str, changed: Mapping[str, Any]) -> str:
    kept = [(n, v) for n, v in parse_qsl(query_string.decode("latin-1")) if n not in changed]
    return f'<{path}?{urlencode([*kept, *changed.items()])}>; rel="{rel}"'


def page_links(request: AnyRequest, page: int, limit: int, total: int) -> dict[str, str]:
    """X-Total-Count and the links of a list in pages."""
    links = _page_links(request.scope["path"], request.scope["query_string"], page, limit, total)
    return {"X-Total-Count": str(total), "Link": links}


@lru_cache(maxsize=4_096)
def _page_links(path: str, query_string: bytes, page: int, limit: int, total: int) -> str:
    last = max(1, -(-total // limit))
    wanted = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
    return ", ".join(
        _link(path, query_string, rel, {"page": n}) for rel, n in wanted.items() if 1 <= n <= last
    )


def utc_now() -> datetime:
    return datetime.now(UTC)
