"""Previews, what may still be changed of an order and of its held lines, and sending them."""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from .house import Database, Json, Person, chosen, line, modifier, order, product, refused, table, variant
from .wire import Exact, Item, Order, Totals

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"
CRUST, OLIVES = ("Crust", "Neapolitan"), ("Extras", "Olives")


class Preview(Exact):
    totals: Totals
    items: tuple[Item, ...]


def margherita(*extras: tuple[str, str], **fields: Any) -> Json:
    small = variant("Margherita", '10"')
    return line("Margherita", **{"variant_id": small, "modifiers": chosen(CRUST, *extras), **fields})


async def held(person: Person, *items: Json, **fields: Any) -> Order:
    return await person.order(*items, send=False, **fields)


def item_path(which: Order, place: int = 0) -> str:
    return f"/orders/{which.id}/items/{which.items[place].id}"


def events(database: Database, which: Order) -> list[tuple[str, list[str] | None]]:
    """Of the order, without its creation."""
    return database.rows(
        "select type, data -> 'item_ids' from order_events where entity_id = %s and type <> 'order.created'"
        " order by seq",
        which.id,
    )


async def test_a_preview_is_what_the_order_then_costs_and_saves_nothing(
    waiter: Person, database: Database
) -> None:
    body = waiter.new_order(
        margherita(OLIVES, quantity=2), line(FRIES, notes="crisp"), type="dine_in", covers=6
    )
    before = database.contents()
    answer = await waiter.post("/orders/preview", body, key=None)
    assert answer.status_code == 200, answer.text
    assert database.contents() == before
    shown = msgspec.json.decode(answer.content, type=Preview)
    made = order(await waiter.post("/orders", body), 201)
    assert made.totals.service_charge > 0
    assert shown.totals == made.totals
    assert [msgspec.structs.replace(i, id=made.id) for i in shown.items] == [
        msgspec.structs.replace(i, id=made.id) for i in made.items
    ]


async def test_a_preview_is_refused_as_the_order_would_be(
    waiter: Person, kitchen: Person, rival: Person, database: Database
) -> None:
    seated = await held(waiter, type="dine_in", table_id=table("T1"))
    fries = product(FRIES).id
    database.run("update products set availability = 'out_of_stock' where id = %s", fries)
    wrong: list[tuple[Json, int, str]] = [
        (waiter.new_order(line(FRIES)), 409, "out_of_stock"),
        (waiter.new_order(margherita(modifiers=[])), 422, "modifier_selection"),
        (waiter.new_order({"product_id": uuid4()}), 422, "validation_failed"),
        (waiter.new_order(placed_at="2020-01-01T00:00:00Z"), 422, "validation_failed"),
        (waiter.new_order(id=seated.id), 409, "id_conflict"),
        (waiter.new_order(type="dine_in", table_id=table("T1")), 409, "table_occupied"),
    ]
    for body, status, code in wrong:
        shown = refused(await waiter.post("/orders/preview", body), status, code)
        told = refused(await waiter.post("/orders", body), status, code)
        assert (shown.detail, shown.errors) == (told.detail, told.errors)
    database.run("update products set availability = 'in_stock' where id = %s", fries)
    refused(await kitchen.post("/orders/preview", waiter.new_order(line(FRIES))), 403, "forbidden")
    refused(await rival.post("/orders/preview", waiter.new_order(line(FRIES))), 404, "not_found")


async def test_what_is_left_out_of_a_change_stays_and_null_clears(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES), notes="window", customer_name="Ada", covers=2)
    changed = order(await waiter.patch(f"/orders/{made.id}", {"notes": "terrace"}, version=made.version))
    assert (changed.notes, changed.customer_name, changed.covers) == ("terrace", "Ada", 2)
    assert changed.version == made.version + 1
    cleared = order(
        await waiter.patch(f"/orders/{made.id}", {"customer_name": None, "covers": None}, version=2)
    )
    assert (cleared.notes, cleared.customer_name, cleared.covers) == ("terrace", None, None)
    assert await waiter.read(made.id) == cleared
    assert events(database, made) == [("order.updated", None), ("order.updated", None)]


