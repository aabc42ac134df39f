"""Splitting, moving and merging orders, over HTTP."""

from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply
from fynlo.tenancy import Announce, Tenant

from .changing import Changing, changes
from .check_bodies import NEW_SPLIT, Merge, NewSplit, Transfer
from .moves import merge, transfer
from .splits import split
from .work import Approve


def check_routes(pool: Pool, approve: Approve, announce: Announce | None = None) -> list[HTTPRouteHandler]:
    """Like `order_routes`."""
    changed = Changing(pool, announce)

    async def merge_with(tenant: Tenant, order_id: UUID, asked: Merge, version: int | None) -> Reply:
        return await merge(tenant, order_id, asked, version, approve)

    @post(
        "/api/v1/orders/{order_id:uuid}/checks",
        status_code=200,
        opt=changes("Split what is due into checks", NewSplit),
    )
    async def split_order(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """In equal parts, by lines and parts of lines, or by amounts: together, to the penny, what is due. What is on
        no check falls on a remainder check; so do lines that are added later. A payment with the `check_id` pays a
        check. Splitting again replaces the checks that nothing was paid on; the others stand as they were paid.

        Refusals: `split_mismatch` for more than is due or more than there is of a line, `nothing_due`,
        `order_closed`."""
        return await changed(request, order_id, NEW_SPLIT, split)

    @post(
        "/api/v1/orders/{order_id:uuid}/transfer",
        status_code=200,
        opt=changes("Move an order to another table", Transfer),
    )
    async def transfer_order(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """One order is open at a table: `table_occupied` names the one that is. null takes the order off its table."""
        return await changed(request, order_id, Transfer, transfer)

    @post(
        "/api/v1/orders/{order_id:uuid}/merge",
        status_code=200,
        opt=changes("Merge another order into this one", Merge, 429),
    )
    async def merge_order(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """The other's lines, payments and refunds move here, each line at what it cost; nothing is sent again, and
        nothing comes back to stock. The other becomes `merged`, its table is free, and `merged_into` says where all
        of it is. Discount and service charge of this order hold for all lines; what the other's discount took off
        its lines stays off them. `version` is the other's: a 412 has the order that has changed under `current`.

        Refusals: `order_closed` for either, `settings_differ` where currency or the kind of prices was changed
        between them, `item_refunded`; `approval_required` without an `approver` where this order's discount takes
        more off the other's lines than you may give."""
        return await changed(request, order_id, Merge, merge_with)

    return [split_order, transfer_order, merge_order]
