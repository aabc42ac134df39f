"""The audit log, over HTTP."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, link, query, respond
from fynlo.openapi import Operation, described
from fynlo.tenancy import entered

from . import queries
from .models import AuditEntry, AuditQuery


def audit_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """GET /audit."""

    @get(
        "/api/v1/audit",
        opt=described(
            Operation(
                tag="Audit",
                summary="Who did what",
                needs="reports.read",
                query=AuditQuery,
                answers={200: list[AuditEntry]},
                gives=["Link"],
                problems=[403, 404],
            )
        ),
    )
    async def list_audit(request: AnyRequest) -> Response[bytes]:
        """Newest first: sign-ins and failed ones, settings, staff, PINs, devices, voids and cancellations, by
        whom, on which device, from which address, and what changed. Nobody can change or delete an entry."""
        asked = query(request, AuditQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "reports.read", restaurant_id=asked.restaurant_id) as tenant:
            found = await queries.audit_entries(tenant.conn, asked)
        headers = {"Cache-Control": "no-store"}
        if len(found) == asked.limit:
            headers["Link"] = link(request, "next", cursor=found[-1].id)
        return respond(found, headers=headers)

    return [list_audit]
