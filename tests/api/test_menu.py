"""GET /menu: what it shows to whom, page after page, and how soon it shows a change."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import msgspec
import pytest

from fynlo.db.embedded import EmbeddedValkey
from fynlo.demo.data import PIZZERIA
from tests.serving import ServerProcess

from .house import Database, Person, keys, line, next_page, order, product, refused, soon
from .wire import Product

WITHIN_S = 2.0
MONEY = {"price", "currency", "tax_rates", "tax_rate", "total"}
FRIES = product("Skin-on fries").id


@pytest.fixture(scope="module")
async def pair(module_seeded_url: str, valkey: EmbeddedValkey) -> AsyncIterator[tuple[Person, Person]]:
    """A waiter at each of two servers that share a cache."""
    with (
        ServerProcess(module_seeded_url, FYNLO_REDIS_URL=valkey.url) as one,
        ServerProcess(module_seeded_url, FYNLO_REDIS_URL=valkey.url) as two,
    ):
        people = []
        for server in (one, two):
            server.await_ready()
            people.append(await Person.sign_in(server.url, "server@demo.fynlo.test"))
        yield people[0], people[1]
        for person in people:
            await person.client.aclose()


def products(answer: httpx.Response) -> list[Product]:
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=list[Product])


def position(answer: httpx.Response) -> tuple[str, int]:
    epoch, _, seq = answer.headers["fynlo-feed"].partition(":")
    return epoch, int(seq)


def head(database: Database) -> tuple[str, int]:
    ((epoch, seq),) = database.rows(
        "select epoch::text, seq from feed_heads where restaurant_id = %s", PIZZERIA.id
    )
    return epoch, seq


@contextmanager
def price(database: Database, value: int) -> Iterator[None]:
    before = database.value("select price from products where id = %s", FRIES)
    database.run("update products set price = %s where id = %s", value, FRIES)
    try:
        yield
    finally:
        database.run("update products set price = %s where id = %s", before, FRIES)


async def shown_price(person: Person) -> int:
    return next(p.price for p in products(await person.menu(category="Sides")) if p.id == FRIES)


async def test_a_product_is_shown_as_the_contract_has_it(waiter: Person) -> None:
    found = {p.name: p for p in products(await waiter.menu(limit=100))}
    pizza = found["Margherita"]
    seeded = product("Margherita")
    assert pizza.id == seeded.id
    assert (pizza.price, pizza.currency, pizza.open_price, pizza.version) == (1050, "GBP", False, 1)
    assert (pizza.category.name, pizza.category.sort_order) == ("Pizza", 2)
    assert [(v.name, v.price) for v in pizza.variants] == [('10"', 1050), ('13"', 1400)]
    assert [(g.name, g.min_selections, g.max_selections) for g in pizza.modifier_groups] == [
        ("Crust", 1, 1), ("Extras", 0, 3), ("Without", 0, None),
    ]  # fmt: skip
    assert [(m.name, m.price, m.is_default) for m in pizza.modifier_groups[0].modifiers] == [
        ("Neapolitan", 0, True), ("Thin and crisp", 0, False), ("Wholemeal", 100, False), ("Gluten-free", 200, False),
    ]  # fmt: skip
    assert pizza.availability.state == "in_stock"
    assert pizza.station_id == next(s.id for s in PIZZERIA.stations if s.name == "Pizza oven")
    olives = found["Nocellara olives"].tax_rates
    assert (olives.dine_in, olives.takeaway, olives.delivery) == ("20", "0", "0")
    assert found["Cola"].variants == ()


async def test_every_product_is_on_one_page_and_in_the_order_of_the_card(waiter: Person) -> None:
    answer = await waiter.menu(limit=7)
    assert answer.headers["x-total-count"] == "80"
    seen, pages = products(answer), 1
    while path := next_page(answer):
        answer = await waiter.client.get(path)
        seen, pages = seen + products(answer), pages + 1
    assert pages == 12
    assert [p.id for p in seen] == [p.id for p in PIZZERIA.products]
    assert len(products(await waiter.menu())) == 50
    beyond = await waiter.menu(page=13, limit=7)
    assert (products(beyond), beyond.headers["x-total-count"]) == ([], "80")


async def test_a_category_is_found_by_its_id_and_by_its_name(waiter: Person) -> None:
    pizza = next(c for c in PIZZERIA.categories if c.name == "Pizza")
    wanted = [p.id for p in PIZZERIA.products if p.category_id == pizza.id]
    for category in (str(pizza.id), str(pizza.id).upper(), "Pizza", "pizza"):
        answer = await waiter.menu(category=category)
        assert [p.id for p in products(answer)] == wanted
        assert answer.headers["x-total-count"] == str(len(wanted))
    for nothing in (uuid4(), "Sushi", ""):
        answer = await waiter.menu(category=nothing)
        assert (products(answer), answer.headers["x-total-count"]) == ([], "0")
    coffee = await waiter.menu(category="Soft drinks & coffee", limit=5)
    assert len(products(await waiter.client.get(next_page(coffee) or ""))) == 5


async def test_an_unchanged_menu_is_a_304(waiter: Person, kitchen: Person) -> None:
    answer = await waiter.menu()
    etag = answer.headers["etag"]
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Authorization", "private, no-cache")
    for tags in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await waiter.menu({"if-none-match": tags})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert position(again) >= position(answer)
    for tags in ('"other"', "", etag.strip('"')):
        assert (await waiter.menu({"if-none-match": tags})).status_code == 200
    assert (await waiter.menu(page=2)).headers["etag"] != etag
    assert (await kitchen.menu({"if-none-match": etag})).status_code == 200


async def test_the_kitchen_sees_the_menu_without_money(kitchen: Person, waiter: Person) -> None:
    for query in ({"limit": 100}, {"category": "Pizza"}):
        assert MONEY & set(keys((await waiter.menu(**query)).json()))
        plain = (await kitchen.menu(**query)).json()
        assert not MONEY & set(keys(plain))
        assert {"name", "variants", "modifier_groups", "availability", "station_id"} <= set(plain[0])


async def test_a_price_changed_in_psql_is_in_the_next_answer(waiter: Person, database: Database) -> None:
    answer = await waiter.menu(category="Sides")
    assert await shown_price(waiter) == 450
    with price(database, 475):

        async def shown() -> bool:
            return await shown_price(waiter) == 475

        await soon(shown, WITHIN_S)
        changed = await waiter.menu({"if-none-match": answer.headers["etag"]}, category="Sides")
        assert changed.status_code == 200
        assert position(changed) >= head(database)
        assert next(p.version for p in products(changed) if p.id == FRIES) > 1
        made = order(await waiter.post("/orders", waiter.new_order(line("Skin-on fries"))), 201)
        assert made.totals.total == 475


async def test_the_position_follows_the_feed_though_the_menu_stays(
    waiter: Person, database: Database
) -> None:
    before = await waiter.menu()
    await waiter.order(line("Skin-on fries"))

    async def followed() -> bool:
        return position(await waiter.menu({"if-none-match": before.headers["etag"]})) == head(database)

    await soon(followed, WITHIN_S)
    assert (await waiter.menu({"if-none-match": before.headers["etag"]})).status_code == 304


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (
            "update products set name = 'Chips' where id = %s",
            "update products set name = 'Skin-on fries' where id = %s",
        ),
        (
            "update products set availability = 'out_of_stock' where id = %s",
            "update products set availability = 'in_stock' where id = %s",
        ),
        (
            "update categories set name = 'Extras' where id = (select category_id from products where id = %s)",
            "update categories set name = 'Sides' where id = (select category_id from products where id = %s)",
        ),
        (
            "update tax_classes set delivery_rate = 5 where id = (select tax_class_id from products where id = %s)",
            "update tax_classes set delivery_rate = 20 where id = (select tax_class_id from products where id = %s)",
        ),
        (
            "update modifiers set price = price + 1 where group_id in"
            " (select group_id from product_modifier_groups where product_id = %s)",
            "update modifiers set price = price - 1 where group_id in"
            " (select group_id from product_modifier_groups where product_id = %s)",
        ),
    ],
)
async def test_whatever_the_menu_is_made_of_changes_it(
    waiter: Person, database: Database, change: str, back: str
) -> None:
    before = await waiter.menu(limit=100)

    async def changed() -> bool:
        return (await waiter.menu({"if-none-match": before.headers["etag"]}, limit=100)).status_code == 200

    database.run(change, FRIES)
    try:
        await soon(changed, WITHIN_S)
    finally:
        database.run(back, FRIES)


async def test_what_is_archived_is_gone(waiter: Person, database: Database) -> None:
    async def shows(total: int) -> bool:
        answer = await waiter.menu(limit=100)
        return answer.headers["x-total-count"] == str(total) == str(len(products(answer)))

    async def eighty() -> bool:
        return await shows(80)

    for what, row, left in (
        ("products", FRIES, 79),
        ("categories", product("Margherita").category_id, 64),
    ):
        await soon(eighty, WITHIN_S)
        database.run(f"update {what} set archived_at = %s where id = %s", datetime.now(UTC), row)
        try:

            async def fewer(left: int = left) -> bool:
                return await shows(left)

            await soon(fewer, WITHIN_S)
        finally:
            database.run(f"update {what} set archived_at = null where id = %s", row)
    await soon(eighty, WITHIN_S)


async def test_a_page_of_anybodys_asking_is_never_anothers(
    waiter: Person, kitchen: Person, rival: Person, rival_at_home: Person
) -> None:
    answers = await asyncio.gather(
        *[who.menu() for who in (waiter, kitchen, rival, rival_at_home) for _ in range(5)]
    )
    assert {a.content for a in answers[:5]} == {(await waiter.menu()).content}
    assert {a.content for a in answers[5:10]} == {(await kitchen.menu()).content}
    for answer in answers[10:15]:
        refused(answer, 404, "not_found")
    assert {p["name"] for p in answers[15].json()} & {"Smash burger"}


async def test_two_servers_with_a_cache_between_them_both_show_a_change(
    pair: tuple[Person, Person], database: Database
) -> None:
    first, second = await pair[0].menu(), await pair[1].menu()
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    for value in (480, 481, 482):
        with price(database, value):
            for person in pair:

                async def shown(person: Person = person, value: int = value) -> bool:
                    return await shown_price(person) == value

                await soon(shown, WITHIN_S)
                assert position(await person.menu(category="Sides")) >= head(database)
    assert (await pair[0].menu()).headers["etag"] != ""


async def test_what_one_server_sells_the_other_shows_as_gone(
    pair: tuple[Person, Person], database: Database
) -> None:
    count = "update products set availability = %s, stock = %s where id = %s"
    database.run(count, "counted", 2, FRIES)
    for left in (1, 0):
        await pair[left].order(line("Skin-on fries"))
        for person in pair:

            async def shown(person: Person = person, left: int = left) -> bool:
                menu = products(await person.menu(category="Sides"))
                return next(p.availability.quantity for p in menu if p.id == FRIES) == left

            await soon(shown, WITHIN_S)
    database.run(count, "in_stock", None, FRIES)


async def test_without_its_cache_the_menu_is_still_answered_and_still_fresh(
    pair: tuple[Person, Person], database: Database, valkey: EmbeddedValkey
) -> None:
    await pair[0].menu()
    valkey.stop()
    try:
        with price(database, 499):
            for person in pair:

                async def shown(person: Person = person) -> bool:
                    return await shown_price(person) == 499

                await soon(shown, WITHIN_S)
                assert (await person.menu(limit=100)).headers["x-total-count"] == "80"
        # signing in counts failures there, too
        again = await Person.sign_in(
            str(pair[0].client.base_url).removesuffix("/api/v1/"), "cashier@demo.fynlo.test"
        )
        await again.client.aclose()
    finally:
        valkey.start()

    async def restored() -> bool:
        return await shown_price(pair[0]) == 450

    await soon(restored, WITHIN_S)
