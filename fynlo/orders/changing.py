"""What the routes have in common that change an order from the version that was seen."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from litestar import Response

from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, if_match, read_body
from fynlo.openapi import Operation, described
from fynlo.tenancy import Announce, Of, Tenant
from fynlo.writing import T, written

from .models import Order


def changes(summary: str, body: object, *problems: int) -> dict[str, object]:
    """The `opt` of such a route."""
    return described(
        Operation(
            tag="Orders",
            summary=summary,
            needs="orders.write",
            body=body,
            answers={200: Order},
            takes=["Idempotency-Key", "If-Match"],
            gives=["ETag", "Idempotent-Replayed"],
            problems=[403, 404, 409, 412, 428, *problems],
        )
    )


class Changing(NamedTuple):
    """Changes orders; the commits are announced where `announce` is given, else they notify themselves."""

    pool: Pool
    announce: Announce | None

    async def __call__(
        self,
        request: AnyRequest,
        order_id: UUID,
        kind: type[T],
        do: Callable[[Tenant, UUID, T, int | None], Awaitable[Reply]],
        *,
        without: bytes = b"",
    ) -> Response[bytes]:
        """`do` gets the order's id, the decoded body and the version of If-Match; `without` is the body where none
        was sent."""

        async def at_version(tenant: Tenant, asked: T, _hashed: bytes) -> Reply:
            return await do(tenant, order_id, asked, if_match(request, required=True))

        return await written(
            request,
            self.pool,
            "orders.write",
            kind,
            at_version,
            of=Of("order", order_id),
            body=await read_body(request) or without,
            announce=self.announce,
        )
