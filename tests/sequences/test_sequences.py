"""Random sequences of everything that can be asked of orders, at a real server: the books hold after each step.

The oracles: the database's sums (sql/ops/sums.sql), the totals worked out a second time, the log's picture beside the
one of REST, and what was acknowledged. A refusal is told with a code; nothing is ever a 5xx. The seed is printed:
FYNLO_SEQUENCE_SEED plays the same again.
"""

import json
import os
from collections.abc import Callable, Iterator
from random import SystemRandom
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fynlo.demo.data import PASSWORD
from tests.serving import ServerProcess

from .place import Books, Place, Settings
from .totals import expected

Json = dict[str, Any]
OWNER = "owner@demo.fynlo.test"
STOCK = 6
ALLOWED = {200, 201}
REFUSALS = {
    "out_of_stock", "table_occupied", "order_closed", "invalid_transition", "payment_due", "order_has_payments",
    "overpayment", "invalid_payment_state", "payment_refunded", "payment_reported", "refund_exceeds_payment",
    "item_refunded", "item_sent", "item_voided", "nothing_to_send", "split_mismatch", "validation_failed",
    "version_conflict", "shift_open", "shift_closed", "z_out_of_order", "check_replaced", "modifier_selection",
    "nothing_due",
}  # fmt: skip

pick = st.integers(0, 11)
counts = st.integers(1, 4)
portions = st.integers(0, 4)


class Till:
    """One client for all sequences; the token is the owner's, who works in each restaurant."""

    def __init__(self, url: str) -> None:
        answer = httpx.post(f"{url}/api/v1/auth/login", json={"email": OWNER, "password": PASSWORD})
        token = answer.json()["access_token"]
        self.client = httpx.Client(
            base_url=f"{url}/api/v1", timeout=30, headers={"authorization": f"Bearer {token}"}
        )


TILL: Till
BOOKS: Books


