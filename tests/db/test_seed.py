"""Seeding the demo restaurants: whole, once, and never over what somebody edited."""

import asyncio

import msgspec
import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg.rows import TupleRow

from fynlo.demo.data import PASSWORD, PIZZERIA, RESTAURANTS, RIVAL
from fynlo.demo.seed import seed

TABLES = (
    "restaurants",
    "users",
    "memberships",
    "tax_classes",
    "stations",
    "categories",
    "products",
    "product_variants",
    "modifier_groups",
    "modifiers",
    "product_modifier_groups",
    "sections",
    "tables",
)


async def connect(url: str) -> psycopg.AsyncConnection[TupleRow]:
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


async def contents(conn: psycopg.AsyncConnection[TupleRow]) -> dict[str, list[str]]:
    """Every row of every table that is seeded, as text."""
    found = {}
    for table in TABLES:
        rows = await conn.execute(f"select t::text from {table} t order by 1".encode())
        found[table] = [row[0] for row in await rows.fetchall()]
    return found


async def test_twice_is_once(database_url: str) -> None:
    async with await connect(database_url) as conn:
        assert await seed(conn) == [PIZZERIA.name, RIVAL.name]
        first = await contents(conn)
        assert {table for table, rows in first.items() if not rows} == set()
        assert await seed(conn) == []
        assert await contents(conn) == first


async def test_nothing_else_is_there(database_url: str) -> None:
    async with await connect(database_url) as conn:
        await seed(conn)
        counts = {table: len(rows) for table, rows in (await contents(conn)).items()}
    assert counts == {
        "restaurants": len(RESTAURANTS),
        "users": 6,
        "memberships": sum(len(place.memberships) for place in RESTAURANTS),
        "tax_classes": sum(len(place.tax_classes) for place in RESTAURANTS),
        "stations": sum(len(place.stations) for place in RESTAURANTS),
        "categories": sum(len(place.categories) for place in RESTAURANTS),
        "products": sum(len(place.products) for place in RESTAURANTS),
        "product_variants": sum(len(product.variants) for place in RESTAURANTS for product in place.products),
        "modifier_groups": sum(len(place.modifier_groups) for place in RESTAURANTS),
        "modifiers": sum(len(group.modifiers) for place in RESTAURANTS for group in place.modifier_groups),
        "product_modifier_groups": sum(
            len(product.modifier_group_ids) for place in RESTAURANTS for product in place.products
        ),
        "sections": sum(len(place.sections) for place in RESTAURANTS),
        "tables": sum(len(place.tables) for place in RESTAURANTS),
    }


async def test_products_arrive_with_their_variants_and_groups(database_url: str) -> None:
    async with await connect(database_url) as conn:
        await seed(conn)
        for place in RESTAURANTS:
            products = await conn.execute(
                """
                select p.id, p.category_id, p.tax_class_id, p.name, p.description, p.price, p.sort_order,
                  array(select row_to_json(v) from (
                          select id, name, price, sort_order from product_variants
                           where product_id = p.id order by sort_order) v),
                  array(select group_id from product_modifier_groups
                         where product_id = p.id order by sort_order)
                from products p where restaurant_id = %s order by p.id
                """,
                (place.id,),
            )
            got = msgspec.convert(await products.fetchall(), list[tuple[object, ...]])
            wanted = sorted(place.products, key=lambda product: product.id)
            assert got == [
                (
                    *(getattr(product, name) for name in product.__struct_fields__[:7]),
                    msgspec.to_builtins(list(product.variants)),
                    list(product.modifier_group_ids),
                )
                for product in wanted
            ]


async def test_what_somebody_edited_or_took_out_stays_so(database_url: str) -> None:
    async with await connect(database_url) as conn:
        await seed(conn)
        await conn.execute("update products set price = 1, name = 'Ours' where name = 'Margherita'")
        await conn.execute("delete from product_modifier_groups")
        await conn.execute("update users set password_hash = null")
        edited = await contents(conn)
        await seed(conn)
        assert await contents(conn) == edited


async def test_two_at_once_make_one(database_url: str) -> None:
    async with await connect(database_url) as one, await connect(database_url) as other:
        names = await asyncio.gather(seed(one), seed(other))
        assert sorted(names) == [[], [PIZZERIA.name, RIVAL.name]]


async def test_a_failure_leaves_nothing_behind(database_url: str) -> None:
    async with await connect(database_url) as conn:
        before = await contents(conn)
        await conn.execute("alter table tables add constraint full_house check (seats < 10)")
        with pytest.raises(psycopg.errors.CheckViolation):
            await seed(conn)
        assert await contents(conn) == before


async def test_somebody_with_the_address_keeps_their_account_and_gets_the_role(database_url: str) -> None:
    owner = PIZZERIA.memberships[0].person
    async with await connect(database_url) as conn:
        await conn.execute("insert into users (email, name) values (%s, 'Somebody else')", (owner.email,))
        await seed(conn)
        found = await conn.execute(
            "select u.name, u.password_hash, m.role from users u join memberships m on m.user_id = u.id"
            " where u.email = %s",
            (owner.email,),
        )
        assert await found.fetchall() == [("Somebody else", None, "owner")]


async def test_everybody_signs_in_with_the_demo_password(database_url: str) -> None:
    async with await connect(database_url) as conn:
        await seed(conn)
        hashes = await (await conn.execute("select distinct password_hash from users")).fetchall()
        for (password_hash,) in hashes:
            assert PasswordHasher().verify(password_hash, PASSWORD)
