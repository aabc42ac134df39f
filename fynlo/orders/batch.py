"""A tablet's offline queue: requests about orders and payments, applied one after the other.

Each is a request of its own, in a transaction of its own and under an Idempotency-Key of its own, so the whole
can be sent again after whatever happened: what was done answers as it did, what was not is tried.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from fynlo.errors import FieldProblem, Invalid, encode_problem
from fynlo.http import form
from fynlo.inside import Answer

N = TypeVar("N")

MOST = 200
BEGINS_WITHIN_S = 10.0  # a client waits 15 s for an answer, and the last operation takes a moment, too
PREFIX = "/api/v1"

_ID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_PATH = re.compile(rf"(?:{PREFIX})?/(orders|payments)(?:/({_ID})((?:/[A-Za-z0-9-]+)*))?")
_VERSION = re.compile(r'"(\d{1,18})"')


class BatchOperation(Struct, frozen=True, forbid_unknown_fields=True):
    """One request. `key` is its Idempotency-Key; `path` is of an order or a payment, with or without /api/v1;
    without `body` it has none.

    What needs an If-Match has either `after`, the key of an earlier operation on the same order: the version
    that came of that; or `if_match`, a version that was seen before.
    """

    key: Annotated[str, form(r"^[\x21-\x7e]{1,255}\Z", "1 to 255 visible ASCII characters")]
    method: Literal["POST", "PUT", "PATCH"]
    path: Annotated[str, Meta(max_length=300)]
    body: Raw | UnsetType = UNSET
    after: str | None = None
    if_match: Annotated[int, Meta(ge=1)] | None = None

    @property
    def content(self) -> bytes:
        """The body of the request."""
        return b"" if self.body is UNSET else bytes(self.body)


class Batch(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/batch."""

    restaurant_id: UUID
    operations: Annotated[tuple[BatchOperation, ...], Meta(max_length=MOST)]


class BatchResult(Struct, frozen=True):
    """What one operation was answered: a resource or a problem. `version` is that of its order as it came out,
    for an If-Match; `replayed` where it had been done before."""

    key: str
    status: int
    body: Raw
    version: int | None = None
    replayed: bool = False


class Made(Struct, frozen=True):
    """What an operation makes under an id of the client's own, so that it is done once by whomever it is sent: the
    log has it under `id`; lines are on an order, of which one is `line`."""

    id: UUID
    line: UUID | None = None


class Place(Struct, frozen=True):
    """Where an operation goes."""

    path: str
    order_id: UUID | None = None
    payment_id: UUID | None = None
    makes_payment: UUID | None = None
    merges: UUID | None = None
    made: Made | None = None


class _Named(Struct):
    """What a body may name that says which order it is about."""

    id: UUID | None = None
    order_id: UUID | None = None


class _Line(Struct):
    id: UUID | None = None


class _Lines(Struct):
    """The lines that a body may add."""

    items: list[_Line] = []


def place(operation: BatchOperation) -> Place | None:
    """Where an operation goes; None where a batch does not go."""
    match = _PATH.fullmatch(operation.path)
    if match is None or (match[2] is None and (match[1], operation.method) != ("orders", "POST")):
        return None
    path = PREFIX + operation.path.removeprefix(PREFIX)
    if match[2] is None:
        order_id = _named(operation, _Named).id
        return Place(path, order_id=order_id, made=_made(order_id))
    subject, action = UUID(match[2]), match[3]
    if match[1] == "payments":
        made = subject if action == "/capture" else None
        if action == "/refunds":
            made = _named(operation, _Named).id
        return Place(path, payment_id=subject, made=_made(made))
    if action == "/payments":
        payment_id = _named(operation, _Named).id
        return Place(path, order_id=subject, makes_payment=payment_id, made=_made(payment_id))
    if action == "/merge":
        return Place(path, order_id=subject, merges=_named(operation, _Named).order_id)
    if action == "/items":
        line = next((item.id for item in _named(operation, _Lines).items if item.id is not None), None)
        return Place(path, order_id=subject, made=Made(subject, line) if line is not None else None)
    return Place(path, order_id=subject)


def _made(id: UUID | None) -> Made | None:
    return Made(id) if id is not None else None


