"""A restaurant in service: its guests as they come, and its kitchen that runs out of things."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from time import monotonic

from msgspec import UNSET

from fynlo.client import ApiClient, Approver, ClientError, Event, NewItem, Product, Table, with_availability

from .books import Books
from .figures import Figures
from .menu import choose, orderable
from .till import Till
from .visit import ClosingTime, Visit

OPEN_AT_ONCE = 60
"""Orders that stay open on average at most: guests are quicker when more of them come."""

GUESTS_AT_ONCE = 100
STAY_S = 40.0
KEPT_FREE = 2
"""Tables to move to, or to join friends from."""

COUNTED = (2, 12, 4)
"""So many products are counted at the start, with so many of each, and a warning from so many on; and a modifier."""


class House:
    """Lets guests in, one after the other; guest n of a seed plays the same part in every run."""

    def __init__(
        self,
        api: ApiClient,
        restaurant_id: str,
        menu: Sequence[Product],
        tables: Sequence[Table],
        *,
        per_minute: float,
        seed: int,
        figures: Figures,
        books: Books,
        closing: asyncio.Event,
        approver: Approver | None = None,
    ) -> None:
        self.api = api
        self.restaurant_id = restaurant_id
        self.figures = figures
        self.books = books
        self.till = Till(api, restaurant_id, figures, books, approver)
        self._closing = closing
        self._menu = list(menu)
        self._can_order = [product for product in menu if orderable(product)]
        self._free = [table for table in tables if table.status == "available"]
        self._interval = 60 / per_minute
        self._pace = min(1.0, OPEN_AT_ONCE * self._interval / STAY_S)
        self._seed = seed

    # before and after

    async def prepare(self) -> None:
        """Opens the till, and counts some of what there is."""
        await self.till.open()
        rng = Random(f"{self._seed}:stock")  # noqa: S311 - a service to repeat, not a secret
        plain = [p for p in self._can_order if p.availability.state == "in_stock" and not p.modifier_groups]
        count, quantity, low = COUNTED
        if len(self._can_order) > 2 * count:
            for product in rng.sample(plain, min(count, len(plain))):
                with suppress(ClientError):  # this person may not: then nothing is counted
                    await self.api.set_availability(
                        "product", product.id, "counted", quantity=quantity, low_stock_at=low
                    )
                    self.books.stock.count(product.id, quantity)
            extras = [
                m.id
                for p in self._can_order
                for g in p.modifier_groups
                for m in g.modifiers
                if g.min_selections == 0 and m.availability.state == "in_stock"
            ]
            if extras:
                with suppress(ClientError):
                    extra = rng.choice(extras)
                    await self.api.set_availability("modifier", extra, "counted", quantity=3 * quantity)
                    self.books.stock.count(extra, 3 * quantity)

    async def put_back(self) -> None:
        """What was counted is in stock again, as it was before."""
        products = {product.id for product in self._menu}
        for id in self.books.stock.left:
            with suppress(ClientError):
                await self.api.set_availability("product" if id in products else "modifier", id, "in_stock")

    def saw(self, event: Event) -> None:
        """What is left is on everybody's menu."""
        if event.type.startswith("inventory."):
            self._menu = with_availability(self._menu, event)
            self._can_order = [product for product in self._menu if orderable(product)]

    # the service

    async def serve(self) -> None:
        """Lets guests in until closing time, and returns when the last one has left."""
        rng = Random(self._seed)  # noqa: S311 - as above
        room = asyncio.Semaphore(GUESTS_AT_ONCE)
        number = 0
        due = monotonic()
        async with asyncio.TaskGroup() as guests:
            guests.create_task(self._run_out())
            while not await self._closes_within(due - monotonic()):
                await room.acquire()
                if self._closing.is_set():
                    break
                guests.create_task(self._visit(number)).add_done_callback(lambda _: room.release())
                number += 1
                due = max(due, monotonic() - 1) + self._interval * rng.uniform(0.5, 1.5)

    async def _closes_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), max(0.0, seconds))
        return self._closing.is_set()

    async def _visit(self, number: int) -> None:
        rng = Random(f"{self._seed}:{number}")  # noqa: S311 - as above
        self.figures.open += 1
        try:
            if rng.random() < 0.06:
                items = tuple(self.dish(rng) for _ in range(rng.randint(1, 3)))
                await self.till.offline(items, rng)
            else:
                sits = rng.random() < 0.7 and len(self._free) > KEPT_FREE
                await Visit(self, rng, self.free_table(rng) if sits else None).run()
        except ClientError:
            pass  # counted where it was answered; this guest gives up
        finally:
            self.figures.open -= 1

    async def _run_out(self) -> None:
        """The kitchen runs out of something, says so, and finds more of it."""
        rng = Random(f"{self._seed}:kitchen")  # noqa: S311 - as above
        while not await self._closes_within(8 * self._pace):
            there = [
                p
                for p in self._can_order
                if p.availability.state == "in_stock" and p.id not in self.books.stock.left
            ]
            if len(there) < 3:
                continue
            product = rng.choice(there)
            with suppress(ClientError):
                await self.api.set_availability("product", product.id, "out_of_stock")
                await self._closes_within(4 * self._pace)
                await self.api.set_availability("product", product.id, "in_stock")

    # what a party knows of it

    def dish(self, rng: Random, course: int | None = None) -> NewItem:
        """Something that can be ordered, as far as the feed has told; of what is counted now and then."""
        of = self._can_order or self._menu
        counted = [product for product in of if product.id in self.books.stock.left]
        product = rng.choice(counted if counted and rng.random() < 0.1 else of)
        return choose(product, rng, UNSET if course is None else course)

    def sold_out(self, product_id: str) -> bool:
        """Whether it can't be ordered any more."""
        return all(product.id != product_id for product in self._can_order)

    def free_table(self, rng: Random) -> Table | None:
        """One to sit at; give it back by `leave`."""
        return self._free.pop(rng.randrange(len(self._free))) if self._free else None

    def leave(self, table: Table) -> None:
        """Somebody else may sit there."""
        self._free.append(table)

    async def pause(self, rng: Random, seconds: float) -> None:
        """Raises ClosingTime when the service ends."""
        if await self._closes_within(seconds * rng.uniform(0.5, 1.5) * self._pace):
            raise ClosingTime
