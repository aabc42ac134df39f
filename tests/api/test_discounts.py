"""Discounts of lines and orders and the service charge: what they come to, and whose word they need."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from fynlo.demo.data import PIZZERIA
from fynlo.orders.money import (
    Discount,
    ModifierPrice,
    PricedLine,
    ServiceCharge,
    TaxSettings,
    totals,
)

from .house import Database, Json, Person, chosen, line, order, refused, variant
from .wire import ChargeTerms, Order, Terms

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"


async def discount(by: Person, which: Order, place: int | None = None, /, **fields: Any) -> httpx.Response:
    """Off the order, or off the line at a place; without fields what there was is taken back."""
    path = f"/orders/{which.id}" + ("" if place is None else f"/items/{which.items[place].id}")
    body = {"reason": "regular", **fields} if fields else None
    return await by.put(f"{path}/discount", body, version=which.version)


async def charge(by: Person, which: Order, /, **fields: Any) -> httpx.Response:
    body = {"reason": "large party", **fields} if fields else None
    return await by.put(f"/orders/{which.id}/service-charge", body, version=which.version)


async def audit(manager: Person, action: str, entity_id: Any) -> list[Json]:
    answer = await manager.get("/audit", restaurant_id=PIZZERIA.id, action=action, entity_id=entity_id)
    found: list[Json] = answer.json()
    return found


def added_up(which: Order) -> dict[str, int]:
    """What the arithmetic makes of the lines and terms of an order at the pizzeria."""

    def terms(given: Terms | None) -> Discount | None:
        if given is None:
            return None
        return Discount(Decimal(given.percentage) if given.percentage else None, given.amount)

    given = which.service_charge_terms
    percentage = Decimal(given.percentage) if given.percentage else None
    applies = given.rule == "automatic" and which.type == "dine_in" and (which.covers or 0) >= 6
    service = None
    if applies or given.rule == "set":
        service = ServiceCharge(
            Decimal("12.5") if applies else percentage, taxable=False, amount=given.amount
        )
    result = totals(
        [
            PricedLine(
                i.unit_price, i.quantity, Decimal(i.tax_rate),
                tuple(ModifierPrice(m.price, m.quantity) for m in i.modifiers), terms(i.discount_terms),
            )
            for i in which.items if i.status != "voided"
        ],
        TaxSettings(prices_include_tax=True, tax_rounding="half_up", tax_scope="bucket"),
        discount=terms(which.discount_terms), service_charge=service,
    )  # fmt: skip
    return {
        name: getattr(result, name) for name in ("subtotal", "discount", "service_charge", "tax", "total")
    }


async def test_whatever_is_taken_off_and_charged_adds_up_as_the_arithmetic_says(manager: Person) -> None:
    pizza = line(
        "Margherita",
        variant_id=variant("Margherita", '10"'),
        quantity=3,
        modifiers=chosen(("Crust", "Wholemeal"), ("Extras", "Olives")),
    )
    now = await manager.order(pizza, line(FRIES), line(BROCCOLI, quantity=2), type="dine_in", covers=7)
    gone = f"/orders/{now.id}/items/{now.items[2].id}/void"
    steps: list[Callable[[Order], Awaitable[httpx.Response]]] = [
        lambda was: discount(manager, was, 0, percentage="33.3333"),
        lambda was: discount(manager, was, amount=999),
        lambda was: charge(manager, was, percentage="7.5"),
        lambda was: discount(manager, was, 1, amount=10_000),
        lambda was: discount(manager, was, percentage="12.5"),
        lambda was: charge(manager, was, amount=321),
        lambda was: manager.post(gone, {"reason": "cold", "quantity": 1}, version=was.version),
        lambda was: manager.post(f"/orders/{was.id}/items", {"items": [line(FRIES, quantity=5)]}),
        lambda was: charge(manager, was),
        lambda was: discount(manager, was, 0),
        lambda was: discount(manager, was),
    ]
    for step in steps:
        before, now = now, order(await step(now))
        assert now.version == before.version + 1
        told = {name: getattr(now.totals, name) for name in added_up(now)}
        assert told == added_up(now)
        assert now.totals.due == now.totals.total
        assert sum(bucket.gross for bucket in now.totals.tax_breakdown) == (
            now.totals.total - now.totals.service_charge
        )
        assert await manager.read(now.id) == now


async def test_on_a_waiters_walk_all_adds_up_and_discounts_stay_within_the_limit(
    waiter: Person, database: Database
) -> None:
    rng, refusals, now = random.Random(20), 0, await waiter.order(line(FRIES), type="dine_in", covers=5)

    async def step() -> httpx.Response:
        held = [i for i in now.items if i.status == "held"]
        places = [n for n, i in enumerate(now.items) if i.status != "voided"]
        terms: Json = rng.choice(
            [{"percentage": f"{rng.randint(0, 25)}"}, {"amount": rng.randint(0, 400)}, {}]
        )
        of_order, path = f"/orders/{now.id}", f"/orders/{now.id}/items/{rng.choice(held).id if held else ''}"
        lines = [line(rng.choice((FRIES, BROCCOLI)), quantity=rng.randint(1, 4))]
        ways: list[Callable[[], Awaitable[httpx.Response]]] = [
            lambda: waiter.post(f"{of_order}/items", {"items": lines, "send": rng.random() < 0.2}),
            lambda: discount(waiter, now, **terms),
            lambda: discount(waiter, now, rng.choice(places), **terms),
            lambda: charge(waiter, now, **terms),
            lambda: waiter.patch(of_order, {"covers": rng.randint(1, 9)}, version=now.version),
        ]
        if held:
            ways += [
                lambda: waiter.patch(path, {"quantity": rng.randint(1, 4)}, version=now.version),
                lambda: waiter.post(f"{path}/void", {"reason": "typo"}, version=now.version),
                lambda: (
                    waiter.post(f"{of_order}/send", {}, version=now.version)
                    if rng.random() < 0.1
                    else ways[3]()
                ),
            ]
        return await rng.choice(ways)()

    for _ in range(120):
        answer = await step()
        if answer.status_code == 403:
            refusals += 1
            continue
        now = order(answer)
        assert {name: getattr(now.totals, name) for name in added_up(now)} == added_up(now)
        most = now.totals.subtotal * 36 + 50 * (len(now.items) + 1)  # 20 % of 80 % and 20 %, and the rounding
        assert now.totals.discount * 100 <= most
    assert refusals > 5
    assert await waiter.read(now.id) == now


async def test_terms_are_kept_as_they_were_given_and_null_takes_them_back(
    manager: Person, database: Database
) -> None:
    made = await manager.order(line(FRIES, quantity=2), type="dine_in", covers=6)
    assert made.service_charge_terms == ChargeTerms(None, None, None, "automatic")
    one = order(await discount(manager, made, 0, percentage="10.00"))
    assert (one.items[0].discount_terms, one.items[0].discount) == (Terms("10", None, "regular"), 90)
    both = order(await discount(manager, one, amount=2_000, reason="late"))
    assert (both.discount_terms, both.totals.discount) == (
        Terms(None, 2_000, "late"),
        900,
    )  # no more than there is
    assert (both.totals.total, both.totals.service_charge) == (0, 0)
    bare = order(await discount(manager, order(await discount(manager, both)), 0))
    assert (bare.discount_terms, bare.items[0].discount_terms, bare.totals) == (None, None, made.totals)
    fixed = order(await charge(manager, bare, amount=5_000))
    assert fixed.service_charge_terms == ChargeTerms(None, 5_000, "large party", "set")
    assert (fixed.totals.service_charge, fixed.totals.total) == (900, 1_800)  # what the lines come to
    waived = order(await charge(manager, fixed))
    assert waived.service_charge_terms == ChargeTerms(None, None, None, "waived")
    assert waived.totals.service_charge == 0
    # nor does it come back with other covers
    more = order(await manager.patch(f"/orders/{made.id}", {"covers": 9}, version=waived.version))
    assert more.totals.service_charge == 0
    kinds = database.rows("select distinct type from order_events where entity_id = %s", made.id)
    assert sorted(kind for (kind,) in kinds) == ["order.created", "order.updated"]


async def test_the_same_terms_again_raise_no_version_and_a_stale_one_is_told(manager: Person) -> None:
    made = await manager.order(line(FRIES))
    now = order(await discount(manager, made, percentage="5"))
    assert order(await discount(manager, now, percentage="5.0")) == now
    refused(await discount(manager, made, percentage="5"), 412, "version_conflict")
    waived = order(await charge(manager, now))
    assert order(await charge(manager, waived)) == waived


async def test_of_two_discounts_at_once_one_is_told(manager: Person, waiter: Person) -> None:
    made = await manager.order(line(FRIES))
    first, second = await asyncio.gather(
        discount(manager, made, percentage="10"), discount(waiter, made, amount=30)
    )
    assert sorted([first.status_code, second.status_code]) == [200, 412]
    assert (await manager.read(made.id)).totals.discount in (45, 30)


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x"},
        {"percentage": "5", "amount": 5, "reason": "x"},
        {"percentage": "5"},
        {"percentage": "5", "reason": "  "},
        {"percentage": "100.1", "reason": "x"},
        {"percentage": "-1", "reason": "x"},
        {"percentage": "1.00001", "reason": "x"},
        {"percentage": 5, "reason": "x"},
        {"amount": -1, "reason": "x"},
        {"amount": 1, "reason": "x", "off": 1},
        [],
    ],
)
async def test_terms_that_cannot_be_are_refused(manager: Person, body: Any) -> None:
    made = await manager.order(line(FRIES))
    for path in ("/discount", f"/items/{made.items[0].id}/discount", "/service-charge"):
        answer = await manager.put(f"/orders/{made.id}{path}", body, version=made.version)
        refused(answer, 422, "validation_failed")
    refused(await manager.put(f"/orders/{made.id}/discount", None), 428, "version_required")
    assert await manager.read(made.id) == made


async def test_more_than_the_limit_needs_a_manager_or_one_who_approves(
    cashier: Person, manager: Person, approver: Json
) -> None:
    made = await cashier.order(line(FRIES), line(BROCCOLI))
    item = made.items[0].id
    refused(await discount(cashier, made, 0, percentage="20.0001"), 403, "approval_required")
    refused(await discount(cashier, made, 0, amount=91), 403, "approval_required")  # of 450
    wrong = approver | {"pin": "000000"}
    refused(await discount(cashier, made, 0, amount=91, approver=wrong), 403, "approval_refused")
    now = order(await discount(cashier, made, 0, amount=90))
    now = order(await discount(cashier, now, 0, amount=225, approver=approver))
    entries = await audit(manager, "order_item.discounted", item)
    assert cashier.signed_in is not None
    assert manager.signed_in is not None
    assert [(e["actor"], e["approver"], e["after"]["discount_amount"]) for e in entries] == [
        (str(cashier.signed_in.user.id), str(manager.signed_in.user.id), 225),
        (str(cashier.signed_in.user.id), None, 90),
    ]
    # less, or nothing, needs nobody, nor does the same for another reason; what is more again does
    now = order(await discount(cashier, now, 0, amount=225, reason="cold"))
    now = order(await discount(cashier, now, 0, percentage="50"))
    now = order(await discount(cashier, now, 0, amount=200))
    refused(await discount(cashier, now, 0, amount=201), 403, "approval_required")
    now = order(await discount(cashier, now, 0))
    assert now.totals == made.totals


async def test_the_limit_is_for_all_discounts_of_an_order_together(
    waiter: Person, manager: Person, approver: Json
) -> None:
    made = await waiter.order(line(FRIES), line(BROCCOLI))  # 450 and 525
    now = order(await discount(waiter, made, 0, percentage="20"))
    now = order(await discount(waiter, now, 1, percentage="20"))
    refused(await discount(waiter, now, percentage="1"), 403, "approval_required")
    now = order(await discount(waiter, now, percentage="10", approver=approver))
    now = order(await discount(waiter, now, percentage="9"))
    assert order(await discount(waiter, now)).totals.discount == 195
    entries = await audit(manager, "order.discounted", made.id)
    assert manager.signed_in is not None
    assert [(e["after"].get("discount_percentage"), e["approver"]) for e in entries] == [
        (None, None), (9, None), (10, str(manager.signed_in.user.id)),
    ]  # fmt: skip


async def test_what_is_not_there_yet_is_no_way_around_the_limit(waiter: Person) -> None:
    seated = await waiter.order(send=False)
    refused(await discount(waiter, seated, percentage="100"), 403, "approval_required")
    refused(await discount(waiter, seated, amount=1), 403, "approval_required")
    order(await discount(waiter, seated, percentage="20"))
    made = await waiter.order(line(FRIES, quantity=5), send=False)
    off = order(await discount(waiter, made, 0, amount=450))
    path = f"/orders/{made.id}/items/{made.items[0].id}"
    refused(await waiter.patch(path, {"quantity": 1}, version=off.version), 403, "approval_required")
    more = order(await waiter.patch(path, {"quantity": 6}, version=off.version))
    less = order(await waiter.patch(path, {"quantity": 5}, version=more.version))
    assert less.totals == off.totals
    answer = await waiter.post(f"{path}/void", {"reason": "typo", "quantity": 4}, version=less.version)
    refused(answer, 403, "approval_required")
    order(await waiter.post(f"{path}/void", {"reason": "typo"}, version=less.version))


async def test_what_is_approved_for_a_small_order_is_not_approved_for_a_large_one(
    waiter: Person, approver: Json
) -> None:
    made = await waiter.order(line(FRIES), send=False)
    now = order(await discount(waiter, made, percentage="100", approver=approver))
    more = {"items": [line(FRIES, quantity=50)]}
    refused(await waiter.post(f"/orders/{now.id}/items", more), 403, "approval_required")
    path = f"/orders/{now.id}/items/{now.items[0].id}"
    refused(await waiter.patch(path, {"quantity": 2}, version=now.version), 403, "approval_required")
    now = order(await discount(waiter, now))
    now = order(await discount(waiter, now, 0, amount=100_000, approver=approver))
    refused(await waiter.patch(path, {"quantity": 9}, version=now.version), 403, "approval_required")
    now = order(await waiter.post(f"/orders/{now.id}/items", more))  # at its full price
    assert (now.totals.discount, now.totals.total) == (450, 50 * 450)
    now = order(await discount(waiter, now, amount=100_000, approver=approver))
    refused(await waiter.post(f"/orders/{now.id}/items", more), 403, "approval_required")
    wrong = {**more, "approver": approver | {"pin": "000000"}}
    refused(await waiter.post(f"/orders/{now.id}/items", wrong), 403, "approval_refused")
    now = order(await waiter.post(f"/orders/{now.id}/items", {**more, "approver": approver}))
    assert (now.totals.subtotal, now.totals.total) == (101 * 450, 0)


async def test_held_lines_that_go_again_leave_no_more_than_the_limit_off_the_rest(waiter: Person) -> None:
    made = await waiter.order(line(FRIES), line(BROCCOLI, quantity=40), send=False)
    now = order(await discount(waiter, made, 0, percentage="20"))
    now = order(await discount(waiter, now, percentage="19"))
    path = f"/orders/{now.id}/items/{now.items[1].id}"
    refused(await waiter.patch(path, {"quantity": 1}, version=now.version), 403, "approval_required")
    order(await waiter.patch(path, {"quantity": 41}, version=now.version))


async def test_the_limit_is_the_restaurants(waiter: Person, manager: Person) -> None:
    made = await waiter.order(line(FRIES))
    place = f"/restaurants/{PIZZERIA.id}"
    assert (await manager.get(place)).json()["discount_limit"] == "20"
    assert (await manager.patch(place, {"discount_limit": "0"})).json()["discount_limit"] == "0"
    refused(await discount(waiter, made, amount=1), 403, "approval_required")
    assert (await manager.patch(place, {"discount_limit": "100"})).json()["discount_limit"] == "100"
    assert order(await discount(waiter, made, percentage="100")).totals.total == 0
    assert (await manager.patch(place, {"discount_limit": "20"})).status_code == 200


async def test_what_rounding_adds_is_not_over_the_limit(waiter: Person, database: Database) -> None:
    made = await waiter.order(*[line(FRIES) for _ in range(3)], type="takeaway")
    database.run("update order_items set unit_price = 3 where order_id = %s", made.id)
    now = await waiter.read(made.id)
    for place in range(3):  # 20 % of 3 is 0.6, and thus 1
        now = order(await discount(waiter, now, place, percentage="20"))
    assert (now.totals.subtotal, now.totals.discount) == (9, 3)


async def test_the_service_charge_is_set_by_who_serves_and_noted(
    waiter: Person, manager: Person, approver: Json
) -> None:
    made = await waiter.order(line(FRIES))
    now = order(await charge(waiter, made, percentage="10", approver=approver))
    assert now.totals.service_charge == 45
    order(await charge(waiter, now))
    assert manager.signed_in is not None
    assert [
        (e["before"]["charge_rule"], e["after"]["charge_rule"], e["approver"])
        for e in await audit(manager, "order.service_charge", made.id)
    ] == [("set", "waived", None), ("automatic", "set", str(manager.signed_in.user.id))]


async def test_a_discount_makes_what_was_paid_too_much(manager: Person, database: Database) -> None:
    made = await manager.order(line(FRIES))
    database.run(
        "insert into payments (restaurant_id, order_id, method, state, amount, business_date, captured_at)"
        " values (%s, %s, 'cash', 'captured', 450, current_date, now())",
        PIZZERIA.id, made.id,
    )  # fmt: skip
    paid = await manager.read(made.id)
    now = order(await discount(manager, paid, amount=100))
    assert (now.totals.total, now.totals.due, now.totals.to_refund) == (350, 0, 100)
    assert now.payment_status == "paid"


async def test_in_the_end_no_sums_disagree(database: Database) -> None:
    assert database.faults() == []