async def test_other_covers_bring_the_service_charge_and_take_it_away(waiter: Person) -> None:
    made = await waiter.order(line(FRIES, quantity=4), type="dine_in", covers=5)
    assert made.totals.service_charge == 0
    more = order(await waiter.patch(f"/orders/{made.id}", {"covers": 6}, version=made.version))
    assert (more.totals.service_charge, more.totals.due) == (225, 2025)  # 12.5 % from six on
    less = order(await waiter.patch(f"/orders/{made.id}", {"covers": None}, version=more.version))
    assert less.totals == made.totals


async def test_a_change_that_changes_nothing_raises_no_version(waiter: Person, database: Database) -> None:
    made = await held(waiter, margherita(OLIVES, notes="hot"), notes="window", covers=2)
    for path, body in (
        (f"/orders/{made.id}", {}),
        (f"/orders/{made.id}", {"notes": "window", "covers": 2}),
        (item_path(made), {}),
        (item_path(made), {"quantity": 1, "notes": "hot", "course": 1, "modifiers": chosen(OLIVES, CRUST)}),
        (item_path(made) + "/discount", None),
    ):
        method = waiter.put if path.endswith("discount") else waiter.patch
        assert order(await method(path, body, version=made.version)) == made
    assert events(database, made) == []


async def test_a_held_line_changes_and_the_totals_with_it(waiter: Person, database: Database) -> None:
    made = await held(waiter, margherita(OLIVES), line(FRIES))
    assert made.totals.total == 1050 + 150 + 450
    fields = {"quantity": 2, "notes": "cut in four", "course": 2, "modifiers": chosen(("Crust", "Wholemeal"))}
    changed = order(await waiter.patch(item_path(made), fields, version=made.version))
    pizza, fries = changed.items
    assert (pizza.quantity, pizza.notes, pizza.course, pizza.status) == (2, "cut in four", 2, "held")
    assert [(m.name, m.price, m.quantity) for m in pizza.modifiers] == [("Wholemeal", 100, 1)]
    assert (pizza.unit_price, pizza.total, fries) == (1050, 2300, made.items[1])
    assert (changed.totals.total, changed.totals.due, changed.version) == (2750, 2750, made.version + 1)
    back = order(await waiter.patch(item_path(made), {"modifiers": chosen(CRUST, OLIVES)}, version=2))
    assert [m.name for m in back.items[0].modifiers] == ["Neapolitan", "Olives"]
    assert back.totals.total == 2 * 1200 + 450
    assert await waiter.read(made.id) == back
    assert events(database, made) == [("order.updated", None), ("order.updated", None)]
    ((snapshot,),) = database.rows(
        "select data -> 'order' from order_events where entity_id = %s order by seq desc limit 1", made.id
    )
    assert msgspec.convert(snapshot, Order) == back


async def test_modifiers_of_a_held_line_are_judged_as_at_ordering(waiter: Person, database: Database) -> None:
    made = await held(waiter, margherita())
    for modifiers, status, code in (
        ([], 422, "modifier_selection"),
        (chosen(CRUST) + chosen(OLIVES, quantity=4), 422, "modifier_selection"),
        ([*chosen(CRUST), {"modifier_id": uuid4()}], 422, "validation_failed"),
    ):
        answer = await waiter.patch(item_path(made), {"modifiers": modifiers}, version=made.version)
        refused(answer, status, code)
    (olives,) = chosen(OLIVES)
    database.run("update modifiers set availability = 'out_of_stock' where id = %s", olives["modifier_id"])
    answer = await waiter.patch(item_path(made), {"modifiers": chosen(CRUST, OLIVES)}, version=made.version)
    assert "Olives" in refused(answer, 409, "out_of_stock").detail
    database.run("update modifiers set availability = 'in_stock' where id = %s", olives["modifier_id"])
    assert await waiter.read(made.id) == made