class Service(RuleBasedStateMachine):
    """A restaurant in service, one request after the other."""

    @initialize(
        include=st.booleans(),
        rounding=st.sampled_from(["half_up", "half_even"]),
        scope=st.sampled_from(["bucket", "line"]),
        charge=st.sampled_from([None, "12.5", "10"]),
        taxable=st.booleans(),
        covers=st.sampled_from([None, 1, 4]),
    )
    def open(
        self, include: bool, rounding: str, scope: str, charge: str | None, taxable: bool, covers: int | None
    ) -> None:
        kept = Settings(include, rounding, scope, charge, taxable, covers)
        self.place: Place = BOOKS.make(kept, STOCK, OWNER)
        self.orders: dict[str, Json] = {}
        self.payments: dict[str, Json] = {}
        self.refunds: dict[str, Json] = {}
        self.shifts: list[str] = []
        self.since = 0
        self.changed: set[str] = set()
        self.come([0, 2, 3, 7], 2, 1, True, False)

    # -- asking

    def ask(
        self, method: str, path: str, body: Any, *, version: int | None = None, twice: bool = False
    ) -> httpx.Response:
        headers = {"content-type": "application/json"}
        if method == "POST":
            headers["idempotency-key"] = str(uuid4())
        if version is not None:
            headers["if-match"] = f'"{version}"'
        answer = TILL.client.request(method, path, content=json.dumps(body), headers=headers)
        self.since = self.since + 1 if path.startswith(("/orders", "/payments")) else 0
        if twice and method == "POST" and answer.is_success:
            again = TILL.client.request(method, path, content=json.dumps(body), headers=headers)
            assert (again.status_code, again.content) == (answer.status_code, answer.content)
            assert again.headers["idempotent-replayed"] == "true"
        if not answer.is_success:
            said = answer.json()
            assert answer.status_code < 500, answer.text
            assert said["code"] in REFUSALS, (method, path, body, answer.text)
        return answer

    def seen(self, answer: httpx.Response) -> bool:
        """Remember the order that was answered with, which is whole."""
        if not answer.is_success:
            return False
        found = answer.json()
        order = found.get("order", found)
        assert answer.headers.get("etag", f'"{order["version"]}"') == f'"{order["version"]}"'
        before = self.orders.get(order["id"])
        assert before is None or order["version"] >= before["version"]
        self.orders[order["id"]] = order
        self.changed.add(order["id"])
        return True

    def act(self, order: Json, method: str, tail: str, body: Any, *, twice: bool = False) -> bool:
        path = f"/orders/{order['id']}{tail}"
        return self.seen(self.ask(method, path, body, version=order["version"], twice=twice))

    def order(self, n: int) -> Json:
        return list(self.orders.values())[n % len(self.orders)]

    def lines(self, kinds: list[int], quantity: int) -> list[Json]:
        made = []
        for kind in kinds:
            with_choice = kind % 4 in (2, 3)
            extras = (
                [{"modifier_id": str(self.place.modifier), "quantity": 1 + kind % 2}] if with_choice else []
            )
            made.append(
                {
                    "id": str(uuid4()),
                    "product_id": str(self.place.products[kind % 4]),
                    "quantity": quantity,
                    "course": 1 + kind % 2,
                    "modifiers": extras if kind > 3 else [],
                }
            )
        return made

    # -- what guests and staff do

    @rule(
        kinds=st.lists(pick, max_size=3), quantity=counts, table=pick, send=st.booleans(), twice=st.booleans()
    )
    def come(self, kinds: list[int], quantity: int, table: int, send: bool, twice: bool) -> None:
        body = {
            "id": str(uuid4()), "restaurant_id": str(self.place.id), "type": "dine_in" if table % 3 else "takeaway",
            "table_id": str(self.place.tables[table % 2]) if table % 3 == 1 else None, "covers": 1 + table % 6,
            "items": self.lines(kinds, quantity), "send": send,
        }  # fmt: skip
        self.seen(self.ask("POST", "/orders", body, twice=twice))

    @precondition(lambda self: self.orders)
    @rule(
        n=pick,
        kinds=st.lists(pick, min_size=1, max_size=2),
        quantity=counts,
        send=st.booleans(),
        twice=st.booleans(),
    )
    def add(self, n: int, kinds: list[int], quantity: int, send: bool, twice: bool) -> None:
        body = {"items": self.lines(kinds, quantity), "send": send}
        self.seen(self.ask("POST", f"/orders/{self.order(n)['id']}/items", body, twice=twice))

    @precondition(lambda self: self.orders)
    @rule(n=pick, course=st.sampled_from([None, None, 1, 2]))
    def send(self, n: int, course: int | None) -> None:
        self.act(self.order(n), "POST", "/send", {"course": course} if course else {}, twice=True)

    @precondition(lambda self: any(order["items"] for order in self.orders.values()))
    @rule(n=pick, m=pick, quantity=counts, extras=st.booleans(), what=st.integers(0, 2))
    def change_line(self, n: int, m: int, quantity: int, extras: bool, what: int) -> None:
        order, line = self.line(n, m)
        modifiers = [{"modifier_id": str(self.place.modifier), "quantity": 1}] if extras else []
        body = [{"quantity": quantity}, {"modifiers": modifiers}, {"notes": "hot", "course": 2}][what]
        self.act(order, "PATCH", f"/items/{line['id']}", body)

    def line(self, n: int, m: int) -> tuple[Json, Json]:
        with_lines = [order for order in self.orders.values() if order["items"]]
        order = with_lines[n % len(with_lines)]
        return order, order["items"][m % len(order["items"])]

    @precondition(lambda self: self.orders)
    @rule(n=pick, covers=st.integers(1, 8))
    def more_guests(self, n: int, covers: int) -> None:
        self.act(self.order(n), "PATCH", "", {"covers": covers, "notes": "by the door"})

    @precondition(lambda self: any(order["items"] for order in self.orders.values()))
    @rule(
        n=pick, m=pick, quantity=st.sampled_from([None, 1, 2]), restock=st.sampled_from([None, True, False])
    )
    def void(self, n: int, m: int, quantity: int | None, restock: bool | None) -> None:
        order, line = self.line(n, m)
        body = {"reason": "dropped", "quantity": quantity, "restock": restock}
        self.act(order, "POST", f"/items/{line['id']}/void", body, twice=True)

    @precondition(lambda self: self.orders)
    @rule(
        n=pick,
        percent=st.sampled_from(["10", "33.3", "100"]),
        amount=st.integers(0, 900),
        how=st.integers(0, 2),
    )
    def discount(self, n: int, percent: str, amount: int, how: int) -> None:
        body = [None, {"percentage": percent, "reason": "late"}, {"amount": amount, "reason": "late"}][how]
        self.act(self.order(n), "PUT", "/discount", body)

    @precondition(lambda self: any(order["items"] for order in self.orders.values()))
    @rule(
        n=pick,
        m=pick,
        percent=st.sampled_from(["10", "50"]),
        amount=st.integers(0, 900),
        how=st.integers(0, 2),
    )
    def discount_line(self, n: int, m: int, percent: str, amount: int, how: int) -> None:
        order, line = self.line(n, m)
        body = [None, {"percentage": percent, "reason": "cold"}, {"amount": amount, "reason": "cold"}][how]
        self.act(order, "PUT", f"/items/{line['id']}/discount", body)

    @precondition(lambda self: self.orders)
    @rule(n=pick, amount=st.integers(0, 500), how=st.integers(0, 2))
    def charge(self, n: int, amount: int, how: int) -> None:
        body = [None, {"percentage": "15", "reason": "party"}, {"amount": amount, "reason": "party"}][how]
        self.act(self.order(n), "PUT", "/service-charge", body)

    @precondition(lambda self: self.orders)
    @rule(n=pick, table=st.sampled_from([None, 0, 1]))
    def transfer(self, n: int, table: int | None) -> None:
        to = None if table is None else str(self.place.tables[table])
        self.act(self.order(n), "POST", "/transfer", {"table_id": to})

    @precondition(lambda self: len(self.orders) > 1)
    @rule(n=pick, m=pick)
    def merge(self, n: int, m: int) -> None:
        here, there = self.order(n), self.order(m)
        if here is there:
            there = self.order(m + 1)
        if self.act(
            here, "POST", "/merge", {"order_id": there["id"], "version": there["version"]}, twice=True
        ):
            self.seen(TILL.client.get(f"/orders/{there['id']}"))

    @precondition(lambda self: self.orders)
    @rule(
        n=pick,
        how=st.integers(0, 2),
        ways=st.integers(2, 4),
        amounts=st.lists(st.integers(1, 900), min_size=1, max_size=3),
    )
    def split(self, n: int, how: int, ways: int, amounts: list[int]) -> None:
        order = self.order(n)
        lines = [item for item in order["items"] if item["status"] != "voided"]
        if how == 2 and not lines:
            return
        by_items = [
            [{"item_id": lines[0]["id"], "share": "1/3"}] if lines else [],
            [{"item_id": item["id"], "quantity": 1} for item in lines[1:]]
            or [{"item_id": lines[0]["id"], "share": "2/3"}] if lines else [],
        ]  # fmt: skip
        body = [
            {"split": "equal", "ways": ways},
            {"split": "amounts", "amounts": amounts},
            {"split": "items", "checks": by_items},
        ][how]
        self.act(order, "POST", "/checks", body, twice=True)

    @precondition(lambda self: self.orders)
    @rule(
        n=pick, portion=portions, tip=st.sampled_from([0, 0, 150]), how=st.integers(0, 5),
        surplus=st.booleans(), check=pick, twice=st.booleans(),
    )  # fmt: skip
    def pay(self, n: int, portion: int, tip: int, how: int, surplus: bool, check: int, twice: bool) -> None:
        order = self.order(n)
        due = order["totals"]["due"]
        checks = order["checks"]
        body: Json = {
            "id": str(uuid4()),
            "method": ["cash", "card", "gift_card", "other", "card", "cash"][how],
        }
        if checks and check % 2:
            chosen = checks[check % len(checks)]
            body["check_id"], due = chosen["id"], chosen["due"]
        body |= {"amount": [due, due // 2, 1, due + 250, 400][portion], "tip": tip, "accept_surplus": surplus}
        if how == 4:
            body["state"] = "pending"
        if how == 5:
            body["tendered"] = body["amount"] + tip + 70
        answer = self.ask("POST", f"/orders/{order['id']}/payments", body, twice=twice)
        if self.seen(answer):
            self.payments[body["id"]] = answer.json()
            if how == 5:
                assert answer.json()["change"] == 70

    @precondition(lambda self: any(order["totals"]["due"] for order in self.orders.values()))
    @rule(n=pick)
    def pay_all(self, n: int) -> None:
        owing = [order for order in self.orders.values() if order["totals"]["due"]]
        order = owing[n % len(owing)]
        body = {"id": str(uuid4()), "method": "card", "amount": order["totals"]["due"], "reference": "T-2"}
        answer = self.ask("POST", f"/orders/{order['id']}/payments", body)
        if self.seen(answer):
            self.payments[body["id"]] = answer.json()

    @precondition(lambda self: self.payments)
    @rule(n=pick, what=st.sampled_from(["capture", "capture", "fail", "void"]))
    def settle(self, n: int, what: str) -> None:
        payment = list(self.payments)[n % len(self.payments)]
        body = {"capture": {"reference": "T-1"}, "fail": {}, "void": {"reason": "wrong tender"}}[what]
        answer = self.ask("POST", f"/payments/{payment}/{what}", body, twice=True)
        if self.seen(answer):
            self.payments[payment] = answer.json()

    @precondition(lambda self: self.payments)
    @rule(n=pick, portion=portions, named=st.booleans(), twice=st.booleans())
    def refund(self, n: int, portion: int, named: bool, twice: bool) -> None:
        payment = list(self.payments.values())[n % len(self.payments)]
        amount = [payment["amount"], payment["amount"] // 2, 1, payment["amount"] + 1, 100][portion]
        if amount < 1:
            return
        body: Json = {"id": str(uuid4()), "amount": amount, "reason": "cold"}
        order = self.orders[payment["order"]["id"] if "order" in payment else payment["order_id"]]
        sold = [item for item in order["items"] if item["status"] == "sent"]
        if named and sold:
            body["items"] = [{"item_id": sold[0]["id"], "quantity": 1}]
        answer = self.ask("POST", f"/payments/{payment['id']}/refunds", body, twice=twice)
        if self.seen(answer):
            self.refunds[body["id"]] = answer.json()

    @precondition(lambda self: self.orders)
    @rule(
        n=pick,
        status=st.sampled_from(["confirmed", "preparing", "ready", "completed", "completed", "cancelled"]),
    )
    def move(self, n: int, status: str) -> None:
        self.act(self.order(n), "POST", "/status", {"status": status, "reason": "so"}, twice=True)

    @precondition(lambda self: self.since > 4)
    @rule(n=pick)
    def stale(self, n: int) -> None:
        """Somebody who has not looked for a while: refused, with the order as it is."""
        order = self.order(n)
        answer = self.ask("PATCH", f"/orders/{order['id']}", {"notes": "old"}, version=order["version"] + 1)
        assert answer.json()["code"] == "version_conflict"
        assert answer.json()["current"]["version"] == order["version"]

    @precondition(lambda self: self.since > 2)
    @rule(
        state=st.sampled_from(["in_stock", "counted", "counted", "out_of_stock"]), quantity=st.integers(0, 5)
    )
    def stock(self, state: str, quantity: int) -> None:
        body: Json = {"state": state, "low_stock_at": 2}
        if state == "counted":
            body["quantity"] = quantity
        self.ask("PUT", f"/products/{self.place.counted}/availability", body)

    @precondition(lambda self: self.since > 2)
    @rule(what=st.integers(0, 2), amount=st.integers(0, 5000))
    def shift(self, what: int, amount: int) -> None:
        if what == 0 or not self.shifts:
            body: Json = {"restaurant_id": str(self.place.id), "drawer": "Front", "opening_float": amount}
            answer = self.ask("POST", "/shifts", body)
            if answer.is_success:
                self.shifts.append(answer.json()["id"])
        elif what == 1:
            movement = {"type": "paid_out", "amount": amount + 1, "reason": "milk"}
            self.ask("POST", f"/shifts/{self.shifts[-1]}/movements", movement)
        else:
            self.ask("POST", f"/shifts/{self.shifts[-1]}/close", {"counted": amount})

    @precondition(lambda self: self.since > 2)
    @rule()
    def z(self) -> None:
        today = next(iter(self.orders.values()))["business_date"] if self.orders else None
        if today is not None:
            answer = self.ask(
                "POST", "/reports/z", {"restaurant_id": str(self.place.id), "business_date": today}
            )
            assert answer.is_success, answer.text

    # -- what holds after each

    @invariant()
    def the_books_hold(self) -> None:
        if not hasattr(self, "place"):
            return
        faults = BOOKS.faults(self.place)
        assert not faults, faults
        for order in [self.orders[changed] for changed in self.changed]:
            now = TILL.client.get(f"/orders/{order['id']}").json()
            totals = now["totals"]
            worked_out = expected(now, self.place.settings)
            assert {name: totals[name] for name in worked_out} == worked_out
            assert totals["due"] >= 0
            assert not now["checks"] or sum(check["due"] for check in now["checks"]) == totals["due"]
            pictured = BOOKS.rows(
                self.place,
                "select data -> 'order' from order_events where type like 'order.%%'"
                " and entity_id = %s order by seq desc limit 1",
                order["id"],
            )
            assert pictured[0][0] == now
            self.orders[order["id"]] = now
        self.changed.clear()

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        if not hasattr(self, "place"):
            return
        kept = dict(BOOKS.rows(self.place, "select id::text, amount from payments"))
        assert kept == {payment: told["amount"] for payment, told in self.payments.items()}
        back = dict(BOOKS.rows(self.place, "select id::text, amount from refunds"))
        assert back == {refund: told["amount"] for refund, told in self.refunds.items()}
        ((left, taken),) = BOOKS.rows(
            self.place,
            "select (select stock from products where id = %s),"
            " coalesce(sum(stock_taken) filter (where status = 'held'), 0) from order_items",
            self.place.counted,
        )
        assert left is None or left >= 0
        assert taken == 0


@pytest.fixture(scope="module")
def service(module_seeded_url: str) -> Iterator[None]:
    global BOOKS, TILL
    server = ServerProcess(
        module_seeded_url,
        FYNLO_REQUESTS_PER_PERSON="1000000",
        FYNLO_REQUESTS_PER_RESTAURANT="1000000",
        FYNLO_ACCESS_TOKEN_S="86400",
    )
    with server:
        server.await_ready()
        TILL, BOOKS = Till(server.url), Books(module_seeded_url)
        yield
        TILL.client.close()
        BOOKS.close()


def play(sequences: int, tell: Callable[[str, object], None], shard: int = 0) -> None:
    chosen = int(os.environ.get("FYNLO_SEQUENCE_SEED") or SystemRandom().randrange(2**32)) + shard
    tell("seed", f"{sequences} sequences, FYNLO_SEQUENCE_SEED={chosen}")
    run_state_machine_as_test(
        seed(chosen)(Service),
        settings=settings(
            max_examples=sequences,
            stateful_step_count=20,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_books_hold_after_each_of_a_few_sequences(
    service: None, record_property: Callable[[str, object], None]
) -> None:
    play(40, record_property)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("shard", range(4))
def test_the_books_hold_after_each_of_5000_sequences(
    service: None, record_property: Callable[[str, object], None], shard: int
) -> None:
    play(1_250, record_property, shard)
