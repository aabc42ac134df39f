"""`fynlo watch`: a restaurant's live feed in a terminal, or as lines of JSON."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Literal

import msgspec
import rich_click as click
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from fynlo.client import (
    ApiClient,
    Connected,
    Disconnected,
    Event,
    Feed,
    Notice,
    Order,
    OrderItem,
    Position,
    ProblemError,
    Resync,
    StockChange,
    Stopped,
    Table,
)
from fynlo.client.events import dumps
from fynlo.client.timing import finish
from fynlo.commands import Target, run, server_options

STYLES = {
    "order.created": "green",
    "order.items_added": "green",
    "order.item_voided": "red",
    "order.cancelled": "red",
    "order.status_changed": "cyan",
    "order.completed": "blue",
}


class _Payment(Struct):
    method: str
    amount: int | None = None  # not for a role that sees no money
    tip: int = 0


class _Details(Struct, rename={"was": "from", "now": "to"}):
    order: Order | None = None
    table: Table | None = None
    payment: _Payment | None = None
    refund: _Payment | None = None
    was: str | None = None
    now: str | None = None
    item_ids: tuple[str, ...] | None = None


class Since(click.ParamType[Position]):
    """A feed position on the command line."""

    name = "EPOCH:SEQ"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Position:
        if isinstance(value, Position):
            return value
        try:
            return Position.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@server_options
@click.option("--socket", type=click.Choice(["pos", "kitchen"]), default="pos", show_default=True)
@click.option("--since", type=Since(), help="Begin after this event, as far back as the server keeps them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; notices go to stderr.")
def watch(
    url: str,
    email: str | None,
    password: str | None,
    restaurant: str | None,
    socket: Literal["pos", "kitchen"],
    since: Position | None,
    as_json: bool,
) -> None:
    """Show what happens in a restaurant, as it happens.

    One line an event: time, number, type, how long after the commit it came, order, table, status, lines. It
    reconnects by itself and misses nothing. Ctrl-C ends it.
    """
    target = Target(url, email, password, restaurant)
    run(lambda told: _watch(target, socket, since, as_json, told))


async def _watch(
    target: Target,
    socket: Literal["pos", "kitchen"],
    since: Position | None,
    as_json: bool,
    told: asyncio.Event,
) -> int:
    async with ApiClient(target.url) as api:
        membership = await target.sign_in(api)
        show = Lines() if as_json else Screen(await _table_names(api, membership.id))
        show.heading(f"{membership.name}, {socket} feed of {target.url}")
        async with api.feed(membership.id, socket=socket, position=since) as feed:
            leaving = asyncio.create_task(_leave(feed, told))
            try:
                async for notice in feed:
                    show.notice(notice)
                    if isinstance(notice, Stopped) and notice.reason != "disconnected":
                        return 1
            finally:
                await finish(leaving)
    return 0


async def _leave(feed: Feed, told: asyncio.Event) -> None:
    await told.wait()
    await feed.disconnect()


async def _table_names(api: ApiClient, restaurant_id: str) -> dict[str, str]:
    try:
        return {table.id: table.name for table in (await api.tables(restaurant_id)).items}
    except ProblemError:  # a role that may not see tables sees their ids
        return {}


class Lines:
    """Events as JSON on stdout, everything else for people on stderr."""

    def __init__(self) -> None:
        self._aside = Console(stderr=True, highlight=False)

    def heading(self, text: str) -> None:
        self._aside.print(text, style="dim", markup=False)

    def notice(self, notice: Notice) -> None:
        if isinstance(notice, Event):
            line = dumps(notice)
        elif isinstance(notice, Resync):
            told = {"type": "resync", "reason": notice.reason, "seq": notice.position.seq}
            line = msgspec.json.encode({**told, "epoch": notice.position.epoch}).decode()
        else:
            self.heading(sentence(notice))
            return
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class Screen:
    """Events as lines for people."""

    def __init__(self, tables: dict[str, str], console: Console | None = None) -> None:
        self._tables = tables
        self._console = console or Console(highlight=False)

    def heading(self, text: str) -> None:
        self._console.print(text, style="bold", markup=False)

    def notice(self, notice: Notice) -> None:
        if isinstance(notice, Event):
            # cut to the width of a terminal; whole where it is piped
            cut = self._console.is_terminal
            self._console.print(
                self.line(notice), no_wrap=True, overflow="ellipsis" if cut else "ignore", crop=cut
            )
        else:
            loud = isinstance(notice, Resync | Stopped)
            self._console.print(sentence(notice), style="bold red" if loud else "yellow", markup=False)

    def line(self, event: Event) -> Text:
        """12:03:07  58 order.created  3 ms  #17 T4 confirmed  2× Margherita, 1× Cola"""
        details = event.decode(_Details)
        style = STYLES.get(event.type, "")
        line = Text(f"{event.timestamp.astimezone():%H:%M:%S} ", style="dim")
        line.append(f"{event.seq:>6} ", style="dim").append(f"{event.type:<22} ", style=style)
        latency = (event.received_at - event.timestamp).total_seconds() * 1000
        line.append(f"{latency:>6.0f} ms ", style="dim")
        if details.table is not None:
            line.append(f"table {details.table.name:<10} ").append(details.table.status)
        elif event.type.startswith("inventory."):
            line.append(stock(event.decode(StockChange)))
        elif details.order is None:
            line.append(bytes(event.data).decode())
        else:
            order = details.order
            where = self._tables.get(order.table_id or "", order.table_id or order.type)
            status = f"{details.was} → {details.now}" if details.was and details.now else order.status
            line.append(f"#{order.number:<4} ", style="bold").append(f"{where:<10} ").append(f"{status:<22} ")
            money = details.refund or details.payment
            if money is not None and money.amount is not None:
                line.append(_sum(money, order))
            else:
                line.append(lines_of(order, details.item_ids))
        return line


def _sum(money: _Payment, order: Order) -> str:
    tip = f" and {money.tip} tip" if money.tip else ""
    return f"{money.method} {money.amount}{tip} (minor units of {order.currency})"


def stock(change: StockChange) -> str:
    """How a product or a modifier is sold from now on, in a few words."""
    left = change.availability.quantity
    return f"{change.name}: {change.availability.state}" + (f", {left} left" if left is not None else "")


def lines_of(order: Order, only: tuple[str, ...] | None = None) -> str:
    """The lines of an order in a few words: those named, else those that count."""
    items = [
        item for item in order.items if (item.id in only if only is not None else item.status != "voided")
    ]
    return ", ".join(map(_words, items)) or "no lines"


def _words(item: OrderItem) -> str:
    variant = f" ({item.variant_name})" if item.variant_name else ""
    extras = "".join(
        f" +{m.name}" if m.quantity == 1 else f" +{m.quantity}× {m.name}" for m in item.modifiers
    )
    return f"{item.quantity}× {item.name}{variant}{extras}"


def sentence(notice: Connected | Disconnected | Resync | Stopped) -> str:
    """A notice about the connection, for people."""
    match notice:
        case Connected(replayed=replayed, position=position):
            return f"connected at {position}" + (f", {replayed} events to catch up" if replayed else "")
        case Disconnected(code=code, reason=reason, retry_in=retry_in):
            return f"disconnected: {reason}{f' ({code})' if code else ''}; again in {retry_in:.1f} s"
        case Resync(reason=reason, position=position):
            return f"events were lost ({reason}); going on after {position}"
        case Stopped(reason=reason, detail=detail):
            return f"stopped: {reason}{f', {detail}' if detail else ''}"
