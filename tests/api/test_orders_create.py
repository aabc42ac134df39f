"""POST /orders: what is sold at which price, and what is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest

from fynlo.demo.data import PIZZERIA, RIVAL

from .house import (
    Database,
    Json,
    Person,
    chosen,
    line,
    modifier,
    order,
    product,
    refused,
    table,
    variant,
)
from .wire import Bucket, ItemModifier

FRIES = "Skin-on fries"  # 4.50, 20 %
OLIVES = "Nocellara olives"  # 4.25, cold: 20 % at the table, none to take away


@contextmanager
def changed(database: Database, what: str, column: str, value: object, row: UUID) -> Iterator[None]:
    """A row with another value, for as long as this lasts."""
    before = database.value(f"select {column} from {what} where id = %s", row)
    database.run(f"update {what} set {column} = %s where id = %s", value, row)
    try:
        yield
    finally:
        database.run(f"update {what} set {column} = %s where id = %s", before, row)


def margherita(**fields: Any) -> Json:
    """A large one on the usual crust."""
    return line(
        "Margherita",
        **{
            "variant_id": variant("Margherita", '13"'),
            "modifiers": chosen(("Crust", "Neapolitan"), ("Extras", "Olives")),
            **fields,
        },
    )


async def test_an_order_of_everything_comes_back_whole(waiter: Person, database: Database) -> None:
    assert waiter.signed_in is not None
    began = datetime.now(UTC)
    body = {
        "id": None, "restaurant_id": PIZZERIA.id, "type": "dine_in", "table_id": table("4"), "covers": 2,
        "customer_name": "Ada", "notes": "By the window", "send": True, "placed_at": None,
        "items": [
            {"id": None, **margherita(quantity=2, course=2, notes="no salt")},
            {"id": None, "variant_id": None, "quantity": 1, "course": 1, "notes": None, "modifiers": [],
             **line(OLIVES)},
        ],
    }  # fmt: skip
    answer = await waiter.post("/orders", body)
    made = order(answer, 201)
    assert answer.headers["location"] == f"/api/v1/orders/{made.id}"
    assert made.id.version == 7
    assert (made.restaurant_id, made.currency, made.type) == (PIZZERIA.id, "GBP", "dine_in")
    assert (made.status, made.payment_status, made.version) == ("confirmed", "unpaid", 1)
    assert (made.table_id, made.table_name, made.covers) == (table("4"), "4", 2)
    assert (made.customer_name, made.notes) == ("Ada", "By the window")
    assert made.created_by == waiter.signed_in.user.id
    assert made.closed_at is None
    assert began - timedelta(seconds=5) < made.placed_at <= datetime.now(UTC)
    pizza, olives = made.items
    assert (pizza.name, pizza.variant_name, pizza.unit_price) == ("Margherita", '13"', 1400)
    assert (pizza.quantity, pizza.course, pizza.notes, pizza.status) == (2, 2, "no salt", "sent")
    assert pizza.modifiers == (
        ItemModifier(modifier("Crust", "Neapolitan"), "Neapolitan", 0, 1),
        ItemModifier(modifier("Extras", "Olives"), "Olives", 150, 1),
    )
    assert (pizza.total, pizza.discount, pizza.tax_rate) == (3100, 0, "20")
    assert (olives.total, olives.net, olives.tax_rate) == (425, 354, "20")
    assert pizza.net + olives.net == made.totals.tax_breakdown[0].net
    assert made.totals.tax_breakdown == (Bucket("20", 2937, 588, 3525),)
    assert (made.totals.subtotal, made.totals.total, made.totals.due) == (3525, 3525, 3525)
    assert (made.totals.tips, made.totals.paid, made.totals.refunded) == (0, 0, 0)
    assert await waiter.read(made.id) == made
    assert order(await waiter.move(made, "cancelled", reason="a test")).closed_at is not None


async def test_the_least_that_an_order_needs_is_a_restaurant_and_items(waiter: Person) -> None:
    made = order(await waiter.post("/orders", {"restaurant_id": PIZZERIA.id, "items": [line(FRIES)]}), 201)
    assert (made.type, made.status, made.covers, made.table_id) == ("dine_in", "confirmed", None, None)
    assert (made.items[0].quantity, made.items[0].course) == (1, 1)


async def test_the_rate_goes_by_the_type_of_the_order(waiter: Person) -> None:
    away = await waiter.order(line(OLIVES), line(FRIES))
    assert {b.rate: b.gross for b in away.totals.tax_breakdown} == {"0": 425, "20": 450}
    assert away.totals.tax == 75
    here = await waiter.order(line(OLIVES), line(FRIES), type="dine_in")
    assert [b.rate for b in here.totals.tax_breakdown] == ["20"]


async def test_a_large_table_pays_the_service_charge(waiter: Person) -> None:
    five = await waiter.order(line(FRIES, quantity=4), type="dine_in", covers=5)
    assert five.totals.service_charge == 0
    six = await waiter.order(line(FRIES, quantity=4), type="dine_in", covers=6)
    assert (six.totals.subtotal, six.totals.service_charge, six.totals.total) == (1800, 225, 2025)
    assert (await waiter.order(line(FRIES), covers=6)).totals.service_charge == 0


async def test_a_product_twice_is_two_lines(waiter: Person) -> None:
    made = await waiter.order(line(FRIES), line(FRIES, quantity=2))
    assert [item.quantity for item in made.items] == [1, 2]
    assert made.items[0].id != made.items[1].id


@pytest.mark.parametrize(
    "fields",
    [{"price": 1}, {"unit_price": 1}, {"total": 1}, {"tax_rate": "0"}, {"name": "Free"}, {"discount": 1}],
)
async def test_a_line_names_a_product_and_no_price(waiter: Person, fields: Json) -> None:
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES, **fields)))
    problem = refused(answer, 422, "validation_failed")
    assert problem.fields == [f"items[0].{next(iter(fields))}"]


@pytest.mark.parametrize(
    "fields",
    [{"totals": {"total": 1}}, {"number": 1}, {"status": "completed"}, {"business_date": "2026-01-01"}],
)
async def test_an_order_says_nothing_that_the_server_says(waiter: Person, fields: Json) -> None:
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES), **fields))
    assert next(iter(fields)) in refused(answer, 422, "validation_failed").errors[0].message


async def test_an_open_price_is_the_tills_and_only_for_a_product_that_is_marked_so(
    waiter: Person, database: Database
) -> None:
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES), line(FRIES, open_price=1)))
    assert refused(answer, 422, "validation_failed").fields == ["items[1].open_price"]
    with changed(database, "products", "open_price", True, product(FRIES).id):
        made = await waiter.order(
            line(FRIES, open_price=1234, quantity=2), line(FRIES, open_price=0), line(FRIES)
        )
        assert [item.unit_price for item in made.items] == [1234, 0, 450]
        assert made.totals.total == 2 * 1234 + 450
        for price in (-1, 1.5, "100", 100_000_001):
            answer = await waiter.post("/orders", waiter.new_order(line(FRIES, open_price=price)))
            refused(answer, 422, "validation_failed")


async def test_a_product_with_variants_is_sold_by_variant(waiter: Person) -> None:
    crust = chosen(("Crust", "Wholemeal"))
    small = await waiter.order(line("Margherita", variant_id=variant("Margherita", '10"'), modifiers=crust))
    assert (small.items[0].unit_price, small.items[0].total) == (1050, 1150)
    for chosen_variant in (None, variant("Diavola", '10"'), uuid4()):
        answer = await waiter.post(
            "/orders", waiter.new_order(line("Margherita", variant_id=chosen_variant, modifiers=crust))
        )
        assert refused(answer, 422, "validation_failed").fields == ["items[0].variant_id"]
    answer = await waiter.post(
        "/orders", waiter.new_order(line(FRIES, variant_id=variant("Margherita", '10"')))
    )
    assert refused(answer, 422, "validation_failed").fields == ["items[0].variant_id"]


@pytest.mark.parametrize(
    ("modifiers", "count"),
    [
        ([], 1),
        (chosen(("Crust", "Neapolitan"), ("Crust", "Wholemeal")), 1),
        (chosen(("Crust", "Neapolitan"), quantity=2), 1),
        (chosen(("Crust", "Neapolitan")) + chosen(("Extras", "Olives"), quantity=4), 1),
        (
            chosen(("Extras", "Olives"), ("Extras", "Nduja"), ("Extras", "Burrata"), ("Extras", "Anchovies")),
            2,
        ),
    ],
)
async def test_too_few_and_too_many_modifiers_are_refused(
    waiter: Person, modifiers: list[Json], count: int
) -> None:
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES), margherita(modifiers=modifiers)))
    assert refused(answer, 422, "modifier_selection").fields == ["items[1].modifiers"] * count


async def test_a_modifier_counts_as_often_as_it_is_chosen(waiter: Person) -> None:
    crust, olives = chosen(("Crust", "Neapolitan")), ("Extras", "Olives")
    made = await waiter.order(margherita(modifiers=crust + chosen(olives) + chosen(olives, quantity=2)))
    assert [(m.name, m.quantity) for m in made.items[0].modifiers] == [("Neapolitan", 1), ("Olives", 3)]
    assert made.totals.total == 1400 + 450


async def test_a_modifier_more_often_than_can_be_counted_is_refused(waiter: Person) -> None:
    much = chosen(("Without", "No oil"), quantity=999)
    crust = chosen(("Crust", "Neapolitan"))
    assert (await waiter.order(margherita(modifiers=crust + much))).items[0].modifiers[1].quantity == 999
    answer = await waiter.post("/orders", waiter.new_order(margherita(modifiers=crust + much + much)))
    assert refused(answer, 422, "validation_failed").fields == ["items[0].modifiers"]


async def test_a_modifier_that_is_not_offered_with_the_product_is_refused(waiter: Person) -> None:
    for wrong in (modifier("Milk", "Oat"), modifier("Toppings", "Bacon", RIVAL), uuid4()):
        answer = await waiter.post(
            "/orders", waiter.new_order(line(FRIES, modifiers=[{"modifier_id": wrong}]))
        )
        assert refused(answer, 422, "validation_failed").fields == ["items[0].modifiers[0].modifier_id"]


async def test_what_is_sold_out_is_refused_by_the_line(waiter: Person, database: Database) -> None:
    fries, olives = product(FRIES).id, modifier("Extras", "Olives")
    with changed(database, "products", "availability", "out_of_stock", fries):
        body = waiter.new_order(line(OLIVES), line(FRIES), margherita(), line(FRIES))
        problem = refused(await waiter.post("/orders", body), 409, "out_of_stock")
        assert problem.fields == ["items[1]", "items[3]"]
        assert FRIES in problem.detail
        with changed(database, "modifiers", "availability", "out_of_stock", olives):
            problem = refused(await waiter.post("/orders", body), 409, "out_of_stock")
            assert problem.fields == ["items[1]", "items[2]", "items[3]"]
            assert "Olives (Margherita)" in problem.detail
    order(await waiter.post("/orders", body), 201)


async def test_what_is_not_on_the_menu_is_refused(waiter: Person, database: Database) -> None:
    foreign, unknown = RIVAL.product("Fries").id, uuid4()
    body = waiter.new_order(line(FRIES), {"product_id": foreign}, {"product_id": unknown})
    problem = refused(await waiter.post("/orders", body), 422, "validation_failed")
    assert problem.fields == ["items[1].product_id", "items[2].product_id"]
    assert problem.errors[0].message == problem.errors[1].message
    gone = datetime.now(UTC)
    size = variant("Margherita", '13"')
    for what, row, item, field in (
        ("products", product(FRIES).id, line(FRIES), "product_id"),
        ("categories", product(FRIES).category_id, line(FRIES), "product_id"),
        ("product_variants", size, margherita(), "variant_id"),
        ("modifiers", modifier("Extras", "Olives"), margherita(), "modifiers[1].modifier_id"),
    ):
        with changed(database, what, "archived_at", gone, row):
            answer = await waiter.post("/orders", waiter.new_order(item))
            assert refused(answer, 422, "validation_failed").fields == [f"items[0].{field}"]


@pytest.mark.parametrize("quantity", [0, -1, 1_000, 1.5, "2", None, True, 10**30])
async def test_a_quantity_is_a_whole_number_from_1_to_999(waiter: Person, quantity: object) -> None:
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES, quantity=quantity)))
    assert refused(answer, 422, "validation_failed").fields == ["items[0].quantity"]


async def test_999_of_a_product_is_an_order(waiter: Person) -> None:
    assert (await waiter.order(line(FRIES, quantity=999))).totals.total == 999 * 450


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "drive_in"}, "type"),
        ({"type": None}, "type"),
        ({"covers": 0}, "covers"),
        ({"covers": 1_000}, "covers"),
        ({"table_id": "4"}, "table_id"),
        ({"id": "mine"}, "id"),
        ({"notes": "a\0b"}, "notes"),
        ({"notes": "x" * 2_001}, "notes"),
        ({"customer_name": "x" * 201}, "customer_name"),
        ({"send": "yes"}, "send"),
        ({"items": None}, "items"),
        ({"items": [{}]}, "items[0].product_id"),
        ({"items": [{"product_id": "fries"}]}, "items[0].product_id"),
        ({"items": [line(FRIES, course=0)]}, "items[0].course"),
        ({"items": [line(FRIES, notes="\0")]}, "items[0].notes"),
        ({"items": [line(FRIES)] * 501}, "items"),
    ],
)
async def test_each_field_is_judged_by_name(waiter: Person, fields: Json, field: str) -> None:
    answer = await waiter.post("/orders", waiter.new_order(line(FRIES)) | fields)
    assert refused(answer, 422, "validation_failed").fields == [field]


async def test_an_order_not_sent_is_pending_and_so_is_one_without_lines(waiter: Person) -> None:
    held = await waiter.order(line(FRIES), send=False)
    assert (held.status, held.items[0].status) == ("pending", "held")
    empty = await waiter.order(table_id=table("25"), type="dine_in")
    assert (empty.status, empty.items, empty.totals.total, empty.totals.tax_breakdown) == (
        "pending",
        (),
        0,
        (),
    )
    assert await waiter.read(empty.id) == empty


async def test_a_table_has_one_open_order_which_the_refusal_names(waiter: Person) -> None:
    first = await waiter.order(line(FRIES), type="dine_in", table_id=table("20"))
    body = waiter.new_order(line(FRIES), type="dine_in", table_id=table("20"))
    problem = refused(await waiter.post("/orders", body), 409, "table_occupied")
    assert f"Order {first.number} " in problem.detail
    assert "table 20" in problem.detail
    shown = (await waiter.get("/tables", restaurant_id=PIZZERIA.id)).json()
    assert [t["order_id"] for t in shown if t["name"] == "20"] == [str(first.id)]
    order(await waiter.move(first, "cancelled", reason="gone"))
    order(await waiter.post("/orders", body), 201)


async def test_a_table_that_is_not_there_or_not_ours_is_refused(waiter: Person) -> None:
    for wrong in (uuid4(), table("1", RIVAL)):
        answer = await waiter.post("/orders", waiter.new_order(line(FRIES), table_id=wrong))
        assert refused(answer, 422, "validation_failed").fields == ["table_id"]


async def test_an_order_made_offline_keeps_its_time_for_three_days(waiter: Person) -> None:
    now = datetime.now(UTC)
    made = await waiter.order(line(FRIES), placed_at=now - timedelta(hours=71, minutes=59))
    assert made.placed_at == now - timedelta(hours=71, minutes=59)
    assert made.business_date < (await waiter.order(line(FRIES))).business_date
    elsewhere = (now - timedelta(hours=1)).astimezone(timezone(timedelta(hours=5)))
    told = (await waiter.post("/orders", waiter.new_order(line(FRIES), placed_at=elsewhere))).json()
    assert told["placed_at"] == (await waiter.get(f"/orders/{told['id']}")).json()["placed_at"]
    assert told["placed_at"].endswith("Z")
    ahead = await waiter.order(line(FRIES), placed_at=now + timedelta(minutes=1))
    assert ahead.placed_at <= datetime.now(UTC)
    wrong: list[object] = [now - timedelta(hours=72, minutes=1), now + timedelta(minutes=10)]
    wrong += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-23T12:00:00", "now", 0]
    for placed_at in wrong:
        answer = await waiter.post("/orders", waiter.new_order(line(FRIES), placed_at=placed_at))
        assert refused(answer, 422, "validation_failed").fields == ["placed_at"]


@pytest.mark.parametrize(
    ("local", "day"),
    [("03:59:59", -1), ("04:00:00", 0), ("23:59:59", 0), ("00:00:00", -1)],
)
async def test_the_business_day_begins_at_the_cutoff_of_the_restaurants_clock(
    waiter: Person, database: Database, local: str, day: int
) -> None:
    # Kathmandu is 5 h 45 min ahead of UTC all year
    with changed(database, "restaurants", "timezone", "Asia/Kathmandu", PIZZERIA.id):
        yesterday = (datetime.now(UTC) + timedelta(hours=5, minutes=45)).date() - timedelta(days=1)
        made = await waiter.order(line(FRIES), placed_at=f"{yesterday}T{local}+05:45")
        assert made.business_date == yesterday + timedelta(days=day)
        stored = database.value("select business_date from orders where id = %s", made.id)
        assert stored == made.business_date


async def test_the_settings_of_the_restaurant_are_stamped_on_the_order(
    waiter: Person, database: Database
) -> None:
    before = await waiter.order(line(FRIES))
    with changed(database, "restaurants", "prices_include_tax", False, PIZZERIA.id):
        on_top = await waiter.order(line(FRIES))
        assert (on_top.totals.total, on_top.totals.tax) == (540, 90)
        more = order(await waiter.post(f"/orders/{before.id}/items", {"items": [line(FRIES)]}))
        assert (more.totals.total, more.totals.tax) == (900, 150)
    assert (await waiter.read(on_top.id)) == on_top


async def test_names_and_prices_are_those_of_the_moment(waiter: Person, database: Database) -> None:
    before = await waiter.order(line(FRIES))
    with (
        changed(database, "products", "price", 500, product(FRIES).id),
        changed(database, "products", "name", "Chips", product(FRIES).id),
    ):
        made = await waiter.order(line(FRIES))
        assert (made.items[0].name, made.totals.total) == ("Chips", 500)
        assert await waiter.read(before.id) == before
        more = order(await waiter.post(f"/orders/{before.id}/items", {"items": [line(FRIES)]}))
        assert [(i.name, i.total) for i in more.items] == [(FRIES, 450), ("Chips", 500)]


async def test_text_of_any_script_comes_back_as_it_was(waiter: Person) -> None:
    text = "Ünïcödé 🍕 \u202e ‮ \u0001 \\ \" ' ; drop table orders; --"
    made = await waiter.order(line(FRIES, notes=text), notes=text, customer_name=text)
    found = await waiter.read(made.id)
    assert (found.notes, found.customer_name, found.items[0].notes) == (text, text, text)
