"""The one converter from whatever went wrong to RFC 9457 `application/problem+json`."""

from collections.abc import Mapping

import psycopg
import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from fynlo.context import context_of
from fynlo.errors import PROBLEM_JSON, FynloError, Unavailable, encode_problem, problem
from fynlo.http import AnyRequest

log = structlog.get_logger(__name__)

# What the framework refuses before a handler of ours is reached.
_FRAMEWORK: Mapping[int, tuple[str, str]] = {
    400: ("malformed_body", "The request could not be read; check its body and its parameters."),
    404: ("not_found", "There is nothing at this address; /schema lists what there is."),
    405: ("method_not_allowed", "This address takes other methods; they are in the Allow header."),
    413: ("too_large", "The body is too large; send less at once."),
    415: ("unsupported_media_type", "Send the body as JSON, with `Content-Type: application/json`."),
}


def _response(status: int, body: bytes, headers: Mapping[str, str]) -> Response[bytes]:
    return Response(body, status_code=status, headers=dict(headers), media_type=PROBLEM_JSON)


def of_ours(request: AnyRequest, error: FynloError) -> Response[bytes]:
    """A domain error."""
    return _response(error.status, problem(error, context_of(request.scope).request_id), error.headers)


def of_the_framework(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What Litestar refuses: no such route, no such method, too large a body."""
    if error.status_code not in _FRAMEWORK:
        return unexpected(request, error)
    code, detail = _FRAMEWORK[error.status_code]
    body = encode_problem(error.status_code, code, detail, context_of(request.scope).request_id)
    headers = {name.title(): value for name, value in (error.headers or {}).items()}
    return _response(error.status_code, body, headers)


def unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A bug of ours: logged in full, told in one sentence."""
    request_id = context_of(request.scope).request_id
    log.error(
        "request_failed", request_id=request_id, method=request.method, path=request.url.path, exc_info=error
    )
    return _response(500, internal(request_id), {})


def internal(request_id: str) -> bytes:
    """The body of a 500: it says nothing of what went wrong inside."""
    return encode_problem(
        500,
        "internal_error",
        "Something went wrong on our side. Send the same request again, under the same Idempotency-Key, and "
        "name this request id when you report it.",
        request_id,
    )


def rolled_back(request: AnyRequest, error: psycopg.Error) -> Response[bytes]:
    """Postgres chose this transaction of two that waited for each other: nothing of it was done."""
    log.warning("rolled_back", path=request.url.path, error=str(error).strip())
    return of_ours(
        request, Unavailable("Others were changing the same; send the same request again in a second.")
    )


HANDLERS = {
    FynloError: of_ours,
    HTTPException: of_the_framework,
    psycopg.errors.DeadlockDetected: rolled_back,
    psycopg.errors.SerializationFailure: rolled_back,
    Exception: unexpected,
}
