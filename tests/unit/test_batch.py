"""What a batch does about failures, with requests that are answered as the test says."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from fynlo.errors import Invalid, encode_problem
from fynlo.inside import Answer
from fynlo.orders.batch import BEGINS_WITHIN_S, BatchOperation, BatchResult, Made, apply, places

A, B, C = (UUID(int=n) for n in (0xA, 0xB, 0xC))
PAID, OTHER = UUID(int=0x1), UUID(int=0x2)


def op(key: str, path: str, body: Any = None, **fields: Any) -> BatchOperation:
    given = {"key": key, "method": "POST", "path": path, "body": body, **fields}
    return msgspec.json.decode(msgspec.json.encode(given), type=BatchOperation)


class Server:
    """Answers each operation with the status it is given by its key, else with 200 and the next version."""

    def __init__(self, seconds: float = 0, **statuses: int) -> None:
        self.seconds = seconds
        self.statuses = statuses
        self.now = 0.0
        self.wait_s = 60
        self.relents_after = 0
        self.payments: dict[UUID, UUID] = {}
        self.came_of: dict[Made, int] = {}
        self.asked: list[tuple[str, str, int | None]] = []

    async def __call__(self, operation: BatchOperation, path: str, version: int | None) -> Answer:
        self.asked.append((operation.key, path, version))
        self.now += self.seconds
        status = self.statuses.get(operation.key, 200)
        if status >= 400:
            wait = {"retry-after": str(self.wait_s)} if status == 429 else {}
            if len(self.asked) == self.relents_after:
                del self.statuses[operation.key]
            return Answer(status, {"etag": '"99"', **wait}, encode_problem(status, "no", "No.", "r"))
        return Answer(status, {"etag": f'"{len(self.asked)}"'}, b"" if status == 204 else b"{}")

    async def apply(self, *operations: BatchOperation) -> list[BatchResult]:
        async def sleep(seconds: float) -> None:
            self.now += seconds

        async def came_of(made: Made) -> int | None:
            return self.came_of.get(made)

        return await apply(
            operations, places(operations), self, "r",
            payments=self.payments, came_of=came_of, clock=lambda: self.now, sleep=sleep,
        )  # fmt: skip


def outcome(results: list[BatchResult]) -> str:
    """What became of each: the status, and of those that were not tried whom that is blamed on."""
    told = []
    for result in results:
        problem = msgspec.json.decode(result.body) if result.status in (424, 503) else {}
        blamed = problem.get("detail", "").split()[1] if result.status == 424 else ""
        told.append(f"{result.status}{blamed and f'<{blamed}'}")
    return " ".join(told)


async def test_a_payment_is_of_the_order_that_the_batch_has_paid_by_it() -> None:
    server = Server(refund=409)
    found = await server.apply(
        op("pay", f"/orders/{A}/payments", {"id": PAID, "method": "cash", "amount": 1}),
        op("refund", f"/payments/{PAID}/refunds", {"amount": 1, "reason": "x"}),
        op("add", f"/orders/{A}/items", {}),
        op("other", f"/orders/{B}/items", {}),
    )
    assert outcome(found) == "200 409 424<refund 200"


async def test_what_fails_before_or_in_a_payment_fails_what_is_done_to_it() -> None:
    server = Server(pay=422)
    found = await server.apply(
        op("pay", f"/orders/{A}/payments", {"id": PAID}),
        op("capture", f"/payments/{PAID}/capture", {}),
        op("unknown", f"/payments/{OTHER}/capture", {}),
    )
    assert outcome(found) == "422 424<pay 200"
    server = Server(fail=404)
    found = await server.apply(
        op("fail", f"/payments/{OTHER}/fail"), op("void", f"/payments/{OTHER}/void"), op("a", f"/orders/{A}/send")
    )  # fmt: skip
    assert outcome(found) == "404 424<fail 200"


async def test_a_payment_from_before_the_batch_is_of_its_order_too() -> None:
    server = Server(refund=422)
    server.payments = {PAID: A}
    found = await server.apply(
        op("refund", f"/payments/{PAID}/refunds", {}), op("a", f"/orders/{A}/send"), op("b", f"/orders/{B}/send")
    )  # fmt: skip
    assert outcome(found) == "422 424<refund 200"


async def test_a_merge_is_about_two_orders_and_makes_them_one() -> None:
    merge = op("merge", f"/orders/{A}/merge", {"order_id": B, "version": 1}, if_match=1)
    b, c = op("b", f"/orders/{B}/items", {}), op("c", f"/orders/{C}/items", {})
    assert (
        outcome(await Server(b=409).apply(b, merge, op("a", f"/orders/{A}/send"), c)) == "409 424<b 424<b 200"
    )
    assert outcome(await Server(merge=412).apply(merge, b, op("a", f"/orders/{A}/send"), c)) == (
        "412 424<merge 424<merge 200"
    )
    paid = op("pay", f"/orders/{B}/payments", {"id": PAID})
    server = Server(a=409)
    found = await server.apply(
        paid, merge, op("a", f"/orders/{A}/send"), op("void", f"/payments/{PAID}/void", {"reason": "x"}), b, c
    )
    assert outcome(found) == "200 200 409 424<a 424<a 200"


@pytest.mark.parametrize("status", [400, 404, 409, 429, 500, 503])
async def test_whatever_is_not_done_has_failed(status: int) -> None:
    server = Server(one=status)
    found = await server.apply(
        op("one", "/orders", {"id": A}), op("two", f"/orders/{A}/items"), op("three", f"/orders/{A}/send")
    )
    assert [result.status for result in found] == [status, 424, 424]
    assert [key for key, _, _ in server.asked] == ["one"]
    assert found[0].version is None


async def test_what_was_made_before_is_rested_on_as_the_log_tells() -> None:
    server = Server()
    server.came_of = {Made(A): 1, Made(A, OTHER): 5, Made(PAID): 6}
    await server.apply(
        op("made", "/orders", {"id": A}),
        op("one", f"/orders/{A}/send", after="made"),
        op("lines", f"/orders/{A}/items", {"items": [{"product_id": B}, {"product_id": B, "id": OTHER}]}),
        op("two", f"/orders/{A}/send", after="lines"),
        op("paid", f"/orders/{A}/payments", {"id": PAID}),
        op("three", f"/orders/{A}/send", after="paid"),
        op("untold", f"/orders/{A}/items", {"items": [{"product_id": B, "id": C}]}),
        op("four", f"/orders/{A}/send", after="untold"),
    )
    assert [version for _, _, version in server.asked[1::2]] == [1, 5, 6, 7]


async def test_after_is_the_version_that_came_of_it() -> None:
    server = Server()
    found = await server.apply(
        op("made", "/orders", {"id": A}),
        op("paid", f"/api/v1/orders/{A}/payments", {"id": PAID}),
        op("ready", f"/orders/{A}/status", {}, after="paid"),
        op("seen", f"/orders/{B}/status", {}, if_match=7),
        op("refunded", f"/payments/{PAID}/refunds", {}, after="ready"),
    )
    assert [result.version for result in found] == [1, 2, 3, 4, 5]
    assert server.asked == [
        ("made", "/api/v1/orders", None),
        ("paid", f"/api/v1/orders/{A}/payments", None),
        ("ready", f"/api/v1/orders/{A}/status", 2),
        ("seen", f"/api/v1/orders/{B}/status", 7),
        ("refunded", f"/api/v1/payments/{PAID}/refunds", 3),
    ]


async def test_what_rests_on_the_version_of_a_failure_fails_even_where_its_order_is_not_known() -> None:
    server = Server(made=409)
    found = await server.apply(
        op("made", "/orders", {}), op("more", f"/orders/{A}/items", {}, after="made"), op("b", f"/orders/{B}/items")
    )  # fmt: skip
    assert outcome(found) == "409 424<made 200"


async def test_what_has_not_begun_in_time_is_to_be_sent_again() -> None:
    server = Server(seconds=BEGINS_WITHIN_S)
    found = await server.apply(*(op(str(n), "/orders", {"id": UUID(int=n)}) for n in range(4)))
    assert [result.status for result in found] == [200, 200, 503, 503]
    assert len(server.asked) == 2


async def test_what_comes_too_fast_waits_for_as_long_as_there_is_time() -> None:
    server = Server(made=429)
    server.wait_s, server.relents_after = 2, 3
    assert outcome(await server.apply(op("made", "/orders"), op("b", f"/orders/{B}/items"))) == "200 200"
    assert (len(server.asked), server.now) == (5, 6)
    server = Server(made=429)
    server.wait_s = 4
    assert outcome(await server.apply(op("made", "/orders"), op("b", f"/orders/{B}/items"))) == "429 200"
    assert (len(server.asked), server.now) == (4, 8)


async def test_an_answer_without_a_body_is_null_and_a_body_left_out_is_none() -> None:
    (found,) = await Server(void=204).apply(op("void", f"/payments/{PAID}/void"))
    assert (found.status, bytes(found.body)) == (204, b"null")
    left_out = msgspec.json.decode(b'{"key":"k","method":"PUT","path":"/orders"}', type=BatchOperation)
    given = msgspec.json.decode(b'{"key":"k","method":"PUT","path":"/o","body": null}', type=BatchOperation)
    assert (left_out.content, given.content) == (b"", b"null")


async def test_everything_that_is_wrong_with_a_batch_is_said_at_once() -> None:
    server = Server()
    with pytest.raises(Invalid) as raised:
        await server.apply(op("a", "/staff"), op("a", "/orders", {}, after="b"))
    assert [problem.field for problem in raised.value.errors] == [
        "operations[0].path", "operations[1].key", "operations[1].after",
    ]  # fmt: skip
    assert server.asked == []
