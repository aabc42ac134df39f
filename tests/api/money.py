"""Paying and refunding as a till does it."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec

from .house import Database, Person
from .wire import Order, Paid, Payment, Refunded


async def pay(
    by: Person, which: Order | UUID, amount: int, method: str = "card", **fields: Any
) -> httpx.Response:
    """`key` and `version` are of the request, the other fields of the payment."""
    request = {name: fields.pop(name) for name in ("key", "version") if name in fields}
    order_id = which.id if isinstance(which, Order) else which
    body = {"method": method, "amount": amount, **fields}
    return await by.post(f"/orders/{order_id}/payments", body, **request)


async def settle(by: Person, payment: Payment | UUID, what: str, **fields: Any) -> httpx.Response:
    """capture, fail, void."""
    payment_id = payment.id if isinstance(payment, Payment) else payment
    return await by.post(f"/payments/{payment_id}/{what}", fields)


async def refund(by: Person, payment: Payment, amount: int, **fields: Any) -> httpx.Response:
    key = fields.pop("key", "")
    body = {"amount": amount, "reason": "cold", **fields}
    return await by.post(f"/payments/{payment.id}/refunds", body, key=key)


def paid(answer: httpx.Response, status: int = 201) -> Paid:
    """The payment of an answer, which stands on its order and has that one's ETag."""
    assert answer.status_code == status, answer.text
    found = msgspec.json.decode(answer.content, type=Paid)
    assert answer.headers["etag"] == f'"{found.order.version}"'
    fields = msgspec.structs.asdict(found)
    assert fields.pop("order").id == found.order_id
    assert Payment(**fields) in found.order.payments
    return found


def refunded(answer: httpx.Response, status: int = 201) -> Refunded:
    """The refund of an answer, which stands in its payment, and that on its order."""
    assert answer.status_code == status, answer.text
    found = msgspec.json.decode(answer.content, type=Refunded)
    assert answer.headers["etag"] == f'"{found.order.version}"'
    assert found.payment in found.order.payments
    assert found.id in {each.id for each in found.payment.refunds}
    return found


def open_shift(database: Database, person: Person, drawer: str | None = None) -> UUID:
    """A shift of the person, as it stands in the database."""
    assert person.signed_in is not None
    shift_id = uuid4()
    database.run(
        "insert into shifts (restaurant_id, id, drawer, opened_by, opening_amount) values (%s, %s, %s, %s, 0)",
        person.place.id, shift_id, drawer or str(shift_id), person.signed_in.user.id,
    )  # fmt: skip
    return shift_id


def close_shift(database: Database, shift_id: UUID) -> None:
    database.run(
        "update shifts set closed_at = now(), closed_by = opened_by, counted_amount = 0, expected_amount = 0"
        " where id = %s",
        shift_id,
    )


def report(database: Database, *payments: Payment) -> None:
    """A Z that has these payments."""
    ((place, by),) = database.rows(
        "select p.restaurant_id, u.id from payments p, users u where p.id = %s limit 1", payments[0].id
    )
    z_id = uuid4()
    database.run(
        "insert into z_reports (restaurant_id, id, number, business_date, taken_by, body)"
        " select %s, %s, count(*) + 1, current_date, %s, '{}' from z_reports where restaurant_id = %s",
        place, z_id, by, place,
    )  # fmt: skip
    database.run("update payments set z_id = %s where id = any(%s)", z_id, [p.id for p in payments])


def told(database: Database, order: Order) -> list[str]:
    """The types of what the log tells of an order, its payments and refunds."""
    rows = database.rows(
        "select type from order_events where data -> 'order' ->> 'id' = %s order by seq", str(order.id)
    )
    return [type for (type,) in rows]


def adds_up(which: Order, *, tax_on_top: bool = False) -> None:
    """Lines, totals, tax and checks of an order of the pizzeria, whose service charge lies outside tax, agree."""
    lines, totals = [i for i in which.items if i.status != "voided"], which.totals
    assert totals.subtotal == sum(i.total + i.discount for i in lines)
    assert totals.discount >= sum(i.discount for i in lines)
    on_top = totals.tax if tax_on_top else 0
    assert totals.total == totals.subtotal - totals.discount + totals.service_charge + on_top
    assert totals.total == sum(b.gross for b in totals.tax_breakdown) + totals.service_charge
    assert totals.tax == sum(b.tax for b in totals.tax_breakdown)
    assert sum(i.net for i in lines) == sum(b.net for b in totals.tax_breakdown)
    assert totals.paid == sum(p.amount - p.unapplied for p in which.payments if p.state == "captured")
    if not totals.refunded:
        assert totals.due == max(0, totals.total - totals.paid)
    applied = {check.id: 0 for check in which.checks}
    for p in which.payments:
        if p.state == "captured" and p.check_id is not None and p.amount > p.unapplied:
            applied[p.check_id] += p.amount - p.unapplied
    assert {check.id: check.paid for check in which.checks} == applied
    if which.checks:
        assert sum(check.due for check in which.checks) == totals.due
        assert all(check.due == check.total - check.paid >= 0 for check in which.checks)
