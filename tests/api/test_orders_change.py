"""What happens to an order after it is made: lines added, statuses, versions; and who is judged first."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from .house import Database, Json, Person, line, order, product, refused
from .wire import Order

FRIES = "Skin-on fries"
BROCCOLI = "Tenderstem broccoli"


async def add(person: Person, which: Order, *items: Json, **fields: Any) -> Order:
    return order(await person.post(f"/orders/{which.id}/items", {"items": items, **fields}))


async def test_lines_added_follow_those_that_are_there_and_change_the_totals(waiter: Person) -> None:
    made = await waiter.order(line(FRIES))
    more = await add(waiter, made, line(BROCCOLI, quantity=2), line(FRIES))
    assert [(i.name, i.quantity, i.status) for i in more.items] == [
        (FRIES, 1, "sent"),
        (BROCCOLI, 2, "sent"),
        (FRIES, 1, "sent"),
    ]
    assert more.items[0].id == made.items[0].id
    assert (more.totals.total, more.totals.due, more.version) == (450 + 1050 + 450, 1950, 2)
    assert (more.number, more.created_at, more.status) == (made.number, made.created_at, "confirmed")
    assert more.updated_at > made.updated_at
    assert await waiter.read(made.id) == more


async def test_two_waiters_who_add_at_once_lose_nothing(waiter: Person, manager: Person) -> None:
    made = await waiter.order(line(FRIES))
    lines = [line(BROCCOLI, id=uuid4(), notes=str(n)) for n in range(12)]
    answers = await asyncio.gather(
        *[
            (waiter, manager)[n % 2].post(f"/orders/{made.id}/items", {"items": [one]})
            for n, one in enumerate(lines)
        ]
    )
    assert sorted(order(answer).version for answer in answers) == list(range(2, 14))
    found = await waiter.read(made.id)
    assert {item.id for item in found.items} == {made.items[0].id} | {one["id"] for one in lines}
    assert found.totals.total == 450 + 12 * 525
    assert found.version == 13


async def test_what_was_sent_is_not_sent_again(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES), send=False)
    sent = await add(waiter, made, line(BROCCOLI))
    assert [item.status for item in sent.items] == ["held", "sent"]
    assert sent.status == "confirmed"
    held = await add(waiter, sent, line(FRIES), send=False)
    assert [item.status for item in held.items] == ["held", "sent", "held"]
    again = await add(waiter, held, line(FRIES))
    assert [item.status for item in again.items] == ["held", "sent", "held", "sent"]
    events = database.rows(
        "select data::jsonb -> 'item_ids' from order_events"
        " where entity_id = %s and type = 'order.items_added' order by seq",
        made.id,
    )
    assert [items for (items,) in events] == [[str(item.id)] for item in again.items[1:]]


async def test_firing_more_takes_a_ready_order_back_and_holding_does_not(waiter: Person) -> None:
    ready = order(await waiter.move(await waiter.order(line(FRIES)), "ready"))
    held = await add(waiter, ready, line(FRIES), send=False)
    assert held.status == "ready"
    assert (await add(waiter, held, line(FRIES))).status == "preparing"


async def test_a_version_that_is_sent_with_lines_is_held_to(waiter: Person) -> None:
    made = await waiter.order(line(FRIES))
    path, body = f"/orders/{made.id}/items", {"items": [line(FRIES)]}
    second = order(await waiter.post(path, body, version=1))
    problem = refused(await waiter.post(path, body, version=1), 412, "version_conflict")
    assert msgspec.json.decode(problem.current, type=Order) == second  # type: ignore[arg-type]
    refused(await waiter.post(path, body, version='W/"2"'), 428, "version_required")
    assert len((await waiter.read(made.id)).items) == 2


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([{"product_id": uuid4()}], "items[0].product_id"),
        ([line(FRIES), line(FRIES, quantity=0)], "items[1].quantity"),
        ([line(FRIES, price=1)], "items[0].price"),
    ],
)
async def test_lines_are_judged_as_at_the_creation(waiter: Person, items: list[Json], field: str) -> None:
    made = await waiter.order(line(FRIES))
    answer = await waiter.post(f"/orders/{made.id}/items", {"items": items})
    assert refused(answer, 422, "validation_failed").fields == [field]
    assert await waiter.read(made.id) == made


async def test_what_is_sold_out_cannot_be_added(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    database.run("update products set availability = 'out_of_stock' where id = %s", product(FRIES).id)
    try:
        answer = await waiter.post(f"/orders/{made.id}/items", {"items": [line(BROCCOLI), line(FRIES)]})
        assert refused(answer, 409, "out_of_stock").fields == ["items[1]"]
    finally:
        database.run("update products set availability = 'in_stock' where id = %s", product(FRIES).id)
    assert await waiter.read(made.id) == made


async def test_an_order_goes_all_the_way(waiter: Person) -> None:
    made = await waiter.order(send=False)
    for version, status in enumerate(
        ("confirmed", "preparing", "ready", "preparing", "ready", "completed"), 2
    ):
        made = order(await waiter.move(made, status))
        assert (made.status, made.version) == (status, version)
    assert made.closed_at is not None
    assert await waiter.read(made.id) == made


@pytest.mark.parametrize(
    ("reached", "target"),
    [
        ("confirmed", "confirmed"),
        ("confirmed", "pending"),
        ("confirmed", "merged"),
        ("preparing", "confirmed"),
        ("ready", "confirmed"),
        ("ready", "ready"),
    ],
)
async def test_an_order_does_not_go_back(waiter: Person, reached: str, target: str) -> None:
    made = await waiter.order(line(FRIES))
    if reached != made.status:
        made = order(await waiter.move(made, reached))
    refused(await waiter.move(made, target), 409, "invalid_transition")
    assert await waiter.read(made.id) == made


async def test_an_order_with_money_due_is_not_completed(waiter: Person) -> None:
    made = await waiter.order(line(FRIES))
    assert "450" in refused(await waiter.move(made, "completed"), 409, "payment_due").detail
    assert await waiter.read(made.id) == made


@pytest.mark.parametrize("fields", [{}, {"reason": None}, {"reason": ""}, {"reason": "  "}])
async def test_a_cancellation_needs_a_reason(waiter: Person, fields: Json) -> None:
    made = await waiter.order(line(FRIES))
    for version in (made.version, made.version + 1, None):  # the body is judged before the version
        body = {"status": "cancelled", **fields}
        answer = await waiter.post(f"/orders/{made.id}/status", body, version=version)
        assert refused(answer, 422, "validation_failed").fields == ["reason"]
    assert await waiter.read(made.id) == made


async def test_an_order_that_was_paid_for_is_refunded_before_it_is_cancelled(
    waiter: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    database.run("update orders set paid = total, payment_status = 'paid' where id = %s", made.id)
    paid = await waiter.read(made.id)
    assert (paid.version, paid.totals.due, paid.payment_status) == (2, 0, "paid")
    refused(await waiter.move(paid, "cancelled", reason="a test"), 409, "order_has_payments")
    more = await add(waiter, paid, line(FRIES))
    assert (more.totals.due, more.payment_status) == (450, "partially_paid")
    refused(await waiter.move(more, "completed"), 409, "payment_due")


async def test_nothing_is_due_of_an_order_that_was_cancelled(waiter: Person) -> None:
    made = await waiter.order(line(FRIES))
    gone = order(await waiter.move(made, "cancelled", reason="a test"))
    assert (gone.totals.total, gone.totals.due) == (made.totals.total, 0)


@pytest.mark.parametrize("status", ["completed", "cancelled"])
async def test_a_closed_order_stays_as_it_is(waiter: Person, status: str) -> None:
    made = await waiter.order()
    closed = order(await waiter.move(made, status, reason="a test"))
    assert (closed.status, closed.status_reason) == (status, "a test")
    assert closed.closed_at is not None
    assert closed.closed_at <= datetime.now(UTC)
    refused(await waiter.move(closed, "cancelled", reason="again"), 409, "order_closed")
    refused(await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES)]}), 409, "order_closed")
    assert await waiter.read(made.id) == closed


@pytest.mark.parametrize("status", ["done", "", None, 1])
async def test_a_status_that_does_not_exist_is_refused(waiter: Person, status: object) -> None:
    made = await waiter.order(line(FRIES))
    answer = await waiter.post(f"/orders/{made.id}/status", {"status": status}, version=1)
    assert refused(answer, 422, "validation_failed").fields == ["status"]


@pytest.mark.parametrize(
    "version", [None, "*", 'W/"1"', "1", '""', '"x"', '"1", "2"', '"-1"', '"1' + "0" * 30 + '"']
)
async def test_a_status_needs_the_version_that_was_seen(waiter: Person, version: str | None) -> None:
    made = await waiter.order(line(FRIES))
    answer = await waiter.post(f"/orders/{made.id}/status", {"status": "ready"}, version=version)
    refused(answer, 428, "version_required")
    assert await waiter.read(made.id) == made


async def test_a_stale_version_gets_the_order_as_it_is(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    database.run("update orders set notes = 'changed by hand' where id = %s", made.id)
    answer = await waiter.post(f"/orders/{made.id}/status", {"status": "ready"}, version=1)
    problem = refused(answer, 412, "version_conflict")
    assert answer.headers["etag"] == '"2"'
    current = msgspec.json.decode(problem.current, type=Order)  # type: ignore[arg-type]
    assert (current.version, current.notes, current.status) == (2, "changed by hand", "confirmed")
    assert current == await waiter.read(made.id)
    assert order(await waiter.move(current, "ready")).version == 3


async def test_of_two_who_move_an_order_at_once_one_is_told(waiter: Person, manager: Person) -> None:
    made = await waiter.order(line(FRIES))
    answers = await asyncio.gather(
        *[(waiter, manager)[n % 2].move(made, ("preparing", "ready")[n % 2]) for n in range(8)]
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert (await waiter.read(made.id)).version == 2


async def test_a_status_under_a_key_is_set_once(waiter: Person) -> None:
    made = await waiter.order(line(FRIES))
    path, body, key = f"/orders/{made.id}/status", {"status": "ready"}, str(uuid4())
    first = await waiter.post(path, body, key=key, version=1)
    again = await waiter.post(path, body, key=key, version=1)
    assert order(first).version == 2
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"] == '"2"'
    assert again.headers["idempotent-replayed"] == "true"
    refused(await waiter.post(path, body, key=None, version=1), 412, "version_conflict")


async def test_the_order_of_judgement(
    waiter: Person, rival: Person, kitchen: Person, nobody: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    path, bad, good = f"/orders/{made.id}/status", {"status": "done"}, {"status": "ready"}
    key = str(uuid4())
    moved = order(await waiter.post(path, good, key=key, version=1))
    before = database.contents()
    # 401 before all else, 404 and 403 before the body
    refused(await nobody.post(path, bad), 401, "unauthorized")
    refused(
        await nobody.client.post(path, content=b"{", headers={"accept": "text/html"}), 401, "unauthorized"
    )
    refused(await rival.post(path, bad), 404, "not_found")
    refused(await kitchen.post(path, bad), 403, "forbidden")
    refused(await kitchen.client.post(path, content=b"{"), 415, "unsupported_media_type")
    refused(await waiter.post(f"/orders/{uuid4()}/status", bad), 404, "not_found")
    # the body before the key, the key before the version
    refused(await waiter.post(path, bad, key=key), 422, "validation_failed")
    refused(await waiter.post(path, {"status": "completed"}, key=key), 422, "idempotency_mismatch")
    replay = await waiter.post(path, good, key=key)
    assert (replay.status_code, replay.headers["idempotent-replayed"]) == (200, "true")
    # the version before the state
    refused(await waiter.post(path, good), 428, "version_required")
    refused(await waiter.post(path, good, version=1), 412, "version_conflict")
    refused(await waiter.post(path, good, version=moved.version), 409, "invalid_transition")
    # the same where the restaurant stands in the body
    body = waiter.new_order(line(FRIES, quantity=0))
    refused(await rival.post("/orders", body), 404, "not_found")
    refused(await kitchen.post("/orders", body), 403, "forbidden")
    refused(await waiter.post("/orders", body, key=None), 422, "validation_failed")
    refused(await waiter.post("/orders", body | {"restaurant_id": uuid4()}), 404, "not_found")
    refused(await waiter.post("/orders", {"items": []}), 422, "validation_failed")
    assert database.contents() == before
