"""Restaurants, over HTTP."""

from uuid import UUID

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of, membership
from fynlo.db.pool import Pool, connection
from fynlo.errors import NotFound
from fynlo.http import AnyRequest, page_links, query, respond
from fynlo.openapi import Operation, described

from . import queries
from .models import Restaurant, RestaurantsQuery

_VARY = {"Vary": "Authorization"}


def restaurant_routes(pool: Pool) -> list[HTTPRouteHandler]:
    """The routes under /restaurants."""

    @get(
        "/api/v1/restaurants",
        opt=described(
            Operation(
                tag="Restaurants",
                summary="Restaurants I work in",
                needs="signed in",
                query=RestaurantsQuery,
                answers={200: list[Restaurant]},
                gives=["Link", "X-Total-Count"],
            )
        ),
    )
    async def list_restaurants(request: AnyRequest) -> Response[bytes]:
        """By name, with the caller's role and the settings that new orders are stamped with."""
        asked = query(request, RestaurantsQuery)
        async with connection(pool) as conn:
            found = await queries.restaurants_of(conn, context_of(request.scope).caller.user_id)
        start = (asked.page - 1) * asked.limit
        links = page_links(request, asked.page, asked.limit, len(found))
        return respond(found[start : start + asked.limit], headers={**_VARY, **links})

    @get(
        "/api/v1/restaurants/{restaurant_id:uuid}",
        opt=described(
            Operation(
                tag="Restaurants",
                summary="One restaurant",
                needs="menu.read",
                answers={200: Restaurant},
                problems=[404],
            )
        ),
    )
    async def get_restaurant(request: AnyRequest, restaurant_id: FromPath[UUID]) -> Response[bytes]:
        """With the caller's role and the settings that new orders are stamped with."""
        caller = context_of(request.scope).caller
        membership(caller, restaurant_id, "menu.read")
        async with connection(pool) as conn:
            for restaurant in await queries.restaurants_of(conn, caller.user_id):
                if restaurant.id == restaurant_id:
                    return respond(restaurant, headers=_VARY)
        raise NotFound("There is no such restaurant, or it is not yours.")

    return [list_restaurants, get_restaurant]
