"""The menu as it goes out, and what may be said of what is left."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from fynlo.times import Time

OrderType = Literal["dine_in", "takeaway", "delivery"]


AvailabilityState = Literal["in_stock", "counted", "out_of_stock"]


class Availability(Struct, frozen=True):
    """`quantity` is how many are left of what is counted; at `until` it is simply in stock again. Counted with nothing
    left is out_of_stock with the quantity 0."""

    state: AvailabilityState
    quantity: int | UnsetType = UNSET
    until: Time | UnsetType = UNSET


class NewAvailability(Struct, frozen=True, forbid_unknown_fields=True):
    """PUT of an availability. `quantity` with counted, and only then; `until`, with counted or out_of_stock, is when it
    is simply in stock again. From `low_stock_at` left on, screens are warned; null: never, left out: as it is."""

    state: AvailabilityState
    quantity: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    until: Time | None = None
    low_stock_at: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType | None = UNSET


class Stocked(Struct, frozen=True):
    """A product or a modifier with its availability; `low_stock_at` is from how many left on screens are warned."""

    id: UUID
    name: str
    availability: Availability
    low_stock_at: int | None


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


class Modifier(Struct, frozen=True, kw_only=True):
    """`price` is of one, in minor units; absent for who may not see money."""

    id: UUID
    name: str
    price: int | UnsetType = UNSET
    is_default: bool
    availability: Availability


class ModifierGroup(Struct, frozen=True):
    """`max_selections` null is unlimited; quantities count."""

    id: UUID
    name: str
    min_selections: int
    max_selections: int | None
    modifiers: tuple[Modifier, ...]


class Product(Struct, frozen=True, kw_only=True):
    """One product of the menu. Money is in minor units; absent for who may not see it."""

    id: UUID
    name: str
    description: str | None
    price: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    open_price: bool
    tax_rates: TaxRates | UnsetType = UNSET
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
    category: (
        Annotated[str, Meta(max_length=100, pattern=r"^[^\x00]*\Z", description="its id or its name")] | None
    ) = None
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
