"""Moving orders to other tables and merging them: what goes along, what it then costs, and who was faster."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from fynlo.demo.data import PIZZERIA, RIVAL

from .house import Database, Json, Person, chosen, line, order, refused, variant
from .money import adds_up, paid, pay, refund, refunded, report, settle
from .test_checks import dues, split, tax_on_top
from .wire import Order

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"  # at 450 and 525
PIZZA = line(
    "Margherita",
    variant_id=variant("Margherita", '10"'),
    modifiers=chosen(("Crust", "Neapolitan"), ("Extras", "Olives")),
)
FREE = iter(PIZZERIA.tables)  # each test takes its own


def free() -> UUID:
    return next(FREE).id


async def transfer(by: Person, which: Order, table_id: UUID | None, **request: Any) -> httpx.Response:
    body = {"table_id": table_id}
    return await by.post(f"/orders/{which.id}/transfer", body, **{"version": which.version, **request})


async def merge(by: Person, which: Order, other: Order, **request: Any) -> httpx.Response:
    body = {"order_id": other.id, "version": request.pop("other_version", other.version)}
    return await by.post(f"/orders/{which.id}/merge", body, **{"version": which.version, **request})


def told(database: Database, *entities: UUID) -> list[tuple[UUID, str, Json]]:
    """What the last transaction that told of any of these told."""
    rows = database.rows(
        "select entity_id, type, data, transaction from (select *, xmin::text as transaction from order_events) e"
        " where entity_id = any(%s) order by seq desc",
        list(entities),
    )
    return [(id, type, data) for id, type, data, transaction in rows[::-1] if transaction == rows[0][3]]


# -- to another table


async def test_guests_who_move_free_their_table_and_take_the_other(
    waiter: Person, database: Database
) -> None:
    here, there = free(), free()
    made = await waiter.order(line(FRIES), type="dine_in", table_id=here)
    names = {t.id: t.name for t in PIZZERIA.tables}
    moved = order(await transfer(waiter, made, there))
    assert (moved.table_id, moved.table_name, moved.version) == (there, names[there], made.version + 1)
    assert moved.totals == made.totals
    assert {(id, type) for id, type, _ in told(database, made.id, here, there)} == {
        (made.id, "order.updated"), (here, "table.updated"), (there, "table.updated"),
    }  # fmt: skip
    statuses = {id: data["table"]["status"] for id, type, data in told(database, here, there)}
    assert statuses == {here: "available", there: "occupied"}
    next_guests = await waiter.order(line(FRIES), table_id=here)
    problem = refused(await transfer(waiter, moved, here), 409, "table_occupied")
    assert f"Order {next_guests.number} is open at table {names[here]}" in problem.detail
    # its own table, and none
    assert order(await transfer(waiter, moved, there)) == moved
    off = order(await transfer(waiter, moved, None))
    assert (off.table_id, off.table_name) == (None, None)
    assert order(await transfer(waiter, off, there)).table_id == there


async def test_a_move_that_cannot_be_is_refused_and_changes_nothing(
    waiter: Person, kitchen: Person, rival: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    closed = order(await waiter.move(await waiter.order(), "completed"))
    archived, other = free(), free()
    database.run("update tables set archived_at = now() where id = %s", archived)
    before = database.contents()
    for table_id in (uuid4(), archived, RIVAL.tables[0].id):
        problem = refused(await transfer(waiter, made, table_id), 422, "validation_failed")
        assert problem.fields == ["table_id"]
    path = f"/orders/{made.id}/transfer"
    assert refused(await waiter.post(path, {}, version=1), 422, "validation_failed").fields == ["table_id"]
    refused(await transfer(waiter, closed, other), 409, "order_closed")
    refused(await transfer(waiter, made, other, version=None), 428, "version_required")
    refused(await transfer(waiter, made, other, version=2), 412, "version_conflict")
    refused(await transfer(kitchen, made, other), 403, "forbidden")
    refused(await transfer(rival, made, other), 404, "not_found")
    assert database.contents() == before


async def test_of_those_who_want_a_table_at_once_one_gets_it(waiter: Person, manager: Person) -> None:
    wanted = free()
    made = [await waiter.order(line(FRIES), table_id=free()) for _ in range(3)]
    new = manager.new_order(line(FRIES), table_id=wanted)
    answers = await asyncio.gather(
        *[transfer((waiter, manager)[n % 2], one, wanted) for n, one in enumerate(made)],
        manager.post("/orders", new),
    )
    assert sum(answer.is_success for answer in answers) == 1
    for answer in answers:
        if not answer.is_success:
            refused(answer, 409, "table_occupied")
    # those who would swap are told as well
    one, two = [await waiter.order(line(FRIES), table_id=free()) for _ in range(2)]
    for answer in await asyncio.gather(
        transfer(waiter, one, two.table_id), transfer(manager, two, one.table_id)
    ):
        refused(answer, 409, "table_occupied")


# -- two into one


async def test_lines_payments_and_refunds_of_the_other_move_here_as_they_are(
    waiter: Person, manager: Person, database: Database
) -> None:
    here, there = free(), free()
    into = await waiter.order(line(FRIES), type="dine_in", table_id=here, covers=2, notes="birthday")
    other = await waiter.order(PIZZA, send=False, type="dine_in", table_id=there, covers=3, notes="nuts!")
    other = order(await waiter.post(f"/orders/{other.id}/items", {"items": [line(BROCCOLI, quantity=2)]}))
    path = f"/orders/{other.id}/items/{other.items[1].id}/void"
    other = order(await manager.post(path, {"reason": "x", "quantity": 1}, version=other.version))
    taken = paid(await pay(waiter, other, 600, "cash", tip=50))
    report(database, taken)
    back = refunded(await refund(manager, taken.order.payments[0], 100))
    pending = paid(await pay(waiter, other, 10, state="pending"))
    other, before = pending.order, {i.id: i for i in (*into.items, *pending.order.items)}
    stock = database.rows("select id, stock, availability from products order by id")

    whole = order(await merge(waiter, into, other))
    adds_up(whole)
    assert whole == await waiter.read(into.id)
    assert [i.id for i in whole.items] == [i.id for i in (*into.items, *other.items)]
    assert {i.id: i for i in whole.items} == before  # price, rate, status, modifiers, totals
    assert [i.status for i in whole.items] == ["sent", "held", "sent", "voided"]
    assert whole.totals.total == into.totals.total + other.totals.total
    assert (whole.totals.paid, whole.totals.tips, whole.totals.refunded) == (600, 50, 100)
    assert whole.totals.due == into.totals.due + other.totals.due
    assert {p.id for p in whole.payments} == {taken.id, pending.id}
    assert {p.order_id for p in whole.payments} == {into.id}
    assert [r.id for p in whole.payments for r in p.refunds] == [back.id]
    assert (whole.covers, whole.notes, whole.status) == (5, "birthday\nnuts!", "confirmed")
    assert (whole.table_id, whole.number) == (here, into.number)
    assert database.rows("select id, stock, availability from products order by id") == stock

    gone = await waiter.read(other.id)
    assert (gone.status, gone.merged_into, gone.items, gone.payments) == ("merged", into.id, (), ())
    assert gone.closed_at is not None
    assert (gone.totals.total, gone.totals.due, gone.totals.paid, gone.totals.refunded) == (0, 0, 0, 0)
    assert gone.payment_status == "unpaid"
    await waiter.order(line(FRIES), table_id=there)  # the table is free

    # one event of each, and nothing is called new
    events = told(database, into.id, other.id, taken.id)
    assert {(id, type) for id, type, _ in events} == {
        (into.id, "order.updated"), (other.id, "order.status_changed"),
    }  # fmt: skip
    (change,) = [data for id, _, data in events if id == other.id]
    assert (change["from"], change["to"]) == ("confirmed", "merged")
    assert change["order"]["merged_into"] == str(into.id)
    (update,) = [data for id, _, data in events if id == into.id]
    assert len(update["order"]["items"]) == 4

    # money under way arrives where the lines are; so does what was taken for the order that is gone
    now = paid(await settle(waiter, pending.id, "capture"), 200).order
    assert (now.id, now.totals.paid) == (into.id, 610)
    late = paid(await pay(waiter, other.id, 40, accept_surplus=True))
    assert late.order_id == into.id
    adds_up(late.order)


async def test_each_line_costs_what_it_did_under_the_others_discounts(
    manager: Person, database: Database
) -> None:
    for on_top in (False, True):
        with tax_on_top(database, manager, on_top=on_top):
            into = await manager.order(line(FRIES, quantity=3))
            other = await manager.order(PIZZA, line(BROCCOLI), line(FRIES))
        path = f"/orders/{other.id}"
        for where, terms in (
            (f"{path}/items/{other.items[1].id}/discount", {"percentage": "10", "reason": "cold"}),
            (f"{path}/discount", {"percentage": "33.3", "reason": "regular"}),
        ):
            other = order(await manager.put(where, terms, version=other.version))
        whole = order(await merge(manager, into, other))
        adds_up(whole, tax_on_top=on_top)
        total = into.totals.total + other.totals.total
        assert abs(whole.totals.total - total) <= on_top  # tax is rounded once where it was rounded twice
        assert whole.totals.discount == into.totals.discount + other.totals.discount
        assert whole.discount_terms is None
        reasons = [i.discount_terms and i.discount_terms.reason for i in whole.items]
        assert reasons == [None, "regular", "cold; regular", "regular"]
        assert sum(i.discount for i in whole.items) == other.totals.discount
        if not on_top:
            assert {i.id: i.net for i in whole.items} == {i.id: i.net for i in (*into.items, *other.items)}


async def test_discount_and_service_charge_are_those_of_the_order_that_stays(manager: Person) -> None:
    async def put(which: Order, what: str, **terms: Any) -> Order:
        body = {"reason": "x", **terms} if terms else None
        return order(await manager.put(f"/orders/{which.id}/{what}", body, version=which.version))

    async def seated(covers: int) -> Order:
        return await manager.order(line(FRIES, quantity=4), type="dine_in", covers=covers)  # 1800

    # a percentage holds for all lines, and so does the charge that applies by itself: 6 covers together
    into = await put(await seated(3), "discount", percentage="10")
    whole = order(await merge(manager, into, await seated(3)))
    adds_up(whole)
    assert (whole.totals.discount, whole.totals.service_charge) == (360, 405)  # 10 % of 3600, 12.5 % of 3240
    # an amount set on the other is added to an amount, and stands where there was none
    into = await put(await seated(1), "service-charge", amount=100)
    other = await put(await seated(1), "service-charge", amount=50)
    whole = order(await merge(manager, into, other))
    assert (whole.service_charge_terms.amount, whole.totals.service_charge) == (150, 150)
    other = await put(await seated(1), "service-charge", percentage="10")
    whole = order(await merge(manager, await seated(1), other))
    assert (whole.service_charge_terms.rule, whole.totals.service_charge) == ("set", 180)
    # but neither beside a percentage nor where it was waived
    other = await put(await seated(1), "service-charge", amount=50)
    whole = order(await merge(manager, await seated(6), other))
    assert (whole.service_charge_terms.rule, whole.totals.service_charge) == ("automatic", 450)
    into = await put(await seated(6), "service-charge")
    other = await put(await seated(1), "service-charge", amount=50)
    whole = order(await merge(manager, into, other))
    assert (whole.service_charge_terms.rule, whole.totals.service_charge) == ("waived", 0)
    adds_up(whole)


async def test_a_discount_that_comes_over_more_lines_is_no_way_around_the_limit(
    manager: Person, waiter: Person
) -> None:
    async def off(which: Order, percentage: str, place: str = "") -> Order:
        body = {"percentage": percentage, "reason": "x"}
        return order(await manager.put(f"/orders/{which.id}{place}/discount", body, version=which.version))

    for here, there in (("100", None), ("20", "20")):  # the limit is 20
        into = await off(await waiter.order(line(FRIES)), here)
        other = await waiter.order(line(FRIES, quantity=9))
        if there is not None:
            other = await off(other, there)
        refused(await merge(waiter, into, other), 403, "approval_required")
        assert await waiter.read(other.id) == other
        order(await merge(manager, into, other))
    # what was given before is not given anew
    into, other = await off(await waiter.order(line(FRIES)), "10"), await waiter.order(line(FRIES))
    other = await off(other, "90", f"/items/{other.items[0].id}")
    adds_up(order(await merge(waiter, other, into)))


async def test_checks_of_the_order_that_stays_stand_and_those_of_the_other_are_gone(waiter: Person) -> None:
    into = order(await split(waiter, await waiter.order(line(FRIES)), split="equal", ways=2))
    other = order(
        await split(waiter, await waiter.order(line(BROCCOLI)), split="amounts", amounts=[200, 325])
    )
    other = paid(await pay(waiter, other, 200, check_id=other.checks[0].id)).order
    whole = order(await merge(waiter, into, other))
    adds_up(whole)
    assert [(c.due, c.remainder) for c in whole.checks] == [(225, False), (225, False), (325, True)]
    assert [c.id for c in whole.checks[:2]] == [c.id for c in into.checks]
    assert [p.check_id for p in whole.payments] == [None]
    assert (await waiter.read(other.id)).checks == ()
    again = order(await split(waiter, whole, split="equal", ways=5))
    assert dues(again) == [155] * 5


@pytest.mark.parametrize(
    ("into", "other", "then"),
    [
        ("pending", "ready", "ready"),
        ("ready", "pending", "ready"),
        ("ready", "confirmed", "preparing"),
        ("confirmed", "preparing", "preparing"),
        ("ready", "ready", "ready"),
    ],
)
async def test_what_one_of_two_has_begun_is_not_done_in_both(
    waiter: Person, into: str, other: str, then: str
) -> None:
    async def at(status: str) -> Order:
        made = await waiter.order(line(FRIES), send=status != "pending")
        return made if status == made.status else order(await waiter.move(made, status))

    whole = order(await merge(waiter, await at(into), await at(other)))
    assert whole.status == then
    assert [i.status for i in whole.items] == [("held" if s == "pending" else "sent") for s in (into, other)]


async def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(
    waiter: Person, manager: Person, kitchen: Person, rival: Person, rival_at_home: Person, database: Database
) -> None:
    into, other = [await waiter.order(line(FRIES)) for _ in range(2)]
    closed = order(await waiter.move(await waiter.order(), "completed"))
    theirs = await rival_at_home.order({"product_id": product_of_the_rival()})
    with tax_on_top(database, waiter, on_top=True):
        taxed = await waiter.order(line(FRIES))
    before = database.contents()
    assert refused(await merge(waiter, into, into), 422, "validation_failed").fields == ["order_id"]
    refused(await merge(waiter, into, theirs), 404, "not_found")
    refused(await merge(rival, into, theirs), 404, "not_found")
    refused(await merge(kitchen, into, other), 403, "forbidden")
    refused(await merge(waiter, into, other, version=None), 428, "version_required")
    refused(await merge(waiter, into, other, other_version=None), 422, "validation_failed")
    refused(await merge(waiter, into, closed), 409, "order_closed")
    refused(await merge(waiter, closed, into), 409, "order_closed")
    refused(await merge(waiter, into, taxed), 409, "settings_differ")
    for versions, changed in (({"version": 7}, into), ({"other_version": 7}, other)):
        problem = refused(await merge(waiter, into, other, **versions), 412, "version_conflict")
        assert msgspec.json.decode(problem.current, type=Order) == changed  # type: ignore[arg-type]
    assert f"Order {other.number}, which is to be merged into this one" in problem.detail
    assert database.contents() == before


def product_of_the_rival() -> UUID:
    groups = {g.id: g for g in RIVAL.modifier_groups}
    return next(
        p.id
        for p in RIVAL.products
        if not p.variants and not any(groups[g].min_selections for g in p.modifier_group_ids)
    )


async def test_what_was_refunded_is_not_sold_a_second_time_less(manager: Person) -> None:
    into = await manager.order(line(FRIES))
    into = order(
        await manager.put(f"/orders/{into.id}/discount", {"percentage": "100", "reason": "x"}, version=1)
    )
    taken = paid(await pay(manager, await manager.order(line(BROCCOLI)), 525))
    other = refunded(await refund(manager, taken.order.payments[0], 525)).order
    refused(await merge(manager, into, other), 409, "item_refunded")
    assert await manager.read(other.id) == other
    adds_up(order(await merge(manager, other, into)))


async def test_what_comes_for_an_order_that_was_merged_learns_where_it_went(waiter: Person) -> None:
    into, other = [await waiter.order(line(FRIES)) for _ in range(2)]
    item, key = line(BROCCOLI, id=uuid4()), str(uuid4())
    path = f"/orders/{other.id}/items"
    added = order(await waiter.post(path, {"items": [item]}))
    first = await merge(waiter, into, added, key=key)
    again = await merge(waiter, into, added, key=key)
    assert first.content == again.content
    whole = order(first)
    problem = refused(await waiter.post(path, {"items": [line(FRIES)]}), 409, "order_closed")
    assert str(into.id) in problem.detail
    problem = refused(await pay(waiter, other.id, 450), 409, "order_closed")
    assert f"Order {other.number} was merged into the order {into.id}" in problem.detail
    # a line whose answer was lost is there already
    assert order(await waiter.post(f"/orders/{into.id}/items", {"items": [item]})) == whole
    refused(await waiter.move(await waiter.read(other.id), "cancelled", reason="x"), 409, "order_closed")
    refused(await merge(waiter, await waiter.read(other.id), whole), 409, "order_closed")


async def test_lines_that_were_added_before_a_merge_and_are_sent_again_are_where_they_went(
    waiter: Person, manager: Person
) -> None:
    """Without a key, as another person sends them whose till has the queue."""
    here, other = await waiter.order(line(FRIES)), await waiter.order(line(FRIES))
    lines, path = {"items": [line(BROCCOLI, id=uuid4())]}, f"/orders/{other.id}/items"
    other = order(await waiter.post(path, lines))
    merged = order(await merge(waiter, here, other))
    assert order(await manager.post(path, lines, key=None)) == merged
    different = {"items": [lines["items"][0] | {"quantity": 2}]}
    refused(await manager.post(path, different, key=None), 409, "id_conflict")
    refused(await manager.post(path, {"items": [line(BROCCOLI, id=uuid4())]}, key=None), 409, "order_closed")


async def test_two_who_merge_each_others_order_at_once_lose_nothing(waiter: Person, manager: Person) -> None:
    for _ in range(4):
        one, two = await waiter.order(line(FRIES)), await waiter.order(PIZZA)
        answers = await asyncio.gather(merge(waiter, one, two), merge(manager, two, one))
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (whole,) = [order(answer) for answer in answers if answer.is_success]
        adds_up(whole)
        assert {i.id for i in whole.items} == {one.items[0].id, two.items[0].id}
        assert whole.totals.total == one.totals.total + two.totals.total
    # three in a ring
    ring = [await waiter.order(line(FRIES)) for _ in range(3)]
    round_it = await asyncio.gather(*[merge(waiter, ring[n], ring[n - 1]) for n in range(3)])
    assert {answer.status_code for answer in round_it} == {200, 412}
    found = [await waiter.read(each.id) for each in ring]
    assert sum(len(each.items) for each in found) == 3
    assert sum(each.totals.total for each in found) == 3 * 450


async def test_lines_and_money_that_arrive_during_a_merge_are_on_one_of_the_two(
    waiter: Person, manager: Person
) -> None:
    outcomes = set()
    for _ in range(4):
        into, other = [await waiter.order(line(FRIES)) for _ in range(2)]
        answers = await asyncio.gather(
            manager.post(f"/orders/{other.id}/items", {"items": [line(BROCCOLI)]}),
            pay(manager, other, 50),
            merge(waiter, into, other),
            pay(waiter, into, 100),
        )
        added, paid_other, merging, _ = answers
        assert all(answer.status_code in (200, 201, 409, 412) for answer in answers), answers
        outcomes.add(merging.status_code)
        found = [await waiter.read(each.id) for each in (into, other)]
        for each in found:
            adds_up(each)
        assert sum(len(each.items) for each in found) == 2 + added.is_success
        assert sum(each.totals.total for each in found) == 900 + 525 * added.is_success
        assert (
            sum(each.totals.paid for each in found)
            == 100 * answers[3].is_success + 50 * paid_other.is_success
        )
        if merging.is_success:
            assert str(into.id) in refused(added, 409, "order_closed").detail
    assert outcomes <= {200, 412}
