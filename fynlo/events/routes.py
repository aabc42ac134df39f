"""The log, over HTTP."""

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, accepted, header, link, query
from fynlo.live.room import Audience
from fynlo.openapi import Operation, described
from fynlo.tenancy import entered

from . import queries
from .audiences import audience_of
from .models import Event, EventsQuery
from .queries import LoggedEvent
from .rules import check_followed

NDJSON = "application/x-ndjson"
PAGE_BYTES = 4 * 1_048_576


def shown(event: LoggedEvent, audience: Audience) -> Event:
    """The event as this audience sees it."""
    return Event(
        event.seq,
        event.type,
        event.entity_id,
        event.created_at,
        event.actor,
        msgspec.Raw(audience.show(event.data).encode()),
    )


def event_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """The routes of the log."""

    @get(
        "/api/v1/events",
        opt=described(
            Operation(
                tag="Events",
                summary="The event log",
                needs="orders.read",
                query=EventsQuery,
                answers={200: list[Event]},
                gives=["Fynlo-Feed", "Link"],
                problems=[403, 404, 409, 410],
                media=(NDJSON,),
            )
        ),
    )
    async def list_events(request: AnyRequest) -> Response[bytes]:
        """Oldest first, without a hole. `Fynlo-Feed` says up to where the log was read, events that your role
        does not see included: ask on with its seq as `after` and its epoch as `epoch`, or follow from there
        over a socket. While there is more, `Link` has the next page; an empty page may have one. `limit` counts
        the events read; a page ends early at 4 MiB. With `Accept: application/x-ndjson` each event is a line.

        Begin with `after=0` at the oldest event that is kept, or with the seq of a snapshot's Fynlo-Feed.
        Refusals: `events_gone` where events after `after` are no longer kept, `ahead_of_head` and
        `epoch_changed` where it is of another log, as after a restore. All three mean: take a snapshot."""
        asked = query(request, EventsQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "orders.read", restaurant_id=asked.restaurant_id) as tenant:
            page = await queries.events_page(
                tenant.conn, asked.restaurant_id, asked.after, limit=asked.limit, max_bytes=PAGE_BYTES
            )
        check_followed(asked.after, asked.epoch, log=page.epoch, begins=page.begins, head=page.head)
        audience = audience_of(tenant.role)
        events = [shown(event, audience) for event in page.events if audience.sees(event.type)]
        headers = {"Vary": "Authorization, Accept", "Fynlo-Feed": str(page.position)}
        if page.position.seq < page.head:
            headers["Link"] = link(request, "next", after=page.position.seq, epoch=page.epoch)
        media = accepted(
            (header(request, b"accept") or "*/*").encode("latin-1"), ("application/json", NDJSON)
        )
        if media == NDJSON:
            return Response(msgspec.json.Encoder().encode_lines(events), headers=headers, media_type=NDJSON)
        return Response(msgspec.json.encode(events), headers=headers, media_type="application/json")

    return [list_events]
