"""What can go wrong, as one tree; each error knows its status, code and sentence.

FynloError
├── BadRequest 400          malformed_body, idempotency_key_required
│   └── GrantRefused 400    authorization_pending, slow_down, access_denied, expired_token, invalid_grant
├── Unauthorized 401        unauthorized, invalid_credentials, refresh_reused, …
├── Forbidden 403           forbidden, approval_required, approval_refused
├── NotFound 404            not_found
├── NotAcceptable 406 · RequestTimeout 408 · UnsupportedMedia 415
├── Conflict 409            id_conflict, invalid_transition, order_closed, out_of_stock, shift_closed, …
├── Gone 410                events_gone
├── VersionConflict 412     version_conflict, with the order as it is under `current`
├── Invalid 422             validation_failed, modifier_selection, overpayment, idempotency_mismatch, …
├── VersionRequired 428     version_required
├── TooMany 429             too_many_requests
└── Unavailable 503         unavailable, with Retry-After

Domain code raises them where the rule is; `problem()` turns each into RFC 9457 `application/problem+json`.
"""

from collections.abc import Mapping, Sequence

import msgspec

PROBLEM_JSON = "application/problem+json"

TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Too slow",
    409: "Conflict",
    410: "No longer kept",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid content",
    424: "Failed before",
    428: "Version required",
    429: "Too many requests",
    500: "Unexpected failure",
    503: "Unavailable",
}


class FieldProblem(msgspec.Struct, frozen=True):
    """One field that cannot be used: its path in the body (`items[0].quantity`) and why."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details, as sent.

    code     for programs: each operation names its own
    detail   one sentence for people that says what to do
    current  what the caller has not seen yet, as it is now: with a 412 the order
    error    OAuth's, where a device asks for its token
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldProblem, ...] = ()
    current: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: str = ""


class FynloError(Exception):
    """The root: `detail` is one plain sentence that says what to do."""

    status = 500
    code = "internal_error"
    error = ""

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
        current: bytes = b"",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.current = current


class BadRequest(FynloError):
    status, code = 400, "malformed_body"


class GrantRefused(BadRequest):
    """A device's code gives no token (yet): the problem's `error` is OAuth's (RFC 6749, 5.2; RFC 8628, 3.5)."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail, code=error)
        self.error = error


class Unauthorized(FynloError):
    """Carries `WWW-Authenticate` (RFC 9110, RFC 6750)."""

    status, code = 401, "unauthorized"

    def __init__(
        self, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            detail, code=code, headers={"WWW-Authenticate": 'Bearer realm="fynlo"', **(headers or {})}
        )


class Forbidden(FynloError):
    status, code = 403, "forbidden"


class NotFound(FynloError):
    """Absent, or another tenant's: nobody learns which."""

    status, code = 404, "not_found"


class NotAcceptable(FynloError):
    status, code = 406, "not_acceptable"


class RequestTimeout(FynloError):
    """The connection is of no more use: what is still missing of the body would be read as a request."""

    status, code = 408, "request_timeout"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class Conflict(FynloError):
    status, code = 409, "conflict"


class Gone(FynloError):
    """It was there, and is not kept any more."""

    status, code = 410, "events_gone"


class VersionConflict(FynloError):
    status, code = 412, "version_conflict"


class UnsupportedMedia(FynloError):
    status, code = 415, "unsupported_media_type"


class Invalid(FynloError):
    status, code = 422, "validation_failed"

    @classmethod
    def of(cls, field: str, message: str, *, code: str | None = None) -> "Invalid":
        """One field cannot be used; the message says why, without a full stop."""
        return cls(f"{field}: {message}.", code=code, errors=[FieldProblem(field, message)])


class VersionRequired(FynloError):
    status, code = 428, "version_required"


class TooMany(FynloError):
    status, code = 429, "too_many_requests"

    def __init__(self, detail: str, *, retry_after_s: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s), **(headers or {})})


class Unavailable(FynloError):
    status, code = 503, "unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


def problem(error: FynloError, request_id: str) -> bytes:
    """The error as encoded problem+json."""
    return encode_problem(
        error.status,
        error.code,
        error.detail,
        request_id,
        errors=error.errors,
        current=error.current,
        error=error.error,
    )


def encode_problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: tuple[FieldProblem, ...] = (),
    current: bytes = b"",
    error: str = "",
) -> bytes:
    """Encoded problem+json for any status."""
    return msgspec.json.encode(
        Problem(
            type=f"/problems/{code}",
            title=TITLES.get(status, "Problem"),
            status=status,
            detail=detail,
            code=code,
            request_id=request_id,
            errors=errors,
            current=msgspec.Raw(current) if current else msgspec.UNSET,
            error=error,
        )
    )
