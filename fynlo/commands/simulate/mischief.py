"""A bad network, made on purpose: requests that arrive twice, and answers that never do."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import Any

import httpx
import msgspec
from msgspec import Raw, Struct

from fynlo.client.errors import problem_from
from fynlo.client.wire import TRIES, wait_before_retry

from .figures import Figures

KEY = "idempotency-key"
REPLAYED = "idempotent-replayed"
UNKEPT = ("/orders/preview",)
"""It changes nothing, and nothing is kept of it under its key."""

MOST_LOSSES = TRIES - 1
"""Of the answers under one key: the client's last try gets one."""


class _Result(Struct):
    key: str
    status: int
    body: Raw
    replayed: bool = False


class Mischief(httpx.AsyncBaseTransport):
    """Sends a share of the requests under a key twice, one after the other or at once, and wants the first answer byte
    for byte; and breaks the connection under a share of the answers, which the client then asks for again.

    `problems` is where it says what came back otherwise. `over` ends it.
    """

    def __init__(
        self,
        *,
        duplicates: float,
        losses: float,
        seed: int,
        figures: Figures,
        problems: list[str],
        network: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.over = False
        self._duplicates = duplicates
        self._losses = losses
        self._rng = Random(f"{seed}:network")  # noqa: S311 - a service to repeat, not a secret
        self._figures = figures
        self._problems = problems
        self._lost: Counter[str] = Counter()
        self._network = network or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.over or KEY not in request.headers or request.url.path.endswith(UNKEPT):
            return await self._network.handle_async_request(request)
        key = request.headers[KEY]
        if self._lost[key] < MOST_LOSSES and self._rng.random() < self._losses:
            self._lost[key] += 1
            response = await self._network.handle_async_request(request)
            await response.aclose()  # unread: the connection is closed
            self._figures.lose()
            raise httpx.ReadError("the answer was dropped on purpose", request=request)
        if self._rng.random() < self._duplicates:
            return await self._twice(request, at_once=self._rng.random() < 0.5)
        return await self._network.handle_async_request(request)

    async def _twice(self, request: httpx.Request, *, at_once: bool) -> httpx.Response:
        self._figures.duplicates += 1
        if at_once:
            first, again = await asyncio.gather(self._read(request), self._read(request))
            if first.headers.get(REPLAYED):
                first, again = again, first
        else:
            first = await self._read(request)
            if not first.is_success:
                return first
            again = await self._read(request)
        if not first.is_success:
            first, again = again, first
        if first.is_success:
            self._compare(request, first, again)
        return first

    async def _read(self, request: httpx.Request) -> httpx.Response:
        response = await self._network.handle_async_request(request)
        await response.aread()
        return response

    def _compare(self, request: httpx.Request, first: httpx.Response, again: httpx.Response) -> None:
        what = f"{request.method} {request.url.path}"
        if not again.is_success:
            refusal = problem_from(again)
            passes = (
                again.status_code == httpx.codes.UNAUTHORIZED or wait_before_retry(refusal, 0) is not None
            )
            if not passes:
                self._problems.append(
                    f"{what}: sent again under the same key, it was refused: {refusal.code}"
                )
            return
        if request.url.path.endswith("/orders/batch"):
            same = _done(first) == _done(again)
        else:
            same = (first.status_code, first.content) == (again.status_code, again.content)
            if not again.headers.get(REPLAYED):
                self._problems.append(f"{what}: sent twice under one key, it was done twice")
        if not same:
            self._problems.append(f"{what}: sent again under the same key, it answered something else")

    async def aclose(self) -> None:
        await self._network.aclose()


def _done(response: httpx.Response) -> list[tuple[str, Any]]:
    results = msgspec.json.decode(response.content, type=list[_Result])
    return [(r.key, bytes(r.body)) for r in results if r.status < httpx.codes.BAD_REQUEST]
