"""The menu, over HTTP."""

from functools import lru_cache, partial
from typing import Protocol
from uuid import UUID

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from fynlo import metrics
from fynlo.context import Context, context_of, membership
from fynlo.db.feed import Position
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Encoded, RawHeaders, header, page_links, query, unchanged
from fynlo.identity.rules import may
from fynlo.openapi import Operation, described
from fynlo.tenancy import entered

from . import queries
from .cache import Key, Loaded, MenuCache, SharedMenus, answer
from .models import MenuQuery, Product

_from_process = metrics.menu_answers.labels("process")
_OF_304 = 4  # so many of the headers belong to an unchanged answer, too


@lru_cache(maxsize=4_096)
def _headers(etag: str, position: Position, total: str, links: str, length: int) -> RawHeaders:
    return (
        (b"etag", etag.encode()),
        (b"fynlo-feed", str(position).encode()),
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"Authorization"),
        (b"content-type", b"application/json"),
        (b"content-length", str(length).encode()),
        (b"x-total-count", total.encode()),
        (b"link", links.encode()),
    )


class FollowedFeed(Protocol):
    """How far this process has applied the feeds that it follows."""

    def position(self, restaurant_id: UUID) -> Position | None:
        """None where it is not followed, or cannot be trusted now."""

    async def follow(self, restaurant_id: UUID) -> Position:
        """Follow it from now on, if not yet."""


def menu_routes(
    pool: Pool, feed: FollowedFeed, cache: MenuCache, shared: SharedMenus
) -> list[HTTPRouteHandler]:
    """The routes of the menu."""

    async def read(context: Context, asked: MenuQuery, key: Key) -> Loaded:
        followed = await feed.follow(asked.restaurant_id)
        async with entered(pool, context, "menu.read", restaurant_id=asked.restaurant_id) as tenant:
            # The version stood when we entered, so a menu of that version includes all that was followed.
            if (found := await shared.get(key, tenant.menu_version)) is not None:
                metrics.menu_answers.labels("redis").inc()
                return Loaded(found, followed)
            page = await queries.menu_page(tenant.conn, asked, money=key.money)
        metrics.menu_answers.labels("database").inc()
        made = answer(msgspec.json.encode(page.products), page.total)
        await shared.put(key, page.menu_version, made)
        return Loaded(made, Position(page.epoch, page.seq))

    @get(
        "/api/v1/menu",
        opt=described(
            Operation(
                tag="Menu",
                summary="The menu",
                needs="menu.read",
                query=MenuQuery,
                answers={200: list[Product], 304: None},
                takes=["If-None-Match"],
                gives=["ETag", "Fynlo-Feed", "Link", "X-Total-Count"],
                problems=[403, 404],
            )
        ),
    )
    async def menu(request: AnyRequest) -> Encoded:
        """What can be ordered, in the order of the card: by category, then by place in it. A product with
        variants is sold by variant, whose price is the whole price. Ask again with If-None-Match: an unchanged
        page is a 304."""
        asked = query(request, MenuQuery)
        context = context_of(request.scope)
        role = membership(context.caller, asked.restaurant_id, "menu.read").role
        context.count_for(asked.restaurant_id)
        key = Key(asked.restaurant_id, may(role, "money.read"), asked.category, asked.page, asked.limit)
        position = feed.position(asked.restaurant_id)
        found = cache.get(key) if position is not None else None
        if found is None or position is None:
            found, position = await cache.load(key, partial(read, context, asked, key))
        else:
            _from_process.inc()
        shown = page_links(request, asked.page, asked.limit, found.total)
        headers = _headers(found.etag, position, shown["X-Total-Count"], shown["Link"], len(found.body))
        if unchanged(header(request, b"if-none-match"), found.etag):
            return Encoded(b"", 304, headers[:_OF_304])
        return Encoded(found.body, 200, headers)

    return [menu]
