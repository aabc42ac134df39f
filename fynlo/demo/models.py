"""The demo data twice over: a card as a restaurateur writes it, by names, and the rows it becomes, by ids.

Prices are pence, rates and the service charge percentages; a row's field names are its columns' names.
"""

from datetime import time
from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec import Struct

# As written. Names are unique within a restaurant, for the ids are made of them.


class Choice(Struct, frozen=True):
    """A modifier as written in its group."""

    name: str
    price: int = 0
    is_default: bool = False


class Choices(Struct, frozen=True):
    """A modifier group as written; `most` None is as many as the guest likes."""

    name: str
    least: int
    most: int | None
    choices: tuple[Choice, ...]


class Dish(Struct, frozen=True):
    """A product as written: a price, or several under their variants' names. `tax` overrules its page's."""

    name: str
    price: int | dict[str, int]
    description: str | None = None
    groups: tuple[str, ...] = ()
    tax: str | None = None


class Page(Struct, frozen=True):
    """A category as written: where it is made, how it is taxed, and what stands in it."""

    name: str
    station: str
    tax: str
    dishes: tuple[Dish, ...]


# As seeded.

Role = Literal["owner", "manager", "cashier", "server", "kitchen"]


class User(Struct, frozen=True):
    id: UUID
    email: str
    name: str


class Membership(Struct, frozen=True):
    id: UUID
    person: User
    role: Role


class TaxClass(Struct, frozen=True):
    id: UUID
    name: str
    dine_in_rate: Decimal
    takeaway_rate: Decimal
    delivery_rate: Decimal


class Station(Struct, frozen=True):
    id: UUID
    name: str
    kind: Literal["station", "expo"]
    warn_after_s: int
    late_after_s: int
    sort_order: int


class Category(Struct, frozen=True):
    id: UUID
    name: str
    sort_order: int
    station_id: UUID


class Modifier(Struct, frozen=True):
    id: UUID
    name: str
    price: int
    is_default: bool
    sort_order: int


class ModifierGroup(Struct, frozen=True):
    id: UUID
    name: str
    min_selections: int
    max_selections: int | None
    modifiers: tuple[Modifier, ...]


class Variant(Struct, frozen=True):
    id: UUID
    name: str
    price: int
    sort_order: int


class Product(Struct, frozen=True):
    """`price` is the smallest variant's where there are variants."""

    id: UUID
    category_id: UUID
    tax_class_id: UUID
    name: str
    description: str | None
    price: int
    sort_order: int
    variants: tuple[Variant, ...]
    modifier_group_ids: tuple[UUID, ...]


class Section(Struct, frozen=True):
    id: UUID
    name: str
    sort_order: int


class Table(Struct, frozen=True):
    id: UUID
    section_id: UUID
    name: str
    seats: int
    sort_order: int
    position_x: int
    position_y: int


class Restaurant(Struct, frozen=True, kw_only=True):
    """A restaurant with everything that belongs to it."""

    id: UUID
    name: str
    timezone: str
    currency: str
    day_cutoff: time
    prices_include_tax: bool
    tax_rounding: Literal["half_up", "half_even"]
    tax_scope: Literal["bucket", "line"]
    service_charge_percentage: Decimal | None
    service_charge_taxable: bool
    service_charge_from_covers: int | None
    memberships: tuple[Membership, ...]
    tax_classes: tuple[TaxClass, ...]
    stations: tuple[Station, ...]
    categories: tuple[Category, ...]
    modifier_groups: tuple[ModifierGroup, ...]
    products: tuple[Product, ...]
    sections: tuple[Section, ...]
    tables: tuple[Table, ...]

    def product(self, name: str) -> Product:
        """The product of that name. Raises KeyError where there is none."""
        for product in self.products:
            if product.name == name:
                return product
        raise KeyError(name)
