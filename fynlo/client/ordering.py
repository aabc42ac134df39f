"""Making orders, changing and listing them: the part of `ApiClient` that is about them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import date
from typing import Literal

import httpx
from msgspec import UNSET, Struct, UnsetType

from fynlo.client.answers import lowest, read, snapshot
from fynlo.client.calls import PAGE, Calls
from fynlo.client.models import Position, Snapshot
from fynlo.client.orders import NewItem, NewOrder, Order, Preview
from fynlo.client.payments import Approver


class _Lines(Struct):
    items: tuple[NewItem, ...]
    send: bool | UnsetType = UNSET
    approver: Approver | UnsetType = UNSET


class _Status(Struct):
    status: str
    reason: str | UnsetType = UNSET
    restock: bool | UnsetType = UNSET


class OrderCalls(Calls):
    """Each writing method makes one Idempotency-Key and keeps it over its tries."""

    async def orders(
        self,
        restaurant_id: str,
        *,
        status: Iterable[str] = (),
        business_date: date | None = None,
        table_id: str | None = None,
        payment_status: str | None = None,
        at_most: int | None = None,
    ) -> Snapshot[Order]:
        """Orders, newest first, following the list to its end or to `at_most` orders.

        Without a filter that is every order there ever was: name the statuses, the day or a limit. Its
        position is the lowest of the pages it was read in.
        """
        orders: list[Order] = []
        positions: list[Position | None] = []
        pages = self.order_pages(
            restaurant_id,
            status=status,
            business_date=business_date,
            table_id=table_id,
            payment_status=payment_status,
            limit=min(at_most or PAGE, PAGE),
        )
        async with aclosing(pages):
            async for page in pages:
                orders += page.items
                positions.append(page.position)
                if at_most is not None and len(orders) >= at_most:
                    break
        return Snapshot(orders[:at_most], lowest(positions))

    async def order_pages(
        self,
        restaurant_id: str,
        *,
        status: Iterable[str] = (),
        business_date: date | None = None,
        table_id: str | None = None,
        payment_status: str | None = None,
        limit: int = PAGE,
    ) -> AsyncGenerator[Snapshot[Order], None]:
        """The same in pages of up to `limit` (100), each read when you go on to it."""
        wanted: dict[str, str | int | list[str] | None] = {
            "restaurant_id": restaurant_id,
            "status": list(status),
            "business_date": business_date.isoformat() if business_date else None,
            "table_id": table_id,
            "payment_status": payment_status,
            "limit": limit,
        }
        query = httpx.QueryParams({name: value for name, value in wanted.items() if value is not None})
        async with aclosing(self._linked("/orders", query)) as responses:
            async for response in responses:
                yield snapshot(response, Order)

    async def order(self, order_id: str, *, at_seq: int | None = None) -> Order:
        """An order as it is now, or as it was after an event of the log.

        Raises ProblemError `not_found` where it came later than that, `events_gone` where that is no longer kept.
        """
        params = {} if at_seq is None else {"at_seq": at_seq}
        return read(await self._ask("GET", f"/orders/{order_id}", params=params), Order)

    async def preview_order(self, order: NewOrder) -> Preview:
        """What the order would cost; nothing is kept. Refuses what `create_order` would refuse."""
        return read(await self._post("/orders/preview", order, None), Preview)

    async def create_order(self, order: NewOrder, *, idempotency_key: str | None = None) -> Order:
        """Creates an order and answers with it, priced by the server.

        Refusals worth a thought: `out_of_stock`, `modifier_selection`, `table_occupied`, `validation_failed`.
        """
        return read(await self._post("/orders", order, idempotency_key), Order)

    async def append_items(
        self,
        order_id: str,
        items: Iterable[NewItem],
        *,
        send: bool | None = None,
        approver: Approver | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Adds lines to an open order, whatever its version, and answers with the whole of it. Where more than the
        `discount_limit` is off the order, whoever may not give that sends an `approver`."""
        lines = _Lines(tuple(items), UNSET if send is None else send, UNSET if approver is None else approver)
        return read(await self._post(f"/orders/{order_id}/items", lines, idempotency_key), Order)

    async def set_status(
        self,
        order: Order,
        status: Literal["confirmed", "preparing", "ready", "completed", "cancelled"],
        reason: str | None = None,
        *,
        restock: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Moves an order on from the state that the caller has seen; `cancelled` wants a `reason`.
        What it took from counted stock comes back then, unless cooking has begun; `restock` overrides.

        Raises ProblemError `version_conflict` when the order has changed since, with the order as it is under
        `current`; also `invalid_transition`, `order_closed`, `payment_due`.
        """
        change = _Status(status, UNSET if reason is None else reason, UNSET if restock is None else restock)
        return await self._change("POST", order, "/status", change, idempotency_key)
