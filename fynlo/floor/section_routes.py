"""The sections of the room, over HTTP."""

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
from .models import NewSection, Section, SectionChange, SectionsQuery


def section_routes(pool: Pool, announce: Announce | None = None) -> list[HTTPRouteHandler]:
    """The routes under /sections."""

    @get(
        "/api/v1/sections",
        opt=described(
            Operation(
                tag="Floor",
                summary="Sections",
                needs="menu.read",
                query=SectionsQuery,
                answers={200: list[Section]},
                gives=["Link", "X-Total-Count"],
                problems=[403, 404],
            )
        ),
    )
    async def list_sections(request: AnyRequest) -> Response[bytes]:
        """Every section in use, in the order of the room."""
        asked = query(request, SectionsQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "menu.read", restaurant_id=asked.restaurant_id) as tenant:
            found, total = await queries.sections(tenant.conn, asked)
        return respond(found, headers=page_links(request, asked.page, asked.limit, total))

    @post(
        "/api/v1/sections",
        opt=described(
            Operation(
                tag="Floor",
                summary="Add a section",
                needs="back_office.write",
                body=NewSection,
                answers={201: Section},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def create_section(request: AnyRequest) -> Response[bytes]:
        """Its name is not that of another section in use, whatever the case: `name_taken`."""
        body = await read_body(request)

        async def do(tenant: Tenant, new: NewSection, _hashed: bytes) -> Reply:
            return await work.create_section(tenant, new)

        return await written(
            request,
            pool,
            "back_office.write",
            NewSection,
            do,
            restaurant_id=restaurant_in(body),
            body=body,
            announce=announce,
        )

    @patch(
        "/api/v1/sections/{section_id:uuid}",
        opt=described(
            Operation(
                tag="Floor",
                summary="Change a section",
                needs="back_office.write",
                body=SectionChange,
                answers={200: Section},
                problems=[403, 404, 409],
            )
        ),
    )
    async def change_section(request: AnyRequest, section_id: FromPath[UUID]) -> Response[bytes]:
        """What is left out stays. Screens hear of a new name as `table.updated` of each table in it."""

        async def do(tenant: Tenant, change: SectionChange, _hashed: bytes) -> Reply:
            return await work.change_section(tenant, section_id, change)

        return await written(
            request,
            pool,
            "back_office.write",
            SectionChange,
            do,
            of=Of("section", section_id),
            body=await read_body(request),
            announce=announce,
        )

    @delete(
        "/api/v1/sections/{section_id:uuid}",
        status_code=204,
        opt=described(
            Operation(
                tag="Floor",
                summary="Take a section away",
                needs="back_office.write",
                answers={204: None},
                problems=[403, 404, 409],
            )
        ),
    )
    async def archive_section(request: AnyRequest, section_id: FromPath[UUID]) -> None:
        """It is archived. Not while tables stand in it, `section_in_use`: give them another section, or none."""
        context = context_of(request.scope)
        async with entered(pool, context, "back_office.write", of=Of("section", section_id)) as tenant:
            await work.archive_section(tenant, section_id)

    return [list_sections, create_section, change_section, archive_section]
