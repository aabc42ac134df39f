"""What is done to an order, inside the transaction that `tenancy.once` opens."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from fynlo.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from fynlo.http import Reply, etag
from fynlo.identity.rules import Permission, may
from fynlo.ids import uuid7
from fynlo.tenancy import Overtaken, Tenant

from . import queries, stock
from .balancing import balanced
from .discounting import check_limit
from .models import Approver, MoreItems, NewOrder, NewStatus, Order, OrderItem, VoidItem
from .pricing import AUTOMATIC, repriced, unpaid, unpriced, voided
from .quoting import ask, ask_for, check_ids, is_there, quoted
from .rules import CLOSED, OrderStatus, after_sending, due_after, transition_allowed
from .stored import CheckRow, StoredOrder

Approve = Callable[[Tenant, UUID, str, Permission], Awaitable[None]]
"""Staff id, PIN and what they should have the right to. Raises Forbidden, TooMany."""


async def approved(tenant: Tenant, approver: Approver | None, approve: Approve) -> bool:
    """Whether a manager has given their word; raises what `approve` raises where somebody's is none.

    Asked before anything is locked: a PIN takes its time.
    """
    if approver is None:
        return False
    await approve(tenant, approver.staff_id, approver.pin, "refunds.write")
    return True


def reply(order: Order, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """The whole order with its ETag."""
    return Reply(status, msgspec.json.encode(order), {"ETag": etag(order.version), **(headers or {})})


async def create(tenant: Tenant, new: NewOrder, request_hash: bytes) -> Reply:
    """The order, 201; or, where its client-made id is there from the same request, as it is now, 200."""
    asked = await ask_for(tenant, new)
    if new.id is not None and is_there(new, asked, request_hash):
        return reply((await read(tenant, new.id)).order)
    quote = quoted(tenant, new, asked)
    try:
        taken = await stock.take_new(tenant, asked, quote.items) if quote.sent else stock.NOTHING
    except Conflict as sold_out:
        if new.id is None:
            raise
        raise Overtaken(sold_out) from None  # the last of it may have gone to this very order
    order_id = new.id or uuid7()
    status: OrderStatus = "confirmed" if quote.sent else "pending"
    inserted = await queries.order_insert(
        tenant.conn,
        {
            "restaurant_id": tenant.restaurant_id, "id": order_id, "type": new.type, "status": status,
            "table_id": new.table_id, "covers": new.covers, "customer_name": new.customer_name, "notes": new.notes,
            "created_by": tenant.user_id, "request_hash": request_hash, "currency": tenant.currency,
            "placed_at": quote.placed_at, "timezone": tenant.timezone, "day_cutoff": tenant.day_cutoff,
        },
        quote.stamp, quote.result, quote.items, taken.items, taken.modifiers,
    )  # fmt: skip
    order = Order(
        id=order_id, restaurant_id=tenant.restaurant_id, currency=tenant.currency, number=inserted.number,
        business_date=inserted.business_date, type=new.type, status=status, payment_status="unpaid",
        version=inserted.version, table_id=new.table_id, table_name=quote.table_name, covers=new.covers,
        customer_name=new.customer_name, notes=new.notes, status_reason=None, created_by=tenant.user_id,
        merged_into=None, placed_at=quote.placed_at, created_at=inserted.created_at, updated_at=inserted.updated_at,
        closed_at=None,
        items=quote.items, discount_terms=None, service_charge_terms=AUTOMATIC, totals=unpaid(quote.result),
    )  # fmt: skip
    return reply(order, 201, {"Location": f"/api/v1/orders/{order_id}"})


async def read(tenant: Tenant, order_id: UUID) -> StoredOrder:
    found = await queries.order_read(tenant.conn, tenant.restaurant_id, order_id)
    if found is None:
        raise NotFound("There is no such order, or it is not yours.")
    return found[0]


async def locked(tenant: Tenant, order_id: UUID) -> StoredOrder:
    """The order, which nobody else changes until the end of the transaction."""
    await queries.order_lock(tenant.conn, tenant.restaurant_id, order_id)
    return await read(tenant, order_id)


def check_version(stored: StoredOrder, version: int | None) -> None:
    """Raises VersionConflict where the order is not at the version that the caller has seen (None: any)."""
    if version is not None and version != stored.order.version:
        raise VersionConflict(
            f"The order has changed: you have version {version}, it is at {stored.order.version}. "
            "Look at `current` and send the request again for that version.",
            current=msgspec.json.encode(stored.order),
            headers={"ETag": etag(stored.order.version)},
        )


def check_open(order: Order) -> None:
    """Raises Conflict `order_closed`."""
    if order.merged_into is not None:
        raise Conflict(
            f"Order {order.number} was merged into the order {order.merged_into}; send this to that one.",
            code="order_closed",
        )
    if order.status in CLOSED:
        raise Conflict(f"Order {order.number} is {order.status}; make a new order.", code="order_closed")


async def save(
    tenant: Tenant,
    before: StoredOrder,
    order: Order,
    *,
    request_hash: bytes | None = None,
    checks: Sequence[CheckRow] | None = None,
    **kept: Any,
) -> Reply:
    """Writes an order that was changed, with its totals anew, and answers with the whole of it.

    `kept` are the fields of StoredOrder that are others now, such as `item_taken`. The checks are made to fit what
    is due then, unless `checks` are given. Raises Conflict `item_refunded` where less would be left than refunds have
    already taken back.
    """
    after = msgspec.structs.replace(before, order=repriced(order, before.stamp), **kept)
    reversed_by_refunds = order.totals.refunded - before.returned
    if after.order.totals.total < min(reversed_by_refunds, before.order.totals.total):
        raise Conflict(
            f"{reversed_by_refunds} (minor units of {order.currency}) of this order was refunded already;"
            " what was refunded is not taken off once more.",
            code="item_refunded",
        )
    if checks is None:
        totals = after.order.totals
        due = due_after(order.status, totals.total, totals.paid, after.returned)
        checks = balanced(order.checks, due, before.order, after.order)
    await queries.order_save(tenant.conn, before, after, request_hash=request_hash, checks=checks)
    return reply((await read(tenant, order.id)).order)


async def append(
    tenant: Tenant,
    order_id: UUID,
    more: MoreItems,
    request_hash: bytes,
    version: int | None,
    approve: Approve,
) -> Reply:
    """Lines on an order; lines sent before are not sent again. The same client-made line ids from the same
    request answer with the order as it is now; after a merge that is the one that has the lines.

    Raises Forbidden `approval_required` where a discount of the order takes more off them than the caller may give.
    """
    with_word = await approved(tenant, more.approver, approve)
    stored = await locked(tenant, order_id)
    given = {item.id for item in more.items if item.id is not None}
    has_them = stored
    while given and has_them.order.merged_into is not None:
        has_them = await locked(tenant, has_them.order.merged_into)
    if taken := given & has_them.item_hashes.keys():
        if taken == given and all(has_them.item_hashes[item_id] == request_hash for item_id in given):
            return reply(has_them.order)
        raise Conflict("A line with this id is on the order already; make a new UUID.", code="id_conflict")
    check_version(stored, version)
    order = stored.order
    check_open(order)
    check_ids(more.items)
    asked = await ask(tenant, order.type, more.items)
    new_lines = unpriced(more.items, asked.products, status="sent" if more.send else "held")
    took = await stock.take_new(tenant, asked, new_lines) if more.send else stock.NOTHING
    status = after_sending(order.status) if more.send else order.status
    changed = msgspec.structs.replace(order, items=(*order.items, *new_lines), status=status)
    if order.discount_terms is not None and not with_word:
        check_limit(stored, changed, tenant.role, tenant.discount_limit_percentage)
    return await save(
        tenant,
        stored,
        changed,
        request_hash=request_hash,
        item_taken=stored.item_taken | took.items,
        modifier_taken=stored.modifier_taken | took.modifiers,
    )


async def void_item(
    tenant: Tenant, order_id: UUID, item_id: UUID, asked: VoidItem, version: int | None, approve: Approve
) -> Reply:
    """Void a line, or a part of it. What was sent needs a manager, or one who approves; so does what would leave a
    discount by amount as a larger part of the rest than may be given.

    Raises NotFound where there is no such line, Conflict `item_voided`, Invalid where it is not so many,
    and what `approve` raises.
    """
    with_word = await approved(tenant, asked.approver, approve)
    stored = await locked(tenant, order_id)
    check_version(stored, version)
    order = stored.order
    check_open(order)
    line = line_of(order, item_id)
    if line.status == "voided":
        raise Conflict("This line was voided before; order it again.", code="item_voided")
    if line.status == "sent" and not with_word and not may(tenant.role, "refunds.write"):
        raise Forbidden(
            "What was sent to the kitchen is voided by a manager; or send an `approver` with their PIN.",
            code="approval_required",
        )
    part = asked.quantity if asked.quantity not in (None, line.quantity) else None
    if part is not None and part > line.quantity:
        raise Invalid.of("quantity", f"the line has {line.quantity}")
    positions, of_parts = stored.item_positions, stored
    if part is None:
        gone = voided(line, asked.reason)
        left = [gone]
    else:
        gone = voided(msgspec.structs.replace(line, id=uuid7(), quantity=part), asked.reason)
        left = [msgspec.structs.replace(line, quantity=line.quantity - part), gone]
        positions = {**positions, gone.id: positions[line.id]}
        of_parts = stock.split(stored, line, gone)
    back = [gone] if stock.restocks(order, asked.restock) else []
    taken = await stock.give_back(tenant, of_parts, back)
    items = tuple(now for item in order.items for now in (left if item.id == item_id else [item]))
    changed = msgspec.structs.replace(order, items=items)
    if not with_word:
        check_limit(stored, changed, tenant.role, tenant.discount_limit_percentage)
    return await save(
        tenant,
        stored,
        changed,
        item_positions=positions,
        item_taken=taken.items,
        modifier_taken=taken.modifiers,
    )


def line_of(order: Order, item_id: UUID) -> OrderItem:
    """Raises NotFound where the order has no such line."""
    line = next((item for item in order.items if item.id == item_id), None)
    if line is None:
        raise NotFound("There is no such line on this order.")
    return line


async def set_status(tenant: Tenant, order_id: UUID, new: NewStatus, version: int | None) -> Reply:
    """Move an order on, by the rules of `rules.transition_allowed`."""
    stored = await locked(tenant, order_id)
    check_version(stored, version)
    order = stored.order
    check_open(order)
    if not transition_allowed(order.status, new.status):
        raise Conflict(
            f"An order that is {order.status} cannot become {new.status}.", code="invalid_transition"
        )
    under_way = any(payment.state == "pending" for payment in order.payments)
    if new.status == "completed" and order.totals.due > 0:
        raise Conflict(
            f"{order.totals.due} (minor units of {order.currency}) is still due; take the payment first.",
            code="payment_due",
        )
    if new.status == "completed" and under_way:
        raise Conflict("A payment is under way; capture or fail it first.", code="payment_due")
    if new.status == "cancelled":
        held = order.totals.paid - order.totals.refunded + order.totals.unapplied + order.totals.tips
        if held > 0:
            raise Conflict("Money was taken for this order; refund it first.", code="order_has_payments")
        if under_way:
            raise Conflict("A payment is under way; fail it first.", code="order_has_payments")
    changed = msgspec.structs.replace(order, status=new.status, status_reason=new.reason)
    back = new.status == "cancelled" and stock.restocks(order, new.restock)
    standing = [item for item in order.items if item.status != "voided"]
    taken = await stock.give_back(tenant, stored, standing if back else [])
    return await save(tenant, stored, changed, item_taken=taken.items, modifier_taken=taken.modifiers)