def _named(operation: BatchOperation, kind: type[N]) -> N:
    try:
        return msgspec.json.decode(operation.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return kind()  # its own request says what is wrong with it


def places(operations: Sequence[BatchOperation]) -> list[Place]:
    """Where each goes. Raises Invalid where the batch itself cannot be used."""
    found: dict[str, Place] = {}
    wrong: list[FieldProblem] = []
    for n, operation in enumerate(operations):
        at = f"operations[{n}]"
        where = place(operation)
        if where is None:
            wrong.append(
                FieldProblem(f"{at}.path", "name /orders, or an order or payment by its id, without a query")
            )
            where = Place(operation.path)
        if operation.key in found:
            wrong.append(FieldProblem(f"{at}.key", "an earlier operation has this key; give each its own"))
        if operation.after is not None:
            if operation.if_match is not None:
                wrong.append(FieldProblem(f"{at}.if_match", "give this or `after`, not both"))
            before = found.get(operation.after)
            if before is None:
                wrong.append(FieldProblem(f"{at}.after", "name the key of an operation that comes earlier"))
            elif None not in (before.order_id, where.order_id) and before.order_id != where.order_id:
                wrong.append(FieldProblem(f"{at}.after", "name an operation on the same order"))
        found.setdefault(operation.key, where)
    if wrong:
        raise Invalid(f"{wrong[0].field}: {wrong[0].message}.", errors=wrong)
    return [found[operation.key] for operation in operations]


class _Failures:
    """The orders on which an operation has failed, each with the key of the first one.

    A payment stands for its order, and an order that was merged for the one it was merged into.
    """

    def __init__(self, payments: Mapping[UUID, UUID]) -> None:
        self._first: dict[UUID, str] = {}
        self._is_now = dict(payments)

    def _subjects(self, where: Place) -> set[UUID]:
        named = (where.order_id, where.payment_id, where.merges)
        return {self._order(subject) for subject in named if subject is not None}

    def _order(self, subject: UUID) -> UUID:
        while subject in self._is_now:
            subject = self._is_now[subject]
        return subject

    def before(self, where: Place) -> str | None:
        """The key of the operation that failed before on an order that this one is about."""
        return next((self._first[s] for s in self._subjects(where) if s in self._first), None)

    def note(self, where: Place, failed: str | None) -> None:
        """What came of an operation: the key of the one that is to blame, or None where it was done."""
        if failed is not None:
            for subject in self._subjects(where):
                self._first.setdefault(subject, failed)
        elif where.merges is not None and where.order_id is not None:
            self._join(where.merges, where.order_id)
        if where.makes_payment is not None and where.order_id is not None:
            self._join(where.makes_payment, where.order_id)

    def _join(self, one: UUID, other: UUID) -> None:
        one, other = self._order(one), self._order(other)
        if one != other:
            self._is_now[one] = other


Ask = Callable[[BatchOperation, str, int | None], Awaitable[Answer]]
"""Sends an operation, its whole path and the version for its If-Match."""
CameOf = Callable[[Made], Awaitable[int | None]]
"""The version of its order that came of something that was made; None where nothing tells."""


async def apply(
    operations: Sequence[BatchOperation],
    where_to: Sequence[Place],
    ask: Ask,
    request_id: str,
    *,
    payments: Mapping[UUID, UUID],
    came_of: CameOf,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[BatchResult]:
    """Apply them in order; one result each. `payments` are those that there are already, each with its order.

    What somebody else's batch has made already is answered as it is now; what rests on it (`after`) is held to the
    version that came of it then, or it would be done again on top of whatever has been done since.

    One that fails gives those after it on the same order, and those that rest on its version, 424
    `operation_failed_before`. Where they come too fast, the batch waits. What has not begun within
    BEGINS_WITHIN_S is answered 503.
    """
    ends = clock() + BEGINS_WITHIN_S
    failures = _Failures(payments)
    blamed: dict[str, str] = {}
    rested_on = {operation.after for operation in operations}
    versions: dict[str, int | None] = {}
    results: dict[str, BatchResult] = {}
    for operation, where in zip(operations, where_to, strict=True):
        blocked_by = failures.before(where) or blamed.get(operation.after or "")
        if blocked_by is not None:
            result = _not_tried(
                operation,
                424,
                "operation_failed_before",
                f"Operation {blocked_by} failed before this one; see to that and send both again.",
                request_id,
            )
        elif clock() > ends:
            result = _not_tried(
                operation,
                503,
                "unavailable",
                f"The batch took longer than {BEGINS_WITHIN_S:.0f} s; send it again, what is done stays done.",
                request_id,
            )
        else:
            version = versions[operation.after] if operation.after is not None else operation.if_match
            answer = await ask(operation, where.path, version)
            while answer.status == 429 and clock() + _wait_s(answer) <= ends:
                # A rate, whose limit those that are done already would use up again each time.
                await sleep(_wait_s(answer))
                answer = await ask(operation, where.path, version)
            result = _result(operation, answer)
            versions[operation.key] = result.version
            if operation.key in rested_on and where.made and result.status == 200 and not result.replayed:
                versions[operation.key] = await came_of(where.made) or result.version
        failed = (blocked_by or operation.key) if result.status >= 400 else None
        if failed is not None:
            blamed[operation.key] = failed
        failures.note(where, failed)
        results[operation.key] = result
    return list(results.values())


def _not_tried(
    operation: BatchOperation, status: int, code: str, detail: str, request_id: str
) -> BatchResult:
    return BatchResult(operation.key, status, Raw(encode_problem(status, code, detail, request_id)))


def _wait_s(answer: Answer) -> int:
    return int(answer.headers["retry-after"])


def _result(operation: BatchOperation, answer: Answer) -> BatchResult:
    tag = _VERSION.fullmatch(answer.headers.get("etag", "")) if answer.status < 400 else None
    return BatchResult(
        operation.key,
        answer.status,
        Raw(answer.body or b"null"),
        int(tag[1]) if tag else None,
        "idempotent-replayed" in answer.headers,
    )
