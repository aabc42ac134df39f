"""From a change to an event: what the log says of it, who wrote it, and in which order."""

import asyncio
import json
from collections import Counter
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.orders.models import Order

from .till import Till, application, connect, dressed_line, events, inside, plain_line, rows, value

PLACE = PIZZERIA.id


async def kinds(conn: Any, after: int = 0, restaurant_id: UUID = PLACE) -> list[str]:
    return [event.type for event in await events(conn, restaurant_id, after)]


async def head(conn: Any, restaurant_id: UUID = PLACE) -> int:
    seq: int = await value(conn, "select seq from feed_heads where restaurant_id = %s", restaurant_id)
    return seq


async def psql_order(conn: Any, restaurant_id: UUID = PLACE) -> UUID:
    """An order as somebody in psql writes it."""
    made: UUID = await value(
        conn, "insert into orders (restaurant_id) values (%s) returning id", restaurant_id
    )
    return made


def keys(shape: Any) -> Any:
    """The names in a JSON value, all the way down."""
    if isinstance(shape, dict):
        return {name: keys(part) for name, part in shape.items()}
    if isinstance(shape, list):
        return [keys(part) for part in shape]
    return None


# -- which events


async def test_an_order_begins_with_one_event_that_stands_alone(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        before = await head(conn)
        await till.order(plain_line(), dressed_line())
        assert await kinds(conn, before) == ["order.created"]


async def test_each_action_of_the_application_is_the_event_it_is_named_after(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        order = await till.order(plain_line())
        start = await head(conn)
        order = await till.add(order, dressed_line())
        order = await till.move(order, "preparing")
        order = await till.move(order, "ready")
        other = await till.order(send=False)
        await till.move(other, "cancelled", "they left")
        found = await events(conn, PLACE, start)
    assert [event.type for event in found] == [
        "order.items_added",
        "order.status_changed",
        "order.status_changed",
        "order.created",
        "order.cancelled",
    ]
    assert found[0].data["item_ids"] == [str(order.items[1].id)]
    assert [(e.data["from"], e.data["to"]) for e in found[1:3]] == [
        ("confirmed", "preparing"),
        ("preparing", "ready"),
    ]


async def test_lines_on_an_order_that_was_ready_are_two_events(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        order = await till.move(await till.order(plain_line()), "ready")
        start = await head(conn)
        await till.add(order, plain_line())
        assert await kinds(conn, start) == ["order.items_added", "order.status_changed"]


async def test_a_completed_order_says_so(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        order = await psql_order(conn)
        start = await head(conn)
        await conn.execute("update orders set status = 'completed' where id = %s", (order,))
        assert await kinds(conn, start) == ["order.completed"]


async def test_a_save_with_many_changes_is_one_update(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        order = await psql_order(conn)
        start = await head(conn)
        async with conn.transaction():
            await conn.execute("update orders set notes = 'window' where id = %s", (order,))
            await conn.execute("update orders set covers = 3 where id = %s", (order,))
            await conn.execute("update orders set customer_name = 'Ada' where id = %s", (order,))
        (event,) = await events(conn, PLACE, start)
    assert event.type == "order.updated"
    assert (event.order.notes, event.order.covers, event.order.customer_name) == ("window", 3, "Ada")


async def test_a_change_that_changes_nothing_is_no_event(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        order = await till.order(dressed_line())
        start = await head(conn)
        await conn.execute("update orders set notes = notes")
        await conn.execute("update order_items set notes = notes")
        await conn.execute("update order_item_modifiers set name = name")
        await conn.execute("update orders set notes = 'x' where false")
        assert await kinds(conn, start) == []
        assert (await till.read(order.id)).version == order.version


async def test_a_status_that_went_and_came_back_is_an_update(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        order = await psql_order(conn)
        start = await head(conn)
        async with conn.transaction():
            await conn.execute("update orders set status = 'ready' where id = %s", (order,))
            await conn.execute("update orders set status = 'pending' where id = %s", (order,))
        assert await kinds(conn, start) == ["order.updated"]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ("update order_items set status = 'voided' where order_id = %s", "order.item_voided"),
        ("update order_items set notes = 'no salt' where order_id = %s", "order.updated"),
        ("update order_item_modifiers set quantity = 2 where order_id = %s", "order.updated"),
    ],
)
async def test_a_change_of_a_line_is_a_change_of_its_order(
    module_seeded_url: str, change: str, wanted: str
) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        order = await till.order(dressed_line())
        start = await head(conn)
        await conn.execute(change.encode(), (order.id,))
        (event,) = await events(conn, PLACE, start)
        now = await till.read(order.id)
    assert event.type == wanted
    assert now.version > order.version
    assert event.order == now
    if wanted == "order.item_voided":
        assert event.data["item_ids"] == [str(order.items[0].id)]


async def test_a_line_that_moves_changes_both_orders(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        one = await till.order(plain_line(), plain_line())
        other = await till.order(plain_line())
        start = await head(conn)
        await conn.execute(
            "update order_items set order_id = %s, position = 9 where id = %s", (other.id, one.items[0].id)
        )
        found = {event.entity_id: event for event in await events(conn, PLACE, start)}
    assert {event.type for event in found.values()} == {"order.updated"}
    assert len(found[one.id].order.items) == 1
    assert len(found[other.id].order.items) == 2


async def test_a_menu_change_is_one_event_with_the_new_version(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        start, version = (
            await head(conn),
            await value(conn, "select menu_version from restaurants where id = %s", PLACE),
        )
        async with conn.transaction():
            await conn.execute("update products set price = price + 1 where restaurant_id = %s", (PLACE,))
            await conn.execute("update modifiers set price = price + 1 where restaurant_id = %s", (PLACE,))
        (event,) = await events(conn, PLACE, start)
    assert (event.type, event.data) == ("menu.updated", {"menu_version": version + 1})


async def test_another_currency_is_another_menu(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        start = await head(conn)
        version = await value(conn, "select menu_version from restaurants where id = %s", PLACE)
        await conn.execute("update restaurants set currency = 'CHF', name = 'Ours' where id = %s", (PLACE,))
        await conn.execute("update restaurants set currency = 'CHF', name = 'Theirs' where id = %s", (PLACE,))
        (event,) = await events(conn, PLACE, start)
    assert (event.type, event.data) == ("menu.updated", {"menu_version": version + 1})


async def test_a_changed_product_has_a_higher_version(module_seeded_url: str) -> None:
    product = PIZZERIA.products[0].id
    async with await connect(module_seeded_url) as conn:
        read = "select version from products where id = %s"
        before = await value(conn, read, product)
        await conn.execute("update products set name = name where id = %s", (product,))
        assert await value(conn, read, product) == before
        await conn.execute("update products set price = price + 1 where id = %s", (product,))
        assert await value(conn, read, product) == before + 1


# -- whoever writes


async def test_an_order_written_in_psql_is_whole_and_reaches_the_screens(seeded_url: str) -> None:
    async with Till.at(seeded_url) as till, await connect(seeded_url) as conn:
        start = await head(conn)
        first = await psql_order(conn)
        (event,) = await events(conn, PLACE, start)
        order = await till.read(first)
        (settings,) = await rows(
            conn,
            "select prices_include_tax, tax_rounding, tax_scope, service_charge_percentage,"
            " service_charge_taxable, service_charge_from_covers from orders where id = %s",
            first,
        )
    assert event.type == "order.created"
    assert event.order == order
    assert (order.number, order.currency, order.status) == (1, PIZZERIA.currency, "pending")
    assert settings == (
        PIZZERIA.prices_include_tax,
        PIZZERIA.tax_rounding,
        PIZZERIA.tax_scope,
        PIZZERIA.service_charge_percentage,
        PIZZERIA.service_charge_taxable,
        PIZZERIA.service_charge_from_covers,
    )


async def test_a_note_written_in_psql_raises_the_version(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        order = await till.order(plain_line())
        start = await head(conn)
        await conn.execute("update orders set notes = 'allergy' where id = %s", (order.id,))
        (event,) = await events(conn, PLACE, start)
        now = await till.read(order.id)
    assert (event.type, event.order.notes) == ("order.updated", "allergy")
    assert now.version == order.version + 1
    assert now.updated_at > order.updated_at


async def test_the_log_has_who_it_was_and_which_request(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        start = await head(conn)
        await till.order(plain_line())
        await psql_order(conn)
        by_till, in_psql = await events(conn, PLACE, start)
    assert (by_till.actor, by_till.request_id) == (till.user_id, "request-1")
    assert (in_psql.actor, in_psql.request_id) == (None, None)


# -- the snapshot


async def test_the_snapshot_is_what_rest_answers(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        start = await head(conn)
        table = PIZZERIA.tables[0].id
        made = await till.order(
            plain_line(notes="well done", quantity=3), dressed_line(course=2),
            table_id=table, covers=8, customer_name="Ada", notes="birthday",
        )  # fmt: skip
        moved = await till.move(made, "ready")
        found = [event for event in await events(conn, PLACE, start) if event.entity_id == made.id]
        read = await till.read(made.id)
    rest = json.loads(msgspec.json.encode(read))
    assert found[0].order == made
    assert found[1].order == moved == read
    assert keys(found[1].data["order"]) == keys(rest)
    # a decoder that is this strict also holds the types
    assert msgspec.json.decode(json.dumps(found[1].data["order"]), type=Order, strict=True) == read


async def test_lines_that_share_a_position_still_have_one_order(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        order = await till.order(dressed_line(), dressed_line(), dressed_line())
        start = await head(conn)
        await conn.execute("update order_items set position = 1 where order_id = %s", (order.id,))
        (event,) = await events(conn, PLACE, start)
        assert event.order == await till.read(order.id)


# -- transactions


async def test_what_is_rolled_back_is_not_told(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        order = await psql_order(conn)
        start = await head(conn)
        async with conn.transaction(force_rollback=True):
            await conn.execute("update orders set notes = 'never'")
            await psql_order(conn)
        assert await kinds(conn, start) == []
        assert await value(conn, "select count(*) from fynlo.touched") == 0
        # the control: the same, kept
        await conn.execute("update orders set notes = 'now' where id = %s", (order,))
        assert await kinds(conn, start) == ["order.updated"]


async def test_a_savepoint_takes_back_its_own_part_only(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        order = await psql_order(conn)
        start = await head(conn)
        async with conn.transaction():
            await conn.execute("update orders set notes = 'kept' where id = %s", (order,))
            async with conn.transaction(force_rollback=True):
                await conn.execute("update orders set status = 'ready' where id = %s", (order,))
                await psql_order(conn)
            async with conn.transaction():
                await conn.execute("update orders set covers = 4 where id = %s", (order,))
        (event,) = await events(conn, PLACE, start)
    assert event.type == "order.updated"
    assert (event.order.notes, event.order.covers, event.order.status) == ("kept", 4, "pending")


async def test_immediate_constraints_tell_more_often_but_lose_nothing(module_seeded_url: str) -> None:
    async with Till.at(module_seeded_url) as till, await connect(module_seeded_url) as conn:
        made = await till.order(dressed_line())
        start = await head(conn)
        async with conn.transaction():
            await conn.execute("set constraints all immediate")
            order = await psql_order(conn)
            await conn.execute("update orders set notes = 'one' where id = %s", (order,))
            await conn.execute("update order_items set status = 'voided' where order_id = %s", (made.id,))
        found = await events(conn, PLACE, start)
        assert found[-1].order == await till.read(made.id)
    assert [event.type for event in found if event.entity_id == order] == ["order.created", "order.updated"]
    assert "order.item_voided" in [event.type for event in found if event.entity_id == made.id]


async def test_constraints_made_immediate_half_way_drain_what_there_is(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        start = await head(conn)
        async with conn.transaction():
            order = await psql_order(conn)
            await conn.execute("set constraints all immediate")
            assert await kinds(conn, start) == ["order.created"]
            await conn.execute("set constraints all deferred")
            await conn.execute("update orders set notes = 'later' where id = %s", (order,))
        assert await kinds(conn, start) == ["order.created", "order.updated"]


async def test_two_thousand_orders_at_once_are_two_thousand_events(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        start = await head(conn)
        await conn.execute(
            "insert into orders (restaurant_id) select %s from generate_series(1, 2000)", (PLACE,)
        )
        found = await events(conn, PLACE, start)
        await conn.execute("update orders set notes = 'all of them'")
        again = await events(conn, PLACE, start + 2000)
    assert [event.seq for event in found] == list(range(start + 1, start + 2001))
    assert sorted(event.order.number for event in found) == list(range(1, 2001))
    assert Counter(event.type for event in again) == {"order.updated": 2000}


async def test_one_transaction_may_touch_several_restaurants(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        starts = {place: await head(conn, place) for place in (PIZZERIA.id, RIVAL.id)}
        async with conn.transaction():
            for place in (RIVAL.id, PIZZERIA.id, RIVAL.id):
                await psql_order(conn, place)
            await conn.execute("update products set price = price + 1")
        for place, count in ((PIZZERIA.id, 1), (RIVAL.id, 2)):
            found = await events(conn, place, starts[place])
            assert Counter(event.type for event in found) == {"order.created": count, "menu.updated": 1}
            assert [event.seq for event in found] == [starts[place] + n for n in range(1, count + 2)]


async def test_changes_of_the_same_menus_take_turns(seeded_url: str) -> None:
    async def change(count: int) -> None:
        async with await connect(seeded_url) as conn:
            for _ in range(count):
                await conn.execute(each.format("products", "price").encode())
                await conn.execute(each.format("categories", "sort_order").encode())

    # One row of each restaurant, locked in the same order by all: what takes turns is the menus, not these.
    each = (
        "update {0} c set {1} = {1} + 1 from (select id from {0} where id in"
        " (select min(id::text)::uuid from {0} group by restaurant_id) order by id for update) l where l.id = c.id"
    )
    async with await connect(seeded_url) as conn:
        start = await head(conn)
        await asyncio.gather(*(change(10) for _ in range(4)))
        found = await events(conn, PLACE, start)
    versions = [event.data["menu_version"] for event in found]
    assert versions == list(range(versions[0], versions[0] + 80))


# -- what is refused


@pytest.mark.parametrize("table", ["orders", "order_items", "order_item_modifiers", "order_events"])
@pytest.mark.parametrize("statement", ["delete from {}", "truncate {} cascade"])
async def test_nothing_is_taken_out_not_even_by_a_superuser(
    module_seeded_url: str, table: str, statement: str
) -> None:
    async with await connect(module_seeded_url) as conn:
        with pytest.raises(psycopg.errors.RestrictViolation, match="keeps its rows"):
            await conn.execute(statement.format(table).encode())


async def test_no_partition_of_the_log_is_emptied_behind_its_back(module_seeded_url: str) -> None:
    async with await connect(module_seeded_url) as conn:
        partitions = await rows(
            conn,
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'order_events'::regclass",
        )
        assert len(partitions) == 5
        for (partition,) in partitions:
            with pytest.raises(psycopg.errors.RestrictViolation):
                await conn.execute(f"truncate {partition}".encode())


async def test_an_event_that_cannot_be_written_takes_its_change_back(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        order = await psql_order(conn)
        start = await head(conn)
        await conn.execute("drop policy feed on orders")
        with pytest.raises(psycopg.errors.RaiseException, match="would miss 1 of 1 changes"):
            await conn.execute("update orders set notes = 'lost?' where id = %s", (order,))
        assert await value(conn, "select notes from orders where id = %s", order) is None
        await conn.execute("create policy feed on orders to fynlo_feed using (true)")
        await conn.execute("update orders set notes = 'told' where id = %s", (order,))
        assert await kinds(conn, start) == ["order.updated"]


async def test_a_restaurant_without_a_head_takes_no_order(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        await conn.execute("delete from feed_heads where restaurant_id = %s", (PLACE,))
        with pytest.raises(psycopg.errors.RaiseException, match="no feed head"):
            await psql_order(conn)


# -- the hint


async def test_the_hint_is_the_restaurant_once_a_transaction(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn, await connect(seeded_url) as listening:
        await listening.execute("listen fynlo_feed")
        async with conn.transaction():
            for _ in range(3):
                await psql_order(conn)
            await psql_order(conn, RIVAL.id)
        await psql_order(conn)
        heard = [hint.payload async for hint in listening.notifies(timeout=10, stop_after=3)]
    assert Counter(heard[:2]) == {str(PIZZERIA.id): 1, str(RIVAL.id): 1}
    assert heard[2:] == [str(PIZZERIA.id)]


async def test_who_works_where_and_who_is_signed_in_is_told_on_the_other_channel(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn, await connect(seeded_url) as listening:
        await listening.execute("listen fynlo_control")
        person = PIZZERIA.memberships[0].person.id
        session = await value(conn, "insert into sessions (user_id) values (%s) returning id", person)
        await conn.execute("update memberships set role = 'manager' where user_id = %s", (person,))
        await conn.execute("update sessions set revoked_at = now(), revoked_reason = 'logout'")
        heard = [hint.payload async for hint in listening.notifies(timeout=10, stop_after=2)]
    assert heard == [f"member:{person}", f"session:{session}"]


async def test_a_membership_that_passes_to_somebody_else_is_told_of_both(seeded_url: str) -> None:
    one, other = PIZZERIA.memberships[0].person.id, RIVAL.memberships[0].person.id
    async with await connect(seeded_url) as conn, await connect(seeded_url) as listening:
        await listening.execute("listen fynlo_control")
        await conn.execute(
            "update memberships set user_id = %s where user_id = %s and restaurant_id = %s",
            (other, one, PLACE),
        )
        await conn.execute(
            "delete from memberships where user_id = %s and restaurant_id = %s", (other, PLACE)
        )
        heard = [hint.payload async for hint in listening.notifies(timeout=10, stop_after=3)]
    assert heard == [f"member:{one}", f"member:{other}", f"member:{other}"]


# -- the application's own role cannot get round it


async def test_the_application_reads_the_log_and_cannot_change_it(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn, await application(seeded_url) as app:
        await psql_order(conn)
        async with inside(app, PLACE):
            assert await value(app, "select count(*) from order_events") > 0
        for statement in (
            "update order_events set type = 'x'",
            "delete from order_events",
            "insert into order_events (restaurant_id, seq, type, entity_id, data) values"
            " (gen_random_uuid(), 1, 'x', gen_random_uuid(), '{}')",
            "update feed_heads set seq = 0",
            "insert into fynlo.touched (restaurant_id, entity, entity_id)"
            " values (gen_random_uuid(), 'order', gen_random_uuid())",
            "select fynlo.raise_versions('{}')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with inside(app, PLACE):
                    await app.execute(statement.encode())
