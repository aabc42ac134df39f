"""What can go wrong between a client and a Fynlo server.

ClientError
 ├─ ProblemError    the server answered, and refused; `code` says why
 ├─ Unreachable     no answer: refused, reset, timed out
 ├─ BadAnswer       an answer that this client cannot read
 ├─ NotLoggedIn     there is no token to send: log in first
 ├─ PairingEnded    the code of a device was denied or has expired
 └─ FeedStopped     the feed ended for a reason that retrying does not mend
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx
import msgspec
from msgspec import Struct

from fynlo.client.orders import Order


class ClientError(Exception):
    """Anything this client raises on its own account."""


class Unreachable(ClientError):
    """No answer came: the connection failed or the time was up. A write may or may not have happened."""


class BadAnswer(ClientError):
    """The server answered with something other than its contract says."""


class NotLoggedIn(ClientError):
    """No token is at hand, and none can be had without logging in."""


class PairingEnded(ClientError):
    """The code of a device gives no tokens any more: begin anew."""

    def __init__(self, reason: Literal["access_denied", "expired_token"], detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class FeedStopped(ClientError):
    """The feed ended before it was connected; `reason` is that of `events.Stopped`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class FieldError(Struct, frozen=True):
    """One field that the server did not accept; `field` is a path such as `items.0.quantity`."""

    field: str = ""
    message: str = ""


class ProblemError(ClientError):
    """The server refused (RFC 9457 problem details).

    status       HTTP status
    code         what to switch on, such as `out_of_stock`; `http_502` if it was no problem document
    detail       one sentence for people that says what to do
    errors       the fields at fault, for `validation_failed`
    request_id   what to quote to whoever runs the server; None if it was not told
    retry_after  seconds to wait before another try, None if it was not told
    current      with `version_conflict`: the order as it is now
    body         the answer as it came, for members that only one code has
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
        current: Order | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.request_id = request_id
        self.retry_after = retry_after
        self.current = current
        self.body = body


class _Problem(Struct):
    code: str
    title: str = ""
    detail: str = ""
    request_id: str | None = None
    errors: tuple[FieldError, ...] = ()
    current: msgspec.Raw = msgspec.Raw(b"")


def problem_from(response: httpx.Response) -> ProblemError:
    """The refusal that a response is, whoever wrote it: the server, or a proxy on the way."""
    request_id = response.headers.get("x-request-id")
    retry_after = _seconds(response.headers.get("retry-after"))
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.MsgspecError:
        return ProblemError(
            response.status_code,
            f"http_{response.status_code}",
            response.reason_phrase or "The server refused.",
            request_id=request_id,
            retry_after=retry_after,
            body=response.content,
        )
    return ProblemError(
        response.status_code,
        problem.code,
        problem.detail or problem.title,
        errors=problem.errors,
        request_id=problem.request_id or request_id,
        retry_after=retry_after,
        current=_order(problem.current),
        body=response.content,
    )


def _order(raw: msgspec.Raw) -> Order | None:
    try:
        return msgspec.json.decode(raw, type=Order)
    except msgspec.MsgspecError:
        return None


def _seconds(value: str | None) -> float | None:
    """Retry-After, which is seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        if value.isascii() and value.isdigit():
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
