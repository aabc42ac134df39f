"""A request that another request holds, run through the router as it would be had it come by itself."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct

from fynlo.context import Context, context_of
from fynlo.errors import TooMany, problem
from fynlo.http import AnyRequest
from fynlo.limiting import Rate


class Answer(Struct, frozen=True):
    """What came of it. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Inside:
    """Asks the server itself, for the caller of the request that holds the others.

    They have been let in once, so they are not authenticated again. Each counts as a request of the person
    and of the restaurant: who sends many in one is not served more than who sends each alone. They have the
    request id of the one that holds them.
    """

    def __init__(self, person: Rate, restaurant: Rate) -> None:
        self._person = person
        self._restaurant = restaurant

    async def ask(
        self,
        holder: AnyRequest,
        method: str,
        path: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        only: UUID,
    ) -> Answer:
        """The answer, refusals included. What is of another restaurant than `only` is refused."""
        known = context_of(holder.scope)
        context = Context(
            known.request_id, known.address, known.principal, self._restaurant, time.perf_counter(), only
        )
        try:
            self._person.take(known.caller.user.id, context.began)
        except TooMany as error:
            said_by_it = {name.lower(): value for name, value in error.headers.items()}
            return Answer(error.status, said_by_it, problem(error, context.request_id))
        given = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        scope: Any = {
            **{name: holder.scope.get(name) for name in _OF_THE_CONNECTION},
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
            "state": {"context": context},
        }
        taken = [{"type": "http.request", "body": body, "more_body": False}]
        said: list[Any] = []

        async def receive() -> Any:
            return taken.pop() if taken else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            said.append(message)

        await holder.app(scope, receive, send)
        start, *rest = said
        return Answer(
            start["status"],
            {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )


_OF_THE_CONNECTION = ("asgi", "http_version", "scheme", "server", "client")
