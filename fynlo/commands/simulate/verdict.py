"""The proof at the end: what was acknowledged, what is there, what the log showed and what is left agree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from datetime import date

from fynlo.client import ApiClient, Order, OrderItem, Payment

from .books import Books, Stock
from .sums import disagreements

READ_AT_ONCE = 8
LOOKED_UP = 10
"""So many orders are asked for as the log has them, and for their history."""


async def orders_there(api: ApiClient, restaurant_id: str, books: Books) -> dict[str, Order]:
    """The orders of this service as they are now, day by day, newest first, until all are found."""
    there: dict[str, Order] = {}
    days: dict[date, set[str]] = {}
    for order in books.orders.values():
        days.setdefault(order.business_date, set()).add(order.id)
    for day, missing in days.items():
        async with aclosing(api.order_pages(restaurant_id, business_date=day)) as pages:
            async for page in pages:
                there |= {order.id: order for order in page.items if order.id in missing}
                if missing <= there.keys():
                    break
    return there


def of_orders(books: Books, there: dict[str, Order], *, prices_include_tax: bool) -> Iterator[str]:
    """What was acknowledged is there once, as it was; it adds up; and the log's picture is that of REST."""
    holders: dict[str, list[str]] = {}
    for order in there.values():
        for id in (*(item.id for item in order.items), *(payment.id for payment in order.payments or ())):
            holders.setdefault(id, []).append(order.id)
    for id, told in books.orders.items():
        if id not in there:
            yield f"order {id}: it was acknowledged, and is not there"
            continue
        order = there[id]
        for problem in disagreements(order, prices_include_tax=prices_include_tax):
            yield f"order {id}: {problem}"
        yield from _as_shown(books, order)
        if id in books.unsure:
            continue
        if id in books.merged:
            if (order.status, order.merged_into) != ("merged", books.merged[id]):
                yield f"order {id}: it was merged into {books.merged[id]}, and is {order.status}"
        else:
            yield from _as_told(told, order)
        for line in told.items:
            if len(holders.get(line.id, ())) != 1:
                yield f"order {id}: line {line.id} is there {len(holders.get(line.id, ()))} times"
        for payment in told.payments or ():
            if len(holders.get(payment.id, ())) != 1:
                yield f"order {id}: payment {payment.id} is there {len(holders.get(payment.id, ()))} times"


def _as_told(told: Order, order: Order) -> Iterator[str]:
    if told == order:
        return
    if order.version <= told.version:
        yield f"order {told.id}: version {told.version} was acknowledged otherwise than it is"
    # a kitchen or another till may have moved it on; its lines and its money are this service's
    lines = {item.id: item for item in order.items}
    for item in told.items:
        if item.id in lines and _facts(item) != _facts(lines[item.id]):
            yield f"order {told.id}: line {item.id} was acknowledged with {item.total}, and is {lines[item.id].total}"
    payments = {payment.id: payment for payment in order.payments or ()}
    for payment in told.payments or ():
        now = payments.get(payment.id)
        if now is not None and now != payment:
            yield f"order {told.id}: payment {payment.id} was {_sum(payment)}, and is {_sum(now)}"
    if told.totals != order.totals:
        yield f"order {told.id}: its totals are otherwise than they were acknowledged"


def _facts(item: OrderItem) -> tuple[object, ...]:
    return (
        item.product_id,
        item.quantity,
        item.unit_price,
        item.modifiers,
        item.discount,
        item.total,
        item.net,
    )


def _sum(payment: Payment) -> str:
    refunds = f", {payment.refunded} refunded" if payment.refunds else ""
    return f"{payment.state} {payment.amount} and {payment.tip} by {payment.method}{refunds}"


def _as_shown(books: Books, order: Order) -> Iterator[str]:
    shown = books.shown.get(order.id)
    if shown is None:
        yield f"order {order.id}: the feed never showed it"
    elif shown[1] != order:
        yield (
            f"order {order.id}: the feed showed it last in version {shown[1].version}, "
            f"and it is otherwise in version {order.version}"
        )
    for payment in order.payments or ():
        if payment.state == "captured" and books.paid[payment.id] != 1:
            yield f"payment {payment.id}: seen completed {books.paid[payment.id]} times"
        for refund in payment.refunds:
            if books.refunded[refund.id] != 1:
                yield f"refund {refund.id}: seen {books.refunded[refund.id]} times"


async def of_the_log(api: ApiClient, books: Books, there: dict[str, Order]) -> list[str]:
    """Some of the orders as the log has them, and their histories: those that changed most."""
    most = sorted(there.values(), key=lambda order: -order.version)[:LOOKED_UP]
    room = asyncio.Semaphore(READ_AT_ONCE)

    async def look(order: Order) -> list[str]:
        seq, shown = books.shown.get(order.id, (0, None))
        if shown is None:
            return []
        async with room:
            then = await api.order(order.id, at_seq=seq)
            history = await api.history(order.id)
        problems = []
        if then != order:
            problems.append(f"order {order.id}: as it was at {seq} is not as it is")
        versions = [act.version for act in history]
        if versions != sorted(set(versions)) or versions[-1:] != [order.version]:
            problems.append(
                f"order {order.id}: its history has the versions {versions}, it is at {order.version}"
            )
        return problems

    return [problem for found in await asyncio.gather(*map(look, most)) for problem in found]


async def of_stock(api: ApiClient, restaurant_id: str, stock: Stock) -> list[str]:
    """What was counted, less what the log sold, is what the log and the menu say is left."""
    if not stock.left:
        return []
    menu = (await api.menu_all(restaurant_id)).items
    left = {product.id: product.availability for product in menu}
    left |= {m.id: m.availability for product in menu for g in product.modifier_groups for m in g.modifiers}
    problems = []
    for id, count in stock.left.items():
        now = left[id].quantity if id in left else None
        if not count == stock.told[id] == now:
            problems.append(
                f"stock of {id}: by its orders {count} are left, by the log {stock.told[id]}, by the menu {now}"
            )
    return problems
