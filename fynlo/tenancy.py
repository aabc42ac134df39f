"""How a request enters its tenant, and how work is done once however often it is asked for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import time
from typing import Literal
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from fynlo.context import Context, require
from fynlo.db.pool import Connection, Pool, transaction
from fynlo.db.queries import queries
from fynlo.errors import Conflict, FynloError, Invalid, NotFound, Unavailable
from fynlo.http import Reply
from fynlo.identity.rules import Permission, Role

_SQL = queries("tenancy")
TRIES = 3


class Tenant(msgspec.Struct, frozen=True):
    """The restaurant a transaction is in, as it is set up now, and the caller's role in it."""

    conn: Connection
    user_id: UUID
    device_id: UUID | None
    restaurant_id: UUID
    role: Role
    name: str
    timezone: str
    currency: str
    day_cutoff: time
    prices_include_tax: bool
    tax_rounding: str
    tax_scope: str
    service_charge_percentage: str | None
    service_charge_taxable: bool
    service_charge_from_covers: int | None
    discount_limit_percentage: str
    menu_version: int


class Once(msgspec.Struct, frozen=True):
    """What makes a request the same as an earlier one: method, path, key, and a hash of what it asks."""

    method: str
    path: str
    key: str | None
    request_hash: bytes


class Of(msgspec.Struct, frozen=True):
    """The thing whose restaurant is meant: fynlo.enter() knows the kinds."""

    kind: Literal[
        "order", "member of staff", "device", "webhook", "payment", "table", "section", "shift", "Z report",
        "product", "modifier",
    ]  # fmt: skip
    id: UUID


class Overtaken(Exception):
    """Raised by work instead of a refusal that may have come of the same request, which ran at the same time: whoever
    looks again finds what that has made."""

    def __init__(self, refusal: FynloError) -> None:
        super().__init__()
        self.refusal = refusal


Work = Callable[[Tenant], Awaitable[Reply]]
Announce = Callable[[UUID], None]


async def _enter(
    conn: Connection,
    context: Context,
    permission: Permission,
    restaurant_id: UUID | None,
    of: Of | None,
    once: Once | None,
    *,
    notify: bool = True,
) -> tuple[Tenant, Reply | None]:
    """Enter, and look for the first answer to the key. One round trip."""
    caller = context.caller
    cursor = await conn.execute(
        _SQL["enter"],
        {
            "user_id": caller.user_id,
            "restaurant_id": restaurant_id,
            "kind": of.kind if of else None,
            "id": of.id if of else None,
            "device_id": caller.device_id,
            "request_id": context.request_id,
            "address": context.address,
            "method": once.method if once else None,
            "path": once.path if once else None,
            "key": once.key if once else None,
            "request_hash": once.request_hash if once else None,
            "notify": "on" if notify else "off",
        },
    )
    row = await cursor.fetchone()
    if row is None:
        what = of.kind if of else "restaurant"
        raise NotFound(f"There is no such {what}, or it is not yours.")
    tenant = Tenant(conn, caller.user_id, caller.device_id, *row[:14])
    require(tenant.role, permission)
    context.count_for(tenant.restaurant_id)
    if context.only is not None and context.only != tenant.restaurant_id:
        raise Invalid(
            "This belongs to another restaurant than the batch; send it in a batch of that restaurant.",
            code="other_restaurant",
        )
    claim, status, headers, body = row[14:]
    if claim == "mismatch":
        raise Invalid(
            "This Idempotency-Key was used for a different request; make a new key for a new request.",
            code="idempotency_mismatch",
        )
    if claim == "replay":
        return tenant, Reply(status, bytes(body), {**headers, "Idempotent-Replayed": "true"})
    return tenant, None


@asynccontextmanager
async def entered(
    pool: Pool,
    context: Context,
    permission: Permission,
    *,
    restaurant_id: UUID | None = None,
    of: Of | None = None,
) -> AsyncIterator[Tenant]:
    """A transaction inside the tenant of the restaurant, or of the thing with that id.

    Raises NotFound where that is absent or another tenant's, Forbidden where the role may not.
    """
    async with transaction(pool) as conn:
        tenant, _ = await _enter(conn, context, permission, restaurant_id, of, None)
        yield tenant


