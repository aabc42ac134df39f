"""Drawers: one for each person, counted blind, and exact however much is going on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.serving import ServerProcess

from .house import Database, Json, Person, line, next_page, refused, soon
from .money import paid, pay, refund, refunded, settle

FRIES = "Skin-on fries"  # at 450


@pytest.fixture(autouse=True)
def no_shift_is_open(database: Database) -> None:
    database.run(
        "update shifts set closed_at = now(), closed_by = opened_by, counted_amount = 0, expected_amount = 0"
        " where closed_at is null"
    )


async def open_shift(by: Person, drawer: str = "Bar", opening_float: int = 0) -> Json:
    body = {"restaurant_id": by.place.id, "drawer": drawer, "opening_float": opening_float}
    opened: Json = found(await by.post("/shifts", body), 201)
    return opened


async def move(by: Person, shift: Json, type: str, amount: int) -> httpx.Response:
    return await by.post(f"/shifts/{shift['id']}/movements", {"type": type, "amount": amount, "reason": "x"})


async def close(by: Person, shift: Json, counted: int, **request: Any) -> httpx.Response:
    return await by.post(f"/shifts/{shift['id']}/close", {"counted": counted}, **request)


def found(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_what_should_be_in_the_drawer_is_exact_and_whoever_counts_it_hears_of_it_afterwards(
    cashier: Person, manager: Person
) -> None:
    shift = await open_shift(cashier, "Front", 10_000)
    assert cashier.signed_in is not None
    assert (shift["opened_by"], shift["drawer"], shift["opening_float"], shift["currency"]) == (
        str(cashier.signed_in.user.id), "Front", 10_000, "GBP",
    )  # fmt: skip
    made = await cashier.order(line(FRIES, quantity=10))
    cash = paid(await pay(cashier, made, 1_000, "cash", tip=50, tendered=2_000))
    wrong = paid(await pay(cashier, made, 700, "cash"))
    paid(await pay(cashier, made, 300, "card", tip=30, shift_id=shift["id"]))
    paid(await pay(cashier, made, 200, "cash", state="pending"))  # reserved, not there
    paid(await settle(manager, wrong, "void", reason="card"), 200)
    refunded(await refund(manager, cash, 400, tip=10, shift_id=shift["id"]))
    refunded(await refund(manager, cash, 100, method="card", shift_id=shift["id"]))
    moved = found(await move(cashier, shift, "paid_in", 500), 201)
    assert (moved["shift_id"], moved["type"], moved["amount"]) == (shift["id"], "paid_in", 500)
    found(await move(cashier, shift, "paid_out", 120), 201)
    found(await move(cashier, shift, "drop", 5_000), 201)
    expected = 10_000 + 1_050 - 410 + 500 - 120 - 5_000

    seen = found(await manager.get(f"/shifts/{shift['id']}"))
    assert (seen["expected"], seen["counted"], seen["difference"]) == (expected, None, None)
    assert [(m["type"], m["amount"]) for m in seen["movements"]] == [
        ("paid_in", 500), ("paid_out", 120), ("drop", 5_000),
    ]  # fmt: skip
    x = found(await manager.get("/reports/x", shift_id=shift["id"]))
    assert x["shift"] == seen
    assert x["payments"] == [
        {"method": "card", "count": 1, "amount": 300, "tips": 30},
        {"method": "cash", "count": 1, "amount": 1_000, "tips": 50},
    ]
    assert x["refunds"] == [
        {"method": "card", "count": 1, "amount": 100, "tips": 0},
        {"method": "cash", "count": 1, "amount": 400, "tips": 10},
    ]

    # neither the shift nor the X tells the cashier what the count should be
    assert found(await cashier.get(f"/shifts/{shift['id']}")) == seen | {"expected": None}
    blind = found(await cashier.get("/reports/x", shift_id=shift["id"]))
    assert blind["shift"]["expected"] is None
    assert blind["payments"] == [
        {"method": "card", "count": 1, "amount": 300, "tips": 30},
        {"method": "cash", "count": 1, "amount": None, "tips": None},
    ]
    assert [sums["amount"] for sums in blind["refunds"]] == [100, None]

    closed = found(await close(cashier, shift, expected - 20))
    assert (closed["expected"], closed["counted"], closed["difference"]) == (expected, expected - 20, -20)
    assert (closed["closed_by"], closed["closed_at"] > closed["opened_at"]) == (shift["opened_by"], True)
    assert found(await cashier.get(f"/shifts/{shift['id']}")) == closed
    whole = found(await cashier.get("/reports/x", shift_id=shift["id"]))
    assert (whole["shift"], whole["payments"]) == (closed, x["payments"])


async def test_a_shift_is_closed_once(cashier: Person, database: Database) -> None:
    shift = await open_shift(cashier, opening_float=700)
    key = str(uuid4())
    first = await close(cashier, shift, 650, key=key)
    again = await close(cashier, shift, 650, key=key)
    assert first.status_code == 200
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    before = database.contents()
    answer = await close(cashier, shift, 700)
    problem = refused(answer, 409, "shift_closed")
    assert "-50" in problem.detail
    assert answer.json()["current"] == first.json()
    refused(await move(cashier, shift, "paid_in", 1), 409, "shift_closed")
    made = await cashier.order(line(FRIES))
    refused(await pay(cashier, made, 450, "cash", shift_id=shift["id"]), 409, "shift_closed")
    assert database.contents()["shifts"] == before["shifts"]
    assert (
        database.value(
            "select count(*) from audit_log where action = 'shift.closed' and entity_id = %s", shift["id"]
        )
        == 1
    )


async def test_what_is_voided_after_the_count_stays_in_the_x_that_the_drawer_was_counted_by(
    cashier: Person, manager: Person, database: Database
) -> None:
    shift = await open_shift(cashier, "Counted", 100)
    made = await cashier.order(line(FRIES, quantity=4))
    before = paid(await pay(cashier, made, 300, "cash"))
    after = paid(await pay(cashier, made, 500, "cash", tip=20))
    by_psql = paid(await pay(cashier, made, 70, "card", tip=5, shift_id=shift["id"]))
    paid(await settle(manager, before, "void", reason="card"), 200)
    closed = found(await close(cashier, shift, 100))
    assert (closed["expected"], closed["difference"]) == (620, -520)
    counted = found(await manager.get("/reports/x", shift_id=shift["id"]))

    gone = paid(await settle(manager, after, "void", reason="it was the card"), 200)
    database.run("update payments set state = 'voided', reason = 'x' where id = %s", by_psql.id)
    other = await cashier.order(line(FRIES))
    moved = await manager.post(
        f"/orders/{other.id}/merge",
        {"order_id": made.id, "version": (await manager.read(made.id)).version},
        version=other.version,
    )
    assert moved.status_code == 200, moved.text
    assert gone.order.totals.due == 1_730

    x = found(await manager.get("/reports/x", shift_id=shift["id"]))
    assert x["shift"] == counted["shift"] == closed
    assert (x["payments"], x["refunds"]) == (counted["payments"], counted["refunds"])
    assert x["payments"] == [
        {"method": "card", "count": 1, "amount": 70, "tips": 5},
        {"method": "cash", "count": 1, "amount": 500, "tips": 20},
    ]


async def test_a_person_has_one_drawer_and_a_drawer_one_person(
    cashier: Person, waiter: Person, manager: Person
) -> None:
    shift = await open_shift(cashier, "Bar")

    async def ask(by: Person, drawer: str) -> httpx.Response:
        return await by.post("/shifts", {"restaurant_id": by.place.id, "drawer": drawer})

    assert "Bar" in refused(await ask(cashier, "Door"), 409, "shift_open").detail
    assert cashier.signed_in is not None
    assert cashier.signed_in.user.name in refused(await ask(waiter, "bar"), 409, "shift_open").detail
    found(await close(manager, shift, 0))
    answers = await asyncio.gather(*[ask(person, "Bar") for person in (cashier, waiter, manager)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "shift_open")
    same = await asyncio.gather(*[ask(manager, f"Till {n}") for n in range(4)])
    assert sum(answer.status_code == 201 for answer in same) <= 1
    for body in ({"drawer": " "}, {"drawer": "x", "opening_float": -1}, {"drawer": "x", "float": 1}):
        refused(
            await waiter.post("/shifts", {"restaurant_id": waiter.place.id, **body}), 422, "validation_failed"
        )


async def test_everybody_sees_their_own_shifts_and_managers_all(
    cashier: Person, waiter: Person, manager: Person, kitchen: Person
) -> None:
    mine = await open_shift(waiter, "Bar")
    theirs = await open_shift(cashier, "Door", 900)
    for answer in (
        await waiter.get(f"/shifts/{theirs['id']}"),
        await waiter.get("/reports/x", shift_id=theirs["id"]),
        await move(waiter, theirs, "paid_out", 1),
        await close(waiter, theirs, 0),
        await kitchen.get("/shifts", restaurant_id=kitchen.place.id),
    ):
        refused(answer, 403, "forbidden")

    async def shifts(by: Person, **query: Any) -> list[str]:
        listed = found(await by.get("/shifts", restaurant_id=by.place.id, **query))
        return [shift["id"] for shift in listed]

    assert await shifts(waiter, open=True) == [mine["id"]]
    assert await shifts(manager, open="true") == [theirs["id"], mine["id"]]
    (seen,) = found(await cashier.get("/shifts", restaurant_id=cashier.place.id, open=True))
    assert seen["expected"] is None
    found(await close(manager, theirs, 900))
    assert await shifts(cashier, open=True) == []
    assert (await shifts(cashier, open=False))[0] == theirs["id"]
    everything = await shifts(manager)
    paged, where = [], f"/shifts?restaurant_id={manager.place.id}&limit=2"
    while where:
        answer = await manager.client.get(where)
        paged += [shift["id"] for shift in found(answer)]
        where = next_page(answer) or ""
    assert paged == everything


WITHOUT_LOCK = """
from fynlo.cash import queries
queries._SQL = {**queries._SQL, "shift_lock": queries._SQL["shift_lock"].replace(b"for update", b"")}
"""


async def close_while_a_payment_commits(
    person: Person, database: Database, until: Callable[[asyncio.Task[httpx.Response]], Awaitable[bool]]
) -> Json:
    """A payment is written into the shift, which is then closed; `until` that holds, the payment does not commit."""
    shift = await open_shift(person, f"Till {uuid4()}", 1_000)
    made = await person.order(line(FRIES))
    async with await psycopg.AsyncConnection.connect(database.url) as writer:
        await writer.execute(
            "insert into payments (restaurant_id, order_id, shift_id, method, amount, business_date, captured_at)"
            " values (%s, %s, %s, 'cash', 450, current_date, now())",
            (person.place.id, made.id, shift["id"]),
        )
        closing = asyncio.create_task(close(person, shift, 1_450))
        await soon(lambda: until(closing), 10)
        await writer.commit()
    closed: Json = found(await closing)
    return closed


async def test_a_count_waits_for_the_payments_that_are_under_way(cashier: Person, database: Database) -> None:
    async def it_waits(_: asyncio.Task[httpx.Response]) -> bool:
        waiting = (
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and query like '%shifts s%'"
        )
        return bool(database.value(waiting))

    closed = await close_while_a_payment_commits(cashier, database, it_waits)
    assert (closed["expected"], closed["difference"]) == (1_450, 0)


async def test_a_count_that_did_not_wait_would_miss_them(module_seeded_url: str, database: Database) -> None:
    async def it_is_done(closing: asyncio.Task[httpx.Response]) -> bool:
        return closing.done()

    with ServerProcess(module_seeded_url, patched=WITHOUT_LOCK, FYNLO_WEBHOOKS="0") as server:
        server.await_ready()
        person = await Person.sign_in(server.url, "owner@demo.fynlo.test")
        closed = await close_while_a_payment_commits(person, database, it_is_done)
        await person.client.aclose()
    assert closed["expected"] == 1_000


async def test_a_shift_closed_amid_payments_has_exactly_those_that_name_it(
    cashier: Person, manager: Person, database: Database
) -> None:
    shift = await open_shift(cashier, "Busy", 500)
    made = await cashier.order(line(FRIES, quantity=40))
    paying = [pay(cashier, made, 100 + n, "cash", tip=n) for n in range(20)]
    answers = await asyncio.gather(*paying[:10], close(manager, shift, 0), *paying[10:])
    closed = found(answers.pop(10))
    assert {answer.status_code for answer in answers} == {201}
    ((taken,),) = database.rows(
        "select coalesce(sum(amount + tip), 0) from payments where shift_id = %s", shift["id"]
    )
    assert closed["expected"] == 500 + taken
    assert len({paid(answer).shift_id for answer in answers} - {None}) <= 1
