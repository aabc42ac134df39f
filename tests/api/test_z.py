"""The Z: numbered without gaps, never changed, and every payment and refund in exactly one."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from .house import Database, Json, Person, line, next_page, order, refused
from .money import paid, pay, refund, refunded, settle
from .wire import Paid

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"  # at 450 and 525, with 20 % inside


@pytest.fixture(scope="module")
def today(database: Database) -> date:
    found: date = database.value(
        "select fynlo.business_date(now(), timezone, day_cutoff) from restaurants where name not like 'Rival%'"
    )
    return found


async def ask(by: Person, day: date, key: str = "") -> httpx.Response:
    return await by.post("/reports/z", {"restaurant_id": by.place.id, "business_date": day}, key=key)


async def take(by: Person, day: date) -> Any:
    answer = await ask(by, day)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def sell(by: Person, quantity: int = 1, method: str = "card", **fields: Any) -> Paid:
    """Fries ordered, paid and done."""
    made = await by.order(line(FRIES, quantity=quantity))
    taken = paid(await pay(by, made, 450 * quantity, method, **fields))
    order(await by.move(taken.order, "completed"))
    return taken


def sums(z: Json, what: str) -> dict[str, tuple[int, int, int]]:
    return {each["method"]: (each["count"], each["amount"], each["tips"]) for each in z[what]}


async def test_a_z_has_what_came_since_the_last_one(manager: Person, today: date, database: Database) -> None:
    await take(manager, today)  # whatever was before
    card = await sell(manager, 2, tip=100)
    await sell(manager, 3, "cash", tip=20)
    partly = await manager.order(line(FRIES), line(BROCCOLI))
    voided = order(
        await manager.post(
            f"/orders/{partly.id}/items/{partly.items[1].id}/void", {"reason": "cold"}, version=partly.version
        )
    )
    done = paid(await pay(manager, voided, 450))
    order(await manager.move(done.order, "completed"))
    refunded(await refund(manager, card, 450, tip=100))
    order(await manager.move(await manager.order(line(BROCCOLI)), "cancelled", reason="left"))
    still_open = await manager.order(line(FRIES, quantity=2))
    deposit = paid(await pay(manager, still_open, 100, "other"))
    z = await take(manager, today)
    assert manager.signed_in is not None
    assert (z["business_date"], z["taken_by"], z["currency"]) == (
        str(today), str(manager.signed_in.user.id), "GBP",
    )  # fmt: skip
    assert sums(z, "payments") == {
        "card": (2, 1_350, 100), "cash": (1, 1_350, 20), "other": (1, 100, 0),
    }  # fmt: skip
    assert sums(z, "refunds") == {"card": (1, 450, 100)}
    assert z["takings"] == 1_450 + 1_370 + 100 - 550
    sales = z["sales"]
    assert (sales["orders"], sales["subtotal"], sales["total"], sales["tax"]) == (3, 2_700, 2_700, 450)
    assert sales["tax_breakdown"] == [{"rate": "20", "net": 2_250, "tax": 450, "gross": 2_700}]
    assert z["reversed"] == {
        "service_charge": 0, "total": 450,
        "tax_breakdown": [{"rate": "20", "net": 375, "tax": 75, "gross": 450}],
    }  # fmt: skip
    assert z["voids"] == {"count": 1, "amount": 525}
    assert z["cancelled"] == {"count": 1, "amount": 525}
    assert z["open_orders"]["due"] >= 800
    assert z["drawers"] == [
        dict.fromkeys(("shift_id", "drawer", "opened_by_name", "closed_at", "expected", "counted", "difference"))
        | {"cash": 1_370}
    ]  # fmt: skip

    # what comes after it is the next one's: a sale of an order that was open, and a refund of one that was reported
    rest = paid(await pay(manager, still_open, 800))
    order(await manager.move(rest.order, "completed"))
    refunded(await refund(manager, done, 50))
    refused(await settle(manager, deposit, "void", reason="x"), 409, "payment_reported")
    after = await take(manager, today)
    assert after["number"] == z["number"] + 1
    assert sums(after, "payments") == {"card": (1, 800, 0)}
    assert sums(after, "refunds") == {"card": (1, 50, 0)}
    assert (after["sales"]["orders"], after["sales"]["total"], after["reversed"]["total"]) == (1, 900, 50)
    assert (after["voids"]["count"], after["cancelled"]["count"], after["drawers"]) == (0, 0, [])
    empty = await take(manager, today)
    assert (empty["payments"], empty["refunds"], empty["takings"], empty["sales"]["orders"]) == ([], [], 0, 0)

    # none has changed since, and none changes a business date
    assert (await manager.get(f"/reports/z/{z['id']}")).json() == z
    listed = (await manager.get("/reports/z", restaurant_id=manager.place.id, limit=3)).json()
    assert listed == [empty, after, z]
    assert database.value("select business_date from orders where id = %s", still_open.id) == today


async def test_what_a_refund_reverses_counts_once_its_order_is_reported(manager: Person, today: date) -> None:
    made = await manager.order(line(FRIES, quantity=2))
    other = await manager.order(line(FRIES))
    taken, gone = [paid(await pay(manager, which, 450)) for which in (made, other)]
    refunded(await refund(manager, taken, 100))
    refunded(await refund(manager, gone, 450))
    first = await take(manager, today)
    assert (sums(first, "refunds")["card"][1], first["reversed"]["total"]) == (550, 0)
    rest = paid(await pay(manager, made, 450))
    order(await manager.move(rest.order, "completed"))
    order(await manager.move(await manager.read(other.id), "cancelled", reason="left"))
    second = await take(manager, today)
    assert (second["refunds"], second["sales"]["total"], second["reversed"]["total"]) == ([], 900, 100)


async def test_each_count_of_a_drawer_is_in_one_z_though_nothing_was_taken_since_the_last(
    manager: Person, cashier: Person, today: date
) -> None:
    await take(manager, today)  # whatever was before
    body = {"restaurant_id": cashier.place.id, "drawer": "Late", "opening_float": 1_000}
    shift = (await cashier.post("/shifts", body)).json()
    await sell(cashier, 2, "cash", tip=50)
    amid = await take(manager, today)
    (drawer,) = amid["drawers"]
    assert (drawer["shift_id"], drawer["cash"], drawer["counted"]) == (shift["id"], 950, None)
    assert [s["shift_id"] for s in amid["open_shifts"]] == [shift["id"]]

    closed = (await cashier.post(f"/shifts/{shift['id']}/close", {"counted": 1_930})).json()
    quiet = (await manager.post("/shifts", body | {"drawer": "Quiet"})).json()
    await manager.post(f"/shifts/{quiet['id']}/movements", {"type": "drop", "amount": 300, "reason": "x"})
    await manager.post(f"/shifts/{quiet['id']}/close", {"counted": 700})
    after = await take(manager, today)
    assert after["drawers"] == [
        {
            "shift_id": shift["id"], "drawer": "Late", "opened_by_name": closed["opened_by_name"], "cash": 0,
            "closed_at": closed["closed_at"], "expected": 1_950, "counted": 1_930, "difference": -20,
        },
        after["drawers"][1] | {"shift_id": quiet["id"], "cash": 0, "expected": 700, "difference": 0},
    ]  # fmt: skip
    assert (after["takings"], after["open_shifts"]) == (0, [])
    assert (await take(manager, today))["drawers"] == []


async def test_zs_taken_at_once_are_numbered_one_after_another(
    manager: Person, today: date, database: Database
) -> None:
    sold = [await sell(manager) for _ in range(3)]
    zs = await asyncio.gather(*[take(manager, today) for _ in range(6)])
    numbers = sorted(z["number"] for z in zs)
    assert numbers == list(range(numbers[0], numbers[0] + 6))
    assert sum(payment["count"] for z in zs for payment in z["payments"]) >= len(sold)
    assert sum(z["sales"]["orders"] for z in zs) == len(sold)
    whole = database.rows("select number from z_reports order by number")
    assert [number for (number,) in whole] == list(range(1, numbers[-1] + 1))
    paged: list[int] = []
    where = f"/reports/z?restaurant_id={manager.place.id}&limit=4"
    while where:
        answer = await manager.client.get(where)
        paged += [z["number"] for z in answer.json()]
        where = next_page(answer) or ""
    assert paged == list(range(numbers[-1], 0, -1))


async def test_days_are_reported_in_their_order(manager: Person, today: date, database: Database) -> None:
    last = await take(manager, today)
    refused(await ask(manager, today - timedelta(days=1)), 409, "z_out_of_order")
    refused(await ask(manager, today + timedelta(days=1)), 422, "validation_failed")
    key = str(uuid4())
    first, again = await ask(manager, today, key), await ask(manager, today, key)
    assert first.status_code == 201
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert first.json()["number"] == last["number"] + 1, "what was refused left no gap"
    assert (await take(manager, today))["number"] == last["number"] + 2


async def test_nobody_changes_what_was_reported(manager: Person, today: date, database: Database) -> None:
    await sell(manager)
    await take(manager, today)
    before = database.contents()
    for statement in (
        "update z_reports set number = number + 1", "update z_reports set body = '{}'", "delete from z_reports",
        "truncate z_reports cascade", "update z_orders set z_id = z_id", "delete from z_orders", "truncate z_orders",
        "delete from z_shifts",
        "update payments set z_id = null where z_id is not null", "update payments set tip = 1 where z_id is not null",
        "update refunds set reason = 'x' where z_id is not null", "delete from payments",
    ):  # fmt: skip
        for role in ("postgres", "fynlo_owner"):
            with psycopg.connect(database.url) as conn:
                conn.execute(f"set role {role}".encode())
                # the owner's own policies hide every restaurant: it is in this one
                conn.execute("select set_config('app.restaurant_id', %s, true)", (str(manager.place.id),))
                with pytest.raises((psycopg.errors.RestrictViolation, psycopg.errors.RaiseException)):
                    conn.execute(statement.encode())
    assert database.contents() == before


async def test_a_refund_and_a_z_at_once_wait_for_each_other(manager: Person, today: date) -> None:
    await take(manager, today)
    sold = [await sell(manager, 2) for _ in range(6)]
    answers = await asyncio.gather(
        *[refund(manager, each, 100) for each in sold[:3]], ask(manager, today),
        *[refund(manager, each, 100) for each in sold[3:]], ask(manager, today),
        *[settle(manager, each, "void", reason="x") for each in sold],
    )  # fmt: skip
    refunds = [answer for answer in (*answers[:3], *answers[4:7]) if answer.status_code == 201]
    zs = [answer.json() for answer in (answers[3], answers[7])]
    zs.append(await take(manager, today))
    voided = [answer for answer in answers[8:] if answer.status_code == 200]
    assert len(refunds) + len(voided) == 6
    assert sum(z["takings"] for z in zs) == len(refunds) * 800
    assert sum(z["reversed"]["total"] for z in zs) == len(refunds) * 100


def selling(url: str, place: Any, order_id: Any, stop: threading.Event, sold: list[int]) -> None:
    """Payments of 1, one after another, each in a transaction that takes its time."""
    with psycopg.connect(url) as conn:
        while not stop.is_set():
            with conn.transaction():
                conn.execute(
                    "insert into payments (restaurant_id, order_id, method, amount, business_date, captured_at)"
                    " values (%s, %s, 'card', 1, current_date, now())",
                    (place, order_id),
                )
                time.sleep(0.002)
            sold.append(1)


async def while_selling(person: Person, database: Database, zs: Callable[[], Any]) -> int:
    """How many payments were captured while the Zs were taken."""
    made = [await person.order(line(FRIES)) for _ in range(3)]
    stop, sold = threading.Event(), list[int]()
    threads = [
        threading.Thread(target=selling, args=(database.url, person.place.id, each.id, stop, sold))
        for each in made
    ]
    for thread in threads:
        thread.start()
    try:
        await zs()
    finally:
        stop.set()
        for thread in threads:
            await asyncio.to_thread(thread.join)
    return len(sold)


async def test_each_payment_is_in_one_z_however_many_are_captured_meanwhile(
    manager: Person, today: date, database: Database
) -> None:
    await take(manager, today)
    taken: list[Any] = []

    async def zs() -> None:
        for _ in range(12):
            taken.extend(await asyncio.gather(take(manager, today), take(manager, today)))

    sold = await while_selling(manager, database, zs)
    taken.append(await take(manager, today))
    assert sold > 12
    assert sum(payment["count"] for z in taken for payment in z["payments"]) == sold
    stamped = database.rows(
        "select z.number, count(*) from payments p join z_reports z on z.id = p.z_id where z.number >= %s"
        " group by z.number order by z.number",
        min(z["number"] for z in taken),
    )
    assert stamped == sorted((z["number"], payment["count"]) for z in taken for payment in z["payments"])


async def test_a_z_that_counted_before_it_stamped_would_lose_some(
    manager: Person, today: date, database: Database
) -> None:
    await take(manager, today)
    counted = 0

    async def zs() -> None:
        nonlocal counted
        for _ in range(24):
            counted += database.value(
                "select count(*) from payments where z_id is null and state = 'captured'"
            )
            await asyncio.sleep(0.01)  # the rest of the report
            await take(manager, today)

    sold = await while_selling(manager, database, zs)
    counted += database.value("select count(*) from payments where z_id is null and state = 'captured'")
    assert counted < sold
