"""Webhooks, over HTTP."""

from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import UNSET

from fynlo.context import context_of
from fynlo.db.feed import Position
from fynlo.db.pool import Pool
from fynlo.errors import Conflict, FieldProblem, Invalid, NotFound
from fynlo.events.models import EVENT_TYPES
from fynlo.events.queries import events_page
from fynlo.events.rules import check_followed
from fynlo.http import AnyRequest, Reply, page_links, query, read_body, respond, restaurant_in
from fynlo.ids import uuid7
from fynlo.openapi import Operation, described
from fynlo.tenancy import Of, Tenant, entered
from fynlo.writing import written

from . import queries, signing
from .models import ChangedWebhook, NewWebhook, Replay, Webhook, WebhooksQuery
from .rules import unknown_type, url_problem

MOST = 50  # of a restaurant
_NO_STORE = {"Cache-Control": "no-store"}  # an answer may show a secret


def _absent() -> NotFound:
    return NotFound("There is no such webhook, or it is not yours.")


def webhook_routes(pool: Pool, *, plain_http: bool, private_addresses: bool) -> list[HTTPRouteHandler]:
    """The routes under /webhooks."""

    def check(asked: NewWebhook | ChangedWebhook) -> None:
        problems = []
        if asked.url is not UNSET:
            wrong = url_problem(asked.url, plain_http=plain_http, private_addresses=private_addresses)
            problems += [FieldProblem("url", wrong)] if wrong is not None else []
        if asked.types is not UNSET:
            problems += [
                FieldProblem(f"types[{n}]", f"{wanted!r} is no type of event")
                for n, wanted in enumerate(asked.types)
                if unknown_type(wanted, EVENT_TYPES)
            ]
        if problems:
            first = problems[0]
            known = (
                ""
                if first.field == "url"
                else f"; there are {', '.join(EVENT_TYPES)}, and order.* and the like"
            )
            raise Invalid(f"{first.field}: {first.message}{known}.", errors=problems)

    async def shown(tenant: Tenant, webhook_id: UUID, secret: str | None = None, status: int = 200) -> Reply:
        found, _ = await queries.webhooks_page(tenant.conn, tenant.restaurant_id, webhook_id=webhook_id)
        if not found:
            raise _absent()
        webhook = found[0]
        if secret is not None:
            webhook = msgspec.structs.replace(webhook, secret=secret)
        return Reply(status, msgspec.json.encode(webhook), _NO_STORE)

    @get(
        "/api/v1/webhooks",
        opt=described(
            Operation(
                tag="Webhooks",
                summary="Webhooks",
                needs="back_office.write",
                query=WebhooksQuery,
                answers={200: list[Webhook]},
                gives=["Link", "X-Total-Count"],
                problems=[403, 404],
            )
        ),
    )
    async def list_webhooks(request: AnyRequest) -> Response[bytes]:
        """Oldest first, with how far each has come and what went wrong. A `disabled` one is sent nothing until
        its URL is changed, `active` set to true, or a replay asked for; `missed` tells of events that were no
        longer kept when their turn came."""
        asked = query(request, WebhooksQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "back_office.write", restaurant_id=asked.restaurant_id) as tenant:
            found, total = await queries.webhooks_page(
                tenant.conn, asked.restaurant_id, limit=asked.limit, offset=(asked.page - 1) * asked.limit
            )
        return respond(found, headers={**_NO_STORE, **page_links(request, asked.page, asked.limit, total)})

    @post(
        "/api/v1/webhooks",
        opt=described(
            Operation(
                tag="Webhooks",
                summary="Add a webhook",
                needs="back_office.write",
                body=NewWebhook,
                answers={201: Webhook},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409],
            )
        ),
    )
    async def create_webhook(request: AnyRequest) -> Response[bytes]:
        """Every event of these types from now on is sent to the URL as a POST, in order, signed as
        standardwebhooks.com has it: `webhook-id`, the same for every attempt, `webhook-timestamp`, and
        `webhook-signature`, an HMAC-SHA256 by the `secret`, which only this answer shows. Answer 2xx within
        10 s once you have it; anything else, redirects included, is tried again after 1 s, 2 s, 4 s … up to
        4 hours, for a day. Then the event is a dead letter and the next one follows. An event may come twice:
        keep the ids. 410 disables the webhook at once, five dead letters in a row do so, too.

        A restaurant may have 50: `too_many_webhooks`."""
        body = await read_body(request)

        async def do(tenant: Tenant, new: NewWebhook, _hashed: bytes) -> Reply:
            check(new)
            webhook_id, secret = uuid7(), signing.new_secret()
            if not await queries.webhook_insert(
                tenant.conn,
                tenant.restaurant_id,
                webhook_id,
                url=new.url,
                types=new.types,
                secret=secret,
                created_by=tenant.user_id,
                most=MOST,
            ):
                raise Conflict(
                    f"There are {MOST} webhooks already; delete one that is no longer needed.",
                    code="too_many_webhooks",
                )
            return await shown(tenant, webhook_id, secret, 201)

        return await written(
            request, pool, "back_office.write", NewWebhook, do, restaurant_id=restaurant_in(body), body=body
        )

    @patch(
        "/api/v1/webhooks/{webhook_id:uuid}",
        opt=described(
            Operation(
                tag="Webhooks",
                summary="Change a webhook",
                needs="back_office.write",
                body=ChangedWebhook,
                answers={200: Webhook},
                problems=[403, 404],
            )
        ),
    )
    async def change_webhook(request: AnyRequest, webhook_id: FromPath[UUID]) -> Response[bytes]:
        """What is left out stays. `active: false` pauses; `active: true`, and another URL for a disabled one,
        goes on where it stopped, at once, with all that came meanwhile. `rotate_secret: true` answers with a new
        `secret`; the one before signs beside it for 24 hours."""

        async def do(tenant: Tenant, changed: ChangedWebhook, _hashed: bytes) -> Reply:
            check(changed)
            restaurant_id = tenant.restaurant_id
            was = await queries.webhook_lock(tenant.conn, restaurant_id, webhook_id)
            if was is None:
                raise _absent()
            moved = changed.url is not UNSET
            active = was.active or (was.disabled and moved) if changed.active is UNSET else changed.active
            secret = signing.new_secret() if changed.rotate_secret else None
            await queries.webhook_update(
                tenant.conn,
                restaurant_id,
                webhook_id,
                url=was.url if changed.url is UNSET else changed.url,
                types=tuple(was.types) if changed.types is UNSET else changed.types,
                active=active,
                anew=moved or changed.types is not UNSET or changed.active is not UNSET,
                secret=secret,
            )
            return await shown(tenant, webhook_id, secret)

        return await written(
            request,
            pool,
            "back_office.write",
            ChangedWebhook,
            do,
            of=Of("webhook", webhook_id),
            body=await read_body(request),
        )

    @delete(
        "/api/v1/webhooks/{webhook_id:uuid}",
        status_code=204,
        opt=described(
            Operation(
                tag="Webhooks",
                summary="Delete a webhook",
                needs="back_office.write",
                answers={204: None},
                problems=[403, 404],
            )
        ),
    )
    async def delete_webhook(request: AnyRequest, webhook_id: FromPath[UUID]) -> None:
        """Nothing more is sent to it, and its secrets are forgotten; a delivery that is under way may still
        arrive."""
        context = context_of(request.scope)
        async with entered(pool, context, "back_office.write", of=Of("webhook", webhook_id)) as tenant:
            if not await queries.webhook_archive(tenant.conn, tenant.restaurant_id, webhook_id):
                raise _absent()

    @post(
        "/api/v1/webhooks/{webhook_id:uuid}/replay",
        status_code=200,
        opt=described(
            Operation(
                tag="Webhooks",
                summary="Send events again",
                needs="back_office.write",
                body=Replay,
                answers={200: Webhook},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409, 410],
            )
        ),
    )
    async def replay_webhook(request: AnyRequest, webhook_id: FromPath[UUID]) -> Response[bytes]:
        """Everything after the seq is sent again, in order, under the same `webhook-id`s; a seq further on than
        the webhook has come leaves out what lies between. A disabled or paused webhook is active again.
        Refusals: `events_gone` where that is no longer kept, `ahead_of_head`."""

        async def do(tenant: Tenant, asked: Replay, _hashed: bytes) -> Reply:
            restaurant_id = tenant.restaurant_id
            page = await events_page(tenant.conn, restaurant_id, asked.after, limit=1, max_bytes=1)
            check_followed(asked.after, None, log=page.epoch, begins=page.begins, head=page.head)
            position = Position(page.epoch, page.begins - 1)
            if not await queries.webhook_replay(tenant.conn, restaurant_id, webhook_id, position):
                raise _absent()
            return await shown(tenant, webhook_id)

        return await written(
            request,
            pool,
            "back_office.write",
            Replay,
            do,
            of=Of("webhook", webhook_id),
            body=await read_body(request),
        )

    return [list_webhooks, create_webhook, change_webhook, delete_webhook, replay_webhook]
