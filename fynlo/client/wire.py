"""HTTP to one server: a single exchange, and when a failed one deserves another try.

Three tries at most. Between them min(1 s · 2ⁿ, 10 s), or what Retry-After asks. Another try is for what
passes by itself: no answer, 429, 502, 503, 504 and 409 `idempotency_in_flight`; no other refusal changes by
asking again. Whether a request may be sent twice at all is the caller's to know: reads, and writes under an
Idempotency-Key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx
from msgspec import Struct

from fynlo.client.errors import ClientError, ProblemError, Unreachable, problem_from

API = "/api/v1"
TIMEOUT = 15.0
TRIES = 3
LONGEST_RETRY_AFTER = 60.0
"""Seconds; who is asked to wait longer is told so at once (`ProblemError.retry_after`) instead of hanging."""

Params = Mapping[str, str | int | Sequence[str]]
Sleep = Callable[[float], Awaitable[None]]


class Exchange(Struct, frozen=True):
    """One request and what came of it, for whoever counts: every try is one. `status` None: no answer."""

    method: str
    path: str
    status: int | None
    code: str | None
    seconds: float
    replayed: bool


def backoff(n: int) -> float:
    """Seconds to wait after the n-th failure, counted from 0."""
    return float(min(2**n, 10))


def wait_before_retry(error: ClientError, n: int) -> float | None:
    """Seconds until another try makes sense after the n-th failure; None if it would not help."""
    if isinstance(error, Unreachable):
        return backoff(n)
    if not isinstance(error, ProblemError):
        return None
    if error.status not in (429, 502, 503, 504) and (error.status, error.code) != (
        409,
        "idempotency_in_flight",
    ):
        return None
    if error.retry_after is None:
        return backoff(n)
    return error.retry_after if error.retry_after <= LONGEST_RETRY_AFTER else None


class Wire:
    """Sends requests to the server at `url` (scheme, host, port), without any thought of who is logged in."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep = asyncio.sleep,
        observe: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.sleep = sleep
        self._observe = observe
        self._http = httpx.AsyncClient(transport=transport, timeout=TIMEOUT)

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | httpx.QueryParams | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> httpx.Response:
        """One exchange within `timeout` seconds, from connecting to the last byte.

        Answers with a 2xx or a 304. Raises ProblemError for any other answer, Unreachable for none.
        """
        sent = {"accept": "application/json", **(headers or {})}
        if body is not None:
            sent["content-type"] = "application/json"
        began = time.perf_counter()
        response = None
        failure: ClientError | None = None
        try:
            async with asyncio.timeout(timeout):
                response = await self._http.request(
                    method, f"{self.url}{API}{path}", params=params, content=body, headers=sent
                )
        except (httpx.RequestError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{method} {path} got no answer from {self.url}: {reason}") from error
        else:
            if not response.is_success and response.status_code != httpx.codes.NOT_MODIFIED:
                failure = problem_from(response)
                raise failure
            return response
        finally:
            if self._observe is not None:
                self._observe(
                    Exchange(
                        method=method,
                        path=path,
                        status=response.status_code if response is not None else None,
                        code=failure.code if isinstance(failure, ProblemError) else None,
                        seconds=time.perf_counter() - began,
                        replayed=response is not None
                        and response.headers.get("idempotent-replayed") == "true",
                    )
                )

    async def retrying(self, attempt: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """Tries `attempt` as often as its failures deserve; raises the last failure."""
        for n in range(TRIES):
            try:
                return await attempt()
            except ClientError as error:
                wait = wait_before_retry(error, n)
                if wait is None or n == TRIES - 1:
                    raise
            await self.sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()
