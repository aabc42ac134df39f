"""Giving money back: never more than was paid, what it reverses, who may, and when."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import msgspec

from fynlo.demo.data import RIVAL
from fynlo.http import request_hash
from fynlo.orders.models import Approver
from fynlo.orders.payment_bodies import NewRefund

from .house import Database, Person, line, order, refused
from .money import close_shift, open_shift, paid, pay, refund, refunded, report, settle, told
from .wire import Payment, Refund

FRIES, BROCCOLI, COLA = "Skin-on fries", "Tenderstem broccoli", "Cola"


def reversed_by(database: Database, payment: Payment) -> list[tuple[Any, ...]]:
    return database.rows(
        "select amount, from_unapplied, returned, service_charge, tax_breakdown from refunds where payment_id = %s"
        " order by created_at",
        payment.id,
    )


async def test_a_refund_gives_back_and_makes_nothing_due_again(manager: Person) -> None:
    made = await manager.order(line(FRIES, quantity=2))
    taken = paid(await pay(manager, made, 900, "cash", tip=100))
    part = refunded(await refund(manager, taken, 300))
    assert (part.method, part.reason, part.tip, part.business_date) == ("cash", "cold", 0, made.business_date)
    assert (part.payment.refunded, part.order.payment_status) == (300, "partially_refunded")
    totals = part.order.totals
    assert (totals.paid, totals.refunded, totals.due, totals.tips) == (900, 300, 0, 100)
    done = order(await manager.move(part.order, "completed"))
    rest = refunded(await refund(manager, taken, 600, tip=100, method="other"))
    assert (rest.order.status, rest.order.payment_status, rest.method) == ("completed", "refunded", "other")
    assert (rest.order.totals.refunded, rest.order.totals.tips, rest.order.totals.due) == (900, 0, 0)
    assert rest.order.version == done.version + 1
    assert await manager.read(made.id) == rest.order
    one = msgspec.json.decode((await manager.get(f"/payments/{taken.id}")).content, type=Payment)
    assert one == rest.payment


async def test_never_more_than_was_paid(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES, quantity=2))
    taken = paid(await pay(manager, made, 500, tip=20))
    paid(await pay(manager, made, 400))
    refunded(await refund(manager, taken, 100, tip=5))
    begun = paid(await pay(manager, made, 0, tip=1, state="pending"))
    before = database.contents()
    for amount, tip in ((401, 0), (0, 16)):
        refused(await refund(manager, taken, amount, tip=tip), 422, "refund_exceeds_payment")
    for fields in (
        {"amount": 0},
        {"amount": -1},
        {"amount": 1, "reason": ""},
        {"amount": 1, "reason": " "},
        {"amount": 1, "shift_id": str(uuid4())},
    ):
        refused(await refund(manager, taken, **fields), 422, "validation_failed")
    refused(await refund(manager, begun, 0, tip=1), 409, "invalid_payment_state")
    refused(await refund(manager, taken, 1, key=None), 400, "idempotency_key_required")
    assert database.contents() == before


async def test_refunds_at_once_never_exceed_what_was_paid(manager: Person, cashier: Person) -> None:
    made = await cashier.order(line(FRIES, quantity=2))
    taken = paid(await pay(cashier, made, 900))
    answers = await asyncio.gather(*[refund(manager, taken, 400) for _ in range(5)])
    assert sorted(answer.status_code for answer in answers) == [201, 201, 422, 422, 422]
    totals = (await manager.read(made.id)).totals
    assert (totals.paid, totals.refunded, totals.due) == (900, 800, 0)


async def test_a_refund_retried_is_made_once(
    manager: Person, rival_at_home: Person, database: Database
) -> None:
    made = await manager.order(line(FRIES))
    taken, other = [paid(await pay(manager, made, 200)) for _ in range(2)]
    id = str(uuid4())
    answers = await asyncio.gather(*[refund(manager, taken, 50, id=id, key=None) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    again = refunded(await refund(manager, taken, 50, id=id), 200)
    assert again.order.totals.refunded == 50
    theirs = await rival_at_home.order({"product_id": RIVAL.product("Fries").id})
    paid_there = paid(await pay(rival_at_home, theirs, 100))
    before = database.contents()
    refused(await refund(manager, taken, 60, id=id), 409, "id_conflict")
    refused(await refund(manager, other, 50, id=id), 409, "id_conflict")
    refused(await refund(rival_at_home, paid_there, 50, id=id), 409, "id_conflict")
    refused(await refund(rival_at_home, taken, 50), 404, "not_found")
    assert database.contents() == before


async def test_money_is_given_back_by_a_manager_or_with_one(
    cashier: Person, manager: Person, approver: dict[str, str], database: Database
) -> None:
    made = await cashier.order(line(FRIES))
    taken = paid(await pay(cashier, made, 400))
    refused(await refund(cashier, taken, 10), 403, "approval_required")
    refused(await refund(cashier, taken, 10, approver=approver | {"pin": "000000"}), 403, "approval_refused")
    given = refunded(await refund(cashier, taken, 10, approver=approver))
    assert manager.signed_in is not None
    assert cashier.signed_in is not None
    people = (str(cashier.signed_in.user.id), str(manager.signed_in.user.id))
    assert (str(given.made_by), str(given.approved_by)) == people
    (entry,) = (await manager.get("/audit", restaurant_id=manager.place.id, entity_id=given.id)).json()
    assert (entry["action"], entry["actor"], entry["approver"]) == ("payment.refunded", *people)
    assert refunded(await refund(manager, taken, 10)).approved_by is None
    wrong = paid(await pay(cashier, made, 50))
    refused(await settle(cashier, wrong, "void", reason="x"), 403, "approval_required")
    paid(await settle(cashier, wrong, "void", reason="x", approver=approver), 200)
    (entry,) = (await manager.get("/audit", restaurant_id=manager.place.id, entity_id=wrong.id)).json()
    assert (entry["action"], entry["actor"], entry["approver"]) == ("payment.voided", *people)


async def test_no_hash_that_is_kept_gives_away_a_pin(
    cashier: Person, approver: dict[str, str], database: Database
) -> None:
    taken = paid(await pay(cashier, await cashier.order(line(FRIES)), 450))
    key, known = str(uuid4()), NewRefund(amount=1, reason="cold")
    given = refunded(await refund(cashier, taken, 1, approver=approver, key=key))
    kept = [
        database.value("select request_hash from refunds where id = %s", given.id),
        database.value("select request_hash from idempotency_keys where key = %s", key),
    ]
    for pin in (approver["pin"], "000000"):
        guess = msgspec.structs.replace(known, approver=Approver(UUID(approver["staff_id"]), pin))
        assert kept == [request_hash(guess)] * 2


async def test_all_of_it_given_back_is_all_of_it_reversed(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES), line(BROCCOLI, quantity=3), line(COLA), type="dine_in", covers=8)
    total = made.totals.total
    taken = paid(await pay(manager, made, total))
    amounts = [333, 1, 512, total - 846]
    for amount in amounts:
        refunded(await refund(manager, taken, amount))
    parts = reversed_by(database, taken)
    assert [
        (amount, charge + sum(b["gross"] for b in buckets)) for amount, _, _, charge, buckets in parts
    ] == [(amount, amount) for amount in amounts]
    gone: dict[str, list[int]] = {}
    for bucket in [bucket for *_, buckets in parts for bucket in buckets]:
        sums = gone.setdefault(bucket["rate"], [0, 0, 0])
        for place, name in enumerate(("net", "tax", "gross")):
            sums[place] += bucket[name]
    assert gone == {b.rate: [b.net, b.tax, b.gross] for b in made.totals.tax_breakdown}


async def test_lines_that_are_named_say_what_is_reversed(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES, quantity=3), line(COLA))
    taken = paid(await pay(manager, made, made.totals.total))
    fries, cola = made.items
    one = [{"item_id": str(fries.id), "quantity": 1}]
    given = refunded(await refund(manager, taken, 450, items=one))
    assert [(i.item_id, i.quantity, i.amount) for i in given.items] == [(fries.id, 1, 450)]
    ((*_, buckets),) = reversed_by(database, taken)
    assert [(b["rate"], b["gross"]) for b in buckets] == [(fries.tax_rate, 450)]
    both = [{"item_id": str(i.id), "quantity": 1} for i in (fries, cola)]
    less = refunded(await refund(manager, taken, 100, items=both))
    assert sum(item.amount for item in less.items) == 100
    two = [{"item_id": str(fries.id), "quantity": 2}]
    answer = await refund(manager, taken, 450, items=two)
    assert refused(answer, 422, "validation_failed").fields == ["items[0].quantity"]
    answer = await refund(manager, taken, 1, items=[{"item_id": str(uuid4()), "quantity": 1}])
    assert refused(answer, 422, "validation_failed").fields == ["items[0].item_id"]


async def test_what_was_taken_beyond_what_is_owed_goes_back_first_and_reverses_nothing(
    manager: Person, database: Database
) -> None:
    made = await manager.order(line(FRIES, quantity=2))
    taken = paid(await pay(manager, made, 950, accept_surplus=True))
    less = order(
        await manager.post(
            f"/orders/{made.id}/items/{made.items[0].id}/void",
            {"reason": "dropped", "quantity": 1},
            version=taken.order.version,
        )
    )
    assert (less.totals.unapplied, less.totals.to_refund) == (50, 500)
    back = refunded(await refund(manager, taken, 500))
    assert (back.order.totals.to_refund, back.order.totals.due, back.order.totals.unapplied) == (0, 0, 0)
    assert reversed_by(database, taken) == [(500, 50, 450, 0, [])]
    # what is added now is due: the guest has that money back
    more = order(await manager.post(f"/orders/{made.id}/items", {"items": [line(FRIES)]}))
    assert (more.totals.due, more.payment_status) == (450, "partially_refunded")
    rest = paid(await pay(manager, more, 450))
    assert rest.order.totals.due == 0
    refunded(await refund(manager, taken, 450))
    assert [amount for amount, *_ in reversed_by(database, taken)] == [500, 450]
    refused(await refund(manager, taken, 1), 422, "refund_exceeds_payment")


async def test_what_is_held_of_a_cancelled_order_is_given_back(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES))
    taken = paid(await pay(manager, made, 100, tip=20))
    refused(await manager.move(taken.order, "cancelled", reason="x"), 409, "order_has_payments")
    back = refunded(await refund(manager, taken, 100))
    refused(await manager.move(back.order, "cancelled", reason="x"), 409, "order_has_payments")
    back = refunded(await refund(manager, taken, 0, tip=20))
    gone = order(await manager.move(back.order, "cancelled", reason="x"))
    late = paid(await pay(manager, gone, 450, accept_surplus=True))
    held = refunded(await refund(manager, late, 450))
    assert (held.order.status, held.order.totals.to_refund) == ("cancelled", 0)
    assert reversed_by(database, late) == [(450, 450, 0, 0, [])]


async def test_cash_leaves_the_drawer_of_who_gives_it_back(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES))
    taken = paid(await pay(manager, made, 450, "cash"))
    own = open_shift(database, manager)
    assert refunded(await refund(manager, taken, 10)).shift_id == own
    assert refunded(await refund(manager, taken, 10, method="card")).shift_id is None
    close_shift(database, own)
    refused(await refund(manager, taken, 10, shift_id=str(own)), 409, "shift_closed")
    assert refunded(await refund(manager, taken, 10)).shift_id is None


async def test_what_a_z_has_reported_can_be_refunded_and_that_is_of_the_day_it_is_done(
    manager: Person, database: Database
) -> None:
    placed_at = database.value("select now() - interval '50 hours'")
    made = await manager.order(line(FRIES), placed_at=placed_at)
    taken = paid(await pay(manager, made, 450))
    assert taken.business_date > made.business_date
    report(database, taken)
    refused(await settle(manager, taken, "void", reason="x"), 409, "payment_reported")
    given = refunded(await refund(manager, taken, 450))
    assert given.business_date == taken.business_date


async def test_screens_hear_of_a_refund_with_its_payment_and_its_order(
    manager: Person, kitchen: Person, database: Database
) -> None:
    made = await manager.order(line(FRIES))
    taken = paid(await pay(manager, made, 450))
    head = (await manager.get(f"/orders/{made.id}")).headers["fynlo-feed"].partition(":")[2]
    given = refunded(await refund(manager, taken, 200))
    seen = (await manager.get("/events", restaurant_id=manager.place.id, after=head)).json()
    assert [(e["type"], e["entity_id"]) for e in seen] == [
        ("order.updated", str(made.id)),
        ("payment.refunded", str(given.id)),
    ]
    data = seen[-1]["data"]
    assert msgspec.convert(data["refund"], Refund) in given.payment.refunds
    assert msgspec.convert(data["payment"], Payment) == given.payment
    assert data["order"]["version"] == given.order.version
    answer = await kitchen.get("/events", restaurant_id=kitchen.place.id, after=head)
    assert [e["type"] for e in answer.json()] == ["order.updated"]
    assert told(database, made)[-1] == "payment.refunded"
