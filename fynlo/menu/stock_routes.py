"""What is left, over HTTP."""

from typing import Literal
from uuid import UUID

from litestar import Response, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, read_body
from fynlo.openapi import Operation, described
from fynlo.tenancy import Announce, Of, Tenant
from fynlo.writing import written

from .models import NewAvailability, Stocked
from .stock import set_availability


def stock_routes(pool: Pool, announce: Announce | None = None) -> list[HTTPRouteHandler]:
    """The routes of what is left; their commits are announced where that is given, else they notify themselves."""

    async def put_availability(
        request: AnyRequest, kind: Literal["product", "modifier"], id: UUID
    ) -> Response[bytes]:
        async def do(tenant: Tenant, new: NewAvailability, _hashed: bytes) -> Reply:
            return await set_availability(tenant, kind, id, new)

        return await written(
            request,
            pool,
            "availability.write",
            NewAvailability,
            do,
            of=Of(kind, id),
            body=await read_body(request),
            announce=announce,
        )

    def operation(summary: str) -> Operation:
        return Operation(
            tag="Menu",
            summary=summary,
            needs="availability.write",
            body=NewAvailability,
            answers={200: Stocked},
            problems=[403, 404],
        )

    @put(
        "/api/v1/products/{product_id:uuid}/availability",
        opt=described(operation("86 a product, or count it")),
    )
    async def product_availability(request: AnyRequest, product_id: FromPath[UUID]) -> Response[bytes]:
        """How a product is sold from now on. `counted` stock is taken when lines are sent and never oversold; with
        none left it is out of stock. With `until` it is simply in stock again from then on. Screens hear of it and of
        what sales take: `inventory.out_of_stock`, `inventory.low_stock`, `inventory.in_stock`."""
        return await put_availability(request, "product", product_id)

    @put(
        "/api/v1/modifiers/{modifier_id:uuid}/availability",
        opt=described(operation("86 a modifier, or count it")),
    )
    async def modifier_availability(request: AnyRequest, modifier_id: FromPath[UUID]) -> Response[bytes]:
        """As for a product. A line takes a modifier as often as it is chosen, for each of the line."""
        return await put_availability(request, "modifier", modifier_id)

    return [product_availability, modifier_availability]
