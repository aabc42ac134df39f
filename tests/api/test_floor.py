"""The room: sections and tables, who may change them, and how a table's status follows its orders."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect

from fynlo.demo.data import PIZZERIA, RIVAL
from tests.live.house import Screen
from tests.serving import ServerProcess

from .house import API, JSON, Database, Json, Person, line, order, refused, soon
from .wire import Exact, Table

FRIES = "Skin-on fries"


class Section(Exact):
    id: UUID
    restaurant_id: UUID
    name: str
    sort_order: int


def table(answer: httpx.Response, status: int = 200) -> Table:
    assert answer.status_code == status, answer.text
    return msgspec.json.decode(answer.content, type=Table)


def section(answer: httpx.Response, status: int = 200) -> Section:
    assert answer.status_code == status, answer.text
    return msgspec.json.decode(answer.content, type=Section)


async def patch(person: Person, path: str, **change: Any) -> httpx.Response:
    return await person.client.patch(path, content=msgspec.json.encode(change), headers=JSON)


async def add(person: Person, name: str, **fields: Any) -> Table:
    return table(await person.post("/tables", {"restaurant_id": PIZZERIA.id, "name": name, **fields}), 201)


async def room(person: Person, **query: Any) -> dict[str, Table]:
    answer = await person.get("/tables", restaurant_id=PIZZERIA.id, limit=100, **query)
    assert answer.status_code == 200, answer.text
    found = msgspec.json.decode(answer.content, type=list[Table])
    assert answer.headers["x-total-count"] == str(len(found))
    return {t.name: t for t in found}


async def told(person: Person, after: int) -> list[Json]:
    """The tables of the events after a seq."""
    answer = await person.get("/events", restaurant_id=PIZZERIA.id, after=after, limit=1_000)
    assert answer.status_code == 200, answer.text
    return [e["data"]["table"] for e in answer.json() if e["type"] == "table.updated"]


def head(database: Database) -> int:
    found: int = database.value("select seq from feed_heads where restaurant_id = %s", PIZZERIA.id)
    return found


@asynccontextmanager
async def screen(server: ServerProcess, person: Person, kind: str) -> AsyncIterator[Screen]:
    assert person.signed_in is not None
    address = f"ws://127.0.0.1:{server.port}{API}/websocket/ws/{kind}/{PIZZERIA.id}"
    async with connect(address, max_size=None, proxy=None) as socket:
        found = Screen(socket)
        await found.say("authenticate", token=person.signed_in.access_token)
        assert (await found.hear())["type"] == "authenticated"
        yield found


# -- the room


async def test_a_section_and_its_tables_are_built_changed_and_taken_away(manager: Person) -> None:
    body = {"restaurant_id": PIZZERIA.id, "name": " Cellar ", "sort_order": 9}
    cellar = section(await manager.post("/sections", body), 201)
    assert (cellar.name, cellar.sort_order) == ("Cellar", 9)
    made = await add(
        manager, "C1", section_id=cellar.id, seats=6, position={"x": 10, "y": -20}, status="cleaning"
    )
    assert (made.section_name, made.seats, made.status, made.order_id) == ("Cellar", 6, "cleaning", None)
    assert made.position is not None
    assert (made.position.x, made.position.y) == (10, -20)
    assert (await room(manager, section_id=cellar.id)) == {"C1": made}

    cellar = section(await patch(manager, f"/sections/{cellar.id}", name="Vault"))
    assert cellar.sort_order == 9
    listed = await manager.get("/sections", restaurant_id=PIZZERIA.id)
    assert listed.headers["x-total-count"] == "4"
    assert [s["name"] for s in listed.json()] == ["Front", "Terrace", "Back", "Vault"]

    refused(await manager.client.delete(f"/sections/{cellar.id}"), 409, "section_in_use")
    changed = table(await patch(manager, f"/tables/{made.id}", section_id=None, position=None, seats=2))
    assert (changed.section_id, changed.section_name, changed.position, changed.seats) == (
        None,
        None,
        None,
        2,
    )
    assert (await manager.client.delete(f"/sections/{cellar.id}")).status_code == 204
    refused(await patch(manager, f"/sections/{cellar.id}", name="x"), 404, "not_found")
    refused(await patch(manager, f"/tables/{made.id}", section_id=cellar.id), 422, "validation_failed")

    assert (await manager.client.delete(f"/tables/{made.id}")).status_code == 204
    assert "C1" not in await room(manager)
    refused(await manager.client.delete(f"/tables/{made.id}"), 404, "not_found")
    refused(await patch(manager, f"/tables/{made.id}", status="cleaning"), 404, "not_found")
    new = manager.new_order(type="dine_in", table_id=made.id)
    assert refused(await manager.post("/orders", new), 422, "validation_failed").fields == ["table_id"]
    assert (await add(manager, "c1")).id != made.id, "its name is free again"


async def test_names_differ_whatever_their_case_and_however_many_ask_at_once(manager: Person) -> None:
    answers = await asyncio.gather(
        *(
            manager.post("/tables", {"restaurant_id": PIZZERIA.id, "name": name})
            for name in ("Bar 1", "BAR 1", "bar 1", " bar 1 ")
        )
    )
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    refused(next(a for a in answers if a.status_code == 409), 409, "name_taken")
    made = next(table(a, 201) for a in answers if a.status_code == 201)
    assert table(await patch(manager, f"/tables/{made.id}", name="BaR 1")).name == "BaR 1", "its own name"
    refused(await patch(manager, f"/tables/{made.id}", name="t1"), 409, "name_taken")
    front = {"restaurant_id": PIZZERIA.id, "name": "FRONT"}
    refused(await manager.post("/sections", front), 409, "name_taken")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "occupied"}, "status"),
        ({"name": "   "}, "name"),
        ({"name": None}, "name"),
        ({"seats": 0}, "seats"),
        ({"position": {"x": 1}}, "position.y"),
        ({"position": {"x": 1.5, "y": 0}}, "position.x"),
        ({"section_id": str(RIVAL.sections[0].id)}, "section_id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_a_table_cannot_be_is_refused(manager: Person, change: Json, field: str) -> None:
    problem = refused(
        await patch(manager, f"/tables/{PIZZERIA.tables[0].id}", **change), 422, "validation_failed"
    )
    assert problem.fields in ([field], [field.partition(".")[0]])


async def test_who_serves_sets_the_status_and_only_managers_the_rest(
    manager: Person, waiter: Person, kitchen: Person
) -> None:
    made = await add(manager, "S1")
    path = f"/tables/{made.id}"
    assert table(await patch(waiter, path, status="cleaning")).status == "cleaning"
    assert [*await room(waiter, status="cleaning")] == ["S1"]
    refused(await patch(waiter, path, status="reserved", seats=3), 403, "forbidden")
    refused(await patch(waiter, path, name="Mine"), 403, "forbidden")
    refused(await patch(kitchen, path, status="reserved"), 403, "forbidden")
    refused(await waiter.client.delete(path), 403, "forbidden")
    assert (await room(kitchen))["S1"].status == "cleaning"


async def test_the_plan_of_the_demo_has_a_place_for_every_table(waiter: Person) -> None:
    there = [(t.position.x, t.position.y) for t in (await room(waiter)).values() if t.position is not None]
    assert len(set(there)) == len(PIZZERIA.tables)


# -- the status follows the orders


async def test_a_table_is_occupied_while_an_order_is_open_and_available_after(
    manager: Person, waiter: Person, database: Database
) -> None:
    made, other = await add(manager, "O1"), await add(manager, "O2")
    path = f"/tables/{made.id}"
    table(await patch(waiter, path, status="reserved"))
    after = head(database)
    seated = await waiter.order(line(FRIES), type="dine_in", table_id=made.id)
    now = (await room(waiter))["O1"]
    assert (now.status, now.order_id) == ("occupied", seated.id)
    for answer in (
        await patch(waiter, path, status="available"),
        await patch(waiter, path, status="cleaning"),
        await manager.client.delete(path),
    ):
        assert f"Order {seated.number} " in refused(answer, 409, "table_occupied").detail
    renamed = table(await patch(manager, path, name="O1a"))
    assert (renamed.status, renamed.order_id) == ("occupied", seated.id)
    # as somebody with psql moves them
    database.run("update orders set table_id = %s where id = %s", other.id, seated.id)
    assert (await room(waiter))["O2"].order_id == seated.id
    moved = await waiter.read(seated.id)
    order(await waiter.move(moved, "cancelled", reason="left"))
    found = await room(waiter)
    assert {(found[n].status, found[n].order_id) for n in ("O1a", "O2")} == {("available", None)}
    assert [(t["name"], t["status"], t["order_id"]) for t in await told(waiter, after)] == [
        ("O1", "occupied", str(seated.id)),
        ("O1a", "occupied", str(seated.id)),
        *sorted([("O1a", "available", None), ("O2", "occupied", str(seated.id))], key=lambda t: ids(t, made, other)),
        ("O2", "available", None),
    ]  # fmt: skip


def ids(entry: tuple[Any, ...], made: Table, other: Table) -> UUID:
    return made.id if entry[0].startswith("O1") else other.id


async def test_every_screen_hears_what_the_list_of_tables_shows(
    server: ServerProcess, manager: Person, waiter: Person, kitchen: Person
) -> None:
    part = section(await manager.post("/sections", {"restaurant_id": PIZZERIA.id, "name": "Loft"}), 201)
    async with (
        screen(server, waiter, "pos") as pos,
        screen(server, kitchen, "kitchen") as display,
        screen(server, kitchen, "pos") as plain,
    ):
        screens = (pos, display, plain)

        async def heard() -> Json:
            """What all of them are told next, which is the same."""
            tables: list[Json] = [(await s.await_type("table.updated"))["data"]["table"] for s in screens]
            assert all(t == tables[0] for t in tables)
            return tables[0]

        made = await add(manager, "L1", section_id=part.id, position={"x": 1, "y": 2})
        listed = json.loads(msgspec.json.encode(made))
        assert await heard() == {**listed, "archived": False}
        table(await patch(waiter, f"/tables/{made.id}", status="cleaning"))
        assert (await heard())["status"] == "cleaning"
        seated = await waiter.order(line(FRIES), type="dine_in", table_id=made.id)
        now = await heard()
        assert (now["status"], now["order_id"]) == ("occupied", str(seated.id))
        order(await waiter.move(seated, "cancelled", reason="left"))
        assert ((now := await heard())["status"], now["order_id"]) == ("available", None)
        section(await patch(manager, f"/sections/{part.id}", name="Attic"))
        assert (await heard())["section_name"] == "Attic"
        # what changes nothing is not told
        section(await patch(manager, f"/sections/{part.id}", name="Attic"))
        table(await patch(manager, f"/tables/{made.id}", status="available", seats=made.seats))
        assert (await manager.client.delete(f"/tables/{made.id}")).status_code == 204
        assert (await heard())["archived"] is True


async def test_of_twenty_orders_at_one_table_at_once_one_is_opened_and_the_others_are_told_which(
    manager: Person, waiter: Person
) -> None:
    made = await add(manager, "R1")
    answers = await asyncio.gather(
        *(
            waiter.post("/orders", waiter.new_order(line(FRIES), type="dine_in", table_id=made.id))
            for _ in range(20)
        )
    )
    (seated,) = [order(a, 201) for a in answers if a.status_code == 201]
    for answer in answers:
        if answer.status_code != 201:
            assert f"Order {seated.number} " in refused(answer, 409, "table_occupied").detail
    assert (await room(waiter))["R1"].order_id == seated.id


async def database_says(database: Database, sql: str) -> bool:
    return bool(database.value(sql))


async def test_no_guests_are_seated_at_a_table_that_is_being_taken_away(
    manager: Person, waiter: Person, database: Database
) -> None:
    made = await add(manager, "R2")
    with Database(database.url) as psql:
        psql.run("begin")
        psql.run("select from tables where id = %s for update", made.id)
        seating = asyncio.create_task(
            waiter.post("/orders", waiter.new_order(line(FRIES), type="dine_in", table_id=made.id))
        )
        waiting = "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'"
        await soon(lambda: database_says(database, waiting), within_s=10)
        psql.run("update tables set archived_at = now() where id = %s", made.id)
        psql.run("commit")
    assert refused(await seating, 422, "validation_failed").fields == ["table_id"]
    assert database.value("select count(*) from orders where table_id = %s", made.id) == 0


async def test_a_retried_addition_adds_one_table(manager: Person) -> None:
    body, key = {"restaurant_id": PIZZERIA.id, "name": "K1"}, str(uuid4())
    first = await manager.post("/tables", body, key=key)
    again = await manager.post("/tables", body, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
