"""What became of an order, from the log: act by act, and how it was at any of them."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from fynlo.demo.data import PIZZERIA

from .house import Database, Json, Person, keys, line, next_page, order, refused, table
from .money import pay, refund, settle
from .test_events_list import forgotten
from .test_orders_list import MONEY
from .wire import Exact, Order

FRIES, BROCCOLI = "Skin-on fries", "Tenderstem broccoli"
SHORT = ("what", "name", "field", "from", "to", "quantity", "amount", "tip")


class Named(Exact):
    id: UUID
    name: str | None


class Act(Exact):
    seq: int
    version: int
    types: tuple[str, ...]
    at: datetime
    actor: Named | None
    approver: Named | None
    device: Named | None
    request_id: str | None
    changes: tuple[Json, ...] | None

    @property
    def what(self) -> list[tuple[Any, ...]]:
        """Its changes in short."""
        assert self.changes is not None
        return [tuple(change[key] for key in SHORT if key in change) for change in self.changes]


def acts(answer: httpx.Response) -> list[Act]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["vary"] == "Authorization"
    return msgspec.json.decode(answer.content, type=list[Act])


async def history(person: Person, which: Order, **query: Any) -> list[Act]:
    return acts(await person.get(f"/orders/{which.id}/history", **query))


async def test_the_history_says_who_did_what_and_when(
    manager: Person, waiter: Person, database: Database
) -> None:
    made = await waiter.order(
        line(FRIES, quantity=3), type="dine_in", table_id=table("T1"), covers=2, notes="window"
    )
    more = order(
        await manager.post(f"/orders/{made.id}/items", {"items": [line(BROCCOLI)]}, version=made.version)
    )
    body = {"quantity": 1, "reason": "dropped"}
    path = f"/orders/{made.id}/items/{made.items[0].id}/void"
    left = order(await manager.post(path, body, version=more.version))
    database.run("update orders set covers = 4 where id = %s", made.id)
    left = await waiter.read(left.id)
    assert (await pay(waiter, left, 1000, "cash", tip=50)).status_code == 201
    assert (await pay(waiter, left, 425, state="pending")).status_code == 201
    left = await waiter.read(left.id)
    assert (await settle(waiter, left.payments[1], "capture", reference="1")).status_code == 200
    assert (await refund(manager, left.payments[0], 100)).status_code == 201
    done = order(await waiter.move(await waiter.read(left.id), "completed"))

    found = await history(waiter, made)
    assert waiter.signed_in is not None
    assert manager.signed_in is not None
    by_waiter = Named(waiter.signed_in.user.id, waiter.signed_in.user.name)
    by_manager = Named(manager.signed_in.user.id, manager.signed_in.user.name)
    assert [(a.types, a.actor) for a in found] == [
        (("order.created",), by_waiter),
        (("order.items_added",), by_manager),
        (("order.item_voided",), by_manager),
        (("order.updated",), None),
        (("order.updated", "payment.completed"), by_waiter),
        (("order.updated",), by_waiter),
        (("order.updated", "payment.completed"), by_waiter),
        (("order.updated", "payment.refunded"), by_manager),
        (("order.completed",), by_waiter),
    ]
    assert [a.what for a in found] == [
        [
            ("order_changed", "status", None, "confirmed"), ("order_changed", "covers", None, 2),
            ("order_changed", "notes", None, "window"), ("order_changed", "table", None, "T1"),
            ("line_added", FRIES, 3), ("order_changed", "total", 0, 1350),
        ],
        [("line_added", BROCCOLI, 1), ("order_changed", "total", 1350, 1875)],
        [
            ("line_changed", FRIES, "quantity", 3, 2), ("line_voided", FRIES, 1),
            ("order_changed", "total", 1875, 1425),
        ],
        [("order_changed", "covers", 2, 4)],
        [("payment_made", "cash", 1000, 50)],
        [("payment_made", "card", 425, 0)],
        [("payment_changed", "card", "state", "pending", "captured")],
        [("refund_made", "cash", 100, 0)],
        [("order_changed", "status", "confirmed", "completed")],
    ]  # fmt: skip
    assert [a.seq for a in found] == sorted(a.seq for a in found)
    assert [a.at for a in found] == sorted(a.at for a in found)
    assert (found[-1].version, found[0].version) == (done.version, made.version)
    assert found[3].request_id is None
    logged = "select type from order_events where restaurant_id = %s and seq = %s and request_id = %s"
    for act in (found[0], found[4]):
        assert database.value(logged, PIZZERIA.id, act.seq, act.request_id) == act.types[-1]

    # page by page, whatever the size of a page, each act is told once and whole
    for limit in (2, 3, 200):
        answer = await waiter.get(f"/orders/{made.id}/history", limit=limit)
        paged = acts(answer)
        while there := next_page(answer):
            answer = await waiter.client.get(there)
            paged += acts(answer)
        assert paged == found
    assert await history(waiter, made, after=found[3].seq) == found[4:]
    assert await history(waiter, made, after=found[-1].seq) == []


async def test_the_history_says_who_approved_what(waiter: Person, manager: Person, approver: Json) -> None:
    word = {"approver": approver}
    made = await waiter.order(line(FRIES, quantity=4), line(BROCCOLI), send=False)
    at = f"/orders/{made.id}"
    fries, broccoli = (f"{at}/items/{item.id}" for item in made.items)
    now = order(await waiter.put(f"{at}/discount", {"percentage": "20", "reason": "a"}, version=made.version))
    terms = {"amount": 900, "reason": "b", **word}
    now = order(await waiter.put(f"{fries}/discount", terms, version=now.version))
    now = order(await waiter.patch(fries, {"quantity": 3, **word}, version=now.version))
    now = order(
        await waiter.put(f"{at}/discount", {"percentage": "50", "reason": "c", **word}, version=now.version)
    )
    now = order(await waiter.post(f"{at}/items", {"items": [line(FRIES)], **word}))
    now = order(await waiter.post(f"{at}/send", {}, version=now.version))
    now = order(await waiter.post(f"{broccoli}/void", {"reason": "d", **word}, version=now.version))
    other = await waiter.order(line(FRIES))
    body = {"order_id": other.id, "version": other.version, **word}
    now = order(await waiter.post(f"{at}/merge", body, version=now.version))
    assert (await pay(waiter, now, now.totals.due)).status_code == 201
    (taken,) = (await waiter.read(now.id)).payments
    assert (await refund(waiter, taken, 1, **word)).status_code == 201

    assert waiter.signed_in is not None
    assert manager.signed_in is not None
    by_waiter = Named(waiter.signed_in.user.id, waiter.signed_in.user.name)
    by_manager = Named(manager.signed_in.user.id, manager.signed_in.user.name)
    found = await history(waiter, made)
    assert all(act.actor == by_waiter for act in found)
    assert [(act.types[0], act.approver) for act in found] == [
        ("order.created", None),
        ("order.updated", None),  # the discount that may be given
        ("order.updated", by_manager),
        ("order.updated", by_manager),
        ("order.updated", by_manager),
        ("order.items_added", by_manager),
        ("order.updated", None),
        ("order.item_voided", by_manager),
        ("order.updated", by_manager),
        ("order.updated", None),
        ("order.updated", by_manager),
    ]
    assert [act.approver for act in await history(waiter, other)] == [None, by_manager]


async def test_an_order_is_shown_as_it_was(waiter: Person, kitchen: Person) -> None:
    made = await waiter.order(line(FRIES))
    states = [made]
    for status in ("preparing", "ready"):
        states.append(order(await waiter.move(states[-1], status)))
    found = await history(waiter, made)
    assert [a.version for a in found] == [state.version for state in states]
    for act, state in zip(found, states, strict=True):
        answer = await waiter.get(f"/orders/{made.id}", at_seq=act.seq)
        assert order(answer) == state
        assert answer.headers["fynlo-feed"].endswith(f":{act.seq}")
        shown = (await kitchen.get(f"/orders/{made.id}", at_seq=act.seq)).json()
        assert (shown["version"], shown["status"]) == (state.version, state.status)
        assert MONEY.isdisjoint(keys(shown))
    await waiter.order(line(FRIES))  # what comes after is another's
    assert order(await waiter.get(f"/orders/{made.id}", at_seq=found[-1].seq + 1)) == states[-1]
    assert order(await waiter.get(f"/orders/{made.id}", at_seq=2**60)) == states[-1]
    for seq in (0, found[0].seq - 1):
        refused(await waiter.get(f"/orders/{made.id}", at_seq=seq), 404, "not_found")
    for wrong in (-1, "x", 2**63):
        refused(await waiter.get(f"/orders/{made.id}", at_seq=wrong), 422, "validation_failed")


async def test_what_is_no_longer_kept_is_gone(waiter: Person, database: Database) -> None:
    made = await waiter.order(line(FRIES))
    moved = order(await waiter.move(made, "preparing"))
    first, second = await history(waiter, made)
    async with forgotten(database, first.seq):
        refused(await waiter.get(f"/orders/{made.id}", at_seq=first.seq), 410, "events_gone")
        assert order(await waiter.get(f"/orders/{made.id}", at_seq=second.seq)) == moved
        (left,) = await history(waiter, made)
        assert (left.seq, left.types, left.changes) == (second.seq, ("order.status_changed",), None)
    async with forgotten(database, second.seq):
        refused(await waiter.get(f"/orders/{made.id}", at_seq=second.seq), 410, "events_gone")
        refused(await waiter.get(f"/orders/{made.id}/history"), 410, "events_gone")
    assert await history(waiter, made) == [first, second]


async def test_the_kitchen_has_the_history_without_money_and_others_have_none(
    waiter: Person, kitchen: Person, rival: Person
) -> None:
    made = await waiter.order(line(FRIES, quantity=2))
    assert (await pay(waiter, made, 900)).status_code == 201
    answer = await kitchen.get(f"/orders/{made.id}/history")
    assert [(a.types, a.what) for a in acts(answer)] == [
        (("order.created",), [("order_changed", "status", None, "confirmed"), ("line_added", FRIES, 2)]),
        (("order.updated",), []),
    ]
    for path, query in (("/history", {}), ("", {"at_seq": 2**60})):
        refused(await rival.get(f"/orders/{made.id}{path}", None, **query), 404, "not_found")
        refused(await waiter.get(f"/orders/{uuid4()}{path}", None, **query), 404, "not_found")


async def test_what_an_earlier_release_logged_is_told_as_well(
    waiter: Person, kitchen: Person, database: Database
) -> None:
    made = await waiter.order(line(FRIES))
    order(await waiter.move(made, "preparing"))
    whole = await history(waiter, made)
    database.run("set session_replication_role = replica")
    lacking = "merged_into", "discount_terms", "service_charge_terms"
    database.run(
        "update order_events set data = json_build_object('order', (data -> 'order')::jsonb - %s::text[])"
        " where entity_id = %s",
        list(lacking), made.id,
    )  # fmt: skip
    database.run("reset session_replication_role")
    assert await history(waiter, made) == whole
    shown = (await waiter.get(f"/orders/{made.id}", at_seq=whole[0].seq)).json()
    assert (shown["status"], set(lacking) & set(shown)) == ("confirmed", set())
    assert (await kitchen.get(f"/orders/{made.id}", at_seq=whole[0].seq)).json()["merged_into"] is None
    events = await kitchen.get("/events", restaurant_id=PIZZERIA.id, after=whole[0].seq - 1)
    assert [e["data"]["order"]["status"] for e in events.json()] == ["confirmed", "preparing"]


async def test_an_order_that_was_merged_keeps_what_was_paid_on_it_in_its_history(waiter: Person) -> None:
    source, target = await waiter.order(line(FRIES)), await waiter.order(line(BROCCOLI))
    assert (await pay(waiter, source, 450)).status_code == 201
    source = await waiter.read(source.id)
    body = {"order_id": source.id, "version": source.version}
    order(await waiter.post(f"/orders/{target.id}/merge", body, version=target.version))
    *_, paid, merged = await history(waiter, source)
    assert (paid.types, merged.types) == (("order.updated", "payment.completed"), ("order.status_changed",))
    assert ("order_changed", "merged_into", None, str(target.id)) in merged.what
    assert ("line_moved", FRIES, 1) in merged.what
    _, taken = await history(waiter, target)
    assert ("line_added", FRIES, 1) in taken.what
    assert ("payment_made", "card", 450, 0) in taken.what
    assert "payment.completed" not in taken.types
    assert merged.request_id == taken.request_id


@pytest.mark.parametrize("limit", [0, 201, "x"])
async def test_a_page_is_of_so_many_events(waiter: Person, limit: object) -> None:
    made = await waiter.order(line(FRIES))
    refused(await waiter.get(f"/orders/{made.id}/history", limit=limit), 422, "validation_failed")
