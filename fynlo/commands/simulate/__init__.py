"""`fynlo simulate`: plays a service through the public API, and proves what came of it.

Guests come at an even pace, sit at free tables or take away, order lines of the real menu with modifiers as
the groups allow them, in courses or at once, change their minds, move, join others, are cooked for, pay by every
means, alone or by checks, and leave. Some things sell out, a till is offline for a while, and the network loses
answers and sends requests twice. Guest n of a seed plays the same part in every run.

    house, visit, till   what is played
    mischief             the network
    books                what was acknowledged, and what the feed showed
    verdict, sums, days  the proof
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import rich_click as click
from msgspec import Struct, field
from rich.console import Console
from rich.live import Live

from fynlo.client import (
    ApiClient,
    Approver,
    Disconnected,
    Event,
    Feed,
    FeedStopped,
    Membership,
    ProblemError,
    Resync,
)
from fynlo.client.timing import finish
from fynlo.commands import Target, run, server_options

from . import days, verdict
from .books import Books
from .figures import Figures
from .house import House
from .menu import choose, orderable
from .mischief import Mischief

__all__ = ["Figures", "choose", "orderable", "simulate"]

CONNECT_WITHIN_S = 30.0
SETTLE_WITHIN_S = 10.0
REDRAW_EVERY_S = 0.25
SHOWN_PROBLEMS = 20


class Service(Struct, frozen=True):
    """What is to be played: how busy, how long, with what network, and whether a Z ends it."""

    per_minute: float
    minutes: float | None
    seed: int
    duplicates: float
    losses: float
    close_day: bool
    approver: Approver | None = None


@click.command()
@server_options
@click.option("--orders-per-minute", type=click.FloatRange(0.1, 6_000), required=True, help="How busy it is.")
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), help="How long; default: until Ctrl-C."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other guests.")
@click.option(
    "--duplicates",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share of the requests that are sent twice under one key.",
)
@click.option(
    "--losses",
    type=click.FloatRange(0, 0.5),
    default=0.03,
    show_default=True,
    help="Share of the answers that are lost, and asked for again.",
)
@click.option(
    "--approver",
    metavar="STAFF_ID",
    help="Who approves what the login may not do alone (voids, refunds), with --pin.",
)
@click.option("--pin", envvar="FYNLO_PIN", help="The approver's PIN.")
@click.option("--close-day", is_flag=True, help="Take a Z at the end. It can't be undone.")
def simulate(
    url: str,
    email: str | None,
    password: str | None,
    restaurant: str | None,
    orders_per_minute: float,
    minutes: float | None,
    seed: int,
    duplicates: float,
    losses: float,
    approver: str | None,
    pin: str | None,
    close_day: bool,
) -> None:
    """Play a service: guests order, are cooked for, pay and leave, over a bad network, with live figures.

    It watches its own feed. At the end it says whether orders, payments, stock, log and reports agree with what
    it was told of each, and exits with 1 if not. Ctrl-C closes the house: who sits pays and leaves, and the verdict
    follows.
    """
    if (approver is None) != (pin is None):
        raise click.UsageError("an approver has a PIN: name --approver and --pin (or FYNLO_PIN)")
    target = Target(url, email, password, restaurant)
    approves = Approver(approver, pin) if approver and pin else None
    service = Service(orders_per_minute, minutes, seed, duplicates, losses, close_day, approves)
    run(lambda told: _simulate(target, service, told))


async def _simulate(target: Target, service: Service, told: asyncio.Event) -> int:
    console = Console(highlight=False)
    figures = Figures()
    books = Books()
    mischief = Mischief(
        duplicates=service.duplicates,
        losses=service.losses,
        seed=service.seed,
        figures=figures,
        problems=books.problems,
    )
    async with ApiClient(target.url, observe=figures.exchanged, transport=mischief) as api:
        membership = await target.sign_in(api)
        menu = (await api.menu_all(membership.id)).items
        if not any(map(orderable, menu)):
            raise click.ClickException(f"{membership.name} has nothing on its menu that could be ordered")
        tables = (await api.tables(membership.id)).items
        house = House(
            api, membership.id, menu, tables,
            per_minute=service.per_minute, seed=service.seed, figures=figures, books=books, closing=told,
            approver=service.approver,
        )  # fmt: skip
        title = f"{membership.name}, {service.per_minute:g} orders a minute"
        async with api.feed(membership.id) as feed:
            _follow(feed, figures, books, house)
            try:
                await asyncio.wait_for(feed.connect(), CONNECT_WITHIN_S)
            except (TimeoutError, FeedStopped) as error:
                raise click.ClickException(f"the feed did not connect: {error or 'no answer'}") from error
            before = await _reports(api, membership.id)
            await house.prepare()
            timer = None
            if service.minutes:
                timer = asyncio.get_running_loop().call_later(service.minutes * 60, told.set)
            playing = asyncio.create_task(house.serve())
            try:
                with Live(console=console, auto_refresh=False, transient=True) as live:
                    while not playing.done():
                        live.update(figures.grid(title), refresh=True)
                        await asyncio.wait({playing}, timeout=REDRAW_EVERY_S)
                await playing
                mischief.over = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(books.ledger.settled(), SETTLE_WITHIN_S)
                proof = await _prove(api, membership, books, house, before, service)
            finally:
                if timer is not None:
                    timer.cancel()
                await finish(playing)
                await house.put_back()
                if house.till.shift is not None:
                    await days.leave_drawer(api, house.till.shift)
    console.print(figures.grid(title))
    for word in proof.words:
        console.print(word, markup=False)
    return _conclude(console, figures, books, proof)


def _follow(feed: Feed, figures: Figures, books: Books, house: House) -> None:
    def saw(event: Event) -> None:
        books.saw(event)
        house.saw(event)
        figures.events += 1
        figures.latencies.append((event.received_at - event.timestamp).total_seconds())

    def lost(resync: Resync) -> None:
        books.ledger.lost(resync)
        figures.gaps += 1

    def dropped(_: Disconnected) -> None:
        figures.reconnects += 1

    feed.on("event", saw)
    feed.on("resync", lost)
    feed.on("disconnected", dropped)


async def _reports(api: ApiClient, restaurant_id: str) -> days.Reports | None:
    """Of yesterday to tomorrow: where the day begins is the restaurant's business. None for who may not see them."""
    today = datetime.now(UTC).date()
    try:
        return await days.Reports.read(
            api, restaurant_id, today - timedelta(days=2), today + timedelta(days=2)
        )
    except ProblemError as error:
        if error.code != "forbidden":
            raise
        return None


