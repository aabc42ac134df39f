"""The outermost layer, plain ASGI: request ids, who is asking and from where, shedding and rates, what every
answer carries, figures, and the last word on errors.

What stands under /api/v1 needs a token unless its path was declared public, so a handler cannot forget it.
A token that was checked once is remembered, which is why this costs next to nothing on a hot route.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

import structlog
from litestar.types import ASGIApp, HTTPSendMessage, Message, Receive, Scope, Send
from msgspec import Struct
from prometheus_client import Histogram

from fynlo import metrics
from fynlo.context import Context
from fynlo.errors import (
    PROBLEM_JSON,
    FynloError,
    NotAcceptable,
    RequestTimeout,
    Unauthorized,
    Unavailable,
    problem,
)
from fynlo.http import accepted, bearer
from fynlo.identity.models import Principal
from fynlo.ids import uuid7_text
from fynlo.limiting import Rate
from fynlo.origins import Cors, RawHeaders
from fynlo.problems import internal
from fynlo.proxies import Proxies, site

log = structlog.get_logger(__name__)

API = "/api/v1/"
SLOW_S = 1.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READ_ON_S = 1.0
READ_ON_BYTES = 16 * 1_048_576
_JSON = ("application/json", PROBLEM_JSON)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{8,128}")

# On every answer, by whether it goes out over TLS.
_ALWAYS: dict[bool, RawHeaders] = {
    False: ((b"x-content-type-options", b"nosniff"),),
    True: (
        (b"x-content-type-options", b"nosniff"),
        (b"strict-transport-security", b"max-age=31536000"),
    ),
}
_OVER_TLS = {"http": "ws", "https": "wss"}

Authenticate = Callable[[str], Awaitable[Principal]]


class Rates(Struct, frozen=True):
    """What is too much: for a person, for a restaurant, and for an address whose caller is not known yet."""

    person: Rate
    restaurant: Rate
    address: Rate


@lru_cache(maxsize=4_096)
def _timer(method: str, route: str, status: int) -> Histogram:
    return metrics.requests.labels(method, route, status)


class Edge:
    """The whole server as one ASGI application: HTTP goes to `app`, sockets to `sockets`.

    `media` names the paths that answer in other media types than JSON, too, as the routes declare them.
    """

    def __init__(
        self,
        app: ASGIApp,
        sockets: ASGIApp,
        *,
        authenticate: Authenticate,
        public: Collection[str],
        media: Mapping[str, tuple[str, ...]],
        max_in_flight: int,
        body_within_s: float,
        rates: Rates,
        proxies: Proxies,
        cors: Cors,
    ) -> None:
        self._app = app
        self._sockets = sockets
        self._authenticate = authenticate
        self._public = frozenset(public)
        self._media = [(_matching(path), (*_JSON, *others)) for path, others in media.items()]
        self._max_in_flight = max_in_flight
        self._body_within_s = body_within_s
        self._rates = rates
        self._proxies = proxies
        self._cors = cors
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]
        if self._proxies and kind != "lifespan":
            self._see_through(scope)
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket":
            await self._sockets(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _see_through(self, scope: Any) -> None:
        """Let the rest of the server see the client where the peer is a proxy that is trusted."""
        peer = scope.get("client")
        if not peer:
            return
        found = self._proxies.client(peer[0], scope["headers"])
        if found.address != peer[0]:
            scope["client"] = (found.address, 0)
        if found.scheme is not None:
            scope["scheme"] = found.scheme if scope["type"] == "http" else _OVER_TLS[found.scheme]
        if found.host is not None:
            others = [header for header in scope["headers"] if header[0] != b"host"]
            scope["headers"] = [*others, (b"host", found.host.encode())]

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        given = dict(scope["headers"])
        usable = _REQUEST_ID.fullmatch(given.get(b"x-request-id", b""))
        name = usable[0].decode() if usable else uuid7_text()
        client = scope.get("client")
        context = Context(name, client[0] if client else "unknown", None, self._rates.restaurant, began)
        scope["state"] = {"context": context}
        added = ((b"x-request-id", name.encode()), *_ALWAYS[scope["scheme"] == "https"])
        if self._cors:
            added += self._cors.answer(given.get(b"origin"))
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 413:
                    await _read_on(receive)
                message["headers"] = [*message["headers"], *added]
            await send(message)

        self._in_flight += 1
        metrics.in_flight.inc()
        try:
            if scope["method"] == "OPTIONS" and b"access-control-request-method" in given and self._cors:
                await _allow(answer, self._cors.preflight(given.get(b"origin")))
                return
            if (left := await self._admit(scope, context, given)) is not None:
                added += _raw(left)
            has_body = b"transfer-encoding" in given or given.get(b"content-length", b"0") != b"0"
            taken = _in_time(receive, self._body_within_s) if has_body else receive
            await self._app(scope, taken, answer)
        except FynloError as error:
            await _refuse(answer, error.status, problem(error, context.request_id), error.headers)
        except Exception as error:
            log.error("request_failed", request_id=context.request_id, path=scope["path"], exc_info=error)
            if status == 0:
                await _refuse(answer, 500, internal(context.request_id), {})
        finally:
            self._in_flight -= 1
            metrics.in_flight.dec()
            seconds = time.perf_counter() - began
            route = scope.get("path_template") or "none"
            _timer(scope["method"] if scope["method"] in _METHODS else "other", route, status).observe(
                seconds
            )
            if seconds > SLOW_S:
                log.warning(
                    "slow_request", request_id=context.request_id, route=route, status=status, seconds=seconds
                )

    async def _admit(self, scope: Any, context: Context, given: dict[bytes, bytes]) -> dict[str, str] | None:
        """Let the request in. Returns what the answer shall say of the caller's rate, where it is worth saying.

        Raises what the request is refused with.
        """
        path: str = scope["path"]
        if not path.startswith(API):
            return None
        if self._in_flight > self._max_in_flight:
            metrics.shed.inc()
            raise Unavailable("The server is busy; send the same request again in a second.")
        if path in self._public:
            left = self._rates.address.take(site(context.address), context.began)
        else:
            context.principal = principal = await self._authenticate(_token(given.get(b"authorization")))
            left = self._rates.person.take(principal.user.id, context.began)
        accept = given.get(b"accept")
        if accept is not None and accepted(accept, _JSON) is None:
            offered = next((media for matching, media in self._media if matching.fullmatch(path)), _JSON)
            if accepted(accept, offered) is None:
                told = " or ".join(media for media in offered if media != PROBLEM_JSON)
                raise NotAcceptable(f"This address answers in {told}; send `Accept: {offered[0]}`.")
        return left


def _matching(template: str) -> re.Pattern[str]:
    """What the paths of a route look like: `/orders/{order_id:uuid}/receipt` has anything for its parameter."""
    parts = ["[^/]+" if part.startswith("{") else re.escape(part) for part in template.rstrip("/").split("/")]
    return re.compile("/".join(parts) + "/?")


def _token(authorization: bytes | None) -> str:
    if authorization is None:
        raise Unauthorized("Send an access token: `Authorization: Bearer …`, from POST /api/v1/auth/login.")
    return bearer(authorization.decode("latin-1"))


def _in_time(receive: Receive, within_s: float) -> Receive:
    """`receive`, raising RequestTimeout while the body is not there in time: a client that vanished halfway
    must not hold its place among the requests in flight."""
    deadline = asyncio.get_running_loop().time() + within_s
    whole = False

    async def take() -> Any:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message: Any = await receive()
        except TimeoutError:
            raise RequestTimeout(
                f"The body was not there after {within_s:.0f} s; send the same request again."
            ) from None
        whole = not message.get("more_body")
        return message

    return take


async def _read_on(receive: Receive) -> None:
    """Take what a client still sends, within limits: one that is cut off while sending reads no answer."""
    read = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READ_ON_S):
            while read < READ_ON_BYTES:
                message: Any = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                read += len(message["body"])


async def _allow(send: Callable[[HTTPSendMessage], Awaitable[None]], headers: RawHeaders) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


async def _refuse(
    send: Callable[[HTTPSendMessage], Awaitable[None]], status: int, body: bytes, headers: dict[str, str]
) -> None:
    raw = ((b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": (*_raw(headers), *raw)})
    await send({"type": "http.response.body", "body": body, "more_body": False})
