"""What `ApiClient` sends to change, split, pay and refund, and to open and close a drawer."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import msgspec
import pytest

from fynlo.client import (
    ApiClient,
    Approver,
    CheckItem,
    NewPayment,
    NewRefund,
    Order,
    RefundedItem,
    Unreachable,
)
from tests.client.test_http import ORDER, Server

SEEN = msgspec.convert(ORDER, Order)
OTHER = msgspec.structs.replace(SEEN, id="o2", version=3)
PAYMENT: dict[str, Any] = {"id": "p1", "method": "cash", "amount": 500, "state": "captured", "order": ORDER}
REFUND: dict[str, Any] = {
    "id": "f1", "payment_id": "p1", "amount": 200, "method": "cash", "payment": PAYMENT, "order": ORDER,
}  # fmt: skip
Call = Callable[[ApiClient], Awaitable[object]]


def sent(request: httpx.Request) -> tuple[str, str, Any]:
    path = request.url.path.removeprefix("/api/v1")
    return request.method, path, msgspec.json.decode(request.content) if request.content else None


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda api: api.change_order(SEEN, covers=3, notes=None), "PATCH", "", {"covers": 3, "notes": None}),
        (lambda api: api.change_item(SEEN, "i1", quantity=2), "PATCH", "/items/i1", {"quantity": 2}),
        (
            lambda api: api.change_item(SEEN, "i1", notes=None, approver=Approver("s1", "1234")),
            "PATCH",
            "/items/i1",
            {"notes": None, "approver": {"staff_id": "s1", "pin": "1234"}},
        ),
        (
            lambda api: api.set_status(SEEN, "cancelled", "left", restock=True),
            "POST",
            "/status",
            {"status": "cancelled", "reason": "left", "restock": True},
        ),
        (lambda api: api.send(SEEN), "POST", "/send", {}),
        (lambda api: api.send(SEEN, course=2), "POST", "/send", {"course": 2}),
        (
            lambda api: api.void_item(SEEN, "i1", "cold", quantity=1, approver=Approver("s1", "1234")),
            "POST",
            "/items/i1/void",
            {"reason": "cold", "quantity": 1, "approver": {"staff_id": "s1", "pin": "1234"}},
        ),
        (lambda api: api.discount(SEEN), "PUT", "/discount", None),
        (
            lambda api: api.discount(SEEN, "late", amount=100, item_id="i1"),
            "PUT",
            "/items/i1/discount",
            {"reason": "late", "amount": 100},
        ),
        (
            lambda api: api.service_charge(SEEN, "party", percentage="12.5"),
            "PUT",
            "/service-charge",
            {"reason": "party", "percentage": "12.5"},
        ),
        (lambda api: api.transfer(SEEN, None), "POST", "/transfer", {"table_id": None}),
        (lambda api: api.merge(SEEN, OTHER), "POST", "/merge", {"order_id": "o2", "version": 3}),
        (lambda api: api.split_equally(SEEN, 3), "POST", "/checks", {"split": "equal", "ways": 3}),
        (
            lambda api: api.split_by_items(
                SEEN, [[CheckItem("i1", quantity=1), CheckItem("i2", share="1/3")]]
            ),
            "POST",
            "/checks",
            {
                "split": "items",
                "checks": [[{"item_id": "i1", "quantity": 1}, {"item_id": "i2", "share": "1/3"}]],
            },
        ),
        (lambda api: api.split_by_amounts(SEEN, [100]), "POST", "/checks", {"split": "amounts", "amounts": [100]}),
    ],
)  # fmt: skip
async def test_a_change_names_the_version_that_was_seen(
    call: Call, method: str, path: str, body: Any
) -> None:
    server = Server([httpx.Response(200, json=ORDER | {"version": 8})])
    async with await server.client() as api:
        assert await call(api) == msgspec.structs.replace(SEEN, version=8)
    assert sent(server.requests[0]) == (method, f"/orders/o1{path}", body)
    assert server.sent("if-match") == ['"7"']
    assert server.sent("idempotency-key") != [None] or method != "POST"


async def test_a_change_without_a_key_is_sent_once() -> None:
    server = Server([httpx.ReadTimeout("slow")])
    async with await server.client() as api:
        with pytest.raises(Unreachable):
            await api.discount(SEEN, "late", percentage="10")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("call", "answer", "path"),
    [
        (lambda api: api.pay("o1", NewPayment(method="cash", amount=500)), PAYMENT, "/orders/o1/payments"),
        (lambda api: api.capture("p1", "T1"), PAYMENT, "/payments/p1/capture"),
        (lambda api: api.fail_payment("p1"), PAYMENT, "/payments/p1/fail"),
        (lambda api: api.void_payment("p1", "wrong"), PAYMENT, "/payments/p1/void"),
        (lambda api: api.refund("p1", NewRefund(amount=200, reason="cold")), REFUND, "/payments/p1/refunds"),
        (lambda api: api.split_equally(SEEN, 2), ORDER, "/orders/o1/checks"),
    ],
)  # fmt: skip
async def test_money_is_asked_for_again_under_one_key_until_it_is_answered(
    call: Call, answer: object, path: str
) -> None:
    server = Server([httpx.ReadTimeout("lost"), httpx.ReadError("lost"), httpx.Response(201, json=answer)])
    async with await server.client() as api:
        await call(api)
    assert [request.url.path for request in server.requests] == [f"/api/v1{path}"] * 3
    assert len(set(server.sent("idempotency-key"))) == 1
    assert len({request.content for request in server.requests}) == 1, "the id of a payment is made once"


async def test_payments_and_refunds_have_an_id_before_they_are_sent() -> None:
    payment = NewPayment(method="cash", amount=400, tip=50, tendered=500)
    refund = NewRefund(amount=100, reason="cold", items=(RefundedItem("i1", 1),))
    assert len({payment.id, refund.id, NewPayment(method="cash", amount=1).id}) == 3
    server = Server([httpx.Response(201, json=PAYMENT), httpx.Response(201, json=REFUND)])
    async with await server.client() as api:
        paid = await api.pay("o1", payment)
        given_back = await api.refund(paid.id, refund)
    assert (paid.order, given_back.order, given_back.payment.amount) == (SEEN, SEEN, 500)
    assert sent(server.requests[0])[2] == {
        "method": "cash", "amount": 400, "tip": 50, "tendered": 500, "id": payment.id,
    }  # fmt: skip
    assert sent(server.requests[1])[2] == {
        "amount": 100, "reason": "cold", "tip": 0, "items": [{"item_id": "i1", "quantity": 1}], "id": refund.id,
    }  # fmt: skip


async def test_a_receipt_is_data_or_text() -> None:
    server = Server([httpx.Response(200, json={"number": 17}), httpx.Response(200, text="Order 17\n")])
    async with await server.client() as api:
        assert (await api.receipt("o1"))["number"] == 17
        assert await api.receipt_text("o1", check_id="c1") == "Order 17\n"
    assert server.sent("accept") == ["application/json", "text/plain"]
    assert server.requests[1].url.params["check_id"] == "c1"


async def test_an_order_is_read_as_it_was_and_how_it_came_to_that() -> None:
    act = {"seq": 5, "version": 7, "types": ["order.created"], "at": ORDER["created_at"], "actor": None}
    link = {"link": '<http://elsewhere/api/v1/orders/o1/history?after=5>; rel="next"'}
    pages = [httpx.Response(200, json=[act], headers=link), httpx.Response(200, json=[act | {"seq": 9}])]
    server = Server([httpx.Response(200, json=ORDER), *pages])
    async with await server.client() as api:
        assert await api.order("o1", at_seq=5) == SEEN
        assert [act.seq for act in await api.history("o1")] == [5, 9]
    assert server.requests[0].url.params["at_seq"] == "5"
    assert server.requests[2].url.params["after"] == "5"


async def test_reports_are_of_business_dates() -> None:
    row = dict.fromkeys(("payments", "amount", "tips", "refunds", "refunded", "refunded_tips", "takings"), 1)
    report = {"report": "takings", "currency": "GBP", "from": "2026-11-23", "to": "2026-11-24", "rows": []}
    server = Server([httpx.Response(200, json=report | {"totals": row | {"key": None}})])
    async with await server.client() as api:
        takings = await api.takings("r1", date(2026, 11, 23), date(2026, 11, 24))
    assert (takings.first, takings.last, takings.totals.takings) == (
        date(2026, 11, 23),
        date(2026, 11, 24),
        1,
    )
    assert dict(server.requests[0].url.params) == {
        "restaurant_id": "r1", "from": "2026-11-23", "to": "2026-11-24", "group_by": "payment_method",
    }  # fmt: skip
