"""A request that changes something, judged in the contract's order, and its work done once."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast
from uuid import UUID

from litestar import Response

from fynlo.context import context_of
from fynlo.db.pool import Connection, Pool
from fynlo.errors import BadRequest, FynloError
from fynlo.http import AnyRequest, Reply, decode, idempotency_key, request_hash
from fynlo.identity.rules import Permission
from fynlo.tenancy import Announce, Of, Once, Tenant, once

T = TypeVar("T")


async def written(
    request: AnyRequest,
    pool: Pool,
    permission: Permission,
    kind: type[T],
    do: Callable[[Tenant, T, bytes], Awaitable[Reply]],
    *,
    body: bytes,
    restaurant_id: UUID | None = None,
    of: Of | None = None,
    retry_safe: Callable[[T], bool] = lambda _value: True,
    or_else: str = "",
    announce: Announce | None = None,
    first: Callable[[Connection], Awaitable[None]] | None = None,
) -> Response[bytes]:
    """Decode the body, enter the tenant, and `do` the work in one transaction, once for each Idempotency-Key.

    What is wrong with the body is said after 404 and 403 have been judged. A body that is not `retry_safe`
    needs a key, or what `or_else` says. `announce` and `first` are as in tenancy.once().

    Every POST may have a key, and so may a PUT or PATCH that names a version: sent again, it would be refused
    for the version that it has raised itself.
    """
    key: str | None = None
    value: T | None = None
    hashed = b""
    refused: FynloError | None = None
    try:
        keyed = request.method == "POST" or "if-match" in request.headers
        key = idempotency_key(request) if keyed else None
        value = decode(body, kind)
        hashed = request_hash(value)
        if key is None and not retry_safe(value):
            refused = BadRequest(
                f"Send an Idempotency-Key header, or {or_else}, so that a retry cannot double it.",
                code="idempotency_key_required",
            )
    except FynloError as error:
        refused = error

    async def work_on(tenant: Tenant) -> Reply:
        return await do(
            tenant, cast("T", value), hashed
        )  # None where the body is null, and that was asked for

    reply = await once(
        pool,
        context_of(request.scope),
        permission,
        Once(request.method, request.url.path, key, hashed),
        work_on,
        restaurant_id=restaurant_id,
        of=of,
        refused=refused,
        announce=announce,
        first=first,
    )
    return reply.response()
