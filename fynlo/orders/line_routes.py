"""Previews, changes of held lines, sending, discounts and service charges, over HTTP."""

from typing import cast
from uuid import UUID

from litestar import Response, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, read_body, restaurant_in
from fynlo.openapi import Operation, described
from fynlo.tenancy import Announce, Tenant
from fynlo.writing import written

from . import lines, work
from .changing import Changing, changes
from .line_bodies import GivenTerms, ItemChange, OrderChange, Preview, Send
from .models import NewOrder

_OR_NULL = cast("type[GivenTerms | None]", GivenTerms | None)


def line_routes(
    pool: Pool, approve: work.Approve, announce: Announce | None = None
) -> list[HTTPRouteHandler]:
    """Like `order_routes`."""
    changed = Changing(pool, announce)

    @post(
        "/api/v1/orders/preview",
        status_code=200,
        opt=described(
            Operation(
                tag="Orders",
                summary="What an order would cost",
                needs="orders.write",
                body=NewOrder,
                answers={200: Preview},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def preview_order(request: AnyRequest) -> Response[bytes]:
        """The body of POST /orders, judged as there; no order is made of it."""
        body = await read_body(request)
        return await written(
            request,
            pool,
            "orders.write",
            NewOrder,
            lines.preview,
            restaurant_id=restaurant_in(body),
            body=body,
        )

    @patch(
        "/api/v1/orders/{order_id:uuid}",
        opt=changes("Change an order", OrderChange),
    )
    async def change_order(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """What is left out stays, null clears. Other covers may bring the service charge that applies by itself,
        or take it away. A change that changes nothing raises no version."""
        return await changed(request, order_id, OrderChange, lines.change_order)

    @patch(
        "/api/v1/orders/{order_id:uuid}/items/{item_id:uuid}",
        opt=changes("Change a held line", ItemChange, 429),
    )
    async def change_item(
        request: AnyRequest, order_id: FromPath[UUID], item_id: FromPath[UUID]
    ) -> Response[bytes]:
        """Only while it is held: `item_sent`, `item_voided`. `modifiers` are all that it has from then on; they
        are judged and priced by the menu as it is now. Where a discount by amount would become a larger part of
        the line than the `discount_limit`, it takes a manager or an `approver`."""

        async def do(tenant: Tenant, order_id: UUID, asked: ItemChange, version: int | None) -> Reply:
            return await lines.change_item(tenant, order_id, item_id, asked, version, approve)

        return await changed(request, order_id, ItemChange, do)

    @post(
        "/api/v1/orders/{order_id:uuid}/send",
        status_code=200,
        opt=changes("Send what is held", Send),
    )
    async def send_lines(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """All held lines, or those of one `course`. Counted stock is taken now: `out_of_stock` names the lines,
        and nothing is sent. `nothing_to_send` where nothing is held."""
        return await changed(request, order_id, Send, lines.send, without=b"{}")

    @put(
        "/api/v1/orders/{order_id:uuid}/discount",
        opt=changes("Discount an order", _OR_NULL, 429),
    )
    async def discount_order(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """Off what the lines come to after their own discounts, never more than that; null takes it back. More
        than the restaurant's `discount_limit` off the order takes a manager or an `approver`:
        `approval_required`, `approval_refused`. Taking less off takes neither. `item_refunded` where less would be
        left of the order than refunds have taken back."""

        async def do(tenant: Tenant, order_id: UUID, given: GivenTerms | None, version: int | None) -> Reply:
            return await lines.discount_order(tenant, order_id, given, version, approve)

        return await changed(request, order_id, _OR_NULL, do)

    @put(
        "/api/v1/orders/{order_id:uuid}/items/{item_id:uuid}/discount",
        opt=changes("Discount a line", _OR_NULL, 429),
    )
    async def discount_item(
        request: AnyRequest, order_id: FromPath[UUID], item_id: FromPath[UUID]
    ) -> Response[bytes]:
        """Off this line, held or sent, never more than it comes to; null takes it back. More than the
        `discount_limit` off the line, or off the order with it, takes a manager or an `approver`. Refusals as for the
        discount of an order."""

        async def do(tenant: Tenant, order_id: UUID, given: GivenTerms | None, version: int | None) -> Reply:
            return await lines.discount_item(tenant, order_id, item_id, given, version, approve)

        return await changed(request, order_id, _OR_NULL, do)

    @put(
        "/api/v1/orders/{order_id:uuid}/service-charge",
        opt=changes("Charge for service", _OR_NULL, 429),
    )
    async def charge_service(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """Instead of the charge that applies by itself: a percentage of what all discounts leave, or an amount,
        never more than that. null waives it. Taxed if the restaurant's charge is."""

        async def do(tenant: Tenant, order_id: UUID, given: GivenTerms | None, version: int | None) -> Reply:
            return await lines.charge_service(tenant, order_id, given, version, approve)

        return await changed(request, order_id, _OR_NULL, do)

    return [
        preview_order,
        change_order,
        change_item,
        send_lines,
        discount_order,
        discount_item,
        charge_service,
    ]
