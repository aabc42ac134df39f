"""Previews, changes of lines that are held, sending them, discounts and the service charge."""

from collections.abc import Callable
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from fynlo.errors import Conflict
from fynlo.http import Reply
from fynlo.tenancy import Tenant

from . import stock
from .discounting import check_limit
from .line_bodies import GivenTerms, ItemChange, OrderChange, Preview, Send
from .models import ChargeTerms, ChosenModifier, NewItem, NewOrder, Order, OrderItem, Terms
from .money import rate_label
from .pricing import unpaid, unpriced
from .quoting import ask, ask_for, is_there, quoted
from .rules import after_sending
from .stored import StoredOrder
from .work import Approve, approved, check_open, check_version, line_of, locked, reply, save


async def preview(tenant: Tenant, new: NewOrder, request_hash: bytes) -> Reply:
    """The lines and totals of the order that would be made. Raises what making it would raise.

    Counted stock is taken and let go of again: only so is it judged as it will be.
    """
    asked = await ask_for(tenant, new)
    is_there(new, asked, request_hash)
    quote = quoted(tenant, new, asked)
    if quote.sent:
        async with tenant.conn.transaction(force_rollback=True):
            await stock.take_new(tenant, asked, quote.items)
    return Reply(200, msgspec.json.encode(Preview(unpaid(quote.result), quote.items)))


async def _open(tenant: Tenant, order_id: UUID, version: int | None) -> StoredOrder:
    """The order, locked. Raises VersionConflict, and Conflict `order_closed`."""
    stored = await locked(tenant, order_id)
    check_version(stored, version)
    check_open(stored.order)
    return stored


async def _save(tenant: Tenant, stored: StoredOrder, order: Order, *, with_word: bool = True) -> Reply:
    """Raises Forbidden `approval_required` for more off than the caller may give, unless `with_word` of a manager.

    Where nothing is another the order stays at its version.
    """
    if order == stored.order:
        return reply(order)
    if not with_word:
        check_limit(stored, order, tenant.role, tenant.discount_limit_percentage)
    return await save(tenant, stored, order)


async def change_order(tenant: Tenant, order_id: UUID, asked: OrderChange, version: int | None) -> Reply:
    """Other notes, covers or customer; with the covers the service charge that applies by itself."""
    stored = await _open(tenant, order_id, version)
    given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not UNSET}
    return await _save(tenant, stored, replace(stored.order, **given))


async def change_item(
    tenant: Tenant, order_id: UUID, item_id: UUID, asked: ItemChange, version: int | None, approve: Approve
) -> Reply:
    """Another quantity, course, notes or modifiers of a held line.

    Raises NotFound, Conflict `item_sent`, `item_voided`, what `unpriced` raises, and Forbidden
    `approval_required` where a discount by amount becomes too large a part of the line.
    """
    with_word = await approved(tenant, asked.approver, approve)
    stored = await _open(tenant, order_id, version)
    line = line_of(stored.order, item_id)
    if line.status != "held":
        _not_held(line)
    changed = line
    if asked.modifiers is not UNSET and not _same(asked.modifiers, line):
        changed = await _with_modifiers(tenant, stored.order, line, asked.modifiers)
    given = {
        name: value
        for name, value in (("quantity", asked.quantity), ("course", asked.course), ("notes", asked.notes))
        if value is not UNSET
    }
    return await _save(
        tenant, stored, _with_line(stored.order, replace(changed, **given)), with_word=with_word
    )


def _not_held(line: OrderItem) -> NoReturn:
    if line.status == "voided":
        raise Conflict("This line was voided; order it again.", code="item_voided")
    raise Conflict(
        "This line was sent to the kitchen; void it, and order it again as it should be.", code="item_sent"
    )


def _chosen(modifiers: tuple[ChosenModifier, ...]) -> dict[UUID, int]:
    chosen: dict[UUID, int] = {}
    for modifier in modifiers:
        chosen[modifier.modifier_id] = chosen.get(modifier.modifier_id, 0) + modifier.quantity
    return chosen


