"""Orders that were made offline: priced by the menu as it was then, on the day that they were made."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from fynlo.demo.data import PIZZERIA

from .house import Database, Json, Person, chosen, line, modifier, order, product, refused, soon, variant
from .wire import Order

FRIES, COLA = "Skin-on fries", "Cola"
SMALL = variant("Margherita", '10"')
NEAPOLITAN, OLIVES = modifier("Crust", "Neapolitan"), modifier("Extras", "Olives")
GROUPS = {group.name: group.id for group in PIZZERIA.modifier_groups}
KEPT = {
    "products": "category_id, tax_class_id, name, price, open_price, archived_at",
    "product_variants": "name, price, archived_at",
    "modifiers": "name, price, archived_at",
    "modifier_groups": "name, min_selections, max_selections, archived_at",
    "tax_classes": "dine_in_rate, takeaway_rate, delivery_rate",
    "categories": "archived_at",
}


@pytest.fixture(autouse=True)
def restored(database: Database) -> Iterator[None]:
    """The menu, put back as it was after each test."""
    for table in KEPT:
        database.run(f"create temporary table was_{table} as select * from {table}")
    yield
    for table, columns in KEPT.items():
        database.run(
            f"update {table} t set ({columns}) = row({', '.join('w.' + c for c in columns.split(', '))})"
            f" from was_{table} w where w.id = t.id and row(t.*) is distinct from row(w.*)"
        )
        database.run(f"drop table was_{table}")


def pizza(*more: tuple[str, str], **fields: Any) -> Json:
    return line("Margherita", variant_id=SMALL, modifiers=chosen(("Crust", "Neapolitan"), *more), **fields)


def now() -> datetime:
    return datetime.now(UTC)


def placed(made: Order) -> list[tuple[str, str | None, int, str, list[tuple[str, int]]]]:
    return [
        (i.name, i.variant_name, i.unit_price, i.tax_rate, [(m.name, m.price) for m in i.modifiers])
        for i in made.items
    ]


async def test_an_order_is_priced_by_the_menu_of_its_time(waiter: Person, database: Database) -> None:
    lines = (pizza(("Extras", "Olives")), line(FRIES))
    usual = placed(await waiter.order(*lines))
    before = now()
    database.run("update products set price = price + 50, name = 'Chips' where id = %s", product(FRIES).id)
    database.run("update product_variants set price = 1, name = 'Tiny' where id = %s", SMALL)
    database.run("update modifiers set price = 2, name = 'Green olives' where id = %s", OLIVES)
    between = now()
    database.run(
        "update tax_classes set takeaway_rate = 7.5, dine_in_rate = 8 where restaurant_id = %s", PIZZERIA.id
    )
    database.run("update products set price = 9999 where id = %s", product(FRIES).id)
    quoted = await waiter.post("/orders/preview", waiter.new_order(*lines, placed_at=before))
    made = await waiter.order(*lines, placed_at=before)
    assert placed(made) == usual
    assert quoted.json()["totals"]["total"] == made.totals.total
    assert made.placed_at == before
    assert made.totals.total == 1050 + 150 + 450
    tiny = ("Margherita", "Tiny", 1, "20", [("Neapolitan", 0), ("Green olives", 2)])
    assert placed(await waiter.order(*lines, placed_at=between)) == [tiny, ("Chips", None, 500, "20", [])]
    latest = [(*tiny[:3], "7.5", tiny[4]), ("Chips", None, 9999, "7.5", [])]
    assert placed(await waiter.order(*lines)) == placed(await waiter.order(*lines, placed_at=now())) == latest
    again = order(await waiter.post(f"/orders/{made.id}/items", {"items": [line(FRIES)]}))
    assert again.items[2].unit_price == 9999, "what is added later is added now"
    assert again.items[1].unit_price == 450


async def test_what_has_left_the_menu_since_then_was_sold(waiter: Person, database: Database) -> None:
    before = now()
    for table, id in (
        ("products", product(FRIES).id),
        ("product_variants", SMALL),
        ("modifiers", NEAPOLITAN),
        ("modifier_groups", GROUPS["Extras"]),
        ("categories", product("Margherita").category_id),
    ):
        database.run(f"update {table} set archived_at = now() where id = %s", id)
    lines = (line(FRIES), pizza(("Extras", "Olives")))
    assert [i.name for i in (await waiter.order(*lines, placed_at=before)).items] == [FRIES, "Margherita"]
    for each in lines:
        refused(await waiter.post("/orders", waiter.new_order(each)), 422, "validation_failed")
        late = waiter.new_order(each, placed_at=now())
        refused(await waiter.post("/orders", late), 422, "validation_failed")


async def test_limits_groups_and_variants_are_those_of_then(waiter: Person, database: Database) -> None:
    fries, margherita = product(FRIES).id, product("Margherita").id
    before = now()
    database.run("update modifier_groups set min_selections = 2, max_selections = 2 where name = 'Extras'")
    database.run(
        "insert into product_modifier_groups (restaurant_id, product_id, group_id) values (%s, %s, %s)",
        PIZZERIA.id, fries, GROUPS["Crust"],
    )  # fmt: skip
    link = (margherita, GROUPS["Without"])
    database.run("delete from product_modifier_groups where product_id = %s and group_id = %s", *link)
    large = uuid4()
    database.run(
        "insert into product_variants (restaurant_id, id, product_id, name, price) values (%s, %s, %s, 'Large', 900)",
        PIZZERIA.id, large, fries,
    )  # fmt: skip
    without = next(m.name for g in PIZZERIA.modifier_groups if g.name == "Without" for m in g.modifiers)
    lines = (line(FRIES), pizza(("Extras", "Olives"), ("Without", without)))
    await waiter.order(*lines, placed_at=before)
    answer = await waiter.post("/orders", waiter.new_order(*lines))
    assert refused(answer, 422, "validation_failed").fields == [
        "items[0].variant_id",
        "items[1].modifiers[2].modifier_id",
    ]
    answer = await waiter.post(
        "/orders", waiter.new_order(line(FRIES, variant_id=large), pizza(("Extras", "Olives")))
    )
    assert refused(answer, 422, "modifier_selection").fields == ["items[0].modifiers", "items[1].modifiers"]
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES, variant_id=large), placed_at=before))
    assert refused(answer, 422, "validation_failed").fields == ["items[0].variant_id"]
    database.run("update product_variants set archived_at = now() where id = %s", large)
    database.run(
        "delete from product_modifier_groups where product_id = %s and group_id = %s", fries, GROUPS["Crust"]
    )
    database.run(
        "insert into product_modifier_groups (restaurant_id, product_id, group_id) values (%s, %s, %s)",
        PIZZERIA.id, *link,
    )  # fmt: skip
    await waiter.order(*lines, placed_at=before)


async def test_what_is_newer_is_taken_as_it_is_and_what_is_left_is_judged_now(
    waiter: Person, database: Database
) -> None:
    long_ago = now() - timedelta(hours=1)  # before the house was founded
    assert (await waiter.order(pizza(), placed_at=long_ago)).totals.total == 1050
    before = now()
    database.run("update products set availability = 'out_of_stock' where id = %s", product(COLA).id)
    refused(await waiter.post("/orders", waiter.new_order(line(COLA), placed_at=before)), 409, "out_of_stock")
    database.run("update products set availability = 'counted', stock = 1 where id = %s", product(COLA).id)
    kept = database.value("select count(*) from menu_history")
    await waiter.order(line(COLA), placed_at=before)
    assert database.value("select stock from products where id = %s", product(COLA).id) == 0
    assert database.value("select count(*) from menu_history") == kept, "stock is no history"
    database.run(
        "update products set availability = 'in_stock', stock = null where id = %s", product(COLA).id
    )


def take_z(conn: "psycopg.Connection[Any]", day: date) -> None:
    number = "(select coalesce(max(number), 0) + 1 from z_reports where restaurant_id = %s)"
    conn.execute(
        f"insert into z_counters (restaurant_id, last_number) values (%s, 1)"
        f" on conflict (restaurant_id) do update set last_number = {number}".encode(),
        (PIZZERIA.id, PIZZERIA.id),
    )
    conn.execute(
        f"insert into z_reports (restaurant_id, number, business_date, taken_by, body)"
        f" values (%s, {number}, %s, (select id from users limit 1), '{{}}')".encode(),
        (PIZZERIA.id, PIZZERIA.id, day),
    )


async def test_an_order_belongs_to_the_day_it_was_made_unless_a_z_has_closed_that(
    waiter: Person, database: Database
) -> None:
    today = (await waiter.order(line(FRIES))).business_date

    async def day_of(days_ago: int) -> date:
        made = await waiter.order(line(FRIES), placed_at=now() - timedelta(days=days_ago))
        return made.business_date

    assert await day_of(1) == today - timedelta(days=1)
    with psycopg.connect(database.url) as conn:
        take_z(conn, today - timedelta(days=1))
    assert await day_of(1) == today
    assert await day_of(2) == today - timedelta(days=2)
    with psycopg.connect(database.url) as conn:
        take_z(conn, today - timedelta(days=2))
        asking = asyncio.create_task(day_of(2))

        async def waits() -> bool:
            waiting = "select count(*) from pg_locks l join pg_stat_activity a using (pid) where not granted"
            return int(database.value(f"{waiting} and datname = current_database()")) == 1

        await soon(waits, within_s=4)
        conn.commit()
        assert await asking == today, "a Z that is being taken is waited for"
    with psycopg.connect(database.url) as conn:
        take_z(conn, today)
    assert await day_of(0) == today, "whose Z was taken takes more orders all the same"
