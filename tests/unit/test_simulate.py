"""What `fynlo simulate` proves, and how it spoils the network, as far as that needs no server."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from fynlo.client import Order, StockChange
from fynlo.client.models import Availability
from fynlo.commands.simulate.books import Stock
from fynlo.commands.simulate.figures import Figures
from fynlo.commands.simulate.mischief import Mischief
from fynlo.commands.simulate.sums import disagreements

Json = dict[str, Any]


def line(**fields: Any) -> Json:
    olives = {"modifier_id": "olives", "name": "Olives", "price": 50, "quantity": 1}
    return {
        "id": "l1", "product_id": "pizza", "name": "Pizza", "quantity": 2, "status": "sent", "unit_price": 550,
        "modifiers": [olives], "discount": 200, "total": 1000, "net": 750, **fields,
    }  # fmt: skip


def order(**fields: Any) -> Json:
    """Two pizzas with olives, 200 off the line and 100 off the order, a service charge of 90 outside tax; paid in cash
    with a tip and 10 too much, of which a part was given back."""
    totals = {
        "subtotal": 1200, "discount": 300, "service_charge": 90, "tax": 150, "total": 990, "tips": 50, "paid": 990,
        "refunded": 100, "due": 0, "unapplied": 0, "to_refund": 0,
        "tax_breakdown": [{"rate": "20", "net": 750, "tax": 150, "gross": 900}],
    }  # fmt: skip
    refund = {"id": "f1", "payment_id": "p1", "amount": 110, "method": "cash"}
    payment = {
        "id": "p1", "method": "cash", "state": "captured", "amount": 1000, "unapplied": 10, "tip": 50, "tendered": 2000,
        "change": 950, "refunded": 110, "refunds": [refund],
    }  # fmt: skip
    totals.update(fields.pop("totals", {}))
    payment.update(fields.pop("payment", {}))
    return {
        "id": "o1", "restaurant_id": "r1", "number": 1, "business_date": "2026-11-23", "type": "dine_in",
        "status": "completed", "version": 4, "created_at": "2026-11-23T19:00:00Z",
        "updated_at": "2026-11-23T19:00:00Z", "items": [line()], "totals": totals, "payments": [payment],
        "checks": [{"id": "c1", "total": 990, "paid": 990, "due": 0}], **fields,
    }  # fmt: skip


def found(json: Json) -> list[str]:
    return disagreements(msgspec.convert(json, Order), prices_include_tax=True)


def test_an_order_that_adds_up_has_no_disagreements() -> None:
    assert found(order()) == []
    voided = line(id="l2", status="voided", discount=0, total=9_999)
    assert found(order(items=[line(), voided])) == [], "what was voided does not count"


def test_tax_on_top_is_part_of_the_total() -> None:
    on_top = order(
        items=[line(net=900)],
        totals={
            "tax": 180,
            "total": 1170,
            "paid": 1170,
            "tax_breakdown": [{"rate": "20", "net": 900, "tax": 180, "gross": 1080}],
        },
        payment={"amount": 1180, "change": 770},
    )
    assert disagreements(msgspec.convert(on_top, Order), prices_include_tax=False) == []


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"items": [line(total=1001)]}, "line l1: total is 1001 and should be 1000"),
        ({"items": [line(quantity=3)]}, "subtotal is 1200 and should be 1800"),
        ({"items": [line(net=400)]}, "lines come to 400 without tax"),
        ({"totals": {"discount": 301}}, "total is 990 and should be 989"),
        ({"totals": {"discount": 100}}, "discount is 100 of 1200, 200 of it on lines"),
        ({"totals": {"tax": 151}}, "tax is 151 and should be 150"),
        (
            {"totals": {"tax_breakdown": [{"rate": "20", "net": 750, "tax": 150, "gross": 901}]}},
            "gross at 20 % is 901 and should be 900",
        ),
        ({"totals": {"tax_breakdown": []}, "items": [line(net=900)]}, "taxes are of 0, the total is 990"),
        ({"totals": {"paid": 989}}, "paid is 989 and should be 990"),
        ({"totals": {"tips": 0}}, "tips is 0 and should be 50"),
        ({"totals": {"refunded": 0}}, "refunded is 10 and should be 110"),
        ({"totals": {"due": 101}}, "990 was paid, and 101 is due"),
        ({"totals": {"due": 1, "to_refund": 1}}, "1 is due and 1 is to be given back"),
        ({"payment": {"change": 0}}, "payment p1: change is 0 and should be 950"),
        ({"payment": {"refunded": 0}}, "payment p1: refunded is 0 and should be 110"),
        ({"payment": {"state": "voided"}}, "payment p1: 110 of 1000 was given back"),
        ({"payment": {"state": "pending"}}, "it is completed and 0 is due"),
        ({"checks": [{"id": "c1", "total": 990, "paid": 900, "due": 90}]}, "due of its checks is 90"),
        ({"status": "cancelled"}, "it is cancelled and 990 was paid"),
    ],
)
def test_what_does_not_add_up_is_found(wrong: Json, complaint: str) -> None:
    assert any(complaint in problem for problem in found(order(**wrong))), found(order(**wrong))


# what is left of what was counted


def shown(status: str, *items: Json, id: str = "o1") -> Order:
    return msgspec.convert(order(id=id, status=status, items=list(items)), Order)


def left(*orders: Order) -> tuple[int, int]:
    stock = Stock()
    stock.count("pizza", 10)
    stock.count("olives", 10)
    for each in orders:
        stock.ordered(each)
    return stock.left["pizza"], stock.left["olives"]


CONFIRMED = shown("confirmed", line())
HALF_VOIDED = (line(quantity=1), line(id="l2", quantity=1, status="voided"))


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([shown("pending", line(status="held"))], 10),
        ([shown("pending", line(status="held")), CONFIRMED], 8),
        ([CONFIRMED, CONFIRMED], 8),
        ([CONFIRMED, shown("confirmed", *HALF_VOIDED)], 9),
        ([shown("preparing", line()), shown("preparing", *HALF_VOIDED)], 8),
        ([CONFIRMED, shown("cancelled", line())], 10),
        ([CONFIRMED, shown("preparing", line()), shown("cancelled", line())], 8),
        ([CONFIRMED, shown("merged"), shown("ready", line(), id="o2")], 8),
    ],
)
def test_stock_follows_what_is_sent_and_what_comes_back(orders: list[Order], expected: int) -> None:
    assert left(*orders) == (expected, expected)


def test_what_the_feed_says_is_left_is_kept_beside_it() -> None:
    stock = Stock()
    stock.count("pizza", 10)
    stock.changed(StockChange("Pizza", Availability("out_of_stock", 0), product_id="pizza"))
    stock.changed(StockChange("Cola", Availability("counted", 3), product_id="cola"))
    assert stock.told == {"pizza": 0}
    assert stock.left == {"pizza": 10}


# the network


class Answers(httpx.AsyncBaseTransport):
    """What `answer` says to the n-th request under a key."""

    def __init__(self, answer: Callable[[int], httpx.Response]) -> None:
        self.answer = answer
        self.asked = 0

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        return self.answer(self.asked)


async def sent(
    answer: Callable[[int], httpx.Response], *, method: str = "POST", path: str = "/api/v1/orders"
) -> tuple[int, list[str]]:
    """How often a request that is to be duplicated was sent, and what was found wrong."""
    problems: list[str] = []
    network = Answers(answer)
    mischief = Mischief(duplicates=1, losses=0, seed=1, figures=Figures(), problems=problems, network=network)
    keyed = {"idempotency-key": "k"} if method == "POST" else {}
    async with httpx.AsyncClient(transport=mischief, base_url="http://fynlo.test") as client:
        await client.request(method, path, headers=keyed)
    return network.asked, problems


def replay(n: int, body: str = "one") -> httpx.Response:
    return httpx.Response(201, text=body, headers={"idempotent-replayed": "true"} if n == 2 else {})


async def test_a_request_under_a_key_is_sent_twice_and_wants_the_same_answer() -> None:
    assert await sent(replay) == (2, [])
    assert await sent(replay, method="GET") == (1, [])
    assert await sent(replay, path="/api/v1/orders/preview") == (1, [])
    (_, problems) = await sent(lambda n: replay(n, f"answer {n}"))
    assert problems == ["POST /api/v1/orders: sent again under the same key, it answered something else"]
    (_, problems) = await sent(lambda _: httpx.Response(201, text="one"))
    assert problems == ["POST /api/v1/orders: sent twice under one key, it was done twice"]


def refusal(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": "No."})


async def test_a_refusal_is_no_reason_to_complain_but_of_what_was_done() -> None:
    asked, problems = await sent(lambda _: refusal(409, "table_occupied"))
    assert asked in (1, 2)
    assert problems == []
    _, problems = await sent(lambda n: replay(n) if n == 1 else refusal(412, "version_conflict"))
    assert problems == [
        "POST /api/v1/orders: sent again under the same key, it was refused: version_conflict"
    ]
    _, problems = await sent(lambda n: replay(n) if n == 1 else refusal(409, "idempotency_in_flight"))
    assert problems == []


async def test_of_a_queue_what_was_done_is_answered_as_it_was() -> None:
    def results(n: int, *, body: str = "{}", status: int = 201) -> httpx.Response:
        done = {"key": "a", "status": status, "body": msgspec.Raw(body.encode()), "replayed": n == 2}
        return httpx.Response(200, content=msgspec.json.encode([done]))

    path = "/api/v1/orders/batch"
    assert await sent(results, path=path) == (2, [])
    _, problems = await sent(lambda n: results(n, body=f"[{n}]"), path=path)
    assert len(problems) == 1


async def test_an_answer_is_lost_so_often_that_the_client_still_gets_one() -> None:
    figures = Figures()
    network = Answers(lambda n: httpx.Response(201, text=str(n)))
    mischief = Mischief(duplicates=0, losses=1, seed=1, figures=figures, problems=[], network=network)
    async with httpx.AsyncClient(transport=mischief, base_url="http://fynlo.test") as client:
        for _ in range(2):
            with pytest.raises(httpx.ReadError):
                await client.post("/api/v1/orders", headers={"idempotency-key": "k"})
        assert (await client.post("/api/v1/orders", headers={"idempotency-key": "k"})).text == "3"
        assert (await client.get("/api/v1/orders")).text == "4"
    assert figures.lost == 2
