"""Asking again: Idempotency-Keys and client-made ids. And numbers, which are never given twice."""

import asyncio
import time
from uuid import uuid4

import msgspec
import psycopg
import pytest

from fynlo.demo.data import PIZZERIA, RIVAL

from .house import Database, Json, Person, line, order, refused, table

FRIES = "Skin-on fries"


def count(database: Database) -> int:
    return int(database.value("select count(*) from orders where restaurant_id = %s", PIZZERIA.id))


async def test_the_same_key_gets_the_first_answer_byte_for_byte(waiter: Person, database: Database) -> None:
    body, key = waiter.new_order(line(FRIES)), str(uuid4())
    first = await waiter.post("/orders", body, key=key)
    assert "idempotent-replayed" not in first.headers
    made = order(first, 201)
    before = count(database)
    order(await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES)]}))
    for again in (key, f'"{key}"'):
        answer = await waiter.post("/orders", body, key=again)
        assert (answer.status_code, answer.content) == (201, first.content)
        assert answer.headers["idempotent-replayed"] == "true"
        for name in ("etag", "location", "content-type"):
            assert answer.headers[name] == first.headers[name]
    assert count(database) == before


async def test_the_same_request_written_differently_is_the_same(waiter: Person) -> None:
    body, key = waiter.new_order(line(FRIES)), str(uuid4())
    first = await waiter.post("/orders", body, key=key)
    backwards = dict(reversed(list(body.items()))) | {"notes": None, "send": True}
    assert (await waiter.post("/orders", backwards, key=key)).content == first.content


async def test_the_same_key_for_another_body_is_refused(waiter: Person, database: Database) -> None:
    key = str(uuid4())
    order(await waiter.post("/orders", waiter.new_order(line(FRIES)), key=key), 201)
    before = database.contents()
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES, quantity=2)), key=key)
    refused(answer, 422, "idempotency_mismatch")
    assert database.contents() == before


async def test_orders_and_lines_need_a_key_or_ids(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    before = database.contents()
    refused(
        await waiter.post("/orders", waiter.new_order(line(FRIES)), key=None), 400, "idempotency_key_required"
    )
    lines = {"items": [line(FRIES, id=uuid4()), line(FRIES)]}
    refused(await waiter.post(f"/orders/{made.id}/items", lines, key=None), 400, "idempotency_key_required")
    assert database.contents() == before
    order(await waiter.post("/orders", waiter.new_order(line(FRIES), id=uuid4()), key=None), 201)
    order(await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES, id=uuid4())]}, key=None))


@pytest.mark.parametrize("key", ["a b", "é".encode().decode("latin-1"), "x" * 256, '""'])
async def test_a_key_that_cannot_be_one_is_refused(waiter: Person, key: str) -> None:
    body = msgspec.json.encode(waiter.new_order(line(FRIES)))
    headers = {b"idempotency-key": key.encode("latin-1"), b"content-type": b"application/json"}
    answer = await waiter.client.post("/orders", content=body, headers=headers)
    assert refused(answer, 422, "validation_failed").fields == ["Idempotency-Key"]


async def test_ten_at_once_with_one_key_make_one_order(waiter: Person, database: Database) -> None:
    body, key, before = waiter.new_order(line(FRIES)), str(uuid4()), count(database)
    answers = await asyncio.gather(*[waiter.post("/orders", body, key=key) for _ in range(10)])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted("idempotent-replayed" in answer.headers for answer in answers) == [False] + [True] * 9
    assert count(database) == before + 1


async def test_ten_at_once_with_one_client_made_id_make_one_order(waiter: Person, database: Database) -> None:
    body, before = waiter.new_order(line(FRIES), id=uuid4()), count(database)
    answers = await asyncio.gather(*[waiter.post("/orders", body, key=None) for _ in range(10)])
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert count(database) == before + 1


async def test_a_key_is_the_persons_and_the_paths_own(waiter: Person, manager: Person) -> None:
    body, key = waiter.new_order(line(FRIES)), str(uuid4())
    mine = order(await waiter.post("/orders", body, key=key), 201)
    theirs = order(await manager.post("/orders", body, key=key), 201)
    assert mine.id != theirs.id
    lines = {"items": [line(FRIES)]}
    for which in (mine, theirs):
        answer = await waiter.post(f"/orders/{which.id}/items", lines, key=key)
        assert len(order(answer).items) == 2
        assert "idempotent-replayed" not in answer.headers


async def test_while_the_first_request_runs_the_second_waits_and_then_is_told(
    waiter: Person, database: Database
) -> None:
    assert waiter.signed_in is not None
    body, key = waiter.new_order(line(FRIES)), str(uuid4())
    with psycopg.connect(database.url) as first:  # has claimed the key and not answered yet
        first.execute(
            "insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash)"
            " values (%s, %s, 'POST', '/api/v1/orders', %s, '')",
            (PIZZERIA.id, waiter.signed_in.user.id, key),
        )
        began = time.monotonic()
        answer = await waiter.post("/orders", body, key=key)
        refused(answer, 409, "idempotency_in_flight")
        assert answer.headers["retry-after"] == "1"
        assert 4.5 < time.monotonic() - began < 8
        waiting = asyncio.create_task(waiter.post("/orders", body, key=key))
        await asyncio.sleep(0.2)
        first.rollback()
        order(await waiting, 201)


