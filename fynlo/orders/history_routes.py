"""The history of an order, over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta, Struct

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.errors import Gone, NotFound
from fynlo.http import AnyRequest, etag, link, query, respond
from fynlo.identity.rules import may
from fynlo.openapi import Operation, described
from fynlo.tenancy import Of, Tenant, entered

from .audience import order_without_money
from .history import Act, acts, whole_acts
from .history_queries import order_at, order_history

Seq = Annotated[int, Meta(ge=0, le=9_223_372_036_854_775_807)]
PAGE_BYTES = 4 * 1_048_576
_VARY = {"Vary": "Authorization"}


class HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /orders/{id}/history. `after` comes from the `Link` of the page before."""

    after: Seq = 0
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class _Version(Struct, frozen=True):
    version: int


async def as_it_was(tenant: Tenant, order_id: UUID, seq: int) -> Response[bytes]:
    """The order as its newest event up to `seq` shows it, to whoever sees no money without it.

    Raises NotFound where it was not there yet, Gone `events_gone` where that is no longer kept.
    """
    found = await order_at(tenant.conn, tenant.restaurant_id, order_id, seq)
    if found.order is None and found.begins:
        raise NotFound(f"At {seq} there was no such order yet.")
    if found.order is None:
        raise Gone(
            f"How this order was at {seq} is not kept any more; ask for a later seq, or for the order."
        )
    encoded = found.order.encode()
    headers = {
        **_VARY,
        "ETag": etag(msgspec.json.decode(encoded, type=_Version).version),
        "Fynlo-Feed": str(found.position),
    }
    if not may(tenant.role, "money.read"):
        encoded = order_without_money(encoded)
    return Response(encoded, headers=headers, media_type="application/json")


def history_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """The route of histories."""

    @get(
        "/api/v1/orders/{order_id:uuid}/history",
        opt=described(
            Operation(
                tag="Orders",
                summary="What became of an order",
                needs="orders.read",
                query=HistoryQuery,
                answers={200: list[Act]},
                gives=["Link"],
                problems=[403, 404, 410],
            )
        ),
    )
    async def order_history_of(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """Who did what and when, and who approved it, oldest first, from the log: an entry for each request, with the
        types of its events and what they changed; payments and refunds among it, for whoever sees money. `limit`
        counts events; while there is more, `Link` has the next page. How the order was after an entry:
        GET /orders/{id}?at_seq= its `seq`. What came before the oldest event that is kept is missing; `events_gone`
        where none is kept."""
        asked = query(request, HistoryQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "orders.read", of=Of("order", order_id)) as tenant:
            events, there_are = await order_history(
                tenant.conn, tenant.restaurant_id, order_id, asked.after, limit=asked.limit + 1, max_bytes=PAGE_BYTES
            )  # fmt: skip
        if not events:
            raise Gone("The events of this order are not kept any more; its audit log may say more.")
        page, more = whole_acts(events, after=asked.after, limit=asked.limit, of=there_are)
        headers = dict(_VARY)
        if more:
            headers["Link"] = link(request, "next", after=page[-1].seq)
        money = may(tenant.role, "money.read")
        return respond(acts(page, after=asked.after, money=money), headers=headers)

    return [order_history_of]
