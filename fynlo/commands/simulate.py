"""`fynlo simulate`: plays a service through the public API, and proves what its feed showed of it.

Guests come at an even pace, sit at free tables or take away, order lines of the real menu with modifiers as
the groups allow them, sometimes order more, are cooked for, and leave. Nobody can pay yet, so an order that
costs something ends cancelled: "guest left (simulation)". Guest n of a seed plays the same part in every run.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from time import monotonic
from typing import Literal
from uuid import uuid4

import rich_click as click
from msgspec import UNSET, Struct, field
from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid

from fynlo.client import (
    ApiClient,
    Choice,
    ClientError,
    Disconnected,
    Event,
    Exchange,
    Feed,
    FeedStopped,
    NewItem,
    NewOrder,
    Order,
    ProblemError,
    Product,
    Resync,
    Table,
)
from fynlo.client.ledger import Ledger
from fynlo.client.timing import finish
from fynlo.commands import Target, percentile, run, server_options

OPEN_AT_ONCE = 60
"""Orders that stay open on average at most: guests are quicker when more of them come."""

GUESTS_AT_ONCE = 100
STAY_S = 40.0
CONNECT_WITHIN_S = 30.0
SETTLE_WITHIN_S = 10.0
REDRAW_EVERY_S = 0.25
SHOWN_PROBLEMS = 20
Status = Literal["preparing", "ready", "completed", "cancelled"]


class Figures(Struct):
    """What is counted while it runs. Times in seconds, of the latest requests and events."""

    orders: int = 0
    lines: int = 0
    moves: int = 0
    replays: int = 0
    events: int = 0
    gaps: int = 0
    reconnects: int = 0
    open: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    requests: deque[float] = field(default_factory=lambda: deque(maxlen=5_000))
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=5_000))

    def exchanged(self, exchange: Exchange) -> None:
        self.requests.append(exchange.seconds)
        self.replays += exchange.replayed
        if exchange.status is None:
            self.refused["unreachable"] += 1
        elif exchange.code is not None:
            self.refused[exchange.code] += 1

    def grid(self, title: str) -> Grid:
        """The figures as a table."""
        grid = Grid(title=title, show_header=False, title_justify="left")
        rows = (
            ("orders", f"{self.orders} ({self.open} open)"),
            ("lines", str(self.lines)),
            ("status changes", str(self.moves)),
            ("replays under the same key", str(self.replays)),
            ("refusals", ", ".join(f"{code} {n}" for code, n in sorted(self.refused.items())) or "none"),
            ("request p50 / p95", _milliseconds(self.requests)),
            ("feed latency p50 / p95", _milliseconds(self.latencies)),
            ("events seen", str(self.events)),
            ("gaps", str(self.gaps)),
            ("reconnects", str(self.reconnects)),
        )
        for name, value in rows:
            grid.add_row(name, value)
        return grid


def _milliseconds(seconds: Sequence[float]) -> str:
    shares = [percentile(seconds, share) for share in (0.5, 0.95)]
    return " / ".join("-" if value is None else f"{value * 1000:.1f} ms" for value in shares)


def orderable(product: Product) -> bool:
    """Whether a guest can order it now: in stock, with something in stock where a group asks for a choice."""
    enough = all(
        any(modifier.availability.orderable for modifier in group.modifiers)
        for group in product.modifier_groups
        if group.min_selections > 0
    )
    return product.availability.orderable and enough


def choose(product: Product, rng: Random) -> NewItem:
    """A line of an orderable product: a variant if it has some, and modifiers within each group's limits."""
    chosen: Counter[str] = Counter()
    for group in product.modifier_groups:
        there = [modifier.id for modifier in group.modifiers if modifier.availability.orderable]
        if there:
            most = len(there) if group.max_selections is None else min(group.max_selections, len(there))
            count = rng.randint(group.min_selections, max(group.min_selections, most))
            distinct = rng.sample(there, min(count, len(there)))
            chosen.update(distinct)
            # a group may ask for more than it has kinds: quantities count as selections
            chosen.update(rng.choices(there, k=count - len(distinct)))
    return NewItem(
        product_id=product.id,
        quantity=rng.choices((1, 2, 3), (8, 3, 1))[0],
        variant_id=rng.choice(product.variants).id if product.variants else UNSET,
        modifiers=tuple(Choice(modifier, quantity) for modifier, quantity in chosen.items()),
        open_price=rng.randrange(100, 2_000, 50) if product.open_price else UNSET,
    )