async def test_a_refused_request_is_not_stored_and_may_be_put_right(
    waiter: Person, database: Database
) -> None:
    key, occupied = str(uuid4()), table("21")
    first = await waiter.order(line(FRIES), table_id=occupied)
    body = waiter.new_order(line(FRIES), table_id=occupied)
    refused(await waiter.post("/orders", body, key=key), 409, "table_occupied")
    assert database.value("select count(*) from idempotency_keys where key = %s", key) == 0
    order(await waiter.move(first, "cancelled", reason="a test"))
    order(await waiter.post("/orders", body, key=key), 201)


async def test_a_key_is_kept_in_the_transaction_of_the_order(waiter: Person, database: Database) -> None:
    key = str(uuid4())
    made = order(await waiter.post("/orders", waiter.new_order(line(FRIES)), key=key), 201)
    ((status, same),) = database.rows(
        "select k.status, k.xmin::text = o.xmin::text from idempotency_keys k, orders o"
        " where k.key = %s and o.id = %s",
        key,
        made.id,
    )
    assert (status, same) == (201, True)


async def test_the_same_id_from_the_same_request_is_the_order_as_it_is_now(waiter: Person) -> None:
    body = waiter.new_order(line(FRIES), id=uuid4())
    made = order(await waiter.post("/orders", body, key=None), 201)
    assert made.id == body["id"]
    assert order(await waiter.post("/orders", body, key=None), 200) == made
    more = order(await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES)]}))
    assert order(await waiter.post("/orders", body), 200) == more
    done = order(await waiter.move(more, "cancelled", reason="a test"))
    assert order(await waiter.post("/orders", body, key=None), 200) == done


async def test_any_other_use_of_an_id_is_a_conflict(
    waiter: Person, rival_at_home: Person, database: Database
) -> None:
    taken = uuid4()
    order(await waiter.post("/orders", waiter.new_order(line(FRIES), id=taken)), 201)
    before = database.contents()
    refused(
        await waiter.post("/orders", waiter.new_order(line(FRIES, quantity=2), id=taken)), 409, "id_conflict"
    )
    fries = {"product_id": RIVAL.product("Fries").id}
    theirs = rival_at_home.new_order(fries, id=taken)
    refused(await rival_at_home.post("/orders", theirs), 409, "id_conflict")
    assert database.contents() == before


async def test_the_id_of_a_line_is_taken_once_over_all_orders_and_restaurants(
    waiter: Person, rival_at_home: Person, database: Database
) -> None:
    taken = uuid4()
    made = await waiter.order(line(FRIES, id=taken))
    assert made.items[0].id == taken
    other = await waiter.order(line(FRIES))
    before = database.contents()
    fries = {"product_id": RIVAL.product("Fries").id, "id": taken}
    for answer in (
        await waiter.post("/orders", waiter.new_order(line(FRIES, id=taken))),
        await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES, id=taken)]}),
        await waiter.post(f"/orders/{other.id}/items", {"items": [line(FRIES, id=taken)]}),
        await rival_at_home.post("/orders", rival_at_home.new_order(fries)),
    ):
        refused(answer, 409, "id_conflict")
    twice = uuid4()
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES, id=twice), line(FRIES, id=twice)))
    assert refused(answer, 422, "validation_failed").fields == ["items"]
    assert database.contents() == before


async def test_lines_appended_again_under_their_ids_are_there_once(waiter: Person) -> None:
    made = await waiter.order(line(FRIES))
    lines = {"items": [line(FRIES, id=uuid4()), line(FRIES, id=uuid4())]}
    path = f"/orders/{made.id}/items"
    answers = await asyncio.gather(*[waiter.post(path, lines, key=None) for _ in range(5)])
    assert {order(answer).version for answer in answers} == {2}
    third = order(await waiter.post(path, {"items": [line(FRIES)]}))
    assert order(await waiter.post(path, lines, key=None)) == third
    part = {"items": lines["items"][:1]}
    refused(await waiter.post(path, part, key=None), 409, "id_conflict")


async def test_numbers_have_no_gap_and_no_repeat_whatever_is_refused_meanwhile(
    waiter: Person, manager: Person, database: Database
) -> None:
    today = "select coalesce(max(last_number), 0) from day_counters where restaurant_id = %s"
    before, taken = database.value(today, PIZZERIA.id), uuid4()
    order(await waiter.post("/orders", waiter.new_order(line(FRIES), id=taken)), 201)

    async def attempt(n: int) -> int:
        person = (waiter, manager)[n % 2]
        variations: list[Json] = [{}, {"table_id": table("22")}, {"id": taken, "notes": "another"}, {}, {}]
        answer = await person.post("/orders", person.new_order(line(FRIES), **variations[n % 5]))
        return order(answer, 201).number if answer.status_code == 201 else -answer.status_code

    results = await asyncio.gather(*[attempt(n) for n in range(30)])
    numbers = sorted(n for n in results if n > 0)
    assert results.count(-409) == 6 + 5, "six ids that are taken, five too many at one table"
    assert numbers == list(range(before + 2, before + 2 + 19))
    assert database.value(today, PIZZERIA.id) == before + 20
    rows = database.rows("select number from orders where restaurant_id = %s order by number", PIZZERIA.id)
    assert [number for (number,) in rows] == list(range(1, before + 21))


async def test_each_restaurant_and_each_day_counts_from_one(
    waiter: Person, rival_at_home: Person, database: Database
) -> None:
    fries = {"product_id": RIVAL.product("Fries").id}
    numbers = [(await rival_at_home.order(fries)).number for _ in range(2)]
    assert numbers == [1, 2]
    old = database.value("select now() - interval '60 hours'")
    days = [await waiter.order(line(FRIES), placed_at=old) for _ in range(2)]
    assert [made.number for made in days] == [1, 2]
