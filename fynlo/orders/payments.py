"""Taking money and settling what became of it, inside the transaction that `tenancy.once` opens.

The lock of the order is taken first: what is due of it, and what is reserved, then holds still. Then come the
shift, which must not be counted meanwhile, and the payment, which a Z must not report meanwhile.
"""

from uuid import UUID

import msgspec

from fynlo.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from fynlo.http import Reply, etag
from fynlo.identity.rules import may
from fynlo.ids import uuid7
from fynlo.tenancy import Tenant

from . import payment_queries as queries
from . import work
from .balancing import balanced
from .models import Approver, Order
from .payment_bodies import Capture, Failure, NewPayment, PaymentOnOrder, VoidPayment
from .payment_models import Payment
from .payment_queries import PaymentRow
from .payment_rules import check_state, check_tender, owed, payment_of, room
from .rules import CLOSED
from .stored import StoredOrder
from .work import Approve


async def take(
    tenant: Tenant, order_id: UUID, new: NewPayment, request_hash: bytes, version: int | None
) -> Reply:
    """Book a payment, 201; or, where its client-made id is there from the same request, as it is now, 200.

    Raises Invalid `overpayment` for more than is due and not reserved, and Conflict `order_closed`; neither with
    `accept_surplus`, with which what is not due stays unapplied and the money of a merged order goes to the one
    that has its lines. Raises Conflict `shift_closed` and `id_conflict`, and VersionConflict.
    """
    check_tender(new)
    stored = asked_for = await work.locked(tenant, order_id)
    while stored.order.merged_into is not None:
        stored = await work.locked(tenant, stored.order.merged_into)
    order = stored.order
    if new.id is not None:
        known = await queries.payment_known(tenant.conn, tenant.restaurant_id, new.id)
        if known is not None:
            if known.of != order.id or known.request_hash != request_hash:
                raise Conflict("This id is taken by another payment; make a new UUID.", code="id_conflict")
            return answer(order, new.id)
    work.check_version(asked_for, version)
    if asked_for.order.status in CLOSED and not new.accept_surplus:
        was = asked_for.order
        became = f"was merged into the order {order.id}" if order is not was else f"is {was.status}"
        raise Conflict(
            f"Order {was.number} {became}; money that was taken already is booked with `accept_surplus`.",
            code="order_closed",
        )
    check_id = new.check_id if any(check.id == new.check_id for check in order.checks) else None
    if new.check_id is not None and check_id is None and not new.accept_surplus:
        raise Invalid.of("check_id", "no check of this order; fetch the order again")
    left = room(order, check_id)
    if new.amount > left.most and not new.accept_surplus:
        raise Invalid(
            f"Take at most {left.most} (minor units of {order.currency}): {left.due} is due, and payments under "
            f"way have reserved {left.reserved}.",
            code="overpayment",
            errors=[FieldProblem("amount", f"more than {left.most}")],
        )
    shift_id = await shift(tenant, new.shift_id, cash=new.method == "cash", taken=new.accept_surplus)
    payment_id = new.id or uuid7()
    await queries.payment_insert(
        tenant,
        PaymentRow(
            id=payment_id,
            order_id=order.id,
            check_id=check_id,
            shift_id=shift_id,
            method=new.method,
            state=new.state,
            amount=new.amount,
            # money in the house goes before money that a terminal is still asked for
            unapplied=max(0, new.amount - owed(order, check_id)) if new.state == "captured" else 0,
            tip=new.tip,
            tendered=new.tendered,
            reference=new.reference,
            request_hash=request_hash,
        ),
    )
    reply = answer(await settled(tenant, order.id), payment_id, 201)
    return msgspec.structs.replace(
        reply, headers=reply.headers | {"Location": f"/api/v1/payments/{payment_id}"}
    )


async def capture(tenant: Tenant, payment_id: UUID, asked: Capture) -> Reply:
    """The terminal has moved the money: it is booked whatever has become of the order, what is not due as
    unapplied. Again: as it is. Raises Conflict `invalid_payment_state` where it has failed or was voided."""
    stored, payment = await of_payment(tenant, payment_id)
    if payment.state == "captured":
        return answer(stored.order, payment_id)
    check_state(payment, "pending", then="if the money has been taken, book it anew with `accept_surplus`")
    cash = payment.method == "cash"
    await queries.payment_capture(
        tenant,
        payment_id,
        check_id=next((c.id for c in stored.order.checks if c.id == payment.check_id), None),
        shift_id=await shift(tenant, payment.shift_id, cash=cash, taken=True),
        unapplied=max(0, payment.amount - stored.order.totals.due),
        reference=asked.reference,
    )
    return answer(await settled(tenant, stored.order.id), payment_id)


