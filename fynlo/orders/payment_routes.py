"""Payments and refunds, over HTTP."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.errors import NotFound
from fynlo.http import AnyRequest, Reply, if_match, link, query, read_body, respond
from fynlo.openapi import Operation, described
from fynlo.tenancy import Announce, Of, Tenant, entered
from fynlo.writing import written

from . import payment_queries as queries
from . import payments, refunds
from .cursors import cursor_of, ended_with
from .payment_bodies import (
    Capture,
    Failure,
    NewPayment,
    NewRefund,
    PaymentOnOrder,
    PaymentsQuery,
    RefundOnOrder,
    VoidPayment,
)
from .payment_models import Payment
from .work import Approve

_VARY = {"Vary": "Authorization"}


def payment_routes(pool: Pool, approve: Approve, announce: Announce | None = None) -> list[HTTPRouteHandler]:
    """The routes of payments and refunds; their commits are announced where that is given, else they notify
    themselves."""

    @post(
        "/api/v1/orders/{order_id:uuid}/payments",
        opt=described(
            Operation(
                tag="Payments",
                summary="Take a payment",
                needs="payments.write",
                body=NewPayment,
                answers={201: PaymentOnOrder, 200: PaymentOnOrder},
                takes=["Idempotency-Key", "If-Match"],
                gives=["ETag", "Location", "Idempotent-Replayed"],
                problems=[403, 404, 409, 412],
            )
        ),
    )
    async def take_payment(request: AnyRequest, order_id: FromPath[UUID]) -> Response[bytes]:
        """Answers with the payment, its `change` and the order. `state: "pending"` reserves the amount before the
        terminal moves money; then capture it or fail it. Needs an Idempotency-Key or an `id` of yours. Two tills
        may pay on one order: no version is needed, but one that is sent is held to. Cash belongs to the `shift_id`
        it names, else to the shift that you have open.

        Refusals: `overpayment` for more than is due and not reserved by payments under way, `order_closed`,
        `shift_closed`, `id_conflict`. None but the last with `accept_surplus`: money that was taken already is
        booked, what is not due of it as `unapplied`, on the order that has the lines if they were merged."""

        async def do(tenant: Tenant, new: NewPayment, hashed: bytes) -> Reply:
            return await payments.take(tenant, order_id, new, hashed, if_match(request, required=False))

        return await written(
            request,
            pool,
            "payments.write",
            NewPayment,
            do,
            of=Of("order", order_id),
            body=await read_body(request),
            retry_safe=lambda new: new.id is not None,
            or_else="give the payment an `id` of your own",
            announce=announce,
        )

    @post(
        "/api/v1/payments/{payment_id:uuid}/capture",
        status_code=200,
        opt=described(
            Operation(
                tag="Payments",
                summary="The terminal has moved the money",
                needs="payments.write",
                body=Capture,
                answers={200: PaymentOnOrder},
                takes=["Idempotency-Key"],
                gives=["ETag", "Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def capture_payment(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[bytes]:
        """Books what was pending, on an order that was closed meanwhile as well; what is not due any more is
        `unapplied`. Once more is the same answer. Refusal: `invalid_payment_state`."""

        async def do(tenant: Tenant, asked: Capture, _hashed: bytes) -> Reply:
            return await payments.capture(tenant, payment_id, asked)

        return await written(
            request,
            pool,
            "payments.write",
            Capture,
            do,
            of=Of("payment", payment_id),
            body=await read_body(request) or b"{}",
            announce=announce,
        )

    @post(
        "/api/v1/payments/{payment_id:uuid}/fail",
        status_code=200,
        opt=described(
            Operation(
                tag="Payments",
                summary="The terminal has moved no money",
                needs="payments.write",
                body=Failure,
                answers={200: PaymentOnOrder},
                takes=["Idempotency-Key"],
                gives=["ETag", "Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def fail_payment(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[bytes]:
        """What was reserved may be paid otherwise. Once more is the same answer. Refusal:
        `invalid_payment_state`."""

        async def do(tenant: Tenant, asked: Failure, _hashed: bytes) -> Reply:
            return await payments.fail(tenant, payment_id, asked)

        return await written(
            request,
            pool,
            "payments.write",
            Failure,
            do,
            of=Of("payment", payment_id),
            body=await read_body(request) or b"{}",
            announce=announce,
        )

    @post(
        "/api/v1/payments/{payment_id:uuid}/void",
        status_code=200,
        opt=described(
            Operation(
                tag="Payments",
                summary="Void a payment",
                needs="payments.write",
                body=VoidPayment,
                answers={200: PaymentOnOrder},
                takes=["Idempotency-Key", "If-Match"],
                gives=["ETag", "Idempotent-Replayed"],
                problems=[403, 404, 409, 412, 429],
            )
        ),
    )
    async def void_payment(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[bytes]:
        """It was the wrong tender: the order is due again. Done by owners and managers; others send an `approver`:
        `approval_required`, `approval_refused`. Refusals: `payment_reported` once a Z has it, `payment_refunded`
        once money of it was given back, `invalid_payment_state`."""

        async def do(tenant: Tenant, asked: VoidPayment, _hashed: bytes) -> Reply:
            version = if_match(request, required=False)
            return await payments.void(tenant, payment_id, asked, version, approve)

        return await written(
            request,
            pool,
            "payments.write",
            VoidPayment,
            do,
            of=Of("payment", payment_id),
            body=await read_body(request),
            announce=announce,
        )

    @post(
        "/api/v1/payments/{payment_id:uuid}/refunds",
        opt=described(
            Operation(
                tag="Payments",
                summary="Give money back",
                needs="payments.write",
                body=NewRefund,
                answers={201: RefundOnOrder, 200: RefundOnOrder},
                takes=["Idempotency-Key", "If-Match"],
                gives=["ETag", "Idempotent-Replayed"],
                problems=[403, 404, 409, 412, 429],
            )
        ),
    )
    async def refund_payment(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[bytes]:
        """At most what was paid, on completed orders as well, on the business date of now. What was taken beyond
        what was due goes first. It makes nothing due again. Done by owners and managers; others send an `approver`:
        `approval_required`, `approval_refused`. Needs an Idempotency-Key or an `id` of yours.

        Refusals: `refund_exceeds_payment`, `invalid_payment_state`, `shift_closed`, `id_conflict`."""

        async def do(tenant: Tenant, new: NewRefund, hashed: bytes) -> Reply:
            version = if_match(request, required=False)
            return await refunds.refund(tenant, payment_id, new, hashed, version, approve)

        return await written(
            request,
            pool,
            "payments.write",
            NewRefund,
            do,
            of=Of("payment", payment_id),
            body=await read_body(request),
            retry_safe=lambda new: new.id is not None,
            or_else="give the refund an `id` of your own",
            announce=announce,
        )

    @get(
        "/api/v1/payments",
        opt=described(
            Operation(
                tag="Payments",
                summary="Payments",
                needs="money.read",
                query=PaymentsQuery,
                answers={200: list[Payment]},
                gives=["Link"],
                problems=[403, 404],
            )
        ),
    )
    async def list_payments(request: AnyRequest) -> Response[bytes]:
        """Newest first, each with its refunds. The next page is the `Link` with rel="next"."""
        asked = query(request, PaymentsQuery)
        before = ended_with(asked.cursor)
        context = context_of(request.scope)
        async with entered(pool, context, "money.read", restaurant_id=asked.restaurant_id) as tenant:
            found = await queries.payments_page(tenant.conn, asked, before)
        headers = dict(_VARY)
        if len(found) == asked.limit:
            headers["Link"] = link(request, "next", cursor=cursor_of(found[-1].created_at, found[-1].id))
        return respond(found, headers=headers)

    @get(
        "/api/v1/payments/{payment_id:uuid}",
        opt=described(
            Operation(
                tag="Payments",
                summary="One payment",
                needs="money.read",
                answers={200: Payment},
                problems=[403, 404],
            )
        ),
    )
    async def get_payment(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[bytes]:
        """As it is now, with its refunds."""
        context = context_of(request.scope)
        async with entered(pool, context, "money.read", of=Of("payment", payment_id)) as tenant:
            found = await queries.payment_read(tenant.conn, tenant.restaurant_id, payment_id)
        if found is None:
            raise NotFound("There is no such payment, or it is not yours.")
        return respond(found, headers=_VARY)

    return [
        take_payment,
        capture_payment,
        fail_payment,
        void_payment,
        refund_payment,
        list_payments,
        get_payment,
    ]
