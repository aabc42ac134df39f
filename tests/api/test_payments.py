"""Paying: what is due, what is reserved, money that was taken already, and what became of a payment."""

import asyncio
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest

from fynlo.demo.data import RIVAL

from .house import Database, Person, line, next_page, order, refused, soon
from .money import close_shift, open_shift, paid, pay, refund, refunded, report, settle, told
from .wire import Payment

FRIES = "Skin-on fries"  # at 450


async def test_what_is_paid_comes_off_what_is_due(waiter: Person) -> None:
    made = await waiter.order(line(FRIES, quantity=2))
    first = paid(await pay(waiter, made, 300, "cash", tip=50, tendered=400, reference="a"))
    assert waiter.signed_in is not None
    assert (first.state, first.change, first.unapplied, first.reference) == ("captured", 50, 0, "a")
    assert first.taken_by == waiter.signed_in.user.id
    assert first.captured_at == first.created_at
    assert first.business_date == made.business_date
    totals = first.order.totals
    assert (totals.paid, totals.tips, totals.due, first.order.payment_status) == (
        300,
        50,
        600,
        "partially_paid",
    )
    assert first.order.version == made.version + 1
    rest = paid(await pay(waiter, first.order, 600, version=first.order.version))
    assert (rest.order.totals.due, rest.order.payment_status, rest.order.status) == (0, "paid", "confirmed")
    assert await waiter.read(made.id) == rest.order
    done = order(await waiter.move(rest.order, "completed"))
    assert done.payments == rest.order.payments


