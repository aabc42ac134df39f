"""The sockets of one process: who may open one, how many there are, their timers and their drain."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from uuid import UUID

from litestar.types import Receive, Scope, Send

from fynlo import metrics, origins
from fynlo.errors import (
    PROBLEM_JSON,
    BadRequest,
    FynloError,
    NotFound,
    Unavailable,
    problem,
)
from fynlo.ids import uuid7

from .connection import Connection
from .hub import Hub
from .messages import encode
from .protocol import CLOSE_WITHIN_S, RESTART, TOO_MANY, Identify, Limits, Refused

TICK_S = 0.5
SPREAD_MS = 3_000  # over which clients are asked to come back after a drain

_PATH = re.compile(
    r"/api/v1/websocket/ws/(?P<kind>pos|kitchen)/(?P<restaurant>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})/?"
)


class Sockets:
    """An ASGI application for websockets only."""

    def __init__(
        self, hub: Hub, identify: Identify, *, allowed_origins: Collection[str], limits: Limits | None = None
    ) -> None:
        self._hub = hub
        self._identify = identify
        self._allowed_origins = frozenset(allowed_origins)
        self._limits = limits or Limits()
        self._connections: set[Connection] = set()
        self._unauthenticated: Counter[str] = Counter()
        self._per_user: Counter[UUID] = Counter()
        self._per_restaurant: Counter[UUID] = Counter()
        self._rechecks: set[asyncio.Task[None]] = set()
        self._draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            kind, restaurant_id, address = self._judge(scope)
        except FynloError as error:
            await _deny(scope, receive, send, error)
            return
        await receive()  # websocket.connect
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        if self._draining:  # since it was let in
            await send({"type": "websocket.close", "code": RESTART, "reason": ""})
            return
        if self._unauthenticated[address] >= self._limits.unauthenticated_per_address:
            await send({"type": "websocket.close", "code": TOO_MANY, "reason": ""})
            return
        connection = Connection(
            receive,
            send,
            hub=self._hub,
            identify=self._identify,
            admit=self._admit,
            restaurant_id=restaurant_id,
            kind=kind,
            address=address,
        )
        await self._serve(connection)

    async def _serve(self, connection: Connection) -> None:
        self._connections.add(connection)
        self._unauthenticated[connection.address] += 1
        metrics.sockets.inc()
        metrics.sockets_opened.inc()
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            metrics.sockets.dec()
            if connection.viewer is None:
                _less(self._unauthenticated, connection.address)
            else:
                _less(self._per_user, connection.viewer.user_id)
                _less(self._per_restaurant, connection.restaurant_id)

    # -- who may open one

    def _judge(self, scope: Any) -> tuple[str, UUID, str]:
        """Before the upgrade. Raises what it is refused with."""
        match = _PATH.fullmatch(scope["path"])
        if match is None:
            raise NotFound("There is no socket at this address; see /schema for the two that there are.")
        if b"token" in scope.get("query_string", b"").lower():
            raise BadRequest("No token in the address: send it in the first message, after the upgrade.")
        self._check_origin(scope)
        if self._draining:
            raise Unavailable("The server is going away; connect again in a moment.")
        client = scope.get("client")
        return match["kind"], UUID(match["restaurant"]), client[0] if client else "unknown"

    def _check_origin(self, scope: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origins.check(
            headers.get(b"origin"), headers.get(b"host", ""), scope.get("scheme", "ws"), self._allowed_origins
        )

    @property
    def connections(self) -> Collection[Connection]:
        return self._connections

    def _admit(self, connection: Connection) -> None:
        """It is known now who it is: count it there. Raises Refused with 4009 where there are too many."""
        assert connection.viewer is not None
        user_id, restaurant_id = connection.viewer.user_id, connection.restaurant_id
        if self._per_user[user_id] >= self._limits.per_user:
            raise Refused(TOO_MANY, "too_many_connections", "This person has too many screens open.")
        if self._per_restaurant[restaurant_id] >= self._limits.per_restaurant:
            raise Refused(TOO_MANY, "too_many_connections", "This restaurant has too many screens open.")
        _less(self._unauthenticated, connection.address)
        self._per_user[user_id] += 1
        self._per_restaurant[restaurant_id] += 1

    # -- all of them

    async def run_timers(self) -> None:
        """The one wheel for every connection's timers, until cancelled."""
        while True:
            now, wall = time.monotonic(), time.time()
            for connection in tuple(self._connections):
                connection.tick(now, wall)
            await asyncio.sleep(TICK_S)

    def recheck(self, concerns: Callable[[Connection], bool] = lambda _connection: True) -> None:
        """Ask anew whether those connections may stay."""
        for connection in tuple(self._connections):
            if connection.viewer is not None and concerns(connection):
                task = asyncio.create_task(connection.recheck())
                self._rechecks.add(task)
                task.add_done_callback(self._rechecks.discard)

    async def drain(self, within_s: float) -> None:
        """Refuse upgrades, and send every client away with 1012 and a delay of its own."""
        self._draining = True
        leaving = tuple(self._connections)
        delays = [500 + SPREAD_MS * place // max(1, len(leaving)) for place in range(len(leaving))]
        random.shuffle(delays)
        for connection, delay in zip(leaving, delays, strict=True):
            connection.end(RESTART, encode("going_away", retry_after_ms=delay))
        waiting = [asyncio.ensure_future(connection.done.wait()) for connection in leaving]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=max(within_s, CLOSE_WITHIN_S))
            for task in late:
                task.cancel()


def _less(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


async def _deny(
    scope: Any, receive: Receive, send: Callable[[Any], Awaitable[None]], error: FynloError
) -> None:
    """Refuse the upgrade with an HTTP answer (ASGI's denial response), else with a bare 403."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    body = problem(error, str(uuid7()))
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    headers += [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
