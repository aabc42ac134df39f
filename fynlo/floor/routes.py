"""The room and the kitchen's stations, over HTTP."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, page_links, query, respond
from fynlo.openapi import Operation, described
from fynlo.tenancy import entered

from . import queries
from .models import Station, StationsQuery, Table, TablesQuery


def floor_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """The routes of the room and of stations."""

    @get(
        "/api/v1/tables",
        opt=described(
            Operation(
                tag="Floor",
                summary="Tables",
                needs="menu.read",
                query=TablesQuery,
                answers={200: list[Table]},
                gives=["Fynlo-Feed", "Link", "X-Total-Count"],
                problems=[403, 404],
            )
        ),
    )
    async def list_tables(request: AnyRequest) -> Response[bytes]:
        """Every table in use, section by section, with the order that is open at it."""
        asked = query(request, TablesQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "menu.read", restaurant_id=asked.restaurant_id) as tenant:
            found, total, position = await queries.tables(tenant.conn, asked)
        links = page_links(request, asked.page, asked.limit, total)
        return respond(found, headers={"Fynlo-Feed": str(position), **links})

    @get(
        "/api/v1/stations",
        opt=described(
            Operation(
                tag="Floor",
                summary="Stations",
                needs="menu.read",
                query=StationsQuery,
                answers={200: list[Station]},
                gives=["Link", "X-Total-Count"],
                problems=[403, 404],
            )
        ),
    )
    async def list_stations(request: AnyRequest) -> Response[bytes]:
        """Every station in use, in the kitchen's order."""
        asked = query(request, StationsQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "menu.read", restaurant_id=asked.restaurant_id) as tenant:
            found, total = await queries.stations(tenant.conn, asked)
        return respond(found, headers=page_links(request, asked.page, asked.limit, total))

    return [list_tables, list_stations]
