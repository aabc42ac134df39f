"""`fynlo watch` and `fynlo simulate`, as far as they need no server."""

import asyncio
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
import rich_click as click
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from rich.console import Console

from fynlo.client import (
    Connected,
    Disconnected,
    Event,
    Exchange,
    Membership,
    Modifier,
    ModifierGroup,
    Order,
    Position,
    Product,
    Resync,
    Stopped,
    Variant,
)
from fynlo.client.events import dumps
from fynlo.client.ledger import Ledger
from fynlo.client.models import Availability, Category
from fynlo.commands import DEMO_LOGIN, Target, percentile
from fynlo.commands.simulate import Figures, choose, orderable, simulate
from fynlo.commands.watch import Screen, watch

SOLD_OUT = Availability("out_of_stock")
WHEN = datetime(2026, 11, 23, 19, tzinfo=UTC)


def line(name: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": name, "product_id": "p", "name": name, "quantity": quantity, "status": "sent", **more}


def order(order_id: str = "o1", version: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": order_id,
        "restaurant_id": "r1",
        "number": 17,
        "business_date": "2026-11-23",
        "type": "dine_in",
        "status": "confirmed",
        "version": version,
        "created_at": "2026-11-23T19:00:00Z",
        "updated_at": "2026-11-23T19:00:00Z",
        **more,
    }


def event(seq: int, kind: str, **data: Any) -> Event:
    return Event(
        type=kind,
        position=Position("e1", seq),
        prev_seq=seq - 1,
        restaurant_id="r1",
        timestamp=WHEN,
        received_at=WHEN + timedelta(milliseconds=3),
        data=msgspec.Raw(msgspec.json.encode(data)),
    )


def seen(seq: int, kind: str, order_id: str, version: int) -> Event:
    return event(seq, kind, order=order(order_id, version))


def wrote(ledger: Ledger, order_id: str, *versions: int) -> None:
    for version in versions:
        ledger.wrote(msgspec.convert(order(order_id, version), Order))


# what guests choose


@st.composite
def groups(draw: st.DrawFn) -> ModifierGroup:
    least = draw(st.integers(0, 3))
    most = draw(st.none() | st.integers(max(1, least), 5))
    stock = draw(st.lists(st.booleans(), max_size=5))
    name = draw(st.uuids()).hex
    modifiers = tuple(
        Modifier(f"{name}-{n}", "M", availability=Availability() if there else SOLD_OUT)
        for n, there in enumerate(stock)
    )
    return ModifierGroup(name, "G", least, most, modifiers)


@given(
    st.lists(groups(), max_size=3),
    st.booleans(),
    st.lists(st.sampled_from(["small", "large"]), max_size=2),
    st.integers(),
)
def test_guests_choose_what_the_menu_allows(
    offered: list[ModifierGroup], open_price: bool, variants: list[str], seed: int
) -> None:
    product = Product(
        "p",
        "P",
        Category("c", "C"),
        open_price=open_price,
        modifier_groups=tuple(offered),
        variants=tuple(Variant(name, name) for name in variants),
    )
    possible = all(
        any(m.availability.orderable for m in group.modifiers) for group in offered if group.min_selections
    )
    assert orderable(product) == possible
    if not possible:
        return
    item = choose(product, Random(seed))
    chosen = {choice.modifier_id: choice.quantity for choice in item.modifiers}
    assert len(chosen) == len(item.modifiers)
    for group in offered:
        counted = sum(chosen.pop(m.id, 0) for m in group.modifiers if m.availability.orderable)
        assert group.min_selections <= counted
        assert group.max_selections is None or counted <= group.max_selections
    assert chosen == {}
    assert (item.variant_id in variants) if variants else (item.variant_id is UNSET)
    assert (item.open_price is not UNSET) == open_price
    assert 1 <= item.quantity <= 999


def test_what_is_sold_out_is_not_ordered() -> None:
    product = Product("p", "P", Category("c", "C"), availability=SOLD_OUT)
    assert not orderable(product)
    counted = Availability("counted", quantity=0)
    assert not orderable(msgspec.structs.replace(product, availability=counted))
    assert orderable(msgspec.structs.replace(product, availability=Availability("counted", quantity=1)))


# what the ledger proves


async def test_the_ledger_is_content_when_all_was_seen_whichever_came_first() -> None:
    ledger = Ledger()
    ledger.saw(seen(1, "order.created", "o1", 1))
    wrote(ledger, "o1", 1)
    wrote(ledger, "o2", 1, 2)
    ledger.saw(seen(2, "order.created", "o2", 1))
    ledger.saw(seen(3, "order.created", "somebody-else", 1))
    waiting = asyncio.create_task(ledger.settled())
    await asyncio.sleep(0)
    assert not waiting.done()
    ledger.saw(seen(4, "order.status_changed", "o2", 2))
    ledger.saw(event(5, "payment.completed", order=order("o2", 2)))
    await waiting
    assert ledger.verdict() == []
    assert (len(ledger.orders), ledger.changes) == (2, 3)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([], "seen created 0 times"),
        ([(1, "order.created", 1)], "version 2 was never seen"),
        ([(1, "order.created", 1), (2, "order.created", 1), (3, "order.updated", 2)], "seen created 2 times"),
        ([(2, "order.created", 1), (1, "order.updated", 2)], "event 1 came after 2"),
        ([(1, "order.created", 1), (2, "order.updated", 2), (2, "order.updated", 2)], "event 2 came after 2"),
        (
            [(1, "order.created", 1), (2, "order.updated", 2), (3, "order.updated", 2)],
            "version 2 came after 2",
        ),
        ([(1, "order.updated", 2), (2, "order.created", 3)], "created after it had changed"),
    ],
)
async def test_the_ledger_finds(events: list[tuple[int, str, int]], complaint: str) -> None:
    ledger = Ledger()
    wrote(ledger, "o1", 1, 2)
    for seq, kind, version in events:
        ledger.saw(seen(seq, kind, "o1", version))
    assert any(complaint in problem for problem in ledger.verdict())