class ClosingTime(Exception):
    """Raised in a guest's visit when the service ends: drop the order and go."""


class House:
    """A restaurant in service: its guests, from arriving to leaving."""

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
        ledger: Ledger,
        closing: asyncio.Event,
    ) -> None:
        self._closing = closing
        self._api = api
        self._restaurant_id = restaurant_id
        self._menu = menu
        self._free = [table for table in tables if table.status == "available"]
        self._interval = 60 / per_minute
        self._pace = min(1.0, OPEN_AT_ONCE * self._interval / STAY_S)
        self._seed = seed
        self._figures = figures
        self._ledger = ledger

    async def serve(self) -> None:
        """Lets guests in until closing time, and returns when the last one has left."""
        rng = Random(self._seed)  # noqa: S311 - a service to repeat, not a secret
        room = asyncio.Semaphore(GUESTS_AT_ONCE)
        number = 0
        due = monotonic()
        async with asyncio.TaskGroup() as guests:
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
        table = self._free.pop(rng.randrange(len(self._free))) if self._free and rng.random() < 0.7 else None
        self._figures.open += 1
        try:
            await self._stay(rng, table)
        except ClientError:
            pass  # counted where it was answered; this guest gives up
        finally:
            self._figures.open -= 1
            if table is not None:
                self._free.append(table)

    async def _stay(self, rng: Random, table: Table | None) -> None:
        order = await self._order(rng, table)
        try:
            await self._pause(rng, 3)
            if rng.random() < 0.05:
                await self._move(order, "cancelled", "changed their mind (simulation)")
                return
            order = await self._move(order, "preparing")
            await self._pause(rng, 10)
            if rng.random() < 0.3:
                order = await self._add(rng, order)
                await self._pause(rng, 5)
            order = await self._move(order, "ready")
            await self._pause(rng, 10)
            free = order.totals is not None and order.totals.due == 0
            if free or rng.random() < 0.1:
                with suppress(ProblemError):  # payment_due, which the guest is then told
                    await self._move(order, "completed")
                    return
            await self._pause(rng, 12)
            await self._move(order, "cancelled", "guest left (simulation)")
        except ClosingTime:
            await self._move(order, "cancelled", "closing time (simulation)")

    async def _order(self, rng: Random, table: Table | None) -> Order:
        wanted = NewOrder(
            restaurant_id=self._restaurant_id,
            type="dine_in" if table else "takeaway",
            table_id=table.id if table else UNSET,
            covers=rng.randint(1, table.seats or 2) if table else UNSET,
            items=tuple(choose(rng.choice(self._menu), rng) for _ in range(rng.randint(1, 5))),
        )
        key = str(uuid4())
        try:
            order = await self._api.create_order(wanted, idempotency_key=key)
        except ProblemError as error:
            if error.code != "table_occupied":
                raise
            return await self._order(rng, None)
        self._ledger.wrote(order)
        self._figures.orders += 1
        self._figures.lines += len(order.items)
        if rng.random() < 0.1 and await self._api.create_order(wanted, idempotency_key=key) != order:
            self._ledger.problems.append(f"order {order.id}: its key, used again, answered something else")
        return order

    async def _add(self, rng: Random, order: Order) -> Order:
        more = [choose(rng.choice(self._menu), rng) for _ in range(rng.randint(1, 2))]
        order = await self._api.append_items(order.id, more)
        self._ledger.wrote(order)
        self._figures.lines += len(more)
        return order

    async def _move(self, order: Order, status: Status, reason: str | None = None) -> Order:
        try:
            order = await self._api.set_status(order, status, reason)
        except ProblemError as error:
            if error.code != "version_conflict" or error.current is None:
                raise
            order = await self._api.set_status(error.current, status, reason)  # somebody else was faster
        self._ledger.wrote(order)
        self._figures.moves += 1
        return order

    async def _pause(self, rng: Random, seconds: float) -> None:
        if await self._closes_within(seconds * rng.uniform(0.5, 1.5) * self._pace):
            raise ClosingTime


