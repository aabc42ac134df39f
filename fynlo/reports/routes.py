"""Reports, over HTTP."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, accepted, header, link, query, read_body, respond, restaurant_in
from fynlo.openapi import Operation, described
from fynlo.tenancy import Of, Tenant, entered
from fynlo.writing import written

from . import csv, queries, work, z_queries
from .models import (
    NewZ,
    SalesQuery,
    SalesReport,
    SalesRow,
    TakingsReport,
    TakingsRow,
    VatQuery,
    VatReport,
    VatRow,
    XQuery,
    XReport,
    ZQuery,
    ZReport,
)
from .rules import check_range

_NO_STORE = {"Cache-Control": "no-store"}


def report_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """The routes of reports."""

    @get(
        "/api/v1/reports/x",
        opt=described(
            Operation(
                tag="Reports",
                summary="The X of a shift",
                needs="shifts.own",
                query=XQuery,
                answers={200: XReport},
                problems=[403, 404],
            )
        ),
    )
    async def x_report(request: AnyRequest) -> Response[bytes]:
        """What was taken and given back in a shift so far, by method; changes nothing. Who may not see reports gets
        that of their own shift, and while it is open nothing of its cash: the drawer is counted blind. Once it was
        counted, what is voided afterwards stays in it."""
        asked = query(request, XQuery)
        async with entered(
            pool, context_of(request.scope), "shifts.own", of=Of("shift", asked.shift_id)
        ) as tenant:
            found = await work.x(tenant, asked.shift_id)
        return respond(found, headers={"Vary": "Authorization", **_NO_STORE})

    @post(
        "/api/v1/reports/z",
        opt=described(
            Operation(
                tag="Reports",
                summary="Take a Z",
                needs="reports.read",
                body=NewZ,
                answers={201: ZReport},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def take_z(request: AnyRequest) -> Response[bytes]:
        """Ends a day of trade: numbered without gaps, and nobody changes it. It has every payment captured and every
        refund made since the last Z, and the orders completed since; what comes after it belongs to the next.
        Orders and shifts may still be open. Several of one business date are fine; `z_out_of_order` where it is
        before the last one's."""

        async def do(tenant: Tenant, new: NewZ, _hashed: bytes) -> Reply:
            return await work.take_z(tenant, new)

        body = await read_body(request)
        return await written(
            request, pool, "reports.read", NewZ, do, body=body, restaurant_id=restaurant_in(body)
        )

    @get(
        "/api/v1/reports/z",
        opt=described(
            Operation(
                tag="Reports",
                summary="Zs",
                needs="reports.read",
                query=ZQuery,
                answers={200: list[ZReport]},
                gives=["Link"],
                problems=[403, 404],
            )
        ),
    )
    async def list_zs(request: AnyRequest) -> Response[bytes]:
        """Newest first, as they were taken."""
        asked = query(request, ZQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "reports.read", restaurant_id=asked.restaurant_id) as tenant:
            found = await z_queries.z_page(tenant.conn, asked)
        links = {"Link": link(request, "next", cursor=found[-1].number)} if len(found) == asked.limit else {}
        return respond(found, headers={**_NO_STORE, **links})

    @get(
        "/api/v1/reports/z/{z_id:uuid}",
        opt=described(
            Operation(
                tag="Reports",
                summary="A Z",
                needs="reports.read",
                answers={200: ZReport},
                problems=[403, 404],
            )
        ),
    )
    async def read_z(request: AnyRequest, z_id: FromPath[UUID]) -> Response[bytes]:
        """As it was taken."""
        async with entered(
            pool, context_of(request.scope), "reports.read", of=Of("Z report", z_id)
        ) as tenant:
            found = await z_queries.z_read(tenant.conn, tenant.restaurant_id, z_id)
        return respond(found, headers=_NO_STORE)

    @get(
        "/api/v1/reports/sales",
        opt=described(
            Operation(
                tag="Reports",
                summary="Sales",
                needs="reports.read",
                query=SalesQuery,
                answers={200: SalesReport | TakingsReport},
                gives=["Content-Disposition"],
                problems=[403, 404],
                media=(csv.MEDIA,),
            )
        ),
    )
    async def sales(request: AnyRequest) -> Response[bytes]:
        """Orders that are not pending, cancelled or merged, by their business date: by `day`, by `hour` of the
        restaurant's clock, by `product` or `category` as they stand on the menu now, or by the `staff` who made
        them. Refunds stand beside them on their own day, with the lines they name. By `payment_method`: the money
        captured and given back in these days. With `Accept: text/csv` the rows, without the totals."""
        asked = query(request, SalesQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "reports.read", restaurant_id=asked.restaurant_id) as tenant:
            check_range(asked.from_, asked.to)
            found = await queries.sales(tenant, asked)
        kind = SalesRow if isinstance(found, SalesReport) else TakingsRow
        return _answer(request, found, found.rows, kind, f"sales-by-{asked.group_by}", asked.from_, asked.to)

    @get(
        "/api/v1/reports/vat",
        opt=described(
            Operation(
                tag="Reports",
                summary="VAT summary",
                needs="reports.read",
                query=VatQuery,
                answers={200: VatReport},
                gives=["Content-Disposition"],
                problems=[403, 404],
                media=(csv.MEDIA,),
            )
        ),
    )
    async def vat(request: AnyRequest) -> Response[bytes]:
        """By tax rate: the orders of these business dates, less what refunds of these dates reversed. The service
        charge outside tax has no rate. With `Accept: text/csv` the rows, without the totals."""
        asked = query(request, VatQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "reports.read", restaurant_id=asked.restaurant_id) as tenant:
            check_range(asked.from_, asked.to)
            found = await queries.vat(tenant, asked)
        return _answer(request, found, found.rows, VatRow, "vat", asked.from_, asked.to)

    return [x_report, take_z, list_zs, read_z, sales, vat]


def _answer(
    request: AnyRequest,
    report: SalesReport | TakingsReport | VatReport,
    rows: Sequence[Struct],
    kind: type[Struct],
    name: str,
    first: date,
    last: date,
) -> Response[bytes]:
    headers = {**_NO_STORE, "Vary": "Accept"}
    accept = (header(request, b"accept") or "*/*").encode("latin-1")
    if accepted(accept, ("application/json", csv.MEDIA)) != csv.MEDIA:
        return respond(report, headers=headers)
    return Response(
        csv.table(rows, kind, report.currency),
        headers={**headers, "Content-Disposition": f'attachment; filename="{name}-{first}-{last}.csv"'},
        media_type=csv.MEDIA,
    )