async def test_more_than_is_due_is_refused_and_changes_nothing(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    before = database.contents()
    problem = refused(await pay(waiter, made, 451), 422, "overpayment")
    assert "450" in problem.detail
    for fields in (
        {"amount": 0},
        {"amount": -1},
        {"amount": 100, "tendered": 100},  # cash only
        {"amount": 100, "method": "cash", "tip": 1, "tendered": 100},
        {"amount": 100, "check_id": str(uuid4())},
        {"amount": 100, "shift_id": str(uuid4())},
        {"amount": 100, "state": "voided"},
    ):
        refused(await pay(waiter, made, **fields), 422, "validation_failed")
    refused(await pay(waiter, made, 450, version=made.version + 1), 412, "version_conflict")
    refused(await pay(waiter, made, 450, key=None), 400, "idempotency_key_required")
    assert database.contents() == before
    # a tip alone, where nothing is due any more
    full = paid(await pay(waiter, made, 450))
    assert paid(await pay(waiter, full.order, 0, tip=100)).order.totals.tips == 100


async def test_one_bill_paid_twice_at_once_is_paid_once(waiter: Person, manager: Person) -> None:
    made = await waiter.order(line(FRIES))
    answers = await asyncio.gather(*[pay(by, made, 450) for by in (waiter, manager)])
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    (left,) = [answer for answer in answers if answer.status_code == 422]
    refused(left, 422, "overpayment")
    assert (await waiter.read(made.id)).totals.paid == 450


async def test_a_payment_retried_after_a_lost_answer_is_there_once(
    waiter: Person, manager: Person, rival_at_home: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    taken = uuid4()
    answers = await asyncio.gather(*[pay(waiter, made, 450, id=taken, key=None) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    key = str(uuid4())
    other = await waiter.order(line(FRIES))
    first, again = [await pay(waiter, other, 450, key=key) for _ in range(2)]
    assert first.content == again.content
    # as it is now, on an order that was closed meanwhile too
    now = await waiter.read(made.id)
    done = order(await waiter.move(now, "completed"))
    assert paid(await pay(waiter, made, 450, id=taken, key=None), 200).order == done
    voided = paid(await settle(manager, taken, "void", reason="card"), 200)
    assert paid(await pay(waiter, made, 450, id=taken, key=None), 200).order == voided.order
    # any other use of the id
    fries = {"product_id": RIVAL.product("Fries").id}
    theirs = await rival_at_home.order(fries)
    before = database.contents()
    refused(await pay(waiter, made, 449, id=taken), 409, "id_conflict")
    refused(await pay(waiter, other, 450, id=taken), 409, "id_conflict")
    refused(await pay(rival_at_home, theirs, 1, id=taken), 409, "id_conflict")
    assert database.contents() == before


async def test_what_is_pending_is_reserved_until_the_terminal_has_answered(
    waiter: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES, quantity=2))
    begun = paid(await pay(waiter, made, 500, state="pending", tip=30))
    assert (begun.state, begun.captured_at, begun.order.totals.due, begun.order.totals.tips) == (
        "pending", None, 900, 0,
    )  # fmt: skip
    problem = refused(await pay(waiter, made, 401), 422, "overpayment")
    assert "900" in problem.detail
    assert "500" in problem.detail
    rest = paid(await pay(waiter, made, 400))
    refused(await waiter.move(rest.order, "cancelled", reason="x"), 409, "order_has_payments")
    database.run("update payments set business_date = '2020-01-01' where id = %s", begun.id)
    captured = paid(await settle(waiter, begun, "capture", reference="auth 1"), 200)
    assert captured.business_date == rest.business_date
    assert (captured.state, captured.reference, captured.unapplied) == ("captured", "auth 1", 0)
    assert (captured.order.totals.due, captured.order.totals.tips) == (0, 30)
    assert paid(await settle(waiter, begun, "capture", reference="auth 1"), 200).order == captured.order
    refused(await settle(waiter, begun, "fail"), 409, "invalid_payment_state")


async def test_what_has_failed_reserves_nothing(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    begun = paid(await pay(waiter, made, 450, state="pending"))
    refused(await waiter.move(begun.order, "cancelled", reason="x"), 409, "order_has_payments")
    failed = paid(await settle(waiter, begun, "fail", reason="declined"), 200)
    assert (failed.state, failed.reason) == ("failed", "declined")
    assert paid(await settle(waiter, begun, "fail"), 200).order == failed.order
    refused(await settle(waiter, begun, "capture"), 409, "invalid_payment_state")
    again = paid(await pay(waiter, made, 450))
    assert (again.order.totals.paid, again.order.totals.due) == (450, 0)
    # nothing due and a payment under way: not yet
    tip = paid(await pay(waiter, made, 0, tip=20, state="pending"))
    refused(await waiter.move(tip.order, "completed"), 409, "payment_due")
    order(await waiter.move(paid(await settle(waiter, tip, "fail"), 200).order, "completed"))


async def test_captured_by_two_at_once_it_is_captured_once(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    begun = paid(await pay(waiter, made, 450, state="pending"))
    both = await asyncio.gather(*[settle(waiter, begun, "capture") for _ in range(2)])
    assert {paid(answer, 200).order.version for answer in both} == {begun.order.version + 1}
    assert told(database, made).count("payment.completed") == 1


async def test_what_the_terminal_took_is_booked_whatever_became_of_the_order(
    manager: Person, database: Database
) -> None:
    made = await manager.order(line(FRIES, quantity=2))
    begun = paid(await pay(manager, made, 900, state="pending"))
    less = order(
        await manager.post(
            f"/orders/{made.id}/items/{made.items[0].id}/void",
            {"reason": "dropped", "quantity": 1},
            version=begun.order.version,
        )
    )
    database.run("update orders set status = 'cancelled' where id = %s", less.id)
    gone = paid(await settle(manager, begun, "capture"), 200)
    assert (gone.state, gone.unapplied, gone.order.totals.unapplied) == ("captured", 900, 900)
    assert gone.order.totals.to_refund == 900


async def test_money_that_was_taken_is_never_turned_away(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    part = paid(await pay(waiter, made, 500, accept_surplus=True))
    assert (part.amount, part.unapplied) == (500, 50)
    assert (part.order.totals.paid, part.order.totals.unapplied, part.order.totals.to_refund) == (450, 50, 50)
    done = order(await waiter.move(part.order, "completed"))
    refused(await pay(waiter, done, 10), 409, "order_closed")
    late = paid(await pay(waiter, done, 10, accept_surplus=True))
    assert (late.unapplied, late.order.status, late.order.totals.unapplied) == (10, "completed", 60)

    cancelled = order(await waiter.move(await waiter.order(line(FRIES)), "cancelled", reason="left"))
    refused(await pay(waiter, cancelled, 10), 409, "order_closed")
    held = paid(await pay(waiter, cancelled, 10, accept_surplus=True))
    assert (held.unapplied, held.order.totals.paid, held.order.totals.to_refund) == (10, 0, 10)


@pytest.mark.parametrize("then", ["fail", "capture"])
async def test_money_that_was_taken_goes_towards_what_is_due_though_a_terminal_is_still_asked_for_it(
    waiter: Person, database: Database, then: str
) -> None:
    """The card did not go through, the guest paid in cash, and the till has yet to say that the card failed."""
    made = await waiter.order(line(FRIES))
    begun = paid(await pay(waiter, made, 450, state="pending"))
    refused(await pay(waiter, made, 450, "cash"), 422, "overpayment")
    cash = paid(await pay(waiter, made, 500, "cash", accept_surplus=True))
    assert (cash.unapplied, cash.order.totals.paid, cash.order.totals.due) == (50, 450, 0)
    refused(await waiter.move(cash.order, "completed"), 409, "payment_due")
    now = paid(await settle(waiter, begun, then), 200)
    twice = 450 if then == "capture" else 0
    assert (now.unapplied, now.order.totals.due, now.order.totals.to_refund) == (twice, 0, 50 + twice)
    order(await waiter.move(now.order, "completed"))
    assert database.faults() == []


async def test_what_was_taken_for_a_check_goes_towards_it_though_a_terminal_is_still_asked_for_it(
    waiter: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES, quantity=3))
    answer = await waiter.post(
        f"/orders/{made.id}/checks", {"split": "equal", "ways": 3}, version=made.version
    )
    first, second, _ = order(answer).checks
    begun = paid(await pay(waiter, made, 450, state="pending", check_id=first.id))
    other = paid(await pay(waiter, made, 600, "cash", accept_surplus=True, check_id=first.id))
    assert (other.unapplied, [check.due for check in other.order.checks]) == (150, [0, 450, 450])
    failed = paid(await settle(waiter, begun, "fail"), 200)
    assert [check.due for check in failed.order.checks] == [0, 450, 450]
    whole = paid(await pay(waiter, made, 900, "cash", accept_surplus=True))
    assert (whole.unapplied, whole.order.totals.due) == (0, 0)
    assert (second.due, database.faults()) == (450, [])


async def test_what_was_taken_for_an_order_that_was_merged_goes_where_its_lines_went(
    waiter: Person, database: Database
) -> None:
    into, gone = await waiter.order(line(FRIES)), await waiter.order(line(FRIES))
    mine = paid(await pay(waiter, gone, 50, id=uuid4(), key=None))
    database.run("update orders set status = 'merged', merged_into = %s where id = %s", into.id, gone.id)
    database.run("update payments set order_id = %s where order_id = %s", into.id, gone.id)
    refused(await pay(waiter, gone, 10), 409, "order_closed")
    moved = paid(await pay(waiter, gone, 50, id=mine.id, key=None), 200)
    assert moved.order_id == into.id
    more = paid(await pay(waiter, gone, 500, accept_surplus=True))
    assert (more.order_id, more.unapplied, more.order.totals.paid) == (into.id, 100, 450)


async def test_cash_belongs_to_the_shift_that_is_named_else_to_the_payers_own(
    waiter: Person, manager: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    theirs = open_shift(database, manager)
    assert paid(await pay(waiter, made, 10, "cash")).shift_id is None
    assert paid(await pay(waiter, made, 10, "cash", shift_id=theirs)).shift_id == theirs
    own = open_shift(database, waiter)
    assert paid(await pay(waiter, made, 10, "cash")).shift_id == own
    assert paid(await pay(waiter, made, 10, "card")).shift_id is None
    begun = paid(await pay(waiter, made, 10, "cash", state="pending", shift_id=theirs))
    close_shift(database, theirs)
    refused(await pay(waiter, made, 10, "cash", shift_id=theirs), 409, "shift_closed")
    assert paid(await settle(waiter, begun, "capture"), 200).shift_id == own
    assert paid(await pay(waiter, made, 10, "cash", shift_id=theirs, accept_surplus=True)).shift_id == own
    close_shift(database, own)
    assert paid(await pay(waiter, made, 10, "cash", shift_id=own, accept_surplus=True)).shift_id is None


async def test_a_voided_payment_is_due_again(waiter: Person, manager: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    wrong = paid(await pay(waiter, made, 450, "cash", tip=50))
    refused(await settle(waiter, wrong, "void", reason="card"), 403, "approval_required")
    refused(await settle(manager, wrong, "void"), 422, "validation_failed")
    gone = paid(await settle(manager, wrong, "void", reason="card"), 200)
    assert (gone.state, gone.reason) == ("voided", "card")
    totals = gone.order.totals
    assert (totals.due, totals.paid, totals.tips, gone.order.payment_status) == (450, 0, 0, "unpaid")
    assert paid(await settle(manager, wrong, "void", reason="card"), 200).order == gone.order
    refused(await settle(manager, wrong, "capture"), 409, "invalid_payment_state")
    right = paid(await pay(waiter, made, 450))
    (entry,) = (await manager.get("/audit", restaurant_id=manager.place.id, entity_id=wrong.id)).json()
    assert (entry["action"], entry["after"]["reason"]) == ("payment.voided", "card")

    # on a completed order the right tender is money that was taken
    done = order(await waiter.move(right.order, "completed"))
    again = paid(await settle(manager, right, "void", reason="x"), 200)
    assert (again.order.status, again.order.totals.due) == ("completed", 450)
    refused(await pay(waiter, done, 450), 409, "order_closed")
    right = paid(await pay(waiter, done, 450, accept_surplus=True))
    assert (right.unapplied, right.order.totals.due) == (0, 0)

    report(database, right)
    refused(await settle(manager, right, "void", reason="x"), 409, "payment_reported")
    begun = paid(await pay(waiter, await waiter.order(line(FRIES)), 10, state="pending"))
    refused(await settle(manager, begun, "void", reason="x"), 409, "invalid_payment_state")


async def test_of_a_void_and_a_refund_at_once_one_is_done(manager: Person, waiter: Person) -> None:
    for _ in range(3):
        made = await waiter.order(line(FRIES))
        taken = paid(await pay(waiter, made, 450))
        first, second = await asyncio.gather(
            settle(manager, taken, "void", reason="x"), refund(manager, taken, 450)
        )
        now = (await manager.read(made.id)).totals
        if first.status_code == 200:
            refused(second, 409, "invalid_payment_state")
            assert (now.paid, now.refunded, now.due) == (0, 0, 450)
        else:
            refused(first, 409, "payment_refunded")
            refunded(second)
            assert (now.paid, now.refunded, now.due) == (450, 450, 0)


async def test_a_void_waits_for_the_z_that_is_being_taken(manager: Person, database: Database) -> None:
    taken = paid(await pay(manager, await manager.order(line(FRIES)), 450))
    assert manager.signed_in is not None
    with psycopg.connect(database.url) as z:
        z.execute(
            "with z as (insert into z_reports (restaurant_id, number, business_date, taken_by, body)"
            " values (%s, 999, current_date, %s, '{}') returning id)"
            " update payments set z_id = z.id from z where payments.id = %s",
            (manager.place.id, manager.signed_in.user.id, taken.id),
        )
        void = asyncio.create_task(settle(manager, taken, "void", reason="x"))
        waiting = "select count(*) from pg_locks where not granted"
        await soon(lambda: asyncio.to_thread(lambda: database.value(waiting) > 0), 10)
        z.commit()
    refused(await void, 409, "payment_reported")


async def test_screens_hear_of_a_payment_and_of_its_order_once(
    waiter: Person, kitchen: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    head = (await waiter.get(f"/orders/{made.id}")).headers["fynlo-feed"].partition(":")[2]
    begun = paid(await pay(waiter, made, 450, state="pending", tip=5))
    captured = paid(await settle(waiter, begun, "capture"), 200)
    heard = await waiter.get("/events", restaurant_id=waiter.place.id, after=head)
    seen = heard.json()
    assert [(e["type"], e["entity_id"]) for e in seen] == [
        ("order.updated", str(made.id)),
        ("order.updated", str(made.id)),
        ("payment.completed", str(begun.id)),
    ]
    last = seen[-1]["data"]
    assert msgspec.convert(last["payment"], Payment) in captured.order.payments
    assert last["order"] == seen[-2]["data"]["order"]
    assert (last["order"]["version"], last["order"]["totals"]["paid"]) == (captured.order.version, 450)
    answer = await kitchen.get("/events", restaurant_id=kitchen.place.id, after=head)
    assert {e["type"] for e in answer.json()} == {"order.updated"}
    # As a number: the digits may stand in any id or time.
    assert ":450" in heard.text.replace(" ", "")
    assert ":450" not in answer.text.replace(" ", "")


async def test_payments_are_listed_newest_first_page_by_page(waiter: Person, kitchen: Person) -> None:
    made = await waiter.order(line(FRIES))
    taken = [paid(await pay(waiter, made, 10, method)) for method in ("cash", "gift_card", "gift_card")]
    begun = paid(await pay(waiter, made, 10, "gift_card", state="pending"))

    def ids(answer: httpx.Response) -> list[UUID]:
        assert answer.status_code == 200, answer.text
        return [payment.id for payment in msgspec.json.decode(answer.content, type=list[Payment])]

    place = waiter.place.id
    expected = [begun.id, taken[2].id, taken[1].id]
    first = await waiter.get("/payments", restaurant_id=place, method="gift_card", limit=2)
    assert ids(first) == expected[:2]
    page = next_page(first)
    assert page is not None
    assert ids(await waiter.client.get(page)) == expected[2:]
    pending = await waiter.get("/payments", restaurant_id=place, method="gift_card", state="pending")
    assert ids(pending) == [begun.id]
    assert ids(await waiter.get("/payments", restaurant_id=place, business_date="2020-01-01")) == []
    assert ids(await waiter.get("/payments", restaurant_id=place, limit=1)) == expected[:1]
    one = await waiter.get(f"/payments/{begun.id}")
    assert msgspec.json.decode(one.content, type=Payment) in begun.order.payments
    refused(await kitchen.get(f"/payments/{begun.id}"), 403, "forbidden")
    refused(await waiter.get(f"/payments/{uuid4()}"), 404, "not_found")
    refused(await waiter.get("/payments", restaurant_id=place, cursor="x"), 422, "validation_failed")


@pytest.fixture(scope="module")
async def split(waiter: Person, database: Database) -> UUID:
    """An order of 900 with a check of 600 and one of 300."""
    made = await waiter.order(line(FRIES, quantity=2))
    for position, total in enumerate((600, 300), 1):
        database.run(
            "insert into checks (restaurant_id, id, order_id, position, total) values (%s, %s, %s, %s, %s)",
            waiter.place.id, UUID(int=position), made.id, position, total,
        )  # fmt: skip
    return made.id


async def test_of_a_check_no_more_is_paid_than_is_due_of_it(
    waiter: Person, manager: Person, split: UUID, database: Database
) -> None:
    first, second = UUID(int=1), UUID(int=2)

    def dues(answer: httpx.Response, status: int = 201) -> list[int]:
        found = paid(answer, status).order
        assert sum(check.due for check in found.checks) == found.totals.due
        return [check.due for check in found.checks]

    assert dues(await pay(waiter, split, 200, check_id=first)) == [400, 300]
    refused(await pay(waiter, split, 401, check_id=first), 422, "overpayment")
    begun = await pay(waiter, split, 250, check_id=second, state="pending")
    assert dues(begun) == [400, 300]
    refused(await pay(waiter, split, 51, check_id=second), 422, "overpayment")
    assert dues(await settle(waiter, paid(begun), "capture"), 200) == [400, 50]
    # what is paid on no check comes off the last
    other = await pay(waiter, split, 100)
    assert dues(other) == [350, 0]
    # and is due again when it was the wrong tender
    assert dues(await settle(manager, paid(other), "void", reason="x"), 200) == [350, 0, 100]
    # a line that is voided, and lines that are added
    now = await waiter.read(split)
    path = f"/orders/{split}/items"
    less = order(
        await manager.post(
            f"{path}/{now.items[0].id}/void", {"reason": "x", "quantity": 1}, version=now.version
        )
    )
    assert (less.totals.due, [check.due for check in less.checks]) == (0, [0, 0, 0])
    more = order(await waiter.post(path, {"items": [line(FRIES)]}))
    assert (more.totals.due, [check.due for check in more.checks]) == (450, [0, 0, 450])
