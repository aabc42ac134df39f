"""The golden cases of the arithmetic, ordered over HTTP from menus that the database has."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
import pytest

from fynlo.orders.money import Discount
from tests.unit.test_money import GOLDEN, GoldenCase

from .house import Database, Json, Person, order
from .wire import Order, Totals


def insert(database: Database, table: str, values: Mapping[str, Any]) -> UUID:
    names, places = ", ".join(values), ", ".join(["%s"] * len(values))
    found = database.value(f"insert into {table} ({names}) values ({places}) returning id", *values.values())
    assert isinstance(found, UUID)
    return found


def restaurant(database: Database, case: GoldenCase, owner: UUID) -> UUID:
    charge = case.settings.service_charge
    made = insert(
        database,
        "restaurants",
        {
            "name": case.name[:200],
            "currency": "GBP",
            "prices_include_tax": case.settings.prices_include_tax,
            "tax_rounding": case.settings.tax_rounding,
            "tax_scope": case.settings.tax_scope,
            "service_charge_percentage": charge.percentage if charge else None,
            "service_charge_taxable": charge.taxable if charge else False,
            "service_charge_from_covers": 1 if charge else None,
        },
    )
    insert(database, "memberships", {"restaurant_id": made, "user_id": owner, "role": "owner"})
    return made


def menu(database: Database, case: GoldenCase, place: UUID) -> list[Json]:
    """A product for each line of the case, and the lines that order them."""
    tenant = {"restaurant_id": place}
    category = insert(database, "categories", {**tenant, "name": "All"})
    lines: list[Json] = []
    for item in case.items:
        rates = dict.fromkeys(("dine_in_rate", "takeaway_rate", "delivery_rate"), item.tax_rate)
        tax_class = insert(database, "tax_classes", {**tenant, "name": "Any", **rates})
        product = insert(
            database,
            "products",
            {
                **tenant,
                "name": "Dish",
                "category_id": category,
                "tax_class_id": tax_class,
                "price": item.unit_price,
            },
        )
        chosen: list[Json] = []
        for extra in item.modifiers:
            group = insert(database, "modifier_groups", {**tenant, "name": "Extras"})
            database.run(
                "insert into product_modifier_groups (restaurant_id, product_id, group_id) values (%s, %s, %s)",
                place,
                product,
                group,
            )
            modifier = insert(
                database, "modifiers", {**tenant, "group_id": group, "name": "Extra", "price": extra.price}
            )
            chosen.append({"modifier_id": modifier, "quantity": extra.quantity})
        lines.append({"product_id": product, "quantity": item.quantity, "modifiers": chosen})
    return lines


async def discounted(by: Person, which: Order, given: Discount | None, path: str = "") -> Order:
    if given is None:
        return which
    terms = (
        {"percentage": f"{given.percentage}"} if given.percentage is not None else {"amount": given.amount}
    )
    body = {**terms, "reason": "golden"}
    return order(await by.put(f"/orders/{which.id}{path}/discount", body, version=which.version))


async def all_discounted(by: Person, which: Order, case: GoldenCase) -> Order:
    for made, item in zip(which.items, case.items, strict=True):
        which = await discounted(by, which, item.discount, f"/items/{made.id}")
    return await discounted(by, which, case.discount)


@pytest.mark.parametrize("case", GOLDEN, ids=[case.name for case in GOLDEN])
async def test_the_totals_of_an_order_are_the_golden_ones(
    manager: Person, database: Database, case: GoldenCase
) -> None:
    assert manager.signed_in is not None
    place = restaurant(database, case, manager.signed_in.user.id)
    lines = menu(database, case, place)
    body = {"restaurant_id": place, "type": "dine_in", "covers": 1, "items": lines}
    bare = order(await manager.post("/orders", body), 201)
    made = await all_discounted(manager, bare, case)
    wanted = case.expect
    assert (made.totals.subtotal, made.totals.discount) == (wanted.subtotal, wanted.discount)
    assert (made.totals.service_charge, made.totals.tax) == (wanted.service_charge, wanted.tax)
    assert (made.totals.total, made.totals.due) == (wanted.total, wanted.total)
    assert msgspec.to_builtins(made.totals.tax_breakdown) == msgspec.to_builtins(wanted.tax_breakdown)
    assert await manager.read(made.id) == made
    preview = (await manager.post("/orders/preview", body)).json()
    assert msgspec.convert(preview["totals"], Totals) == bare.totals
    if len(lines) > 1:  # the same, line by line, and with the service charge set by hand
        first = order(await manager.post("/orders", body | {"items": lines[:1], "covers": None}), 201)
        grown = order(await manager.post(f"/orders/{first.id}/items", {"items": lines[1:]}))
        if case.settings.service_charge is not None:
            charge = {"percentage": f"{case.settings.service_charge.percentage}", "reason": "golden"}
            answer = await manager.put(f"/orders/{first.id}/service-charge", charge, version=grown.version)
            grown = order(answer)
        grown = await all_discounted(manager, grown, case)
        assert grown.totals == made.totals
        assert [(i.total, i.net) for i in grown.items] == [(i.total, i.net) for i in made.items]
        assert await manager.read(first.id) == grown


def test_there_are_golden_cases_with_every_kind_of_terms() -> None:
    assert len(GOLDEN) >= 14
    assert any(case.discount for case in GOLDEN)
    assert any(item.discount for case in GOLDEN for item in case.items)
    assert any(case.settings.service_charge for case in GOLDEN)


async def test_in_the_end_no_sums_disagree(database: Database) -> None:
    assert database.faults() == []
