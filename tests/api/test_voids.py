"""Voiding lines: what is left to pay, who may, who approved, and what the kitchen is told."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from .house import PIN, Database, Json, Person, line, order, refused
from .wire import Order

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"


@pytest.fixture(scope="module")
async def pins(manager: Person, cashier: Person) -> dict[str, str]:
    """The staff ids of the manager and the cashier, who have the same PIN."""
    listed = (await manager.get("/staff", restaurant_id=manager.place.id)).json()
    members = {m["role"]: m["id"] for m in listed if m["email"].startswith(("manager@", "cashier@"))}
    for person, role in ((manager, "manager"), (cashier, "cashier")):
        answer = await person.client.put(f"/staff/{members[role]}/pin", json={"pin": PIN})
        assert answer.status_code == 204
    return members


async def void(
    by: Person, which: Order, item_id: UUID, *, version: Any = None, **fields: Any
) -> httpx.Response:
    body: Json = {"reason": "dropped", **fields}
    return await by.post(
        f"/orders/{which.id}/items/{item_id}/void",
        body,
        version=which.version if version is None else version,
    )


async def test_a_voided_line_stays_on_the_order_and_counts_for_nothing(manager: Person) -> None:
    made = await manager.order(line(FRIES), line(BROCCOLI, quantity=2))
    left = order(await void(manager, made, made.items[1].id))
    assert [(i.name, i.status, i.total, i.net) for i in left.items] == [
        (FRIES, "sent", 450, made.items[0].net), (BROCCOLI, "voided", 1050, 0),
    ]  # fmt: skip
    assert (left.totals.total, left.totals.due, left.version) == (450, 450, made.version + 1)
    assert sum(entry.gross for entry in left.totals.tax_breakdown) == 450
    assert await manager.read(made.id) == left


async def test_a_part_of_a_line_becomes_a_voided_line_of_its_own(manager: Person) -> None:
    made = await manager.order(line(FRIES, quantity=3))
    left = order(await void(manager, made, made.items[0].id, quantity=1))
    assert [(i.quantity, i.status, i.total) for i in left.items] == [(2, "sent", 900), (1, "voided", 450)]
    assert left.items[0].id == made.items[0].id
    assert left.totals.total == 900
    left = order(await void(manager, left, made.items[0].id, quantity=2))  # all there is left of it
    assert [(i.quantity, i.status) for i in left.items] == [(2, "voided"), (1, "voided")]
    assert left.totals.total == left.totals.due == 0


async def test_the_events_say_voided_and_never_added(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES, quantity=3), line(BROCCOLI))
    part = order(await void(manager, made, made.items[0].id, quantity=1))
    whole = order(await void(manager, part, made.items[1].id))
    events = database.rows(
        "select type, data -> 'item_ids' from order_events where entity_id = %s order by seq", made.id
    )
    split = next(i for i in whole.items if i.name == FRIES and i.status == "voided")
    assert events == [
        ("order.created", None),
        ("order.item_voided", [str(split.id)]),
        ("order.item_voided", [str(made.items[1].id)]),
    ]


async def test_what_was_sent_needs_a_manager_or_one_who_approves(
    cashier: Person, manager: Person, pins: dict[str, str]
) -> None:
    made = await cashier.order(line(FRIES), line(BROCCOLI))
    item = made.items[0].id
    refused(await void(cashier, made, item), 403, "approval_required")
    wrong = {"staff_id": pins["manager"], "pin": "000000"}
    refused(await void(cashier, made, item, approver=wrong), 403, "approval_refused")
    no_better = {"staff_id": pins["cashier"], "pin": PIN}
    refused(await void(cashier, made, item, approver=no_better), 403, "approval_refused")
    nobody = {"staff_id": str(uuid4()), "pin": PIN}
    refused(await void(cashier, made, item, approver=nobody), 403, "approval_refused")
    assert await cashier.read(made.id) == made
    right = {"staff_id": pins["manager"], "pin": PIN}
    order(await void(cashier, made, item, approver=right))
    (entry,) = (await manager.get("/audit", restaurant_id=manager.place.id, entity_id=item)).json()
    assert manager.signed_in is not None
    assert cashier.signed_in is not None
    assert (entry["action"], entry["actor"], entry["approver"]) == (
        "order_item.voided", str(cashier.signed_in.user.id), str(manager.signed_in.user.id),
    )  # fmt: skip
    assert entry["after"]["void_reason"] == "dropped"


async def test_who_guesses_an_approvers_pin_is_stopped(
    waiter: Person, manager: Person, pins: dict[str, str]
) -> None:
    made = await waiter.order(line(FRIES))
    wrong = {"staff_id": pins["manager"], "pin": "000000"}
    for _ in range(5):
        refused(await void(waiter, made, made.items[0].id, approver=wrong), 403, "approval_refused")
    right = {"staff_id": pins["manager"], "pin": PIN}
    refused(await void(waiter, made, made.items[0].id, approver=right), 429, "too_many_requests")


async def test_what_was_not_sent_is_voided_by_anybody_who_serves(waiter: Person) -> None:
    made = await waiter.order(line(FRIES), line(BROCCOLI), send=False)
    left = order(await void(waiter, made, made.items[0].id))
    assert [i.status for i in left.items] == ["voided", "held"]
    assert left.totals.total == 525


async def test_a_retried_void_is_done_once(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES, quantity=3))
    path, key = f"/orders/{made.id}/items/{made.items[0].id}/void", str(uuid4())
    body = {"reason": "dropped", "quantity": 1}
    first = await manager.post(path, body, key=key, version=made.version)
    again = await manager.post(path, body, key=key, version=made.version)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    # without a key the version does the same
    refused(await manager.post(path, body, key=None, version=made.version), 412, "version_conflict")
    assert [i.quantity for i in (await manager.read(made.id)).items] == [2, 1]


async def test_what_cannot_be_voided_is_refused(manager: Person, kitchen: Person, rival: Person) -> None:
    made = await manager.order(line(FRIES, quantity=2))
    item = made.items[0].id
    refused(await void(manager, made, item, version='W/"1"'), 428, "version_required")
    refused(await void(manager, made, item, quantity=3), 422, "validation_failed")
    refused(await void(manager, made, item, quantity=0), 422, "validation_failed")
    for nothing in ("", " \t"):
        answer = await void(manager, made, item, reason=nothing)
        assert refused(answer, 422, "validation_failed").fields == ["reason"]
    refused(await void(manager, made, uuid4()), 404, "not_found")
    refused(await void(kitchen, made, item), 403, "forbidden")
    refused(await void(rival, made, item), 404, "not_found")
    gone = order(await void(manager, made, item))
    refused(await void(manager, gone, item), 409, "item_voided")
    closed = order(await manager.move(gone, "cancelled", reason="left"))
    refused(await void(manager, closed, item), 409, "order_closed")
