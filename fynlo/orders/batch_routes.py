"""A tablet's offline queue, over HTTP."""

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from fynlo import metrics
from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import (
    AnyRequest,
    Reply,
    decode,
    etag,
    idempotency_key,
    read_body,
    request_hash,
    restaurant_in,
)
from fynlo.inside import Answer, Inside
from fynlo.openapi import Operation, described
from fynlo.tenancy import Once, Tenant, entered, kept, once

from .batch import Batch, BatchOperation, BatchResult, Made, apply, places
from .history_queries import version_made
from .queries import payment_orders


def batch_routes(pool: Pool, inside: Inside) -> list[HTTPRouteHandler]:
    """The route of the batch, whose operations go to the other routes by way of `inside`."""

    @post(
        "/api/v1/orders/batch",
        status_code=200,
        opt=described(
            Operation(
                tag="Orders",
                summary="Apply an offline queue",
                needs="orders.write",
                body=Batch,
                answers={200: list[BatchResult]},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def apply_batch(request: AnyRequest) -> Response[bytes]:
        """Up to 200 operations, applied in order; one result each, in the same order. Each is the request it
        would be alone: a transaction of its own, its `key` as Idempotency-Key (on PUT and PATCH, too), its own
        answer, and it counts as a request. All belong to the restaurant of the batch: `other_restaurant`.

        An operation with a status from 400 on has failed. Those after it on the same order are not tried: 424
        `operation_failed_before`. All others are.

        Whatever happened, send the whole again: what was done is answered as it was, byte for byte
        (`replayed`), the rest is tried. 503 and 429 among the results ask for that, after a second. Keys are each
        person's own: where another may send it, give ids to orders, lines, payments and refunds. The answer is a
        200 whatever the results are. Under an Idempotency-Key of the batch's own it is kept once all was done."""
        body = await read_body(request)
        restaurant_id = restaurant_in(body)
        context = context_of(request.scope)
        async with entered(pool, context, "orders.write", restaurant_id=restaurant_id) as tenant:
            batch = decode(body, Batch)
            once_only = Once("POST", request.url.path, idempotency_key(request), request_hash(batch))
            where_to = places(batch.operations)
            named = [where.payment_id for where in where_to if where.payment_id is not None]
            payments = await payment_orders(tenant.conn, restaurant_id, named) if named else {}
        if once_only.key is not None:
            done = await kept(pool, context, "orders.write", once_only, restaurant_id=restaurant_id)
            if done is not None:
                return done.response()

        async def ask(operation: BatchOperation, path: str, version: int | None) -> Answer:
            headers = {"idempotency-key": operation.key}
            if version is not None:
                headers["if-match"] = etag(version)
            return await inside.ask(
                request,
                operation.method,
                path,
                body=operation.content,
                headers=headers,
                only=restaurant_id,
            )

        async def came_of(made: Made) -> int | None:
            async with entered(pool, context, "orders.write", restaurant_id=restaurant_id) as tenant:
                return await version_made(tenant.conn, restaurant_id, made.id, made.line)

        results = await apply(
            batch.operations, where_to, ask, context.request_id, payments=payments, came_of=came_of
        )
        for result in results:
            metrics.batch_operations.labels(result.status).inc()
        answer = Reply(200, msgspec.json.encode(results))
        if once_only.key is None or any(result.status >= 400 for result in results):
            return answer.response()

        async def keep(_tenant: Tenant) -> Reply:
            return answer

        stored = await once(pool, context, "orders.write", once_only, keep, restaurant_id=restaurant_id)
        return stored.response()

    return [apply_batch]
