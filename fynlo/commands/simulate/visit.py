"""One party, from sitting down to leaving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Literal, Protocol
from uuid import uuid4

from msgspec import UNSET

from fynlo.client import ApiClient, NewItem, NewOrder, Order, ProblemError, Table, Unreachable

from .books import Books
from .figures import Figures
from .till import Till, sent_lines

MOST_TRIES = 5
Status = Literal["preparing", "ready", "completed", "cancelled"]


class ClosingTime(Exception):
    """Raised in a visit when the service ends: pay and go."""


class Room(Protocol):
    """What a party knows of the house."""

    api: ApiClient
    restaurant_id: str
    figures: Figures
    books: Books
    till: Till

    def dish(self, rng: Random, course: int | None = None) -> NewItem:
        """Something that can be ordered, as far as the house knows."""

    def sold_out(self, product_id: str) -> bool:
        """Whether it can't be ordered any more."""

    def free_table(self, rng: Random) -> Table | None:
        """One to sit at; give it back by `leave`."""

    def leave(self, table: Table) -> None:
        """Somebody else may sit there."""

    async def pause(self, rng: Random, seconds: float) -> None:
        """Raises ClosingTime when the service ends."""


class Visit:
    """What a party does, at a table or with a takeaway."""

    def __init__(self, room: Room, rng: Random, table: Table | None) -> None:
        self._room = room
        self._api = room.api
        self._books = room.books
        self._figures = room.figures
        self._approver = room.till.approver
        self._rng = rng
        self._tables = [table] if table else []

    async def run(self) -> None:
        """From ordering to leaving. Raises ClientError where the server does not let them."""
        try:
            order = await self._begin()
            if order is not None:
                await self._stay(order)
        finally:
            for table in self._tables:
                self._room.leave(table)

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    async def _pause(self, seconds: float) -> None:
        await self._room.pause(self._rng, seconds)

    async def _change(self, order: Order, call: Callable[[Order], Awaitable[Order]]) -> Order:
        return await self._room.till.change(order, call)

    # ordering

    async def _begin(self) -> Order | None:
        in_courses = bool(self._tables) and self._chance(0.25)
        for _ in range(MOST_TRIES):
            try:
                return await self._order(self._rng.randint(1, 5), in_courses=in_courses)
            except ProblemError as error:
                if error.code == "table_occupied":
                    for table in self._tables:
                        self._room.leave(table)
                    self._tables, in_courses = [], False
                elif error.code != "out_of_stock":
                    raise
        return None

    async def _order(self, count: int, *, in_courses: bool = False) -> Order:
        table = self._tables[-1] if self._tables else None
        courses = [self._rng.randint(1, 2) if in_courses else None for _ in range(count)]
        wanted = NewOrder(
            restaurant_id=self._room.restaurant_id,
            type="dine_in" if table else "takeaway",
            table_id=table.id if table else UNSET,
            covers=self._rng.randint(1, table.seats or 2) if table else UNSET,
            items=tuple(self._room.dish(self._rng, course) for course in courses),
            send=False if in_courses else UNSET,
            id=str(uuid4()) if self._chance(0.3) else UNSET,
        )
        preview = await self._api.preview_order(wanted) if self._chance(0.15) else None
        key = str(uuid4())
        order = await self._api.create_order(wanted, idempotency_key=key)
        self._books.wrote(order)
        self._figures.orders += 1
        self._figures.lines += len(order.items)
        if preview is not None and preview.totals != order.totals and not self._books.menu_changed:
            self._books.problems.append(f"order {order.id}: it was to cost something else by its preview")
        return order

    async def _more(self, order: Order) -> Order:
        more = [self._room.dish(self._rng) for _ in range(self._rng.randint(1, 2))]
        with suppress(ProblemError):  # out_of_stock: they do without
            try:
                order = await self._api.append_items(order.id, more)
            except Unreachable:
                self._books.unsure.add(order.id)
                raise
            self._books.wrote(order)
            self._figures.lines += len(more)
        return order

    async def _send(self, order: Order, course: int | None = None) -> Order:
        """Sends what is held, or one course of it; what has sold out meanwhile is taken off."""
        for _ in range(MOST_TRIES):
            held = [i for i in order.items if i.status == "held" and course in (None, i.course)]
            if not held:
                break
            try:
                return await self._change(order, lambda o: self._api.send(o, course=course))
            except ProblemError as error:
                if error.code != "out_of_stock":
                    raise
            gone = next((i for i in held if self._room.sold_out(i.product_id)), held[0])
            order = await self._void(order, gone.id, "sold out (simulation)")
        return order

    # changing their minds

    async def _void(self, order: Order, item_id: str, reason: str, quantity: int | None = None) -> Order:
        order = await self._change(
            order,
            lambda o: self._api.void_item(o, item_id, reason, quantity=quantity, approver=self._approver),
        )
        self._figures.played["voids"] += 1
        return order

    async def _void_something(self, order: Order, reason: str) -> Order:
        lines = sent_lines(order)
        if len(lines) < 2:
            return order
        line = self._rng.choice(lines)
        part = 1 if line.quantity > 1 and self._chance(0.5) else None
        return await self._void(order, line.id, reason, part)

    async def _discount(self, order: Order) -> Order:
        line = self._rng.choice(sent_lines(order) or [None])
        if self._chance(0.5) or line is None:
            share = self._rng.choice(("5", "10", "12.5"))
            order = await self._change(
                order,
                lambda o: self._api.discount(
                    o, "regulars (simulation)", percentage=share, approver=self._approver
                ),
            )
        else:
            order = await self._change(
                order,
                lambda o: self._api.discount(
                    o, "waited (simulation)", amount=100, item_id=line.id, approver=self._approver
                ),
            )
        self._figures.played["discounts"] += 1
        return order

    async def _move_table(self, order: Order) -> Order:
        there = self._room.free_table(self._rng)
        if there is None:
            return order
        self._tables.append(there)
        with suppress(ProblemError):  # somebody sits there
            order = await self._change(order, lambda o: self._api.transfer(o, there.id))
            self._figures.played["transfers"] += 1
            self._room.leave(self._tables.pop(0))
        return order

    async def _join(self, order: Order) -> Order:
        """Friends sit down at another table, order, and come over: one bill."""
        there = self._room.free_table(self._rng)
        if there is None:
            return order
        self._tables.append(there)
        try:
            other = await self._order(self._rng.randint(1, 2))
        except ProblemError:
            return order
        await self._wait(2)
        before = order.version
        try:
            order = await self._change(order, lambda o: self._api.merge(o, other, approver=self._approver))
        except Unreachable:
            self._books.unsure.add(other.id)
            raise
        if order.version != before:
            self._books.merge(other, order)
            self._figures.played["merges"] += 1
        else:
            await self._leave(other)
        return order

    # the course of it

    async def _stay(self, order: Order) -> None:
        self._now = order
        with suppress(ClosingTime):
            await self._eat()
        if self._now.status not in ("completed", "cancelled"):
            await self._leave(await self._send(self._now))

    async def _eat(self) -> None:
        """Until they want to pay; `_now` is their order, also where this ends early."""
        if self._now.status == "pending":
            if (held := self._now.items) and self._chance(0.5):
                self._now = await self._change(
                    self._now, lambda o: self._api.change_item(o, held[0].id, quantity=2, notes="twice")
                )
            first = min(item.course for item in self._now.items)
            self._now = await self._send(self._now, first)
        await self._pause(3)
        if self._chance(0.05):
            self._now = await self._move(self._now, "cancelled", "changed their mind (simulation)")
            return
        if self._chance(0.08):
            self._now = await self._void_something(self._now, "changed their mind (simulation)")
        if self._now.status == "confirmed":
            self._now = await self._move(self._now, "preparing")
        await self._pause(5)
        if self._tables and self._chance(0.1):
            self._now = await self._move_table(self._now)
        if self._tables and self._chance(0.1):
            self._now = await self._join(self._now)
        await self._pause(5)
        if self._chance(0.3):
            self._now = await self._more(self._now)
            await self._pause(5)
        self._now = await self._send(self._now)
        if self._now.status in ("confirmed", "preparing"):
            self._now = await self._move(self._now, "ready")
        if self._chance(0.05):
            self._now = await self._void_something(self._now, "came back (simulation)")
        if self._chance(0.15):
            self._now = await self._discount(self._now)
        if self._tables and self._chance(0.05):
            share = self._rng.choice((None, "10"))
            self._now = await self._change(
                self._now, lambda o: self._api.service_charge(o, "asked (simulation)", percentage=share)
            )
        await self._pause(15)

    async def _leave(self, order: Order) -> None:
        till = self._room.till
        if not sent_lines(order):
            await self._move(order, "cancelled", "nothing to eat (simulation)")
            return
        order = await till.settle(order, self._rng, self._wait)
        if self._chance(0.03):
            order = await self._void_something(order, "never came (simulation)")
            order = await till.give_back(order, "never came (simulation)")
        order = await self._move(order, "completed")
        if self._chance(0.06):
            await till.complain(order, self._rng)

    async def _wait(self, seconds: float) -> None:
        """A pause that closing time only shortens: a payment is under way."""
        with suppress(ClosingTime):
            await self._pause(seconds)

    async def _move(self, order: Order, status: Status, reason: str | None = None) -> Order:
        order = await self._change(order, lambda o: self._api.set_status(o, status, reason))
        self._figures.moves += 1
        return order