async def fail(tenant: Tenant, payment_id: UUID, asked: Failure) -> Reply:
    """The terminal has moved no money: what was reserved is due again. Again: as it is. Raises Conflict
    `invalid_payment_state` where it was captured or voided."""
    stored, payment = await of_payment(tenant, payment_id)
    if payment.state == "failed":
        return answer(stored.order, payment_id)
    check_state(payment, "pending", then="a captured payment is voided or refunded")
    await queries.payment_fail(tenant, payment_id, asked.reason)
    return answer(await settled(tenant, stored.order.id), payment_id)


async def void(
    tenant: Tenant, payment_id: UUID, asked: VoidPayment, version: int | None, approve: Approve
) -> Reply:
    """It was the wrong tender: the order is due again. Again: as it is.

    Raises Forbidden where neither the caller nor an approver may, Conflict `payment_refunded`,
    `payment_reported` where a Z has it, `invalid_payment_state` where it was never captured.
    """
    await check_allowed(tenant, asked.approver, approve, "A payment is voided by a manager")
    stored, payment = await of_payment(tenant, payment_id)
    if payment.state == "voided":
        return answer(stored.order, payment_id)
    work.check_version(stored, version)
    check_state(payment, "captured", then="one that is pending is failed")
    if payment.refunds:
        raise Conflict(
            "Money of this payment was given back; refund the rest instead.", code="payment_refunded"
        )
    if payment.shift_id is not None:
        await queries.shifts_of(tenant, payment.shift_id, own=False)
    if not await queries.payment_void(tenant, payment_id, asked.reason):
        raise Conflict("A Z has reported this payment; refund it instead.", code="payment_reported")
    return answer(await settled(tenant, stored.order.id), payment_id)


async def check_allowed(tenant: Tenant, approver: Approver | None, approve: Approve, what: str) -> None:
    """Raises Forbidden `approval_required`, and what `approve` raises. Asked before anything is locked."""
    if not await work.approved(tenant, approver, approve) and not may(tenant.role, "refunds.write"):
        raise Forbidden(f"{what}; or send an `approver` with their PIN.", code="approval_required")


async def of_payment(tenant: Tenant, payment_id: UUID) -> tuple[StoredOrder, Payment]:
    """A payment with its order, which nobody else changes until the end of the transaction."""
    while True:
        order_id = await queries.payment_order(tenant.conn, tenant.restaurant_id, payment_id)
        if order_id is None:
            raise NotFound("There is no such payment, or it is not yours.")
        stored = await work.locked(tenant, order_id)
        if any(payment.id == payment_id for payment in stored.order.payments):
            return stored, payment_of(stored.order, payment_id)
        # its order was merged into another before we had the lock


async def shift(tenant: Tenant, named: UUID | None, *, cash: bool, taken: bool) -> UUID | None:
    """The shift that money belongs to: the one that is named, else for cash the caller's open one.

    Raises Conflict `shift_closed` and Invalid where there is no such shift; where the money was `taken` already,
    that is as if none were named.
    """
    if named is None and not cash:
        return None
    found = await queries.shifts_of(tenant, named, own=cash and (named is None or taken))
    if found.named is not None and not found.closed:
        return found.named
    if named is not None and not taken:
        if found.named is None:
            raise Invalid.of("shift_id", "there is no such shift")
        raise Conflict("This shift is closed; name one that is open.", code="shift_closed")
    return found.own


async def settled(tenant: Tenant, order_id: UUID) -> Order:
    """The order after its payments changed, its checks made to fit."""
    order = (await work.read(tenant, order_id)).order
    if checks := balanced(order.checks, order.totals.due):
        await queries.checks_save(tenant, order_id, checks)
        order = (await work.read(tenant, order_id)).order
    return order


def answer(order: Order, payment_id: UUID, status: int = 200) -> Reply:
    """The payment, with its order and that one's ETag."""
    payment = msgspec.structs.asdict(payment_of(order, payment_id))
    body = msgspec.json.encode(PaymentOnOrder(**payment, order=order))
    return Reply(status, body, {"ETag": etag(order.version)})