def _same(modifiers: tuple[ChosenModifier, ...], line: OrderItem) -> bool:
    return _chosen(modifiers) == {m.modifier_id: m.quantity for m in line.modifiers}


async def _with_modifiers(
    tenant: Tenant, order: Order, line: OrderItem, modifiers: tuple[ChosenModifier, ...]
) -> OrderItem:
    """The line with modifiers as the menu has them now; what it costs without them stays."""
    wanted = NewItem(product_id=line.product_id, variant_id=line.variant_id, modifiers=modifiers)
    asked = await ask(tenant, order.type, (wanted,))
    (anew,) = unpriced((wanted,), asked.products, status=line.status)
    return replace(line, modifiers=anew.modifiers)


def _with_line(order: Order, line: OrderItem) -> Order:
    return replace(order, items=tuple(line if item.id == line.id else item for item in order.items))


async def send(tenant: Tenant, order_id: UUID, asked: Send, version: int | None) -> Reply:
    """Held lines to the kitchen. Raises Conflict `nothing_to_send`, `out_of_stock`."""
    stored = await _open(tenant, order_id, version)
    order = stored.order
    fired = {
        place: item
        for place, item in enumerate(order.items)
        if item.status == "held" and asked.course in (None, item.course)
    }
    if not fired:
        of_course = "" if asked.course is None else f" of course {asked.course}"
        raise Conflict(f"Nothing{of_course} is held; all of it was sent before.", code="nothing_to_send")
    took = await stock.take(tenant, fired)
    items = tuple(
        replace(item, status="sent") if place in fired else item for place, item in enumerate(order.items)
    )
    return await save(
        tenant,
        stored,
        replace(order, items=items, status=after_sending(order.status)),
        item_taken=stored.item_taken | took.items,
        modifier_taken=stored.modifier_taken | took.modifiers,
    )


def _terms(given: GivenTerms | None) -> Terms | None:
    """As they are stored: a percentage in its shortest form."""
    if given is None:
        return None
    percentage = rate_label(Decimal(given.percentage)) if given.percentage is not None else None
    return Terms(percentage, given.amount, given.reason)


async def _discounted(
    tenant: Tenant,
    order_id: UUID,
    given: GivenTerms | None,
    version: int | None,
    approve: Approve,
    put: Callable[[Order, Terms | None], Order],
) -> Reply:
    with_word = await approved(tenant, given.approver if given else None, approve)
    stored = await _open(tenant, order_id, version)
    return await _save(tenant, stored, put(stored.order, _terms(given)), with_word=with_word)


async def discount_order(
    tenant: Tenant, order_id: UUID, given: GivenTerms | None, version: int | None, approve: Approve
) -> Reply:
    """Off what the lines come to after their own discounts; None takes it back."""
    return await _discounted(
        tenant, order_id, given, version, approve, lambda order, terms: replace(order, discount_terms=terms)
    )


async def discount_item(
    tenant: Tenant,
    order_id: UUID,
    item_id: UUID,
    given: GivenTerms | None,
    version: int | None,
    approve: Approve,
) -> Reply:
    """Off one line; None takes it back. Raises NotFound, Conflict `item_voided`."""

    def put(order: Order, terms: Terms | None) -> Order:
        line = line_of(order, item_id)
        if line.status == "voided":
            _not_held(line)
        return _with_line(order, replace(line, discount_terms=terms))

    return await _discounted(tenant, order_id, given, version, approve, put)


async def charge_service(
    tenant: Tenant, order_id: UUID, given: GivenTerms | None, version: int | None, approve: Approve
) -> Reply:
    """Instead of the charge that applies by itself; None: no charge at all. It needs nobody's approval; whose
    was sent is judged and noted."""
    await approved(tenant, given.approver if given else None, approve)
    stored = await _open(tenant, order_id, version)
    terms = _terms(given)
    charge = (
        ChargeTerms("waived")
        if terms is None
        else ChargeTerms("set", terms.percentage, terms.amount, terms.reason)
    )
    return await _save(tenant, stored, replace(stored.order, service_charge_terms=charge))
