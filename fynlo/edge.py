"""The outermost layer, plain ASGI: request ids, who is asking, shedding, figures, and the last word on errors.

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
from prometheus_client import Histogram

from fynlo import metrics
from fynlo.context import Context, context_of
from fynlo.errors import PROBLEM_JSON, FynloError, NotAcceptable, Unauthorized, Unavailable, problem
from fynlo.http import accepted
from fynlo.identity.models import Principal
from fynlo.ids import uuid7
from fynlo.problems import internal

log = structlog.get_logger(__name__)

API = "/api/v1/"
SLOW_S = 1.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READ_ON_S = 1.0
READ_ON_BYTES = 16 * 1_048_576
_JSON = ("application/json", PROBLEM_JSON)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{8,128}")

Authenticate = Callable[[str], Awaitable[Principal]]


@lru_cache(maxsize=4_096)
def _timer(method: str, route: str, status: int) -> Histogram:
    return metrics.requests.labels(method, route, status)


class Edge:
    """The whole server as one ASGI application: HTTP goes to `app`, sockets to `sockets`.

    `media` names the paths that answer in other media types than JSON, too.
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
    ) -> None:
        self._app = app
        self._sockets = sockets
        self._authenticate = authenticate
        self._public = frozenset(public)
        self._media = {path: (*_JSON, *others) for path, others in media.items()}
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket":
            await self._sockets(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        authorization = accept = request_id = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"accept":
                accept = value
            elif name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                request_id = value.decode()
        client = scope.get("client")
        context = Context(request_id or str(uuid7()), client[0] if client else "unknown")
        scope["state"] = {"context": context}
        id_header = (b"x-request-id", context.request_id.encode())
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 413:
                    await _read_on(receive)
                message["headers"] = [*message["headers"], id_header]
            await send(message)

        self._in_flight += 1
        metrics.in_flight.inc()
        try:
            await self._admit(scope, authorization, accept)
            await self._app(scope, receive, answer)
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

    async def _admit(self, scope: Any, authorization: bytes | None, accept: bytes | None) -> None:
        """Let the request in. Raises what it is refused with."""
        path: str = scope["path"]
        if not path.startswith(API):
            return
        if self._in_flight > self._max_in_flight:
            metrics.shed.inc()
            raise Unavailable("The server is busy; send the same request again in a second.")
        if path not in self._public:
            context_of(scope).principal = await self._authenticate(_bearer(authorization))
        if accept is not None and accepted(accept, self._media.get(path, _JSON)) is None:
            raise NotAcceptable("This address answers in JSON; send `Accept: application/json`.")


def _bearer(authorization: bytes | None) -> str:
    if authorization is None:
        raise Unauthorized("Send an access token: `Authorization: Bearer …`, from POST /api/v1/auth/login.")
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("The Authorization header must read `Bearer` and an access token.")
    return token.strip()


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


async def _refuse(
    send: Callable[[HTTPSendMessage], Awaitable[None]], status: int, body: bytes, headers: dict[str, str]
) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw += [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})
