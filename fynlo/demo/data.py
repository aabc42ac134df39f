"""The demo restaurants, with the same ids on every machine: `PIZZERIA` and `RIVAL`."""

from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from uuid import UUID, uuid5

from . import drinks, food, rival
from .models import (
    Category,
    Choices,
    Dish,
    Membership,
    Modifier,
    ModifierGroup,
    Page,
    Product,
    Restaurant,
    Role,
    Section,
    Station,
    Table,
    TaxClass,
    User,
    Variant,
)

PASSWORD = "fynlo-demo"  # noqa: S105
"""Everybody's, in both restaurants."""

NAMESPACE = UUID("6f0f8a52-3c1e-4c55-9d0c-66796e6c6f21")


def demo_id(*path: str) -> UUID:
    """The id of a demo row: name-based (RFC 9562, version 5) on where it stands, so no two seeds differ."""
    return uuid5(NAMESPACE, "/".join(path))


def _tax_class(place: str, name: str, dine_in: str, takeaway: str, delivery: str) -> TaxClass:
    rates = Decimal(dine_in), Decimal(takeaway), Decimal(delivery)
    return TaxClass(demo_id(place, "tax class", name), name, *rates)


def _staff(place: str, *people: tuple[Role, str, str]) -> tuple[Membership, ...]:
    return tuple(
        Membership(demo_id(place, "membership", email), User(demo_id("user", email), email, name), role)
        for role, email, name in people
    )


def _stations(
    place: str, warnings: dict[str, tuple[int, int]], expo: str | None = None
) -> tuple[Station, ...]:
    return tuple(
        Station(
            demo_id(place, "station", name),
            name,
            "expo" if name == expo else "station",
            warn,
            late,
            sort_order,
        )
        for sort_order, (name, (warn, late)) in enumerate(warnings.items(), 1)
    )


def _modifier_group(place: str, group: Choices) -> ModifierGroup:
    modifiers = tuple(
        Modifier(
            demo_id(place, "modifier", group.name, choice.name),
            choice.name,
            choice.price,
            choice.is_default,
            sort_order,
        )
        for sort_order, choice in enumerate(group.choices, 1)
    )
    return ModifierGroup(
        demo_id(place, "modifier group", group.name), group.name, group.least, group.most, modifiers
    )


def _product(place: str, page: Page, dish: Dish, sort_order: int) -> Product:
    sizes = dish.price if isinstance(dish.price, dict) else {}
    variants = tuple(
        Variant(demo_id(place, "variant", dish.name, size), size, price, position)
        for position, (size, price) in enumerate(sizes.items(), 1)
    )
    return Product(
        demo_id(place, "product", dish.name),
        demo_id(place, "category", page.name),
        demo_id(place, "tax class", dish.tax or page.tax),
        dish.name,
        dish.description,
        dish.price if isinstance(dish.price, int) else min(sizes.values()),
        sort_order,
        variants,
        tuple(demo_id(place, "modifier group", group) for group in dish.groups),
    )


def _categories(place: str, pages: Sequence[Page]) -> tuple[Category, ...]:
    return tuple(
        Category(
            demo_id(place, "category", page.name),
            page.name,
            sort_order,
            demo_id(place, "station", page.station),
        )
        for sort_order, page in enumerate(pages, 1)
    )


def _products(place: str, pages: Sequence[Page]) -> tuple[Product, ...]:
    return tuple(
        _product(place, page, dish, sort_order)
        for page in pages
        for sort_order, dish in enumerate(page.dishes, 1)
    )


def _floor(place: str, seats: dict[str, dict[str, int]]) -> tuple[tuple[Section, ...], tuple[Table, ...]]:
    sections = tuple(
        Section(demo_id(place, "section", name), name, sort_order) for sort_order, name in enumerate(seats, 1)
    )
    # a row of tables for each section, on a plan in centimetres
    named = [
        (section, name, number, place_in_row)
        for section in sections
        for place_in_row, (name, number) in enumerate(seats[section.name].items(), 1)
    ]
    tables = tuple(
        Table(
            demo_id(place, "table", name),
            section.id,
            name,
            number,
            sort_order,
            position_x=200 * place_in_row,
            position_y=250 * section.sort_order,
        )
        for sort_order, (section, name, number, place_in_row) in enumerate(named, 1)
    )
    return sections, tables


def _pizzeria() -> Restaurant:
    place = "pizzeria"
    pages, groups = (*food.PAGES, *drinks.PAGES), (*food.GROUPS, *drinks.GROUPS)
    sections, tables = _floor(
        place,
        {
            "Front": {"1": 2, "2": 2, "3": 2, "4": 4, "5": 4, "6": 4, "7": 6},
            "Terrace": {"T1": 2, "T2": 2, "T3": 4, "T4": 4, "T5": 4},
            "Back": {"20": 4, "21": 4, "22": 4, "23": 6, "24": 8, "25": 10},
        },
    )
    return Restaurant(
        id=demo_id(place),
        name="Forno & Fig",
        timezone="Europe/London",
        currency="GBP",
        day_cutoff=time(4),
        prices_include_tax=True,
        tax_rounding="half_up",
        tax_scope="bucket",
        service_charge_percentage=Decimal("12.5"),
        service_charge_taxable=False,
        service_charge_from_covers=6,
        memberships=_staff(
            place,
            ("owner", "owner@demo.fynlo.test", "Olivia Marchetti"),
            ("manager", "manager@demo.fynlo.test", "Marcus Adeyemi"),
            ("cashier", "cashier@demo.fynlo.test", "Chloe Bennett"),
            ("server", "server@demo.fynlo.test", "Sam Okafor"),
            ("kitchen", "kitchen@demo.fynlo.test", "Kasia Nowak"),
        ),
        # VAT Notice 709/1: eaten in, or hot, is standard-rated; most cold food taken away is zero-rated
        tax_classes=(
            _tax_class(place, food.STANDARD, "20", "20", "20"),
            _tax_class(place, food.COLD, "20", "0", "0"),
        ),
        stations=_stations(
            place,
            {"Pizza oven": (480, 900), "Kitchen": (600, 1200), "Bar": (240, 480), "Pass": (900, 1500)},
            expo="Pass",
        ),
        categories=_categories(place, pages),
        modifier_groups=tuple(_modifier_group(place, group) for group in groups),
        products=_products(place, pages),
        sections=sections,
        tables=tables,
    )


def _rival() -> Restaurant:
    place = "rival"
    sections, tables = _floor(place, {"Counter": {"1": 2, "2": 2, "3": 4, "4": 4}})
    return Restaurant(
        id=demo_id(place),
        name="Rival Burgers",
        timezone="Europe/London",
        currency="GBP",
        day_cutoff=time(4),
        prices_include_tax=True,
        tax_rounding="half_up",
        tax_scope="bucket",
        service_charge_percentage=None,
        service_charge_taxable=False,
        service_charge_from_covers=None,
        memberships=_staff(place, ("owner", "owner@rival.fynlo.test", "Rhys Calloway")),
        tax_classes=(_tax_class(place, "Standard", "20", "20", "20"),),
        stations=_stations(place, {"Grill": (480, 900), "Bar": (240, 480)}),
        categories=_categories(place, rival.PAGES),
        modifier_groups=tuple(_modifier_group(place, group) for group in rival.GROUPS),
        products=_products(place, rival.PAGES),
        sections=sections,
        tables=tables,
    )


PIZZERIA = _pizzeria()
RIVAL = _rival()
RESTAURANTS = (PIZZERIA, RIVAL)