class Proof(Struct):
    """What was compared, what of it disagrees, and what else there is to say."""

    compared: list[str] = field(default_factory=lambda: ["sums", "log"])
    problems: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


async def _prove(
    api: ApiClient,
    membership: Membership,
    books: Books,
    house: House,
    before: days.Reports | None,
    service: Service,
) -> Proof:
    proof = Proof()
    restaurant = await api.restaurant(membership.id)
    there = await verdict.orders_there(api, membership.id, books)
    taxes_included = restaurant.prices_include_tax is not False
    proof.problems += verdict.of_orders(books, there, prices_include_tax=taxes_included)
    proof.problems += await verdict.of_the_log(api, books, there)
    if stay := sum(order.closed_at is None for order in there.values()):
        proof.words.append(f"{stay} orders stay open: their guests gave up.")
    if books.stock.left:
        proof.compared.append("stock")
        proof.problems += await verdict.of_stock(api, membership.id, books.stock)
    alone = not books.strangers and not books.unsure
    if house.till.shift is None:
        proof.words.append("No drawer was counted: this person has one open already, or may not open one.")
    else:
        proof.problems += await days.close_drawer(api, house.till.shift, there.values(), alone=alone)
        if alone:
            proof.compared.append("drawer")
    if before is None:
        proof.words.append("The reports were not looked at: this person may not see them.")
    elif not alone:
        proof.words.append("The reports were not added up: others traded meanwhile, or an answer never came.")
    else:
        after = await days.Reports.read(api, membership.id, before.first, before.last)
        proof.problems += days.of_the_day(before, after, there.values())
        proof.compared.append("reports")
    if service.close_day and there:
        last = max(order.business_date for order in there.values())
        z, wrong = await days.close_day(api, membership.id, last, there.values())
        proof.problems += wrong
        proof.words.append(f"Z {z.number} of {z.business_date}: takings {z.takings}.")
    return proof


def _conclude(console: Console, figures: Figures, books: Books, proof: Proof) -> int:
    problems = [*books.ledger.verdict(), *proof.problems]
    if not books.orders and figures.refused:
        problems.append("no order was accepted")
    if not problems:
        payments = {
            p.id: p for order in books.orders.values() for p in order.payments or () if p.state == "captured"
        }
        refunds = {refund.id for payment in payments.values() for refund in payment.refunds}
        proven = f"{len(books.orders)} orders with {books.ledger.changes} changes"
        money = f"{len(payments)} payments and {len(refunds)} refunds"
        agree = f"{', '.join(proof.compared[:-1])} and {proof.compared[-1]}"
        console.print(
            f"Proven: {proven}, {money} are there once, each seen on the feed once and in order; {agree} agree.",
            style="bold green",
            soft_wrap=True,
        )
        return 0
    for problem in problems[:SHOWN_PROBLEMS]:
        console.print(problem, style="red", markup=False, soft_wrap=True)
    console.print(f"Not proven: {len(problems)} problems.", style="bold red")
    return 1
