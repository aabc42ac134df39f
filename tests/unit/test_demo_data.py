"""The demo restaurants: whole in themselves, apart from each other, and the same everywhere."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import pytest

from fynlo.demo.data import PIZZERIA, RESTAURANTS, RIVAL
from fynlo.demo.models import Restaurant
from fynlo.orders.rules import SelectionGroup, selection_problems


def ids(place: Restaurant) -> Iterator[UUID]:
    yield place.id
    for rows in (
        place.memberships,
        place.tax_classes,
        place.stations,
        place.categories,
        place.sections,
        place.tables,
    ):
        yield from (row.id for row in rows)
    for group in place.modifier_groups:
        yield group.id
        yield from (modifier.id for modifier in group.modifiers)
    for product in place.products:
        yield product.id
        yield from (variant.id for variant in product.variants)
    yield from (membership.person.id for membership in place.memberships)


def test_no_id_stands_for_two_things() -> None:
    counted = Counter(each for place in RESTAURANTS for each in ids(place))
    assert [each for each, times in counted.items() if times > 1] == []


def test_ids_never_change() -> None:
    # people's notes, tests and screenshots rest on them
    assert PIZZERIA.id == UUID("4e733818-eeef-5acb-958b-a956b58c69e5")
    assert RIVAL.id == UUID("3e8601ea-915f-5d18-9fad-09cc64e3fec2")
    assert PIZZERIA.product("Fig and gorgonzola").id == UUID("1850b2a4-c4d9-5c27-b052-60ba3267c3e1")
    assert PIZZERIA.memberships[0].person.id == UUID("5379f044-b923-54c0-a09a-e6359a9527ee")


@pytest.mark.parametrize("place", RESTAURANTS, ids=lambda place: place.name)
def test_everything_points_at_something_of_its_own_restaurant(place: Restaurant) -> None:
    assert {category.station_id for category in place.categories} <= {
        station.id for station in place.stations
    }
    assert {product.category_id for product in place.products} == {
        category.id for category in place.categories
    }
    assert {product.tax_class_id for product in place.products} == {each.id for each in place.tax_classes}
    offered = {group for product in place.products for group in product.modifier_group_ids}
    assert offered == {group.id for group in place.modifier_groups}
    assert {table.section_id for table in place.tables} == {section.id for section in place.sections}


@pytest.mark.parametrize("place", RESTAURANTS, ids=lambda place: place.name)
def test_prices_make_sense(place: Restaurant) -> None:
    for product in place.products:
        assert 100 <= product.price <= 5000, product.name
        prices = [variant.price for variant in product.variants]
        assert prices == sorted(set(prices)), product.name
        assert not prices or product.price == prices[0], product.name
    for group in place.modifier_groups:
        assert all(0 <= modifier.price <= 500 for modifier in group.modifiers), group.name


@pytest.mark.parametrize("place", RESTAURANTS, ids=lambda place: place.name)
def test_every_group_can_be_satisfied_and_its_defaults_satisfy_it(place: Restaurant) -> None:
    for group in place.modifier_groups:
        offered = SelectionGroup(
            group.id,
            group.name,
            group.min_selections,
            group.max_selections,
            frozenset(modifier.id for modifier in group.modifiers),
        )
        defaults = {modifier.id: 1 for modifier in group.modifiers if modifier.is_default}
        if defaults:
            assert selection_problems([offered], defaults) == []
        fewest = {modifier.id: 1 for modifier in group.modifiers[: group.min_selections]}
        assert selection_problems([offered], fewest) == []


def test_the_pizzeria_is_a_believable_one() -> None:
    assert (PIZZERIA.timezone, PIZZERIA.currency, PIZZERIA.prices_include_tax) == (
        "Europe/London",
        "GBP",
        True,
    )
    assert len(PIZZERIA.categories) == 10
    assert 75 <= len(PIZZERIA.products) <= 85
    assert {station.kind for station in PIZZERIA.stations} == {"station", "expo"}
    limits = {(group.min_selections, group.max_selections) for group in PIZZERIA.modifier_groups}
    assert {(0, 3), (1, 1), (0, 2), (0, None)} <= limits


def test_cold_food_is_taxed_eaten_in_and_not_taken_away() -> None:
    classes = {each.id: each for each in PIZZERIA.tax_classes}

    def rates(name: str) -> tuple[str, ...]:
        tax_class = classes[PIZZERIA.product(name).tax_class_id]
        return tuple(map(str, (tax_class.dine_in_rate, tax_class.takeaway_rate, tax_class.delivery_rate)))

    assert rates("Margherita") == rates("Gelato") == rates("Negroni") == ("20", "20", "20")
    assert rates("Caesar") == rates("Tiramisù") == rates("Burrata and figs") == ("20", "0", "0")


def test_the_logins() -> None:
    people = {
        each.person.email: (place.name, each.role) for place in RESTAURANTS for each in place.memberships
    }
    assert people == {
        "owner@demo.fynlo.test": (PIZZERIA.name, "owner"),
        "manager@demo.fynlo.test": (PIZZERIA.name, "manager"),
        "cashier@demo.fynlo.test": (PIZZERIA.name, "cashier"),
        "server@demo.fynlo.test": (PIZZERIA.name, "server"),
        "kitchen@demo.fynlo.test": (PIZZERIA.name, "kitchen"),
        "owner@rival.fynlo.test": (RIVAL.name, "owner"),
    }


def test_a_product_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        RIVAL.product("Margherita")
