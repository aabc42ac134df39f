"""Receipts, over HTTP."""

from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.errors import NotFound
from fynlo.http import AnyRequest, accepted, header, query
from fynlo.openapi import Operation, described
from fynlo.tenancy import Of, entered

from .receipts import Receipt, check_of, receipt, text
from .work import read

TEXT = "text/plain"
_VARY = {"Vary": "Authorization, Accept"}


class ReceiptQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /orders/{id}/receipt."""

    check_id: UUID | None = None


def receipt_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """The route of receipts."""

    @get(
        "/api/v1/orders/{order_id:uuid}/receipt",
        opt=described(
            Operation(
                tag="Orders",
                summary="A receipt",
                needs="money.read",
                query=ReceiptQuery,
                answers={200: Receipt},
                problems=[403, 404],
                media=(TEXT,),
            )
        ),
    )
    async def get_receipt(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """Of the order as it is now, or of one of its checks by `check_id`: its part of the lines, and what was
        paid on it; `totals`, tax included, stay those of the whole order, of which a check is a part to be paid.
        Voided lines are left out. With `Accept: text/plain` lines of at most 42 columns in UTF-8, for a printer."""
        asked = query(request, ReceiptQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "money.read", of=Of("order", order_id)) as tenant:
            stored = await read(tenant, order_id)
        check = None
        if asked.check_id is not None:
            check = check_of(stored.order.checks, asked.check_id)
            if check is None:
                raise NotFound("There is no such check on this order; look at its `checks`.")
        found = receipt(
            stored.order,
            restaurant=tenant.name,
            timezone=tenant.timezone,
            prices_include_tax=stored.stamp.prices_include_tax,
            check=check,
        )
        media = accepted((header(request, b"accept") or "*/*").encode("latin-1"), ("application/json", TEXT))
        if media == TEXT:
            printed = text(found).encode()
            return Response(printed, headers=_VARY, media_type=TEXT)
        return Response(msgspec.json.encode(found), headers=_VARY, media_type="application/json")

    return [get_receipt]
