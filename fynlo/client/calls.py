"""What the parts of `ApiClient` share: asking, writing, and reading a list to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from fynlo.client.answers import lowest, read, snapshot
from fynlo.client.models import Snapshot
from fynlo.client.orders import Order

T = TypeVar("T")
PAGE = 100  # the most that the server gives


async def numbered(page: Callable[[int], Awaitable[Snapshot[T]]]) -> Snapshot[T]:
    """A list whose pages are numbered from 1, to its end; the position is the lowest of its pages'."""
    pages = [await page(1)]
    while pages[-1].items and sum(len(p.items) for p in pages) < (pages[0].total or 0):
        pages.append(await page(len(pages) + 1))
    items = [item for page_ in pages for item in page_.items]
    return Snapshot(items, lowest([p.position for p in pages]), pages[0].total)


class Calls:
    """`_ask` is `Authorized.ask`."""

    _ask: Callable[..., Awaitable[httpx.Response]]

    async def _post(
        self, path: str, body: Struct, idempotency_key: str | None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        content = msgspec.json.encode(body)
        return await self._ask("POST", path, body=content, headers=headers, idempotency_key=idempotency_key)

    async def _change(
        self, method: str, order: Order, path: str, body: Struct | None, idempotency_key: str | None = None
    ) -> Order:
        """A change of the order in the version that the caller has seen; answers with the whole of it."""
        response = await self._ask(
            method,
            f"/orders/{order.id}{path}",
            body=msgspec.json.encode(body),
            headers={"if-match": order.etag},
            idempotency_key=idempotency_key,
        )
        return read(response, Order)

    async def _numbered(self, path: str, restaurant_id: str, kind: type[T]) -> Snapshot[T]:
        """A list of a restaurant's whose pages are numbered."""

        async def page(number: int) -> Snapshot[T]:
            params: dict[str, str | int] = {"restaurant_id": restaurant_id, "page": number, "limit": PAGE}
            return snapshot(await self._ask("GET", path, params=params), kind)

        return await numbered(page)

    async def _linked(self, path: str, query: httpx.QueryParams) -> AsyncGenerator[httpx.Response, None]:
        """The answers to a GET, from the first page along the links to the last."""
        while True:
            response = await self._ask("GET", path, params=query)
            yield response
            link = response.links.get("next", {}).get("url")
            if link is None:
                return
            # only its query counts: behind a proxy the host in it may be one that we cannot reach
            query = httpx.URL(link).params
