"""Restaurants, their tables and their menus: the part of `ApiClient` that reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import httpx
import msgspec

from fynlo.client.answers import position_of, read, snapshot
from fynlo.client.calls import PAGE, Calls, numbered
from fynlo.client.events import Event
from fynlo.client.models import Availability, Product, Restaurant, Snapshot, StockChange, Stocked, Table


def with_availability(products: Iterable[Product], event: Event) -> list[Product]:
    """These products as they are after an event of the feed: `inventory.*` says what is left of one product or of one
    modifier, wherever that is offered. Any other event changes nothing."""
    if not event.type.startswith("inventory."):
        return list(products)
    change = event.decode(StockChange)
    return [_changed(product, change) for product in products]


def _changed(product: Product, change: StockChange) -> Product:
    if change.product_id is not None:
        its_own = product.id == change.product_id
        return msgspec.structs.replace(product, availability=change.availability) if its_own else product
    if not any(m.id == change.modifier_id for group in product.modifier_groups for m in group.modifiers):
        return product
    groups = tuple(
        msgspec.structs.replace(
            group,
            modifiers=tuple(
                msgspec.structs.replace(m, availability=change.availability)
                if m.id == change.modifier_id
                else m
                for m in group.modifiers
            ),
        )
        for group in product.modifier_groups
    )
    return msgspec.structs.replace(product, modifier_groups=groups)


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

    async def set_table_status(
        self, table_id: str, status: Literal["available", "reserved", "cleaning"]
    ) -> Table:
        """Says how a table is; it is `occupied` by itself while an order is open there."""
        body = msgspec.json.encode({"status": status})
        return read(await self._ask("PATCH", f"/tables/{table_id}", body=body), Table)

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

    async def set_availability(
        self,
        kind: Literal["product", "modifier"],
        id: str,
        state: Literal["in_stock", "counted", "out_of_stock"],
        *,
        quantity: int | None = None,
        until: datetime | None = None,
        low_stock_at: int | None = None,
    ) -> Availability:
        """Say how a product or modifier is sold from now on: 86 it, or count it.

        `quantity` with counted; `until` is when it is simply in stock again; from `low_stock_at` left on screens are
        warned, None leaves that as it is.
        """
        given = {"quantity": quantity, "until": until, "low_stock_at": low_stock_at}
        body = {"state": state, **{name: value for name, value in given.items() if value is not None}}
        response = await self._ask("PUT", f"/{kind}s/{id}/availability", body=msgspec.json.encode(body))
        return read(response, Stocked).availability