async def test_a_change_of_several_kinds_is_told_in_an_event_each() -> None:
    ledger = Ledger()
    ledger.saw(seen(1, "order.created", "o1", 1))
    ledger.saw(seen(2, "order.items_added", "o1", 2))
    ledger.saw(seen(3, "order.status_changed", "o1", 2))
    ledger.saw(seen(4, "order.updated", "o1", 3))
    assert ledger.problems == []
    ledger.saw(seen(5, "order.items_added", "o1", 3))
    assert ledger.problems == ["order o1: version 3 came after 3"], "nothing else comes with an update"


async def test_a_loss_that_the_feed_admits_is_a_problem() -> None:
    ledger = Ledger()
    ledger.lost(Resync("gap", Position("e1", 5)))
    assert ledger.verdict() == ["events were lost before e1:5 (gap)"]


# what is shown


def test_an_event_is_a_line() -> None:
    out = io.StringIO()
    screen = Screen({"t1": "Window 4"}, Console(file=out, width=200, highlight=False))
    items = [
        line(
            "Margherita",
            2,
            variant_name="Large",
            modifiers=[{"modifier_id": "m", "name": "Olives", "quantity": 1}],
        ),
        line("Cola", status="voided"),
        line("Tiramisu"),
    ]
    whole = order(table_id="t1", items=items)
    screen.notice(event(58, "order.created", order=whole))
    screen.notice(event(59, "order.status_changed", order=whole, **{"from": "confirmed", "to": "preparing"}))
    screen.notice(event(60, "order.items_added", order=whole, item_ids=["Tiramisu"]))
    screen.notice(event(61, "menu.updated", version=3))
    created, moved, added, menu = out.getvalue().splitlines()
    for part in ("58", "order.created", "#17", "Window 4", "confirmed", "3 ms"):
        assert part in created
    assert "2× Margherita (Large) +Olives, 1× Tiramisu" in created
    assert "confirmed → preparing" in moved
    assert "1× Tiramisu" in added
    assert "Margherita" not in added
    assert '{"version":3}' in menu


