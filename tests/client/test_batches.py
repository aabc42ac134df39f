"""ApiClient.batch: what is sent, and what its results say."""

import httpx
import msgspec
import pytest

from fynlo.client import BadAnswer, NewItem, NewOrder, Operation, OperationResult, ProblemError, Unreachable
from tests.client.test_http import ORDER, Server, problem


def result(key: str, status: int, body: object, **fields: object) -> dict[str, object]:
    return {"key": key, "status": status, "body": body, "version": None, "replayed": False, **fields}


async def test_operations_are_sent_as_they_were_queued() -> None:
    server = Server([httpx.Response(200, json=[])])
    made = Operation(path="/orders", body=NewOrder(restaurant_id="r1", id="o1", items=()))
    lines = {"items": [NewItem(product_id="p1")]}
    async with await server.client() as api:
        queue = [
            made,
            Operation(path="/orders/o1/items", body=lines, after=made.key),
            Operation(path="/orders/o1/discount", body=None, method="PUT", key="mine", if_match=7),
            Operation(path="/orders/o1/send"),
        ]
        assert await api.batch("r1", (operation for operation in queue)) == []
    assert server.requests[0].url.path == "/api/v1/orders/batch"
    sent = msgspec.json.decode(server.requests[0].content)
    assert sent["restaurant_id"] == "r1"
    keys = [operation.pop("key") for operation in sent["operations"]]
    assert keys == [operation.key for operation in queue]
    assert len(set(keys)) == 4
    order = {"restaurant_id": "r1", "type": "dine_in", "items": [], "id": "o1"}
    line = {"product_id": "p1", "quantity": 1, "modifiers": []}
    assert sent["operations"] == [
        {"path": "/orders", "body": order, "method": "POST"},
        {"path": "/orders/o1/items", "body": {"items": [line]}, "method": "POST", "after": made.key},
        {"path": "/orders/o1/discount", "body": None, "method": "PUT", "if_match": 7},
        {"path": "/orders/o1/send", "method": "POST"},
    ]  # fmt: skip


async def test_a_result_is_what_the_request_alone_would_have_answered_or_raised() -> None:
    stale = problem(412, "version_conflict", current=ORDER | {"version": 9})
    told = [
        result("a", 201, ORDER, version=7, replayed=True, invented_later=1),
        result("b", 412, stale.json()),
        result("c", 424, problem(424, "operation_failed_before").json()),
        result("d", 204, None),
    ]
    server = Server([httpx.Response(200, json=told)])
    async with await server.client() as api:
        made, conflict, after, nothing = await api.batch("r1", [])
    assert (made.order.number, made.version, made.replayed, made.done, made.again) == (
        17,
        7,
        True,
        True,
        False,
    )
    assert (conflict.done, conflict.again, conflict.problem.code) == (False, False, "version_conflict")
    with pytest.raises(ProblemError, match="version_conflict") as raised:
        conflict.order  # noqa: B018
    assert raised.value.current is not None
    assert raised.value.current.version == 9
    assert (after.done, after.again, after.problem.status) == (False, False, 424)
    assert (nothing.done, nothing.read(object)) == (True, None)
    with pytest.raises(BadAnswer, match="operation d"):
        nothing.order  # noqa: B018


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (503, "unavailable", True),
        (429, "too_many_requests", True),
        (409, "idempotency_in_flight", True),
        (409, "out_of_stock", False),
        (404, "not_found", False),
    ],
)
def test_what_passes_by_itself_asks_for_the_batch_again(status: int, code: str, again: bool) -> None:
    body = msgspec.Raw(problem(status, code).content)
    assert OperationResult("k", status, body).again is again


async def test_a_batch_whose_answer_is_lost_is_sent_again_with_the_same_keys() -> None:
    lost = httpx.ReadTimeout("slow")
    server = Server([lost, lost, httpx.Response(200, json=[result("k", 200, None)])])
    async with await server.client() as api:
        assert (await api.batch("r1", [Operation(path="/orders")]))[0].done
    assert len({request.content for request in server.requests}) == 1
    server = Server([lost] * 3)
    async with await server.client() as api:
        with pytest.raises(Unreachable):
            await api.batch("r1", [Operation(path="/orders")])
