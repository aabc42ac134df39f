"""GET /events: the log page by page, as a role may see it, from a position that can be trusted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.events.models import EVENT_TYPES

from .house import Database, Json, Person, keys, line, next_page, refused
from .test_orders_list import FRIES, MONEY
from .wire import Exact, Order

WRITE = (
    "with moved as (update feed_heads set seq = seq + 1 where restaurant_id = %s returning restaurant_id, seq)"
    " insert into order_events (restaurant_id, seq, type, entity_id, data)"
    " select restaurant_id, seq, %s, %s, %s from moved"
)


class Event(Exact):
    seq: int
    type: str
    entity_id: UUID
    timestamp: datetime
    actor: UUID | None
    data: Json


def events(answer: httpx.Response) -> list[Event]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return msgspec.json.decode(answer.content, type=list[Event])


def position(answer: httpx.Response) -> tuple[str, int]:
    epoch, _, seq = answer.headers["fynlo-feed"].partition(":")
    return epoch, int(seq)


def head(database: Database) -> int:
    found: int = database.value("select seq from feed_heads where restaurant_id = %s", PIZZERIA.id)
    return found


async def listed(person: Person, **query: Any) -> httpx.Response:
    return await person.get("/events", restaurant_id=PIZZERIA.id, **query)


async def walk(person: Person, **query: Any) -> tuple[list[Event], int, tuple[str, int]]:
    """Everything, page after page: the events, how many pages, and the position at the end."""
    answer = await listed(person, **query)
    found, pages = events(answer), 1
    while path := next_page(answer):
        answer = await person.client.get(path)
        found += events(answer)
        pages += 1
    return found, pages, position(answer)


@pytest.fixture(scope="module")
async def made(waiter: Person) -> list[Order]:
    return [await waiter.order(line(FRIES), notes=str(n)) for n in range(7)]


@asynccontextmanager
async def forgotten(database: Database, seq: int) -> AsyncIterator[None]:
    """Events up to this one are no longer kept, as after the pruning of a month."""
    columns = "restaurant_id, seq, type, entity_id, data, actor, device_id, request_id, created_at"
    database.run("create temp table kept as select * from order_events where false")
    database.run("set session_replication_role = replica")
    database.run(
        f"with gone as (delete from order_events where restaurant_id = %s and seq <= %s returning {columns})"
        f" insert into kept ({columns}) select {columns} from gone",
        PIZZERIA.id,
        seq,
    )
    try:
        yield
    finally:
        database.run(f"insert into order_events ({columns}) select {columns} from kept")
        database.run("drop table kept")
        database.run("reset session_replication_role")


async def test_events_come_oldest_first_as_they_were_written(
    waiter: Person, made: list[Order], database: Database
) -> None:
    answer = await listed(waiter, limit=1_000)
    found = events(answer)
    rows = database.rows(
        "select seq, type, entity_id, created_at, actor, data from order_events where restaurant_id = %s"
        " order by seq",
        PIZZERIA.id,
    )
    assert [(e.seq, e.type, e.entity_id, e.timestamp, e.actor, e.data) for e in found] == rows
    assert [e.seq for e in found] == list(range(1, head(database) + 1))
    assert position(answer)[1] == head(database)
    assert answer.headers["vary"] == "Authorization, Accept"
    assert next_page(answer) is None
    last = found[-1]
    assert waiter.signed_in is not None
    assert (last.type, last.entity_id, last.actor) == (
        "order.created",
        made[-1].id,
        waiter.signed_in.user.id,
    )
    assert last.data["order"] == (await waiter.get(f"/orders/{made[-1].id}")).json()


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_page_after_page_shows_each_event_once(waiter: Person, made: list[Order], limit: int) -> None:
    whole = events(await listed(waiter, limit=1_000))
    found, pages, _ = await walk(waiter, limit=limit)
    assert found == whole
    assert pages == -(-len(whole) // limit)


async def test_who_asks_on_from_the_position_gets_what_came_since(waiter: Person, made: list[Order]) -> None:
    epoch, seq = position(await listed(waiter, limit=1_000))
    idle = await listed(waiter, after=seq, epoch=epoch)
    assert events(idle) == []
    assert position(idle) == (epoch, seq)
    new = await waiter.order(line(FRIES))
    (event,) = events(await listed(waiter, after=seq, epoch=epoch))
    assert (event.seq, event.data["order"]["id"]) == (seq + 1, str(new.id))
    # a snapshot's position is one to follow from, too
    snapshot = position(await waiter.get("/orders", restaurant_id=PIZZERIA.id))
    assert events(await listed(waiter, after=snapshot[1], epoch=snapshot[0])) == []


async def test_the_kitchen_sees_no_money_and_what_is_not_its_is_passed_over(
    waiter: Person, kitchen: Person, made: list[Order], database: Database
) -> None:
    start = head(database)
    body = '{"order":{"id":"x"},"amount":700}'
    for _ in range(5):
        database.run(WRITE, PIZZERIA.id, "payment.completed", uuid4(), body)
    new = await waiter.order(line(FRIES))
    page = await listed(kitchen, after=start, limit=3)
    assert events(page) == []
    assert position(page)[1] == start + 3, "the position of what was read, not of what was shown"
    found, pages, end = await walk(kitchen, after=start, limit=3)
    assert [(e.type, e.data["order"]["id"]) for e in found] == [("order.created", str(new.id))]
    assert (pages, end[1]) == (2, start + 6)
    assert not MONEY & set(keys([msgspec.to_builtins(e) for e in found]))
    assert found[0].data["order"]["items"][0]["name"] == FRIES
    # the control: who sees money sees all of it
    theirs, _, same = await walk(waiter, after=start, limit=3)
    assert [e.type for e in theirs] == ["payment.completed"] * 5 + ["order.created"]
    assert MONEY & set(keys([msgspec.to_builtins(e) for e in theirs]))
    assert same == end


@pytest.mark.parametrize(
    "accept",
    [
        "application/x-ndjson",
        "application/json;q=0.5, application/x-ndjson",
        "application/x-ndjson, */*;q=0.1",
    ],
)
async def test_with_ndjson_each_event_is_a_line(waiter: Person, made: list[Order], accept: str) -> None:
    answer = await waiter.get("/events", {"accept": accept}, restaurant_id=PIZZERIA.id, limit=4)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text.endswith("\n")
    lines = [msgspec.json.decode(one, type=Event) for one in answer.text.splitlines()]
    plain = await listed(waiter, limit=4)
    assert lines == events(plain)
    assert len(lines) == 4
    assert answer.links["next"]["url"] == plain.links["next"]["url"]
    empty = await waiter.get("/events", {"accept": accept}, restaurant_id=PIZZERIA.id, **after(plain))
    assert empty.status_code == 200


def after(answer: httpx.Response) -> dict[str, Any]:
    epoch, seq = position(answer)
    return {"after": seq, "epoch": epoch}


async def test_ndjson_without_events_is_an_empty_body(waiter: Person, made: list[Order]) -> None:
    whole = await listed(waiter, limit=1_000)
    answer = await waiter.get(
        "/events", {"accept": "application/x-ndjson"}, restaurant_id=PIZZERIA.id, **after(whole)
    )
    assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/json", "application/json, application/x-ndjson"]
)
async def test_json_is_what_others_get(waiter: Person, accept: str) -> None:
    answer = await waiter.get("/events", {"accept": accept}, restaurant_id=PIZZERIA.id, limit=1)
    assert answer.headers["content-type"] == "application/json"


async def test_what_is_not_offered_is_not_acceptable(waiter: Person) -> None:
    for accept in ("text/csv", "application/x-ndjson;q=0", "application/json;q=0, text/plain"):
        answer = await waiter.get("/events", {"accept": accept}, restaurant_id=PIZZERIA.id)
        refused(answer, 406, "not_acceptable")
    # no other address has lines
    lines = await waiter.get("/orders", {"accept": "application/x-ndjson"}, restaurant_id=PIZZERIA.id)
    refused(lines, 406, "not_acceptable")


async def test_a_page_ends_early_where_its_events_are_big(waiter: Person, database: Database) -> None:
    start = head(database)
    big = msgspec.json.encode({"order": None, "filler": "x" * 1_500_000}).decode()
    for _ in range(5):
        database.run(WRITE, PIZZERIA.id, "order.updated", uuid4(), big)
    answer = await listed(waiter, after=start, limit=5)
    assert [e.seq for e in events(answer)] == [start + 1, start + 2, start + 3]
    assert position(answer)[1] == start + 3
    found, pages, end = await walk(waiter, after=start, limit=5)
    assert ([e.seq - start for e in found], pages, end[1]) == ([1, 2, 3, 4, 5], 2, start + 5)


async def test_a_position_of_another_log_is_refused(waiter: Person, database: Database) -> None:
    epoch, _ = position(await listed(waiter))
    last = head(database)
    problem = refused(await listed(waiter, after=last + 1), 409, "ahead_of_head")
    assert "snapshot" in problem.detail
    refused(await listed(waiter, after=last, epoch=uuid4()), 409, "epoch_changed")
    # the control: at the head, and with the epoch there is, there is nothing to refuse
    assert (await listed(waiter, after=last, epoch=epoch)).status_code == 200


async def test_what_is_no_longer_kept_is_said_to_be_gone(
    waiter: Person, made: list[Order], database: Database
) -> None:
    assert (await listed(waiter, after=2)).status_code == 200
    last = head(database)
    async with forgotten(database, 4):
        problem = refused(await listed(waiter, after=2), 410, "events_gone")
        assert "the oldest event is 5" in problem.detail
        # from the oldest that is kept, and from right before it, all is there
        assert events(await listed(waiter))[0].seq == 5
        assert events(await listed(waiter, after=4))[0].seq == 5
    async with forgotten(database, last):
        refused(await listed(waiter, after=2), 410, "events_gone")
        nothing = await listed(waiter)
        assert (events(nothing), position(nothing)[1]) == ([], last)
        assert events(await listed(waiter, after=last)) == []
    assert (await listed(waiter, after=2)).status_code == 200


async def test_another_restaurants_log_is_its_own(rival_at_home: Person, made: list[Order]) -> None:
    answer = await rival_at_home.get("/events", restaurant_id=RIVAL.id)
    ours = {str(order.id) for order in made}
    assert not any(str(e.entity_id) in ours for e in events(answer))
    refused(await listed(rival_at_home), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"after": -1}, "after"),
        ({"after": "x"}, "after"),
        ({"after": 2**63}, "after"),
        ({"epoch": "7"}, "epoch"),
        ({"page": 2}, "page"),
    ],
)
async def test_a_query_that_cannot_be_used_is_refused(
    waiter: Person, query: dict[str, Any], field: str
) -> None:
    assert refused(await listed(waiter, **query), 422, "validation_failed").fields == [field]


async def test_every_type_that_is_written_is_a_known_one(
    waiter: Person, made: list[Order], database: Database
) -> None:
    written = {kind for (kind,) in database.rows("select distinct type from order_events")}
    assert written <= set(EVENT_TYPES)
    assert "order.created" in written