async def once(
    pool: Pool,
    context: Context,
    permission: Permission,
    request: Once,
    work: Work,
    *,
    restaurant_id: UUID | None = None,
    of: Of | None = None,
    refused: FynloError | None = None,
    announce: Announce | None = None,
    first: Callable[[Connection], Awaitable[None]] | None = None,
) -> Reply:
    """Do the work in one transaction, once: a request seen before gets its first answer again.

    The answer is stored under the key in the same transaction, so either both exist or neither. `refused`
    is what is wrong with the body, raised after 404 and 403 have been judged. Deadlocks, and ids taken by
    a request that ran at the same time, are tried again; what was Overtaken, once. `first` runs in the
    transaction before the tenant is entered. With `announce` the transaction notifies nobody; that is told
    the restaurant when it has committed.
    Raises Conflict `idempotency_in_flight` where the first request has been running for 5 s.
    """
    for attempt in range(1, TRIES + 1):
        committing: UUID | None = None
        try:
            async with transaction(pool) as conn:
                if first is not None:
                    await first(conn)
                try:
                    tenant, replay = await _enter(
                        conn,
                        context,
                        permission,
                        restaurant_id,
                        of,
                        None if refused else request,
                        notify=announce is None,
                    )
                except psycopg.errors.LockNotAvailable as exc:
                    raise Conflict(
                        "The first request with this Idempotency-Key is still running; ask again in a second.",
                        code="idempotency_in_flight",
                        headers={"Retry-After": "1"},
                    ) from exc
                if refused is not None:
                    raise refused
                if replay is not None:
                    return replay
                reply = await work(tenant)
                if request.key is not None:
                    await _store(tenant, request, reply)
                committing = tenant.restaurant_id
            return reply
        except (
            psycopg.errors.DeadlockDetected,
            psycopg.errors.SerializationFailure,
            psycopg.errors.UniqueViolation,
        ) as exc:
            if attempt == TRIES:
                raise _out_of_tries(exc) from exc
        except Overtaken as exc:
            if attempt > 1:
                raise exc.refusal from exc
        finally:
            if announce is not None and committing is not None:
                announce(committing)  # a commit whose answer was lost may stand, and a hint costs nothing
    raise AssertionError("unreachable")


class _NotKept(Exception):
    """Raised instead of work: nothing was done yet, and nothing is claimed."""


async def kept(
    pool: Pool, context: Context, permission: Permission, request: Once, *, restaurant_id: UUID
) -> Reply | None:
    """The answer that is kept under the key of a request, if there is one; nothing is done.

    Raises Invalid `idempotency_mismatch` where it is kept for another body.
    """

    async def nothing(_tenant: Tenant) -> Reply:
        raise _NotKept

    try:
        return await once(pool, context, permission, request, nothing, restaurant_id=restaurant_id)
    except _NotKept:
        return None


async def _store(tenant: Tenant, request: Once, reply: Reply) -> None:
    await tenant.conn.execute(
        _SQL["store_answer"],
        {
            "status": reply.status,
            "headers": Jsonb(reply.headers),
            "body": reply.body,
            "restaurant_id": tenant.restaurant_id,
            "actor": tenant.user_id,
            "method": request.method,
            "path": request.path,
            "key": request.key,
        },
    )


def _out_of_tries(exc: psycopg.Error) -> FynloError:
    constraint = exc.diag.constraint_name or ""
    if constraint == "orders_one_open_per_table":
        return Conflict(
            "Another order has just been opened at this table; add to that one.", code="table_occupied"
        )
    if isinstance(exc, psycopg.errors.UniqueViolation):
        return Conflict("This id is taken by something else; make a new UUID.", code="id_conflict")
    return Unavailable("Others were changing the same order; send the same request again in a second.")
