"""What the lines of an order take from counted stock, and what comes back of it."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec
from msgspec import Struct

from fynlo.errors import Conflict, FieldProblem
from fynlo.menu.queries import Asked
from fynlo.menu.stock_queries import ShortOfStock, stock_give, stock_take
from fynlo.tenancy import Tenant

from .models import Order, OrderItem
from .stored import StoredOrder


class Taken(Struct, frozen=True):
    """What lines took: by line, and by line and modifier, as `StoredOrder` has it."""

    items: dict[UUID, int] = {}
    modifiers: dict[tuple[UUID, UUID], int] = {}


NOTHING = Taken()


def _wanted(lines: Iterable[OrderItem]) -> Taken:
    kept = list(lines)
    return Taken(
        {line.id: line.quantity for line in kept},
        {(line.id, m.modifier_id): line.quantity * m.quantity for line in kept for m in line.modifiers},
    )


def _by_product(taken: Taken, lines: Iterable[OrderItem]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """So many of each product, and of each modifier."""
    products: dict[UUID, int] = {}
    modifiers: dict[UUID, int] = {}
    for line in lines:
        if count := taken.items.get(line.id, 0):
            products[line.product_id] = products.get(line.product_id, 0) + count
    for (_, modifier_id), count in taken.modifiers.items():
        if count:
            modifiers[modifier_id] = modifiers.get(modifier_id, 0) + count
    return products, modifiers


async def take(tenant: Tenant, lines: Mapping[int, OrderItem]) -> Taken:
    """Take what lines that are being sent need, all of it or nothing; the lines by their place in what was asked for.

    One round trip. The order's own lock comes before, the day's counter after. Put the answer into the stored order
    (`item_taken`, `modifier_taken`), so that it can come back.
    Raises Conflict `out_of_stock` naming the lines for which not enough is left.
    """
    wanted = _wanted(lines.values())
    products, modifiers = _by_product(wanted, lines.values())
    try:
        counted = await stock_take(tenant.conn, products, modifiers)
    except ShortOfStock as short:
        raise _sold_out(lines, short.left) from None
    return Taken(
        {line.id: line.quantity for line in lines.values() if line.product_id in counted},
        {key: count for key, count in wanted.modifiers.items() if key[1] in counted},
    )


async def take_new(tenant: Tenant, asked: Asked, lines: Sequence[OrderItem]) -> Taken:
    """As take(), for lines in the order they were asked for; costs nothing where nothing of them is counted."""
    return await take(tenant, dict(enumerate(lines))) if asked.counted else NOTHING


def _sold_out(lines: Mapping[int, OrderItem], left: dict[UUID, int]) -> Conflict:
    """Names the lines in their order: as long as there is enough, they would have had it."""
    left = dict(left)
    gone = []
    for place, line in lines.items():
        needs = [(line.product_id, line.name, line.quantity)]
        needs += [
            (m.modifier_id, f"{m.name} ({line.name})", m.quantity * line.quantity) for m in line.modifiers
        ]
        for id, name, count in needs:
            if id not in left:
                continue
            if count > left[id]:
                told = f"{name}, {left[id]} left" if left[id] else name
                gone.append(FieldProblem(f"items[{place}]", told))
            else:
                left[id] -= count
    return Conflict(
        f"Sold out: {'; '.join(dict.fromkeys(p.message for p in gone))}. "
        "Take the lines out, or fewer of them, and send the order again.",
        code="out_of_stock",
        errors=gone,
    )


def restocks(order: Order, asked: bool | None) -> bool:
    """Whether what is voided or cancelled goes back: unless cooking has begun, or as somebody says."""
    return order.status not in ("preparing", "ready") if asked is None else asked


async def give_back(tenant: Tenant, stored: StoredOrder, lines: Iterable[OrderItem]) -> Taken:
    """Give back all that these lines took, to what is still counted; the stored order's records without it."""
    ids = {line.id: line for line in lines}
    back = Taken(
        {id: count for id, count in stored.item_taken.items() if id in ids and count},
        {key: count for key, count in stored.modifier_taken.items() if key[0] in ids and count},
    )
    if back.items or back.modifiers:
        await stock_give(tenant.conn, *_by_product(back, ids.values()))
    return Taken(
        stored.item_taken | dict.fromkeys(back.items, 0),
        stored.modifier_taken | dict.fromkeys(back.modifiers, 0),
    )


def split(stored: StoredOrder, line: OrderItem, part: OrderItem) -> StoredOrder:
    """The records of what `line` took when `part` of it becomes a line of its own."""
    items, modifiers = dict(stored.item_taken), dict(stored.modifier_taken)
    taken = items.get(line.id, 0)
    items[part.id] = taken * part.quantity // line.quantity
    items[line.id] = taken - items[part.id]
    for m in line.modifiers:
        taken = modifiers.get((line.id, m.modifier_id), 0)
        modifiers[part.id, m.modifier_id] = taken * part.quantity // line.quantity
        modifiers[line.id, m.modifier_id] = taken - modifiers[part.id, m.modifier_id]
    return msgspec.structs.replace(stored, item_taken=items, modifier_taken=modifiers)
