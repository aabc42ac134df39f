"""GET /orders/{id}/receipt: what the guest is given, as data and as text, and who may have it."""

from datetime import date, datetime
from uuid import UUID, uuid4

import httpx
import msgspec

from .house import Database, Person, line, order, refused
from .money import pay, refund
from .wire import Exact, ItemModifier, Totals

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"
TEXT = {"accept": "text/plain"}


class Line(Exact):
    item_id: UUID
    name: str
    variant_name: str | None
    quantity: int
    share: str | None
    unit_price: int
    modifiers: tuple[ItemModifier, ...]
    gross: int
    discount: int
    discount_reason: str | None
    total: int


class Paid(Exact):
    id: UUID
    method: str
    amount: int
    tip: int
    tendered: int | None
    change: int | None
    reference: str | None
    at: datetime


class Refunded(Exact):
    id: UUID
    payment_id: UUID
    method: str
    amount: int
    tip: int
    reason: str
    at: datetime


class OfCheck(Exact):
    id: UUID
    total: int
    paid: int
    due: int


class Receipt(Exact):
    order_id: UUID
    restaurant: str
    currency: str
    number: int
    business_date: date
    at: datetime
    type: str
    status: str
    table_name: str | None
    covers: int | None
    customer_name: str | None
    lines: tuple[Line, ...]
    prices_include_tax: bool
    order_discount: int
    discount_reason: str | None
    totals: Totals
    check: OfCheck | None
    payments: tuple[Paid, ...]
    refunds: tuple[Refunded, ...]


def receipt(answer: httpx.Response) -> Receipt:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Authorization, Accept"
    return msgspec.json.decode(answer.content, type=Receipt)


async def test_a_receipt_has_lines_totals_and_what_was_paid(manager: Person) -> None:
    made = await manager.order(line(FRIES, quantity=2), line(BROCCOLI), covers=2)
    void = {"reason": "dropped"}
    answer = await manager.post(
        f"/orders/{made.id}/items/{made.items[1].id}/void", void, version=made.version
    )
    assert answer.status_code == 200, answer.text
    payment = await pay(manager, made, 900, "cash", tip=100, tendered=2000)
    made = await manager.read(made.id)
    assert (await refund(manager, made.payments[0], 300)).status_code == 201, payment.text
    made = await manager.read(made.id)

    found = receipt(await manager.get(f"/orders/{made.id}/receipt"))
    assert (found.restaurant, found.number, found.covers) == ("Forno & Fig", made.number, 2)
    assert found.at == made.placed_at.replace(microsecond=0)
    assert [(e.name, e.quantity, e.unit_price, e.total, e.share) for e in found.lines] == [
        (FRIES, 2, 450, 900, None)
    ]
    assert found.totals == made.totals
    assert (found.totals.due, found.totals.refunded, found.check) == (0, 300, None)
    assert [(p.amount, p.tip, p.tendered, p.change) for p in found.payments] == [(900, 100, 2000, 1000)]
    assert [(f.amount, f.method, f.reason) for f in found.refunds] == [(300, "cash", "cold")]

    answer = await manager.get(f"/orders/{made.id}/receipt", TEXT)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["vary"] == "Authorization, Accept"
    printed = answer.text.splitlines()
    assert max(map(len, printed)) == 42
    assert printed[0].strip() == "Forno & Fig"
    assert printed[-1] == "DUE GBP" + "0.00".rjust(35)
    assert BROCCOLI not in answer.text


async def test_the_hour_is_that_of_the_restaurant_and_amounts_are_in_its_currency(
    manager: Person, database: Database
) -> None:
    made = await manager.order(line(FRIES))
    database.run(
        "update orders set placed_at = '2026-07-01 23:30+00', currency = 'JPY' where id = %s", made.id
    )
    answer = await manager.get(f"/orders/{made.id}/receipt")
    assert receipt(answer).at.isoformat() == "2026-07-02T00:30:00+01:00"
    printed = (await manager.get(f"/orders/{made.id}/receipt", TEXT)).text
    assert "2026-07-02 00:30\n" in printed
    assert "TOTAL JPY" + "450".rjust(33) in printed


async def test_a_check_has_a_receipt_of_its_own(manager: Person) -> None:
    made = await manager.order(line(FRIES, quantity=3), line(BROCCOLI))
    fries, broccoli = (item.id for item in made.items)
    part = [{"item_id": fries, "quantity": 1}, {"item_id": broccoli, "share": "1/3"}]
    split = {"split": "items", "checks": [part]}
    made = order(await manager.post(f"/orders/{made.id}/checks", split, version=made.version))
    mine, rest = made.checks
    assert (await pay(manager, made, 100, check_id=rest.id)).status_code == 201
    assert (await pay(manager, made, 200, check_id=mine.id)).status_code == 201
    found = receipt(await manager.get(f"/orders/{made.id}/receipt", check_id=mine.id))
    assert [(e.name, e.quantity, e.share, e.total) for e in found.lines] == [
        (FRIES, 1, None, 450),
        (BROCCOLI, 1, "1/3", 175),
    ]
    assert found.check == OfCheck(mine.id, 625, 200, 425)
    assert [p.amount for p in found.payments] == [200]
    assert found.totals.total == made.totals.total
    printed = (await manager.get(f"/orders/{made.id}/receipt", TEXT, check_id=mine.id)).text
    assert printed.endswith("DUE GBP" + "4.25".rjust(35) + "\n")
    found = receipt(await manager.get(f"/orders/{made.id}/receipt", check_id=rest.id))
    assert (found.lines, found.check) == ((), OfCheck(rest.id, 1250, 100, 1150))
    for unknown in (uuid4(), made.id):
        answer = await manager.get(f"/orders/{made.id}/receipt", check_id=unknown)
        refused(answer, 404, "not_found")


async def test_who_sees_no_money_gets_no_receipt_and_only_receipts_come_as_text(
    waiter: Person, kitchen: Person, rival: Person
) -> None:
    made = await waiter.order(line(FRIES))
    path = f"/orders/{made.id}/receipt"
    for headers in ({}, TEXT):
        refused(await kitchen.get(path, headers), 403, "forbidden")
        refused(await rival.get(path, headers), 404, "not_found")
        refused(await waiter.get(f"/orders/{uuid4()}/receipt", headers), 404, "not_found")
    refused(await waiter.get(path, TEXT, check_id="x"), 422, "validation_failed")
    assert (await waiter.get(path, {"accept": "text/*"})).text.startswith(" ")
    receipt(await waiter.get(path, {"accept": "text/plain;q=0.1, */*"}))
    refused(await waiter.get(path, {"accept": "text/html"}), 406, "not_acceptable")
    for other in (f"/orders/{made.id}", f"/orders/{made.id}/receipt/x", "/orders/receipt"):
        refused(await waiter.get(other, TEXT), 406, "not_acceptable")
