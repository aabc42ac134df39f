"""The room and the kitchen's stations, over HTTP."""

from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, page_links, query, read_body, respond, restaurant_in
from fynlo.openapi import Operation, described
from fynlo.tenancy import Announce, Of, Tenant, entered
from fynlo.writing import written

from . import queries, work
from .models import NewTable, Station, StationsQuery, Table, TableChange, TablesQuery
from .section_routes import section_routes


def floor_routes(pool: Pool, announce: Announce | None = None) -> list[HTTPRouteHandler]:
    """The routes of the room and of stations; commits are announced where that is given."""

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
        """Every table in use, section by section, with the order that is open at it. `section_id` and `status`
        narrow it down."""
        asked = query(request, TablesQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "menu.read", restaurant_id=asked.restaurant_id) as tenant:
            found, total, position = await queries.tables(tenant.conn, asked)
        links = page_links(request, asked.page, asked.limit, total)
        return respond(found, headers={"Fynlo-Feed": str(position), **links})

    @post(
        "/api/v1/tables",
        opt=described(
            Operation(
                tag="Floor",
                summary="Add a table",
                needs="back_office.write",
                body=NewTable,
                answers={201: Table},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def create_table(request: AnyRequest) -> Response[bytes]:
        """Its name is not that of another table in use, whatever the case: `name_taken`. `status` is what is said
        of it by hand, as in PATCH."""
        body = await read_body(request)

        async def do(tenant: Tenant, new: NewTable, _hashed: bytes) -> Reply:
            return await work.create_table(tenant, new)

        return await written(
            request,
            pool,
            "back_office.write",
            NewTable,
            do,
            restaurant_id=restaurant_in(body),
            body=body,
            announce=announce,
        )

    @patch(
        "/api/v1/tables/{table_id:uuid}",
        opt=described(
            Operation(
                tag="Floor",
                summary="Change a table",
                needs="orders.write",
                body=TableChange,
                answers={200: Table},
                problems=[403, 404, 409],
            )
        ),
    )
    async def change_table(request: AnyRequest, table_id: FromPath[UUID]) -> Response[bytes]:
        """What is left out stays. Whoever serves may set the `status` by hand: reserved, cleaning, available;
        everything else of a table is for owners and managers (`back_office.write`). `occupied` follows from the
        orders: while one is open at the table its status cannot be set (`table_occupied` names the order), and
        guests who sit down or leave make what was said by hand `available` again."""

        async def do(tenant: Tenant, change: TableChange, _hashed: bytes) -> Reply:
            return await work.change_table(tenant, table_id, change)

        return await written(
            request,
            pool,
            "orders.write",
            TableChange,
            do,
            of=Of("table", table_id),
            body=await read_body(request),
            announce=announce,
        )

    @delete(
        "/api/v1/tables/{table_id:uuid}",
        status_code=204,
        opt=described(
            Operation(
                tag="Floor",
                summary="Take a table away",
                needs="back_office.write",
                answers={204: None},
                problems=[403, 404, 409],
            )
        ),
    )
    async def archive_table(request: AnyRequest, table_id: FromPath[UUID]) -> None:
        """It is archived: orders that were there keep naming it, and its name is free again. Not while an order
        is open at it: `table_occupied`. Screens hear of it as `table.updated` with `archived`: true."""
        context = context_of(request.scope)
        async with entered(pool, context, "back_office.write", of=Of("table", table_id)) as tenant:
            await work.archive_table(tenant, table_id)

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

    return [
        list_tables, create_table, change_table, archive_table, *section_routes(pool, announce), list_stations,
    ]  # fmt: skip
