"""From what was asked for to lines with names, prices and totals. No I/O."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from fynlo.errors import Conflict, FieldProblem, Invalid
from fynlo.ids import uuid7
from fynlo.menu.queries import Sellable

from .models import ChargeTerms, ItemModifier, NewItem, Order, OrderItem, OrderTotals, Terms
from .money import Discount, ModifierPrice, PricedLine, ServiceCharge, TaxSettings, Totals, totals
from .rules import SelectionGroup, selection_problems

MOST = 999
AUTOMATIC = ChargeTerms()


class Stamp(Struct, frozen=True):
    """The settings an order was made under."""

    prices_include_tax: bool
    tax_rounding: Any
    tax_scope: Any
    service_charge_percentage: str | None
    service_charge_taxable: bool
    service_charge_from_covers: int | None

    def service_charge(self, terms: ChargeTerms, order_type: str, covers: int | None) -> ServiceCharge | None:
        """The charge that was set, or the one that applies by itself: to guests at a table, from so many covers on."""
        if terms.rule == "waived":
            return None
        if terms.rule == "set":
            return ServiceCharge(
                percentage=Decimal(terms.percentage) if terms.percentage is not None else None,
                amount=terms.amount,
                taxable=self.service_charge_taxable,
            )
        if self.service_charge_percentage is None or self.service_charge_from_covers is None:
            return None
        if order_type != "dine_in" or (covers or 0) < self.service_charge_from_covers:
            return None
        return ServiceCharge(
            percentage=Decimal(self.service_charge_percentage), taxable=self.service_charge_taxable
        )


def unpriced(items: Sequence[NewItem], products: Mapping[UUID, Sellable], *, status: str) -> list[OrderItem]:
    """The lines with their prices, before any total is known.

    Raises Invalid `validation_failed` for what is not on the menu or cannot be counted, Invalid
    `modifier_selection` for too few or too many modifiers, Conflict `out_of_stock` naming the lines.
    """
    unknown = [problem for place, item in enumerate(items) for problem in _unknown(place, item, products)]
    if unknown:
        raise Invalid(f"{unknown[0].field}: {unknown[0].message}", errors=unknown)
    wrong = [
        problem
        for place, item in enumerate(items)
        for problem in _selection(place, item, products[item.product_id])
    ]
    if wrong:
        raise Invalid(f"{wrong[0].field}: {wrong[0].message}", code="modifier_selection", errors=wrong)
    gone = [
        problem
        for place, item in enumerate(items)
        for problem in _sold_out(place, item, products[item.product_id])
    ]
    if gone:
        raise Conflict(
            f"Sold out: {', '.join(dict.fromkeys(p.message for p in gone))}. "
            "Take the lines out and send the order again.",
            code="out_of_stock",
            errors=gone,
        )
    return [_line(item, products[item.product_id], status) for item in items]


def _unknown(place: int, item: NewItem, products: Mapping[UUID, Sellable]) -> list[FieldProblem]:
    at = f"items[{place}]"
    product = products.get(item.product_id)
    if product is None:
        return [FieldProblem(f"{at}.product_id", "This product is not on the menu; fetch the menu again.")]
    problems = []
    if product.has_variants and item.variant_id is None:
        problems.append(FieldProblem(f"{at}.variant_id", f"{product.name} is sold by variant; choose one."))
    if item.variant_id is not None and item.variant_id not in product.variants:
        problems.append(FieldProblem(f"{at}.variant_id", f"This is no variant of {product.name}."))
    if item.open_price is not None and not product.open_price:
        problems.append(
            FieldProblem(f"{at}.open_price", f"{product.name} has a fixed price; leave this out.")
        )
    for position, chosen in enumerate(item.modifiers):
        if chosen.modifier_id not in product.modifiers:
            problems.append(
                FieldProblem(
                    f"{at}.modifiers[{position}].modifier_id",
                    f"This modifier is not offered with {product.name}.",
                )
            )
    if any(quantity > MOST for quantity in _quantities(item).values()):
        problems.append(FieldProblem(f"{at}.modifiers", f"Choose each modifier at most {MOST} times."))
    return problems


def _quantities(item: NewItem) -> dict[UUID, int]:
    chosen: dict[UUID, int] = {}
    for modifier in item.modifiers:
        chosen[modifier.modifier_id] = chosen.get(modifier.modifier_id, 0) + modifier.quantity
    return chosen


def _selection(place: int, item: NewItem, product: Sellable) -> list[FieldProblem]:
    groups = [
        SelectionGroup(
            group_id,
            group.name,
            group.min_selections,
            group.max_selections,
            frozenset(m for m, modifier in product.modifiers.items() if modifier.group_id == group_id),
        )
        for group_id, group in product.groups.items()
    ]
    return [
        FieldProblem(f"items[{place}].modifiers", f"{product.name}: {problem}")
        for problem in selection_problems(groups, _quantities(item))
    ]


def _sold_out(place: int, item: NewItem, product: Sellable) -> list[FieldProblem]:
    gone = [] if product.state != "out_of_stock" else [FieldProblem(f"items[{place}]", product.name)]
    gone += [
        FieldProblem(f"items[{place}]", f"{product.modifiers[modifier].name} ({product.name})")
        for modifier in _quantities(item)
        if product.modifiers[modifier].state == "out_of_stock"
    ]
    return gone


def _line(item: NewItem, product: Sellable, status: str) -> OrderItem:
    variant = product.variants[item.variant_id] if item.variant_id is not None else None
    price = variant.price if variant is not None else product.price
    if item.open_price is not None:
        price = item.open_price
    return OrderItem(
        id=item.id or uuid7(),
        product_id=product.id,
        variant_id=item.variant_id,
        name=product.name,
        variant_name=variant.name if variant is not None else None,
        station_id=product.station_id,
        unit_price=price,
        quantity=item.quantity,
        course=item.course,
        notes=item.notes,
        status=status,
        void_reason=None,
        modifiers=tuple(
            ItemModifier(
                modifier_id,
                product.modifiers[modifier_id].name,
                product.modifiers[modifier_id].price,
                quantity,
            )
            for modifier_id, quantity in _quantities(item).items()
        ),
        discount_terms=None,
        discount=0,
        total=0,
        net=0,
        tax_rate=f"{product.tax_rate:f}",
    )


def priced(
    items: Sequence[OrderItem],
    stamp: Stamp,
    order_type: str,
    covers: int | None,
    discount: Terms | None = None,
    charge: ChargeTerms = AUTOMATIC,
) -> tuple[tuple[OrderItem, ...], Totals]:
    """The lines with their totals, and the totals of the order; voided lines count for nothing."""
    counted = [item for item in items if item.status != "voided"]
    result = totals(
        [
            PricedLine(
                item.unit_price,
                item.quantity,
                Decimal(item.tax_rate),
                tuple(ModifierPrice(m.price, m.quantity) for m in item.modifiers),
                _discount(item.discount_terms),
            )
            for item in counted
        ],
        TaxSettings(stamp.prices_include_tax, stamp.tax_rounding, stamp.tax_scope),
        discount=_discount(discount),
        service_charge=stamp.service_charge(charge, order_type, covers),
    )
    amounts = {item.id: line for item, line in zip(counted, result.lines, strict=True)}
    return (
        tuple(
            with_amounts(item, amounts[item.id].discount, amounts[item.id].total, amounts[item.id].net)
            if item.id in amounts
            else item
            for item in items
        ),
        result,
    )


def _discount(terms: Terms | None) -> Discount | None:
    if terms is None:
        return None
    return Discount(Decimal(terms.percentage) if terms.percentage is not None else None, terms.amount)


def repriced(order: Order, stamp: Stamp) -> Order:
    """The order with the totals of its lines as they stand now; what was paid of them is the database's to say."""
    items, result = priced(
        order.items, stamp, order.type, order.covers, order.discount_terms, order.service_charge_terms
    )
    return msgspec.structs.replace(
        order,
        items=items,
        totals=msgspec.structs.replace(
            order.totals,
            subtotal=result.subtotal,
            discount=result.discount,
            service_charge=result.service_charge,
            tax=result.tax,
            total=result.total,
            tax_breakdown=result.tax_breakdown,
        ),
    )


def voided(item: OrderItem, reason: str) -> OrderItem:
    """The line as it stands on the order from then on: with what it came to by itself, counting for nothing."""
    total = item.quantity * (item.unit_price + sum(m.price * m.quantity for m in item.modifiers))
    return msgspec.structs.replace(
        item, status="voided", void_reason=reason, discount_terms=None, discount=0, total=total, net=0
    )


def with_amounts(item: OrderItem, discount: int, total: int, net: int) -> OrderItem:
    return OrderItem(
        item.id, item.product_id, item.variant_id, item.name, item.variant_name, item.station_id, item.unit_price,
        item.quantity, item.course, item.notes, item.status, item.void_reason, item.modifiers, item.discount_terms,
        discount, total, net, item.tax_rate,
    )  # fmt: skip


def unpaid(result: Totals) -> OrderTotals:
    """The totals of an order on which nothing was paid yet."""
    return OrderTotals(
        result.subtotal,
        result.discount,
        result.service_charge,
        result.tax,
        result.total,
        tips=0,
        paid=0,
        refunded=0,
        due=result.total,
        unapplied=0,
        to_refund=0,
        tax_breakdown=result.tax_breakdown,
    )