def test_tables_stock_and_money_are_told_in_words() -> None:
    out = io.StringIO()
    screen = Screen({}, Console(file=out, width=200, highlight=False))
    held = {"state": "counted", "quantity": 1}
    for told in (
        event(1, "table.updated", table={"id": "t1", "name": "Window 4", "status": "occupied"}),
        event(2, "inventory.low_stock", product_id="p1", name="Panna cotta", availability=held),
        event(
            3,
            "payment.completed",
            order=order(currency="GBP"),
            payment={"method": "cash", "amount": 1282, "tip": 100},
        ),
        event(4, "payment.completed", order=order(items=[line("Cola")]), payment={"method": "cash"}),
    ):
        screen.notice(told)
    lines = out.getvalue().splitlines()
    assert lines[0].rstrip().endswith("table Window 4   occupied")
    assert lines[1].rstrip().endswith("Panna cotta: counted, 1 left")
    assert lines[2].rstrip().endswith("cash 1282 and 100 tip (minor units of GBP)")
    assert lines[3].rstrip().endswith("1× Cola")


def test_notices_are_sentences() -> None:
    out = io.StringIO()
    screen = Screen({}, Console(file=out, width=200, highlight=False))
    screen.notice(Connected("c", Position("e1", 57), recovered=True, replayed=16))
    screen.notice(Disconnected(4006, "nothing heard", 1.25, 1))
    screen.notice(Resync("gap", Position("e1", 60)))
    screen.notice(Stopped("refused", "forbidden: no", 4004))
    assert out.getvalue().splitlines() == [
        "connected at e1:57, 16 events to catch up",
        "disconnected: nothing heard (4006); again in 1.2 s",
        "events were lost (gap); going on after e1:60",
        "stopped: refused, forbidden: no",
    ]


def test_an_event_is_a_line_of_json() -> None:
    members = json.loads(dumps(event(58, "order.created", order=order())))
    assert (members["type"], members["seq"], members["prev_seq"], members["epoch"]) == (
        "order.created",
        58,
        57,
        "e1",
    )
    assert members["data"]["order"]["number"] == 17
    assert members["received_at"] == "2026-11-23T19:00:00.003000Z"


def test_figures_count_refusals_and_replays() -> None:
    figures = Figures()
    figures.exchanged(Exchange("POST", "/orders", 201, None, 0.004, False))
    figures.exchanged(Exchange("POST", "/orders", 201, None, 0.002, True))
    figures.exchanged(Exchange("POST", "/orders", 409, "out_of_stock", 0.003, False))
    figures.exchanged(Exchange("POST", "/orders", None, None, 15.0, False))
    assert figures.refused == Counter({"out_of_stock": 1, "unreachable": 1})
    assert figures.replays == 1
    console = Console(file=io.StringIO(), width=100)
    console.print(figures.grid("Service"))
    assert isinstance(console.file, io.StringIO)
    assert "3.0 ms / 15000.0 ms" in console.file.getvalue()


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 2), (0.51, 3), (0.75, 3), (0.95, 4), (1.0, 4)]
)
def test_percentiles_are_by_nearest_rank(share: float, expected: float) -> None:
    assert percentile([4, 2, 3, 1], share) == expected
    assert percentile([], share) is None


# whom they log in as


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:8000", "http://127.9.9.9"]
)
def test_this_machine_has_the_demo_login(url: str) -> None:
    assert Target(url, None, None, None).credentials() == DEMO_LOGIN
    assert Target(url, "me@x.test", "pw", None).credentials() == ("me@x.test", "pw")
    with pytest.raises(click.UsageError):
        Target(url, "me@x.test", None, None).credentials()


def test_another_machine_wants_a_login() -> None:
    with pytest.raises(click.UsageError, match="--email"):
        Target("http://pos.example.com", None, None, None).credentials()


def test_a_restaurant_is_named_by_id_or_name() -> None:
    there = (Membership("r1", "Da Mario", "manager"), Membership("r2", "Rosa", "manager"))

    def pick(name: str | None) -> str:
        return Target("http://localhost", None, None, name).pick(there).id

    assert (pick(None), pick("r2"), pick("rosa")) == ("r1", "r2", "r2")
    with pytest.raises(click.UsageError, match="Da Mario, Rosa"):
        pick("Luigi")


@pytest.mark.parametrize("command", [watch, simulate])
def test_the_commands_explain_themselves(command: click.Command) -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "--restaurant" in result.output