@click.command()
@server_options
@click.option("--orders-per-minute", type=click.FloatRange(0.1, 6_000), required=True, help="How busy it is.")
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), help="How long; default: until Ctrl-C."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other guests.")
def simulate(
    url: str,
    email: str | None,
    password: str | None,
    restaurant: str | None,
    orders_per_minute: float,
    minutes: float | None,
    seed: int,
) -> None:
    """Play a service: guests order, add lines, are cooked for and leave, with live figures.

    It watches its own feed. At the end it says whether every change it made was seen there once and in order,
    and exits with 1 if not. Ctrl-C closes the house: open orders are cancelled, and the verdict follows.
    """
    target = Target(url, email, password, restaurant)
    run(lambda told: _simulate(target, orders_per_minute, minutes, seed, told))


async def _simulate(
    target: Target, per_minute: float, minutes: float | None, seed: int, told: asyncio.Event
) -> int:
    console = Console(highlight=False)
    figures = Figures()
    ledger = Ledger()
    async with ApiClient(target.url, observe=figures.exchanged) as api:
        membership = await target.sign_in(api)
        menu = [product for product in (await api.menu_all(membership.id)).items if orderable(product)]
        if not menu:
            raise click.ClickException(f"{membership.name} has nothing on its menu that could be ordered")
        tables = (await api.tables(membership.id)).items
        house = House(
            api, membership.id, menu, tables,
            per_minute=per_minute, seed=seed, figures=figures, ledger=ledger, closing=told,
        )  # fmt: skip
        title = f"{membership.name}, {per_minute:g} orders a minute"
        async with api.feed(membership.id) as feed:
            _follow(feed, figures, ledger)
            try:
                await asyncio.wait_for(feed.connect(), CONNECT_WITHIN_S)
            except (TimeoutError, FeedStopped) as error:
                raise click.ClickException(f"the feed did not connect: {error or 'no answer'}") from error
            timer = asyncio.get_running_loop().call_later(minutes * 60, told.set) if minutes else None
            service = asyncio.create_task(house.serve())
            try:
                with Live(console=console, auto_refresh=False, transient=True) as live:
                    while not service.done():
                        live.update(figures.grid(title), refresh=True)
                        await asyncio.wait({service}, timeout=REDRAW_EVERY_S)
                await service
                with suppress(TimeoutError):
                    await asyncio.wait_for(ledger.settled(), SETTLE_WITHIN_S)
            finally:
                if timer is not None:
                    timer.cancel()
                await finish(service)
    console.print(figures.grid(title))
    return _conclude(console, figures, ledger)


def _follow(feed: Feed, figures: Figures, ledger: Ledger) -> None:
    def saw(event: Event) -> None:
        ledger.saw(event)
        figures.events += 1
        figures.latencies.append((event.received_at - event.timestamp).total_seconds())

    def lost(resync: Resync) -> None:
        ledger.lost(resync)
        figures.gaps += 1

    def dropped(_: Disconnected) -> None:
        figures.reconnects += 1

    feed.on("event", saw)
    feed.on("resync", lost)
    feed.on("disconnected", dropped)


def _conclude(console: Console, figures: Figures, ledger: Ledger) -> int:
    problems = ledger.verdict()
    if not ledger.orders and figures.refused:
        problems.append("no order was accepted")
    if not problems:
        proven = f"{len(ledger.orders)} orders with {ledger.changes} changes"
        console.print(f"Proven: {proven}, each seen on the feed once and in order.", style="bold green")
        return 0
    for problem in problems[:SHOWN_PROBLEMS]:
        console.print(problem, style="red", markup=False)
    console.print(f"Not proven: {len(problems)} problems.", style="bold red")
    return 1
