"""A tablet's offline queue: applied in order, each operation once however often and from wherever it is sent."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from msgspec import Raw

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.settings import Settings
from tests.serving import ServerProcess

from .house import Database, Json, Person, chosen, line, order, refused, soon, table, variant
from .money import paid, pay
from .wire import Exact, Order, Problem

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"
STILL = ("screens", "fynlo.screens")  # of which the server keeps none still


class Result(Exact):
    key: str
    status: int
    body: Raw
    version: int | None
    replayed: bool

    @property
    def order(self) -> Order:
        assert self.status < 300, self.body
        return msgspec.json.decode(self.body, type=Order)

    @property
    def code(self) -> str:
        found = msgspec.json.decode(self.body, type=Problem)
        assert found.status == self.status
        return found.code


def op(path: str, body: Any = None, *, key: str = "", method: str = "POST", **fields: Any) -> Json:
    return {"key": key or str(uuid4()), "method": method, "path": path, "body": body, **fields}


def create(order_id: UUID, *items: Json, **fields: Any) -> Json:
    body = {"restaurant_id": PIZZERIA.id, "type": "takeaway", "id": order_id, "items": items}
    return op("/orders", body, **fields)


def append(order_id: UUID, *items: Json, **fields: Any) -> Json:
    """Lines without ids of their own: nothing but the key keeps them from coming twice."""
    return op(f"/orders/{order_id}/items", {"items": items or [line(FRIES)]}, **fields)


async def send(by: Person, operations: list[Json]) -> httpx.Response:
    return await by.post("/orders/batch", {"restaurant_id": PIZZERIA.id, "operations": operations}, key=None)


async def results(by: Person, operations: list[Json]) -> list[Result]:
    answer = await send(by, operations)
    assert answer.status_code == 200, answer.text
    found = msgspec.json.decode(answer.content, type=list[Result])
    assert [result.key for result in found] == [operation["key"] for operation in operations]
    return found


def statuses(found: list[Result]) -> list[int]:
    return [result.status for result in found]


def evening(orders: int) -> tuple[list[UUID], list[Json]]:
    """What a tablet queues: orders, and lines that are added to them in turns; five operations for each order."""
    ids = [uuid4() for _ in range(orders)]
    extras = chosen(("Crust", "Neapolitan"), ("Extras", "Olives"))
    size = variant("Margherita", '13"')
    lines = [line("Margherita", variant_id=size, quantity=2, notes="no salt", modifiers=extras)] * 4
    operations = [create(order_id, *lines) for order_id in ids]
    for _ in range(3):
        operations += [append(order_id) for order_id in ids]
    operations += [
        op(f"/orders/{order_id}/status", {"status": "preparing"}, after=operations[3 * orders + n]["key"])
        for n, order_id in enumerate(ids)
    ]
    return ids, operations


def counted(database: Database, ids: list[UUID]) -> list[tuple[int, int, str]]:
    """Of each of these orders that is there: its version, how many lines it has, and its status."""
    return database.rows(
        "select o.version, (select count(*) from order_items i where i.order_id = o.id), o.status"
        " from orders o where o.id = any(%s) order by o.number",
        ids,
    )


EACH_ONCE = (5, 7, "preparing")  # created, added to three times, moved on


async def test_a_queue_is_applied_in_order_and_sent_again_answers_byte_for_byte(
    manager: Person, database: Database
) -> None:
    made, fries, payment = uuid4(), uuid4(), uuid4()
    path, chain = f"/orders/{made}", [str(uuid4()) for _ in range(6)]
    queue = [
        create(made, line(FRIES, id=fries), key=chain[0]),
        op(f"{path}/items/{fries}", {"quantity": 3}, method="PATCH", key=chain[1], after=chain[0]),
        op(f"/api/v1{path}/send", {}, key=chain[2], after=chain[1]),
        append(made, line(BROCCOLI), key=chain[3]),
        op(f"{path}/items/{fries}/void", {"reason": "x", "quantity": 1}, key=chain[4], after=chain[3]),
        op(f"{path}/discount", {"amount": 125, "reason": "x"}, method="PUT", after=chain[4]),
        op(f"{path}/payments", {"id": payment, "method": "cash", "amount": 1300}),
        op(f"/payments/{payment}/refunds", {"amount": 100, "reason": "cold"}, key=chain[5]),
        op(f"{path}/status", {"status": "completed"}, after=chain[5]),
    ]
    queue[0]["body"]["send"] = False
    first = await results(manager, queue)
    assert statuses(first) == [201, 200, 200, 200, 200, 200, 201, 201, 200]
    assert [r.version for r in first] == list(range(1, 10))
    assert not any(r.replayed for r in first)
    told = [r.order for r in (*first[:6], first[8])]
    assert [len(o.items) for o in told] == [1, 1, 1, 2, 3, 3, 3]
    assert [o.status for o in told] == ["pending"] * 2 + ["confirmed"] * 4 + ["completed"]
    assert [o.totals.total for o in told] == [450, 1350, 1350, 1875, 1425, 1300, 1300]
    assert told[-1] == await manager.read(made)
    assert (told[-1].payment_status, told[-1].totals.refunded) == ("partially_refunded", 100)

    before = database.contents(STILL)
    again = await results(manager, queue)
    assert [bytes(r.body) for r in again] == [bytes(r.body) for r in first]
    assert [(r.status, r.version) for r in again] == [(r.status, r.version) for r in first]
    assert all(r.replayed for r in again)
    assert database.contents(STILL) == before


async def test_a_batch_under_a_key_of_its_own_is_kept_once_all_of_it_was_done(waiter: Person) -> None:
    made, key = uuid4(), str(uuid4())
    body = {"restaurant_id": PIZZERIA.id, "operations": [append(made)]}
    undone = await waiter.post("/orders/batch", body, key=key)
    assert [result["status"] for result in undone.json()] == [404]
    await waiter.order(line(FRIES), id=made)
    first = await waiter.post("/orders/batch", body, key=key)
    assert [result["status"] for result in first.json()] == [200]
    again = await waiter.post("/orders/batch", body, key=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = await waiter.post("/orders/batch", body | {"operations": []}, key=key)
    refused(other, 422, "idempotency_mismatch")
    assert len((await waiter.read(made)).items) == 2


async def test_a_payment_from_before_the_batch_is_of_its_order(manager: Person) -> None:
    made, other = await manager.order(line(FRIES)), await manager.order(line(FRIES))
    payment = paid(await pay(manager, made, 450))
    too_much = op(f"/payments/{payment.id}/refunds", {"amount": 451, "reason": "x"})
    found = await results(manager, [too_much, append(made.id), append(other.id)])
    assert [(r.status, r.status != 200 and r.code) for r in found] == [
        (422, "refund_exceeds_payment"), (424, "operation_failed_before"), (200, False),
    ]  # fmt: skip


async def test_an_operation_is_the_request_that_it_would_be_alone(waiter: Person) -> None:
    made, key = uuid4(), str(uuid4())
    body = create(made, line(FRIES))["body"]
    alone = await waiter.post("/orders", body, key=key)
    (result,) = await results(waiter, [op("/orders", body, key=key)])
    assert (result.status, bytes(result.body), result.replayed) == (201, alone.content, True)
    lines = append(made)
    (result,) = await results(waiter, [lines])
    alone = await waiter.post(lines["path"], lines["body"], key=lines["key"])
    assert (alone.content, alone.headers["idempotent-replayed"]) == (bytes(result.body), "true")
    (other,) = await results(waiter, [lines | {"body": {"items": [line(BROCCOLI)]}}])
    assert (other.status, other.code) == (422, "idempotency_mismatch")
    # a version that was seen before the queue began
    moved = op(f"/orders/{made}/status", {"status": "ready"})
    (without,) = await results(waiter, [moved])
    assert (without.status, without.code) == (428, "version_required")
    (stale,) = await results(waiter, [moved | {"if_match": 1}])
    assert (stale.status, stale.code) == (412, "version_conflict")
    assert msgspec.json.decode(stale.body)["current"]["version"] == 2
    (done,) = await results(waiter, [moved | {"if_match": 2}])
    assert (done.status, done.version) == (200, 3)


async def test_a_failure_fails_what_comes_after_it_on_the_same_order_and_nothing_else(
    waiter: Person, database: Database
) -> None:
    taken = table("23")
    at_the_table = await waiter.order(line(FRIES), table_id=taken)
    one, other, third = uuid4(), uuid4(), uuid4()
    refused_one = create(one, line(FRIES))
    refused_one["body"] |= {"table_id": taken, "type": "dine_in"}
    queue = [
        refused_one,
        create(other, line(FRIES)),
        append(one),
        append(other),
        op(f"/orders/{one}/status", {"status": "ready"}, if_match=1),
        op(f"/orders/{other}/status", {"status": "pending"}, if_match=2),
        create(third, line(FRIES)),
        append(other),
        op(f"/orders/{third}/sing", {}),
        op(f"/orders/{third}/status", {"status": "ready"}, if_match=1),
    ]
    first = await results(waiter, queue)
    assert statuses(first) == [409, 201, 424, 200, 424, 409, 201, 424, 404, 424]
    assert [r.code for r in first if r.status == 424] == ["operation_failed_before"] * 4
    assert queue[0]["key"] in bytes(first[2].body).decode()
    assert queue[8]["key"] in bytes(first[9].body).decode()
    assert database.rows("select id from orders where id = %s", one) == []
    assert counted(database, [other, third]) == [(2, 2, "confirmed"), (1, 1, "confirmed")]

    order(await waiter.move(at_the_table, "cancelled", reason="a test"))
    queue[5]["body"]["status"] = "ready"
    del queue[8]
    again = await results(waiter, queue)
    assert statuses(again) == [201, 201, 200, 200, 412, 200, 201, 200, 200]
    assert [r.replayed for r in again] == [False, True, False, True, False, False, True, False, False]


async def test_what_is_not_there_is_its_own_404_and_another_restaurants_order_too(
    waiter: Person, rival_at_home: Person, database: Database
) -> None:
    theirs = await rival_at_home.order({"product_id": RIVAL.product("Fries").id})
    made = uuid4()
    queue = [
        append(theirs.id),
        op(f"/orders/{theirs.id}", {"notes": "mine"}, method="PATCH", if_match=1),
        op(f"/payments/{uuid4()}/capture", {"reference": "x"}),
        create(made, line(FRIES)),
        append(uuid4()),
        op("/orders", {"restaurant_id": RIVAL.id, "items": [line(FRIES)]}),
    ]
    found = await results(waiter, queue)
    assert statuses(found) == [404, 424, 404, 201, 404, 404]
    assert counted(database, [theirs.id]) == [(1, 1, "confirmed")]


async def test_of_two_restaurants_of_the_callers_a_batch_is_of_one(
    waiter: Person, rival_at_home: Person, database: Database
) -> None:
    theirs = await rival_at_home.order({"product_id": RIVAL.product("Fries").id})
    assert waiter.signed_in is not None
    database.run(
        "insert into memberships (restaurant_id, id, user_id, role) values (%s, %s, %s, 'server')",
        RIVAL.id, uuid4(), waiter.signed_in.user.id,
    )  # fmt: skip
    lines = {"items": [{"product_id": RIVAL.product("Fries").id}]}
    there = op(f"/orders/{theirs.id}/items", lines)
    found = await results(waiter, [there, op("/orders", {"restaurant_id": RIVAL.id, **lines})])
    assert [(r.status, r.code) for r in found] == [(422, "other_restaurant")] * 2
    assert counted(database, [theirs.id]) == [(1, 1, "confirmed")]
    order(await waiter.post(there["path"], lines, key=there["key"]))
    database.run(
        "delete from memberships where restaurant_id = %s and user_id = %s",
        RIVAL.id,
        waiter.signed_in.user.id,
    )


SOME = "01890000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("operations", "fields"),
    [
        ([op("/orders", key="a"), op("/orders", key="a")], ["operations[1].key"]),
        ([op("/orders", key="a b")], ["operations[0].key"]),
        ([op(f"/orders/{SOME}", method="GET")], ["operations[0].method"]),
        ([op(f"/orders/{SOME}", method="DELETE")], ["operations[0].method"]),
        ([op("/orders/batch"), op("/staff"), op("/orders", method="PUT")],
         [f"operations[{n}].path" for n in range(3)]),
        ([op(f"/orders/{SOME}/items?x=1"), op(f"/orders/{SOME}/../../staff"), op(f"/api/v2/orders/{SOME}")],
         [f"operations[{n}].path" for n in range(3)]),
        ([op("/orders", key="a", after="a")], ["operations[0].after"]),
        ([op("/orders", key="a", after="b"), op("/orders", key="b")], ["operations[0].after"]),
        ([op(f"/orders/{SOME}/items", key="a"), op(f"/orders/{uuid4()}/status", after="a")],
         ["operations[1].after"]),
        ([op("/orders", key="a"), op(f"/orders/{SOME}/status", after="a", if_match=1)],
         ["operations[1].if_match"]),
        ([op("/orders", then="x")], ["operations[0].then"]),
        ([op("/orders")] * 201, ["operations"]),
    ],
)  # fmt: skip
async def test_a_batch_that_cannot_be_one_is_refused_as_a_whole(
    waiter: Person, database: Database, operations: list[Json], fields: list[str]
) -> None:
    before = database.contents(STILL)
    answer = await send(waiter, operations)
    assert refused(answer, 422, "validation_failed").fields == fields
    assert database.contents(STILL) == before


async def done(database: Database, operations: list[Json]) -> int:
    """How many of them have been done and answered."""
    keys = [operation["key"] for operation in operations]
    return int(database.value("select count(*) from idempotency_keys where key = any(%s)", keys))


async def begun(database: Database, operations: list[Json]) -> None:
    """Until a good part of them is done, and another is not."""

    async def check() -> bool:
        return await done(database, operations) > len(operations) // 8

    await soon(check, 10)


async def test_two_tablets_that_send_two_hundred_operations_at_once_do_each_once(
    waiter: Person, server: ServerProcess, database: Database
) -> None:
    ids, operations = evening(40)
    assert len(operations) == 200
    assert len(msgspec.json.encode(operations)) < Settings(database_url="", listen_url="").body_limit / 4
    other = Person(server.url, signed_in=waiter.signed_in)
    one, two = await asyncio.gather(results(waiter, operations), results(other, operations))
    await other.client.aclose()
    assert statuses(one) == statuses(two) == [201] * 40 + [200] * 160
    assert [bytes(r.body) for r in one] == [bytes(r.body) for r in two]
    assert all(a.replayed != b.replayed for a, b in zip(one, two, strict=True))
    assert counted(database, ids) == [EACH_ONCE] * 40


@pytest.mark.parametrize("last", ["create", "append", "pay", "capture", "refund"])
async def test_what_rests_on_what_another_person_has_sent_is_done_once(manager: Person, last: str) -> None:
    """A part of a line that is voided again is another part. Keys are each person's own, so to whoever sends the queue
    of another they are new; the ids are not."""
    made, fries, payment = uuid4(), uuid4(), uuid4()
    cash = op(f"/orders/{made}/payments", {"id": payment, "method": "cash", "amount": 100})
    card = {"id": payment, "method": "card", "amount": 100, "state": "pending"}
    between = {
        "create": [],
        "append": [op(f"/orders/{made}/items", {"items": [line(BROCCOLI, id=uuid4())]})],
        "pay": [cash],
        "capture": [
            op(f"/orders/{made}/payments", card),
            op(f"/payments/{payment}/capture", {"reference": "x"}),
        ],
        "refund": [cash, op(f"/payments/{payment}/refunds", {"id": uuid4(), "amount": 50, "reason": "x"})],
    }[last]
    queue = [create(made, line(FRIES, id=fries, quantity=9)), *between]
    void = op(f"/orders/{made}/items/{fries}/void", {"reason": "x", "quantity": 1})

    def anothers() -> list[Json]:
        told = [operation | {"key": str(uuid4())} for operation in (*queue, void)]
        return [*told[:-1], told[-1] | {"after": told[-2]["key"]}]

    first = await results(manager, anothers()[:-1])
    assert [r.version for r in first] == list(range(1, len(queue) + 1))
    second = await results(manager, anothers())
    assert (second[-1].status, second[-1].version) == (200, len(queue) + 1), "the rest of what was half done"
    third = await results(manager, anothers())
    assert (statuses(third[:-1]), third[-1].code) == ([200] * len(queue), "version_conflict")
    assert [item.quantity for item in (await manager.read(made)).items if item.id == fries] == [8]


async def test_a_tablet_that_goes_away_in_the_middle_and_sends_the_whole_again_does_nothing_twice(
    waiter: Person, server: ServerProcess, database: Database
) -> None:
    ids, operations = evening(20)
    gone = Person(server.url, signed_in=waiter.signed_in)
    first = asyncio.create_task(send(gone, operations))
    await begun(database, operations)
    first.cancel()
    await gone.client.aclose()
    assert await done(database, operations) < len(operations)
    again = await results(waiter, operations)
    assert statuses(again) == [201] * 20 + [200] * 80
    assert counted(database, ids) == [EACH_ONCE] * 20


async def test_a_server_that_is_killed_in_the_middle_is_sent_the_whole_again_and_nothing_is_twice(
    waiter: Person, server: ServerProcess, database: Database
) -> None:
    ids, operations = evening(20)
    first = asyncio.create_task(send(waiter, operations))
    await begun(database, operations)
    await asyncio.to_thread(server.kill)
    with pytest.raises(httpx.HTTPError):
        await first
    before = await done(database, operations)
    assert before < len(operations)
    await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.await_ready)
    again = await results(waiter, operations)
    assert statuses(again) == [201] * 20 + [200] * 80
    assert [r.replayed for r in again] == [True] * before + [False] * (len(operations) - before)
    assert counted(database, ids) == [EACH_ONCE] * 20
    # the control: under other keys, what is there would be there twice
    await results(waiter, [operation | {"key": str(uuid4())} for operation in operations[:60]])
    assert counted(database, ids) != [EACH_ONCE] * 20


async def test_the_batch_and_its_operations_are_counted_apart(waiter: Person, server: ServerProcess) -> None:
    made = uuid4()
    await results(waiter, [create(made, line(FRIES)), append(made), op(f"/orders/{made}/sing", {})])
    async with httpx.AsyncClient() as client:
        told = (await client.get(f"{server.url}/metrics")).text
    samples = dict(line.rsplit(" ", 1) for line in told.splitlines() if line.startswith("fynlo_"))
    assert float(samples['fynlo_batch_operations_total{status="404"}']) >= 1
    batches = 'fynlo_http_request_seconds_count{method="POST",route="/api/v1/orders/batch",status="200"}'
    assert float(samples[batches]) >= 1
    assert not [name for name in samples if "/sing" in name or 'route="none",status="404"' in name]
