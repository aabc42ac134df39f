"""Staff, over HTTP."""

from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, decode, page_links, query, read_body, respond, restaurant_in
from fynlo.identity.passwords import Passwords
from fynlo.identity.rules import may
from fynlo.openapi import Operation, described
from fynlo.tenancy import Of, Tenant, entered
from fynlo.writing import written

from . import queries, work
from .models import Invitation, NewPin, NewStaff, StaffChange, StaffMember, StaffQuery


def staff_routes(pool: Pool, passwords: Passwords) -> list[HTTPRouteHandler]:
    """The routes under /staff."""

    @get(
        "/api/v1/staff",
        opt=described(
            Operation(
                tag="Staff",
                summary="Who works here",
                needs="staff.names",
                query=StaffQuery,
                answers={200: list[StaffMember]},
                gives=["Link", "X-Total-Count"],
                problems=[403, 404],
            )
        ),
    )
    async def list_staff(request: AnyRequest) -> Response[bytes]:
        """By name. A paired till gets names and roles only, for the PIN pad."""
        asked = query(request, StaffQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "staff.names", restaurant_id=asked.restaurant_id) as tenant:
            whole = may(tenant.role, "back_office.write")
            found, total = await queries.staff_page(tenant.conn, asked, whole=whole)
        links = page_links(request, asked.page, asked.limit, total)
        return respond(found, headers={"Vary": "Authorization", **links})

    @post(
        "/api/v1/staff",
        opt=described(
            Operation(
                tag="Staff",
                summary="Invite somebody",
                needs="back_office.write",
                body=NewStaff,
                answers={201: Invitation},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def invite_staff(request: AnyRequest) -> Response[bytes]:
        """Makes a one-time `token`: put it in a link of yours and send them that. It works for 7 days. Inviting
        somebody again who has not accepted replaces it. Only owners invite owners. `already_staff` where they
        work here."""
        body = await read_body(request)
        return await written(
            request,
            pool,
            "back_office.write",
            NewStaff,
            work.invite,
            body=body,
            restaurant_id=restaurant_in(body),
        )

    @patch(
        "/api/v1/staff/{staff_id:uuid}",
        opt=described(
            Operation(
                tag="Staff",
                summary="Change somebody's role",
                needs="back_office.write",
                body=StaffChange,
                answers={200: StaffMember},
                problems=[403, 404, 409],
            )
        ),
    )
    async def change_staff(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[bytes]:
        """Their sockets close with 4005 where they see more or less from now on. Only owners make and change
        owners, and the last one stays: `last_owner`. Who becomes one chooses a PIN anew where a manager chose it,
        and is invited anew where they have not accepted yet."""

        async def do(tenant: Tenant, asked: StaffChange, _hashed: bytes) -> Reply:
            return await work.change(tenant, staff_id, asked)

        return await written(
            request,
            pool,
            "back_office.write",
            StaffChange,
            do,
            body=await read_body(request),
            of=Of("member of staff", staff_id),
        )

    @delete(
        "/api/v1/staff/{staff_id:uuid}",
        opt=described(
            Operation(
                tag="Staff",
                summary="Let somebody go",
                needs="back_office.write",
                answers={204: None},
                problems=[403, 404, 409],
            )
        ),
    )
    async def end_staff(request: AnyRequest, staff_id: FromPath[UUID]) -> None:
        """Their next request is refused, and their sockets close with 4005. What they did stays theirs."""
        context = context_of(request.scope)
        async with entered(pool, context, "back_office.write", of=Of("member of staff", staff_id)) as tenant:
            await work.end(tenant, staff_id)

    @put(
        "/api/v1/staff/{staff_id:uuid}/pin",
        status_code=204,
        opt=described(
            Operation(
                tag="Staff",
                summary="Choose a PIN",
                needs="menu.read",
                body=NewPin,
                answers={204: None},
                problems=[403, 404],
            )
        ),
    )
    async def set_pin(request: AnyRequest, staff_id: FromPath[UUID]) -> None:
        """For signing in on paired devices (POST /auth/pin) and for approvals: 6 digits, at most 12. One's own;
        managers choose anybody's, but an owner's."""
        context, body = context_of(request.scope), await read_body(request)
        async with entered(pool, context, "menu.read", of=Of("member of staff", staff_id)):
            asked = decode(body, NewPin)
        hashed = await passwords.hash(asked.pin)
        async with entered(pool, context, "menu.read", of=Of("member of staff", staff_id)) as tenant:
            await work.set_pin(tenant, staff_id, hashed)

    return [list_staff, invite_staff, change_staff, end_staff, set_pin]
