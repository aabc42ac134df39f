"""Restaurants, over HTTP."""

from typing import Protocol
from uuid import UUID, uuid5

from litestar import Response, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of, membership
from fynlo.db.pool import Connection, Pool, connection
from fynlo.errors import Forbidden, NotFound
from fynlo.http import AnyRequest, decode, idempotency_key, page_links, query, read_body, respond
from fynlo.identity.models import Principal
from fynlo.ids import uuid7
from fynlo.openapi import Operation, described
from fynlo.writing import written

from . import queries, work
from .models import NewRestaurant, Restaurant, RestaurantChange, RestaurantsQuery

_VARY = {"Vary": "Authorization"}


async def _restaurants_of(conn: Connection, caller: Principal) -> list[Restaurant]:
    """Where the caller works; on a device, where it stands."""
    found = await queries.restaurants_of(conn, caller.user_id)
    if caller.device_id is None:
        return found
    return [restaurant for restaurant in found if restaurant.id in caller.memberships]


class Standings(Protocol):
    """What this process remembers of who works where."""

    def forget_user(self, user_id: UUID) -> None: ...


def restaurant_routes(pool: Pool, standings: Standings) -> list[HTTPRouteHandler]:
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
            found = await _restaurants_of(conn, context_of(request.scope).caller)
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

    @post(
        "/api/v1/restaurants",
        opt=described(
            Operation(
                tag="Restaurants",
                summary="Found a restaurant",
                needs="signed in",
                body=NewRestaurant,
                answers={201: Restaurant},
                takes=["Idempotency-Key"],
                gives=["Location", "Idempotent-Replayed"],
                problems=[403, 409],
            )
        ),
    )
    async def found_restaurant(request: AnyRequest) -> Response[bytes]:
        """The caller becomes its owner. Devices found none."""
        context = context_of(request.scope)
        if context.caller.device_id is not None:
            raise Forbidden("A device founds no restaurant; sign in with a password.")
        body = await read_body(request)
        new = decode(body, NewRestaurant)
        key = idempotency_key(request)
        # The same key is the same restaurant, which is where the first answer is kept.
        restaurant_id = uuid5(context.caller.user_id, key) if key else uuid7()

        async def first(conn: Connection) -> None:
            await queries.found_restaurant(conn, context.caller.user_id, restaurant_id, new, context)

        answer = await written(
            request,
            pool,
            "back_office.write",
            NewRestaurant,
            work.fill,
            body=body,
            restaurant_id=restaurant_id,
            first=first,
        )
        standings.forget_user(context.caller.user_id)
        return answer

    @patch(
        "/api/v1/restaurants/{restaurant_id:uuid}",
        opt=described(
            Operation(
                tag="Restaurants",
                summary="Change the settings",
                needs="back_office.write",
                body=RestaurantChange,
                answers={200: Restaurant},
                problems=[403, 404, 409],
            )
        ),
    )
    async def change_restaurant(request: AnyRequest, restaurant_id: FromPath[UUID]) -> Response[bytes]:
        """For orders that are made from now on: each keeps the settings it was made under. The currency stays
        once there are orders: `currency_fixed`."""
        return await written(
            request,
            pool,
            "back_office.write",
            RestaurantChange,
            work.change,
            body=await read_body(request),
            restaurant_id=restaurant_id,
        )

    return [list_restaurants, get_restaurant, found_restaurant, change_restaurant]
