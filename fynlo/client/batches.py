"""A queue of what was done while offline, sent in one: the part of `ApiClient` that is about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeVar
from uuid import uuid4

import httpx
import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from fynlo.client.answers import read
from fynlo.client.calls import Calls
from fynlo.client.errors import BadAnswer, ProblemError, problem_from
from fynlo.client.orders import Order
from fynlo.client.wire import wait_before_retry

T = TypeVar("T")


class Operation(Struct, frozen=True, kw_only=True):
    """A request about an order or a payment, to be sent later.

    Keep it with its `key` until a result says that it is done: that is what makes it done once. `path` is below
    /api/v1; `body` is anything that is JSON, Structs included. What needs the version of its order has `after`,
    the key of an earlier operation of the same batch on it, or `if_match`, a version that was seen.
    """

    path: str
    body: Any = UNSET
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    key: str = field(default_factory=lambda: str(uuid4()))
    after: str | UnsetType = UNSET
    if_match: int | UnsetType = UNSET


class OperationResult(Struct, frozen=True):
    """What came of an operation. `version` is its order's then; `replayed`: it had been done before."""

    key: str
    status: int
    body: Raw = Raw(b"null")
    version: int | None = None
    replayed: bool = False

    @property
    def done(self) -> bool:
        """False: it was refused, see `problem`."""
        return self.status < httpx.codes.BAD_REQUEST

    @property
    def again(self) -> bool:
        """Whether it was not done for a reason that passes by itself: send the whole batch again."""
        return not self.done and wait_before_retry(self.problem, 0) is not None

    @property
    def problem(self) -> ProblemError:
        """Why it was refused; `operation_failed_before`: one before it on its order was."""
        return problem_from(httpx.Response(self.status, content=bytes(self.body)))

    def read(self, kind: type[T]) -> T:
        """The answer as a Struct; raises `problem` where it was refused, BadAnswer where it is not one."""
        if not self.done:
            raise self.problem
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.MsgspecError as error:
            raise BadAnswer(f"operation {self.key}: {error}") from error

    @property
    def order(self) -> Order:
        """The order that it answered with; raises as `read` does."""
        return self.read(Order)


class _Batch(Struct):
    restaurant_id: str
    operations: tuple[Operation, ...]


class BatchCalls(Calls):
    """Sending what was queued."""

    async def batch(self, restaurant_id: str, operations: Iterable[Operation]) -> list[OperationResult]:
        """Applies up to 200 operations in order, each once however often it is sent; one result each.

        One that is refused does not raise: its result says so, and those after it on the same order are not
        tried. All others are. Where some of it was not done, or no answer came, send the same again.
        """
        batch = _Batch(restaurant_id, tuple(operations))
        return read(await self._post("/orders/batch", batch, None), list[OperationResult])
