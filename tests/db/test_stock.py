"""fynlo.take_stock() by itself: many at once, in whatever order they ask, and what psql sees of it."""

import asyncio
import random
from uuid import UUID

import psycopg
import pytest

from fynlo.demo.data import PIZZERIA
from fynlo.menu.stock_queries import ShortOfStock, stock_give, stock_take

from .till import Till, application, connect, inside, plain_line, rows, value

PRODUCTS = [product.id for product in PIZZERIA.products[:6]]
MODIFIERS = [m.id for group in PIZZERIA.modifier_groups for m in group.modifiers][:4]
LEFT = 60


async def count(url: str) -> None:
    async with await connect(url) as conn:
        for table, ids in (("products", PRODUCTS), ("modifiers", MODIFIERS)):
            await conn.execute(
                f"update {table} set availability = 'counted', stock = %s where id = any (%s)".encode(),
                (LEFT, ids),
            )


async def left(url: str) -> list[int]:
    """Of each product and modifier that is counted."""
    async with await connect(url) as conn:
        found = await rows(conn, "select stock from products where stock is not null")
        return [
            stock
            for (stock,) in found + await rows(conn, "select stock from modifiers where stock is not null")
        ]


async def test_many_who_take_and_give_in_any_order_never_deadlock_and_nothing_is_lost(
    module_seeded_url: str,
) -> None:
    await count(module_seeded_url)
    taken: dict[UUID, int] = dict.fromkeys([*PRODUCTS, *MODIFIERS], 0)

    async def take(seed: int) -> None:
        dice = random.Random(seed)
        async with await application(module_seeded_url) as conn:
            for _ in range(20):
                products = {id: dice.randint(1, 3) for id in dice.sample(PRODUCTS, 3)}
                modifiers = {id: dice.randint(1, 3) for id in dice.sample(MODIFIERS, 2)}
                try:
                    async with inside(conn, PIZZERIA.id):
                        back = {id: n for id, n in products.items() if dice.random() < 0.5}
                        assert (
                            await stock_take(conn, products, modifiers) == products.keys() | modifiers.keys()
                        )
                        await stock_give(conn, back, {})
                except ShortOfStock:
                    continue
                for id, n in (products | modifiers).items():
                    taken[id] += n - back.get(id, 0)

    await asyncio.gather(*(take(seed) for seed in range(8)))
    assert sorted(await left(module_seeded_url)) == sorted(LEFT - n for n in taken.values())
    assert min(LEFT - n for n in taken.values()) < 3, "there was not enough for all of them"


async def test_who_locks_as_they_come_deadlocks(module_seeded_url: str) -> None:
    """The control: what the order of take_stock() is for."""
    await count(module_seeded_url)
    one, other = PRODUCTS[:2]
    take = b"update products set stock = stock - 1 where id = %s"

    async def both(ids: tuple[UUID, UUID], met: asyncio.Barrier) -> None:
        async with await application(module_seeded_url) as conn, inside(conn, PIZZERIA.id):
            await conn.execute(take, (ids[0],))
            await met.wait()
            await conn.execute(take, (ids[1],))

    met = asyncio.Barrier(2)
    found = await asyncio.gather(both((one, other), met), both((other, one), met), return_exceptions=True)
    assert [type(each) for each in found if each is not None] == [psycopg.errors.DeadlockDetected]


async def test_stock_is_that_of_the_restaurant_that_was_entered(module_seeded_url: str) -> None:
    await count(module_seeded_url)
    async with await application(module_seeded_url) as conn:
        assert await stock_take(conn, {PRODUCTS[0]: 1}, {}) == frozenset(), "none was entered"
        async with inside(conn, UUID(int=1)):
            assert await stock_take(conn, {PRODUCTS[0]: 1}, {MODIFIERS[0]: LEFT + 1}) == frozenset()
    assert await left(module_seeded_url) == [LEFT] * (len(PRODUCTS) + len(MODIFIERS))


async def test_a_sale_waits_for_nobody_who_sells_what_is_not_counted(module_seeded_url: str) -> None:
    product = plain_line().product_id
    async with await connect(module_seeded_url) as conn:
        await conn.execute(
            b"update products set availability = 'in_stock', stock = null where id = %s", (product,)
        )
    async with Till.at(module_seeded_url) as till, await application(module_seeded_url) as conn:
        async with inside(conn, PIZZERIA.id):
            assert await stock_take(conn, {product: 1}, {}) == frozenset()
            async with await connect(module_seeded_url) as other:
                await other.execute(b"select from products where id = %s for update nowait", (product,))
        await till.order(plain_line())


async def test_what_is_due_comes_back_but_for_what_a_sale_holds(module_seeded_url: str) -> None:
    await count(module_seeded_url)
    async with await connect(module_seeded_url) as conn, await application(module_seeded_url) as seller:
        due = b"update products set out_until = now() - interval '1 s' where id = any (%s)"
        await conn.execute(due, (PRODUCTS[:2],))
        later = b"update modifiers set out_until = now() + interval '1 hour' where id = %s"
        await conn.execute(later, (MODIFIERS[0],))
        async with inside(seller, PIZZERIA.id):
            await seller.execute(b"select from products where id = %s for no key update", (PRODUCTS[0],))
            assert await value(conn, "select back from fynlo.bring_back(100)") == 1
        ((back, soon),) = await rows(conn, "select back, next_at > now() from fynlo.bring_back(100)")
        assert (back, soon) == (1, True)
        states = await rows(
            conn, "select availability, stock, out_until from products where id = any (%s)", PRODUCTS[:2]
        )
        assert states == [("in_stock", None, None)] * 2


@pytest.mark.parametrize("sale", [True, False])
async def test_the_menu_that_was_is_kept_for_prices_and_not_for_sales(
    module_seeded_url: str, sale: bool
) -> None:
    await count(module_seeded_url)
    what = "stock = stock - 1, low_stock_at = 3" if sale else "price = price + 1"
    async with await connect(module_seeded_url) as conn:
        kept = "select count(*) from menu_history"
        before = await value(conn, kept)
        await conn.execute(f"update products set {what} where id = %s".encode(), (PRODUCTS[0],))
        await conn.execute(b"update products set price = price, name = name where id = %s", (PRODUCTS[0],))
        assert await value(conn, kept) == before + (0 if sale else 1)
