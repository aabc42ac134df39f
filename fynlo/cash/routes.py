"""Cash drawers, over HTTP."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, link, query, read_body, respond, restaurant_in
from fynlo.openapi import Operation, described
from fynlo.tenancy import Of, Tenant, entered
from fynlo.writing import written

from . import work
from .models import CloseShift, Movement, NewMovement, NewShift, Shift, ShiftsQuery

_VARIES = {"Vary": "Authorization", "Cache-Control": "no-store"}


def cash_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """The routes of shifts."""

    @post(
        "/api/v1/shifts",
        opt=described(
            Operation(
                tag="Cash",
                summary="Open a shift",
                needs="shifts.own",
                body=NewShift,
                answers={201: Shift},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def open_shift(request: AnyRequest) -> Response[bytes]:
        """The caller takes a drawer with a float in it. One open shift for each person and for each drawer:
        `shift_open` says who has it. What they take in cash belongs to it until it is closed."""

        async def do(tenant: Tenant, new: NewShift, _hashed: bytes) -> Reply:
            return await work.open_shift(tenant, new)

        body = await read_body(request)
        return await written(
            request, pool, "shifts.own", NewShift, do, body=body, restaurant_id=restaurant_in(body)
        )

    @get(
        "/api/v1/shifts",
        opt=described(
            Operation(
                tag="Cash",
                summary="Shifts",
                needs="shifts.own",
                query=ShiftsQuery,
                answers={200: list[Shift]},
                gives=["Link"],
                problems=[403, 404],
            )
        ),
    )
    async def list_shifts(request: AnyRequest) -> Response[bytes]:
        """Newest first; `open=true` for those that are open. Who may not see all sees their own."""
        asked = query(request, ShiftsQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "shifts.own", restaurant_id=asked.restaurant_id) as tenant:
            found = await work.page(tenant, asked)
        links = {"Link": link(request, "next", cursor=found[-1].id)} if len(found) == asked.limit else {}
        return respond(found, headers={**_VARIES, **links})

    @get(
        "/api/v1/shifts/{shift_id:uuid}",
        opt=described(
            Operation(
                tag="Cash",
                summary="A shift",
                needs="shifts.own",
                answers={200: Shift},
                problems=[403, 404],
            )
        ),
    )
    async def read_shift(request: AnyRequest, shift_id: FromPath[UUID]) -> Response[bytes]:
        """While it is open, `expected` is for those who may see reports: who counts the drawer does not know it."""
        async with entered(pool, context_of(request.scope), "shifts.own", of=Of("shift", shift_id)) as tenant:
            found = await work.read(tenant, shift_id)
        return respond(found, headers=_VARIES)

    @post(
        "/api/v1/shifts/{shift_id:uuid}/movements",
        opt=described(
            Operation(
                tag="Cash",
                summary="Put cash in, or take some out",
                needs="shifts.own",
                body=NewMovement,
                answers={201: Movement},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def move_cash(request: AnyRequest, shift_id: FromPath[UUID]) -> Response[bytes]:
        """Cash that is no payment: `paid_in`, `paid_out`, or a `drop` to the safe. `shift_closed` where the
        drawer was counted."""

        async def do(tenant: Tenant, new: NewMovement, _hashed: bytes) -> Reply:
            return await work.move_cash(tenant, shift_id, new)

        body = await read_body(request)
        return await written(
            request, pool, "shifts.own", NewMovement, do, body=body, of=Of("shift", shift_id)
        )

    @post(
        "/api/v1/shifts/{shift_id:uuid}/close",
        status_code=200,
        opt=described(
            Operation(
                tag="Cash",
                summary="Close a shift",
                needs="shifts.own",
                body=CloseShift,
                answers={200: Shift},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def close_shift(request: AnyRequest, shift_id: FromPath[UUID]) -> Response[bytes]:
        """Count first, then hear what should have been there: every payment, refund and movement of the shift is
        in `expected`, and none comes after it. Closed before: `shift_closed`, with the shift under `current`."""

        async def do(tenant: Tenant, asked: CloseShift, _hashed: bytes) -> Reply:
            return await work.close_shift(tenant, shift_id, asked)

        body = await read_body(request)
        return await written(request, pool, "shifts.own", CloseShift, do, body=body, of=Of("shift", shift_id))

    return [open_shift, list_shifts, read_shift, move_cash, close_shift]