async def test_what_is_sent_or_voided_or_closed_does_not_change(manager: Person) -> None:
    sent = await manager.order(line(FRIES), line(BROCCOLI))
    refused(await manager.patch(item_path(sent), {"quantity": 2}, version=sent.version), 409, "item_sent")
    answer = await manager.post(item_path(sent) + "/void", {"reason": "dropped"}, version=sent.version)
    gone = order(answer)
    for path, way in ((item_path(gone), manager.patch), (item_path(gone) + "/discount", manager.put)):
        refused(
            await way(path, {} if way == manager.patch else None, version=gone.version), 409, "item_voided"
        )
    refused(
        await manager.patch(f"/orders/{sent.id}/items/{uuid4()}", {}, version=gone.version), 404, "not_found"
    )
    closed = order(await manager.move(gone, "cancelled", reason="left"))
    for path, way in ((f"/orders/{sent.id}", manager.patch), (f"/orders/{sent.id}/send", manager.post)):
        refused(await way(path, {}, version=closed.version), 409, "order_closed")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"covers": 0}, "covers"),
        ({"notes": "x" * 2_001}, "notes"),
        ({"table_id": None}, "table_id"),
        ({"status": "ready"}, "status"),
    ],
)
async def test_a_change_of_something_else_is_refused_by_name(
    waiter: Person, fields: Json, field: str
) -> None:
    made = await waiter.order(line(FRIES))
    answer = await waiter.patch(f"/orders/{made.id}", fields, version=made.version)
    assert refused(answer, 422, "validation_failed").fields == [field]


@pytest.mark.parametrize(
    "fields", [{"quantity": None}, {"quantity": 0}, {"unit_price": 1}, {"modifiers": None}]
)
async def test_a_change_of_a_line_that_cannot_be_is_refused(waiter: Person, fields: Json) -> None:
    made = await held(waiter, line(FRIES))
    refused(await waiter.patch(item_path(made), fields, version=made.version), 422, "validation_failed")
    assert await waiter.read(made.id) == made


async def test_every_change_needs_the_version_that_was_seen(waiter: Person, kitchen: Person) -> None:
    made = await held(waiter, line(FRIES))
    ways = [
        (waiter.patch, f"/orders/{made.id}", {"notes": "x"}),
        (waiter.patch, item_path(made), {"quantity": 2}),
        (waiter.post, f"/orders/{made.id}/send", {}),
        (waiter.put, f"/orders/{made.id}/discount", None),
        (waiter.put, f"{item_path(made)}/discount", {"percentage": "1", "reason": "x"}),
        (waiter.put, f"/orders/{made.id}/service-charge", None),
    ]
    for way, path, body in ways:
        refused(await way(path, body), 428, "version_required")
        refused(await way(path, body, version="*"), 428, "version_required")
        stale = refused(await way(path, body, version=made.version + 1), 412, "version_conflict")
        assert msgspec.json.decode(stale.current, type=Order) == made  # type: ignore[arg-type]
        of_kitchen = getattr(kitchen, way.__name__)
        refused(await of_kitchen(path, body, version=made.version), 403, "forbidden")
    assert await waiter.read(made.id) == made


async def test_held_lines_are_sent_by_course_and_then_all_the_rest(
    waiter: Person, database: Database
) -> None:
    made = await held(waiter, line(FRIES), line(BROCCOLI, course=2), line(FRIES, course=3))
    assert (made.status, made.totals.total) == ("pending", 1425)
    path = f"/orders/{made.id}/send"
    second = order(await waiter.post(path, {"course": 2}, version=made.version))
    assert [i.status for i in second.items] == ["held", "sent", "held"]
    assert (second.status, second.totals, second.version) == ("confirmed", made.totals, made.version + 1)
    refused(await waiter.post(path, {"course": 2}, version=second.version), 409, "nothing_to_send")
    ready = order(await waiter.move(second, "ready"))
    answer = await waiter.client.post(path, headers={"if-match": f'"{ready.version}"'})  # without a body
    rest = order(answer)
    assert [i.status for i in rest.items] == ["sent", "sent", "sent"]
    assert rest.status == "preparing"
    refused(await waiter.post(path, {}, version=rest.version), 409, "nothing_to_send")
    assert [kind for kind, _ in events(database, made)] == ["order.status_changed"] * 3


