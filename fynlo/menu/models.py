"""The menu as it goes out."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

OrderType = Literal["dine_in", "takeaway", "delivery"]


class Availability(Struct, frozen=True):
    state: Literal["in_stock", "out_of_stock"]


class TaxRates(Struct, frozen=True):
    """Percent, by order type."""

    dine_in: str
    takeaway: str
    delivery: str


class Category(Struct, frozen=True):
    id: UUID
    name: str
    sort_order: int


class Variant(Struct, frozen=True):
    """`price` is the whole price of the product in this variant, minor units."""

    id: UUID
    name: str
    price: int | UnsetType = UNSET


class Modifier(Struct, frozen=True):
    id: UUID
    name: str
    price: int | UnsetType
    is_default: bool
    availability: Availability


class ModifierGroup(Struct, frozen=True):
    """`max_selections` null is unlimited; quantities count."""

    id: UUID
    name: str
    min_selections: int
    max_selections: int | None
    modifiers: tuple[Modifier, ...]


class Product(Struct, frozen=True):
    """One product of the menu. Money is in minor units; absent for who may not see it."""

    id: UUID
    name: str
    description: str | None
    price: int | UnsetType
    currency: str | UnsetType
    open_price: bool
    tax_rates: TaxRates | UnsetType
    sku: str | None
    image_url: str | None
    sort_order: int
    version: int
    category: Category
    variants: tuple[Variant, ...]
    modifier_groups: tuple[ModifierGroup, ...]
    station_id: UUID | None
    availability: Availability


class MenuQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /menu. `category` is an id or a name."""

    restaurant_id: UUID
    category: Annotated[str, Meta(max_length=100, pattern=r"^[^\x00]*\Z")] | None = None
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class MenuPage(Struct, frozen=True):
    """One page with what describes it: how many products there are in all, the feed's position that it is
    known to include, and the version of the menu."""

    total: int
    epoch: UUID
    seq: int
    menu_version: int
    products: tuple[Product, ...]
