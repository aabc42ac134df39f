"""Orders, over HTTP."""

from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.errors import NotFound
from fynlo.http import (
    AnyRequest,
    Reply,
    etag,
    if_match,
    link,
    query,
    read_body,
    restaurant_in,
)
from fynlo.identity.rules import may
from fynlo.openapi import Operation, described
from fynlo.tenancy import Announce, Of, Tenant, entered
from fynlo.writing import written

from . import queries, work
from .audience import order_without_money, orders_without_money
from .changing import Changing, changes
from .cursors import cursor_of, ended_with
from .history_routes import Seq, as_it_was
from .models import KitchenOrder, MoreItems, NewOrder, NewStatus, Order, OrdersQuery, VoidItem

_VARY = {"Vary": "Authorization"}
_LISTS = frozenset({"status"})


class OrderQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """GET /orders/{id}. `at_seq` is a seq of the feed."""

    at_seq: Seq | None = None


def order_routes(
    pool: Pool, approve: work.Approve, announce: Announce | None = None
) -> list[HTTPRouteHandler]:
    """The routes of the orders; their commits are announced where that is given, else they notify themselves."""
    changed = Changing(pool, announce)

    @post(
        "/api/v1/orders",
        opt=described(
            Operation(
                tag="Orders",
                summary="Make an order",
                needs="orders.write",
                body=NewOrder,
                answers={201: Order, 200: Order},
                takes=["Idempotency-Key"],
                gives=["ETag", "Location", "Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def create_order(request: AnyRequest) -> Response[bytes]:
        """Prices, names and tax rates come from the database; the totals are the server's. Sent to the kitchen
        unless `send` is false or there are no lines. Needs an Idempotency-Key or an `id` of yours. The same id
        from the same request again is a 200 with the order as it is now.

        Refusals: `out_of_stock` names the lines, `modifier_selection` the limits, `table_occupied` the order
        that is open at the table, `id_conflict` an id that is taken."""
        body = await read_body(request)
        return await written(
            request,
            pool,
            "orders.write",
            NewOrder,
            work.create,
            restaurant_id=restaurant_in(body),
            body=body,
            retry_safe=lambda new: new.id is not None,
            or_else="give the order an `id` of your own",
            announce=announce,
        )

    @get(
        "/api/v1/orders",
        opt=described(
            Operation(
                tag="Orders",
                summary="Orders",
                needs="orders.read",
                query=OrdersQuery,
                answers={200: list[Order]},
                without_money=list[KitchenOrder],
                gives=["Fynlo-Feed", "Link"],
                problems=[403, 404],
            )
        ),
    )
    async def list_orders(request: AnyRequest) -> Response[bytes]:
        """Newest first; `status` may repeat. The next page is the `Link` with rel="next". A screen takes the
        open orders from here and follows the feed from `Fynlo-Feed`."""
        asked = query(request, OrdersQuery, lists=_LISTS)
        before = ended_with(asked.cursor)
        async with entered(
            pool, context_of(request.scope), "orders.read", restaurant_id=asked.restaurant_id
        ) as tenant:
            found, position = await queries.orders_page(tenant.conn, asked, before)
        headers = {**_VARY, "Fynlo-Feed": str(position)}
        if len(found) == asked.limit:
            headers["Link"] = link(request, "next", cursor=cursor_of(found[-1].created_at, found[-1].id))
        encoded = msgspec.json.encode(found)
        if not may(tenant.role, "money.read"):
            encoded = orders_without_money(encoded)
        return Response(encoded, headers=headers, media_type="application/json")

    @get(
        "/api/v1/orders/{order_id:uuid}",
        opt=described(
            Operation(
                tag="Orders",
                summary="One order",
                needs="orders.read",
                query=OrderQuery,
                answers={200: Order},
                without_money=KitchenOrder,
                gives=["ETag", "Fynlo-Feed"],
                problems=[403, 404, 410],
            )
        ),
    )
    async def get_order(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """As it is now; with `at_seq` as the log has it after that event: 404 where the order came later,
        `events_gone` where that is no longer kept. An earlier release's log may lack what it did not know."""
        asked = query(request, OrderQuery)
        async with entered(
            pool, context_of(request.scope), "orders.read", of=Of("order", order_id)
        ) as tenant:
            if asked.at_seq is not None:
                return await as_it_was(tenant, order_id, asked.at_seq)
            found = await queries.order_read(tenant.conn, tenant.restaurant_id, order_id)
        if found is None:
            raise NotFound("There is no such order, or it is not yours.")
        stored, position = found
        encoded = msgspec.json.encode(stored.order)
        if not may(tenant.role, "money.read"):
            encoded = order_without_money(encoded)
        headers = {**_VARY, "ETag": etag(stored.order.version), "Fynlo-Feed": str(position)}
        return Response(encoded, headers=headers, media_type="application/json")

    @post(
        "/api/v1/orders/{order_id:uuid}/items",
        status_code=200,
        opt=described(
            Operation(
                tag="Orders",
                summary="Add lines",
                needs="orders.write",
                body=MoreItems,
                answers={200: Order},
                takes=["Idempotency-Key", "If-Match"],
                gives=["ETag", "Idempotent-Replayed"],
                problems=[403, 404, 409, 412, 429],
            )
        ),
    )
    async def append_items(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """Answers with the whole order. What was sent before is not sent again. Two waiters can add at once:
        no version is needed, but one that is sent is held to. Needs an Idempotency-Key, or an `id` of yours on
        every line. Where more than the `discount_limit` is off the order, what is added takes a manager or an
        `approver`: `approval_required`, `approval_refused`.

        Refusals: `out_of_stock` names the lines, `modifier_selection` the limits; `order_closed`, `id_conflict`."""

        async def do(tenant: Tenant, more: MoreItems, hashed: bytes) -> Reply:
            version = if_match(request, required=False)
            return await work.append(tenant, order_id, more, hashed, version, approve)

        return await written(
            request,
            pool,
            "orders.write",
            MoreItems,
            do,
            of=Of("order", order_id),
            body=await read_body(request),
            retry_safe=lambda more: all(item.id is not None for item in more.items),
            or_else="give every line an `id` of your own",
            announce=announce,
        )

    @post(
        "/api/v1/orders/{order_id:uuid}/status",
        status_code=200,
        opt=changes("Move an order on", NewStatus),
    )
    async def set_status(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """pending → confirmed → preparing → ready → completed, skipping forward allowed, ready back to
        preparing; cancelled, with a `reason`, from any but completed. Refusals: `invalid_transition`,
        `order_closed`, `payment_due`, `order_has_payments`."""
        return await changed(request, order_id, NewStatus, work.set_status)

    @post(
        "/api/v1/orders/{order_id:uuid}/items/{item_id:uuid}/void",
        status_code=200,
        opt=changes("Void a line", VoidItem, 429),
    )
    async def void_item(
        request: AnyRequest, order_id: FromPath[UUID], item_id: FromPath[UUID]
    ) -> Response[bytes]:
        """The whole line, or `quantity` of it, which then is a voided line of its own. The kitchen is told. What
        was sent is voided by owners and managers; others send an `approver`: `approval_required`,
        `approval_refused`. `item_refunded` where less would be left of the order than refunds have taken back.
        """

        async def do(tenant: Tenant, order_id: UUID, asked: VoidItem, version: int | None) -> Reply:
            return await work.void_item(tenant, order_id, item_id, asked, version, approve)

        return await changed(request, order_id, VoidItem, do)

    return [create_order, list_orders, get_order, append_items, set_status, void_item]