async def test_firing_another_course_of_a_confirmed_order_is_an_update_that_all_hear_of(
    waiter: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    more = order(await waiter.post(f"/orders/{made.id}/items", {"items": [line(BROCCOLI)], "send": False}))
    fired = order(await waiter.post(f"/orders/{made.id}/send", {}, version=more.version))
    assert ([i.status for i in fired.items], fired.status) == (["sent", "sent"], "confirmed")
    assert [kind for kind, _ in events(database, made)] == ["order.items_added", "order.updated"]
    assert await waiter.read(made.id) == fired


async def test_of_two_who_send_at_once_one_is_told(
    waiter: Person, manager: Person, database: Database
) -> None:
    made = await held(waiter, line(FRIES))
    path = f"/orders/{made.id}/send"
    answers = await asyncio.gather(
        *[(waiter, manager)[n % 2].post(path, {}, version=made.version) for n in range(6)]
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    assert [kind for kind, _ in events(database, made)] == ["order.status_changed"]


async def test_a_retried_change_is_done_once(waiter: Person) -> None:
    made = await held(waiter, line(FRIES))
    key = str(uuid4())
    for way, path, body in (
        (waiter.patch, item_path(made), {"quantity": 3}),
        (waiter.post, f"/orders/{made.id}/send", {}),
    ):
        version = (await waiter.read(made.id)).version
        first = await way(path, body, key=key, version=version)
        again = await way(path, body, key=key, version=version)
        assert order(first).version == version + 1
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
        refused(await way(path, body, version=version), 412, "version_conflict")


async def test_counted_stock_is_taken_when_lines_are_sent_all_of_it_or_none(
    waiter: Person, manager: Person, database: Database
) -> None:
    def left() -> tuple[int, int]:
        fries = database.value("select stock from products where id = %s", product(FRIES).id)
        olives = database.value("select stock from modifiers where id = %s", modifier(*OLIVES))
        return fries, olives

    counted = {
        f"/products/{product(FRIES).id}/availability": 3,
        f"/modifiers/{modifier(*OLIVES)}/availability": 4,
    }
    for path, quantity in counted.items():
        assert (await manager.put(path, {"state": "counted", "quantity": quantity})).status_code == 200
    made = await held(
        waiter, line(FRIES, quantity=2), margherita(OLIVES, quantity=3), line(FRIES, quantity=2)
    )
    assert left() == (3, 4)
    path = f"/orders/{made.id}/send"
    short = refused(await waiter.post(path, {}, version=made.version), 409, "out_of_stock")
    assert short.fields == ["items[2]"]
    assert (left(), await waiter.read(made.id)) == ((3, 4), made)
    # a preview takes none and says the same
    for quantity, status in (3, 200), (4, 409):
        answer = await waiter.post("/orders/preview", waiter.new_order(line(FRIES, quantity=quantity)))
        assert answer.status_code == status, answer.text
    assert left() == (3, 4)
    fewer = order(await waiter.patch(item_path(made, 2), {"quantity": 1}, version=made.version))
    sent = order(await waiter.post(path, {}, version=fewer.version))
    assert left() == (0, 1)
    back = {"reason": "typo", "quantity": 1}
    order(await manager.post(f"{item_path(made)}/void", back, version=sent.version))
    assert left() == (1, 1)
    # the last one goes to one of two
    others = await held(waiter, line(FRIES)), await held(waiter, line(FRIES))
    answers = await asyncio.gather(
        *[waiter.post(f"/orders/{one.id}/send", {}, version=one.version) for one in others]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert left() == (0, 1)
    for path in counted:
        assert (await manager.put(path, {"state": "in_stock"})).status_code == 200


async def test_in_the_end_no_sums_disagree(database: Database) -> None:
    assert database.faults() == []
