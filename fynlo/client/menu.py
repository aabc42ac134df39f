"""Restaurants, their tables and their menus: the part of `ApiClient` that reads them."""

from __future__ import annotations

import httpx
import msgspec

from fynlo.client.answers import position_of, read, snapshot
from fynlo.client.calls import PAGE, Calls, numbered
from fynlo.client.models import Product, Restaurant, Snapshot, Table


class MenuCalls(Calls):
    """What a till shows before anybody has ordered."""

    _menus: dict[tuple[str, ...], tuple[str, Snapshot[Product]]]

    async def restaurants(self) -> list[Restaurant]:
        """The restaurants this person works for."""
        return read(await self._ask("GET", "/restaurants"), list[Restaurant])

    async def restaurant(self, restaurant_id: str) -> Restaurant:
        """A restaurant and its settings."""
        return read(await self._ask("GET", f"/restaurants/{restaurant_id}"), Restaurant)

    async def tables(self, restaurant_id: str) -> Snapshot[Table]:
        """The tables of a restaurant, page by page; the position is the lowest of its pages'."""
        return await self._numbered("/tables", restaurant_id, Table)

    async def menu(
        self, restaurant_id: str, *, category: str | None = None, page: int = 1, limit: int = 50
    ) -> Snapshot[Product]:
        """A page (from 1, of up to 100) of what is on the menu.

        Asked again, an unchanged page costs the server a 304 and comes from memory, with its new position.
        """
        params: dict[str, str | int] = {"restaurant_id": restaurant_id, "page": page, "limit": limit}
        if category is not None:
            params["category"] = category
        known = self._menus.get(key := tuple(map(str, params.values())))
        response = await self._ask(
            "GET", "/menu", params=params, headers={"if-none-match": known[0]} if known else {}
        )
        if response.status_code == httpx.codes.NOT_MODIFIED and known:
            return msgspec.structs.replace(known[1], position=position_of(response))
        answer = snapshot(response, Product)
        if etag := response.headers.get("etag"):
            self._menus[key] = (etag, answer)
        return answer

    async def menu_all(self, restaurant_id: str, *, category: str | None = None) -> Snapshot[Product]:
        """The whole menu, page by page; its position is the lowest of its pages'."""
        return await numbered(lambda page: self.menu(restaurant_id, category=category, page=page, limit=PAGE))
