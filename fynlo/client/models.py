"""What the server says, typed; orders have a module of their own.

Money is an integer in minor units of the `currency` beside it, percentages are decimal strings ("12.5"),
times are aware datetimes. Ids are strings to hand back unchanged. Fields that the server adds later are
ignored. A role that may not see money (kitchen) gets orders and menus without it: those fields are None then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Position(Struct, frozen=True):
    """A place in a restaurant's feed: everything up to `seq` of `epoch` is known.

    Written `epoch:seq`, as in the header Fynlo-Feed. The epoch changes when a database is restored; numbers
    of different epochs have nothing to do with each other.
    """

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Reads `epoch:seq`; raises ValueError for anything else."""
        epoch, _, seq = text.rpartition(":")
        if not epoch or not (seq.isascii() and seq.isdigit()):
            raise ValueError(f"{text!r} is not a feed position: write EPOCH:SEQ")
        return cls(epoch, int(seq))


class Snapshot(Struct, Generic[T], frozen=True):
    """A list and the feed position it is known to include.

    `position` is where a feed should begin to miss nothing after this; None where the server named none.
    `total` counts what there is on all pages, for lists in pages.
    """

    items: list[T]
    position: Position | None = None
    total: int | None = None


class User(Struct, frozen=True):
    """A person who logs in, or a device that was paired; devices have no address."""

    id: str
    email: str | None
    name: str


class Membership(Struct, frozen=True):
    """A restaurant that a person works for. `permissions` (such as "orders.write") come with `me` only."""

    id: str
    name: str
    role: str
    permissions: tuple[str, ...] = ()


class Login(Struct, frozen=True):
    """A session's tokens and whose they are. `expires_in` seconds is how long the access token lives."""

    access_token: str
    expires_in: float
    refresh_token: str
    user: User | None = None
    restaurants: tuple[Membership, ...] = ()


class Me(Struct, frozen=True):
    """Who the token belongs to, and what they may do where."""

    user: User
    restaurants: tuple[Membership, ...] = ()
    session_id: str | None = None


class Restaurant(Struct, frozen=True):
    """A restaurant and its settings; None for what this role is not told."""

    id: str
    name: str
    role: str | None = None
    timezone: str | None = None
    currency: str | None = None
    day_cutoff: str | None = None
    prices_include_tax: bool | None = None
    tax_rounding: str | None = None
    tax_scope: str | None = None


class AlertAfter(Struct, frozen=True):
    """The age in seconds at which a ticket is getting late, and is late."""

    warn: int
    late: int


class Station(Struct, frozen=True):
    """Where the kitchen makes things; `expo` is where what is made comes together."""

    id: str
    restaurant_id: str
    name: str
    kind: Literal["station", "expo"]
    alert_after_s: AlertAfter
    sort_order: int = 0


class Availability(Struct, frozen=True):
    """`state` in_stock, counted (`quantity` left) or out_of_stock (`until` when, if known)."""

    state: str = "in_stock"
    quantity: int | None = None
    until: datetime | None = None

    @property
    def orderable(self) -> bool:
        return self.state == "in_stock" or (self.state == "counted" and (self.quantity or 0) > 0)


class Stocked(Struct, frozen=True):
    """A product or modifier with what is left of it."""

    id: str
    availability: Availability


class StockChange(Struct, frozen=True):
    """`data` of inventory.out_of_stock, inventory.low_stock and inventory.in_stock, for `Event.decode`: of a product or
    of a modifier."""

    name: str
    availability: Availability
    product_id: str | None = None
    modifier_id: str | None = None
    menu_version: int | None = None


class Category(Struct, frozen=True):
    """A heading of the menu."""

    id: str
    name: str
    sort_order: int = 0


class Variant(Struct, frozen=True):
    """A size or kind of a product; `price` is its whole price."""

    id: str
    name: str
    price: int | None = None


class Modifier(Struct, frozen=True):
    """Something to add to one unit of a product, for `price` each."""

    id: str
    name: str
    price: int | None = None
    is_default: bool = False
    availability: Availability = Availability()


class ModifierGroup(Struct, frozen=True):
    """What to choose from: at least `min_selections`, at most `max_selections` (None: no limit) a unit."""

    id: str
    name: str
    min_selections: int = 0
    max_selections: int | None = None
    modifiers: tuple[Modifier, ...] = ()


class Product(Struct, frozen=True):
    """On the menu. One with `variants` is ordered by variant; with `open_price` the till names the price."""

    id: str
    name: str
    category: Category
    description: str | None = None
    price: int | None = None
    currency: str | None = None
    open_price: bool = False
    tax_rates: dict[str, str] = {}
    sku: str | None = None
    image_url: str | None = None
    sort_order: int = 0
    version: int = 1
    variants: tuple[Variant, ...] = ()
    modifier_groups: tuple[ModifierGroup, ...] = ()
    station_id: str | None = None
    availability: Availability = Availability()


class Table(Struct, frozen=True):
    """Where guests sit; `status` available, occupied (by `order_id`), reserved or cleaning."""

    id: str
    name: str
    seats: int | None = None
    section_id: str | None = None
    status: str = "available"
    order_id: str | None = None


class AuditEntry(Struct, frozen=True):
    """Who did what. `actor` is None where somebody worked in the database itself; `before` and `after` hold
    what changed and nothing else."""

    id: str
    at: datetime
    action: str
    entity_id: str | None = None
    actor: str | None = None
    actor_name: str | None = None
    approver: str | None = None
    device_id: str | None = None
    address: str | None = None
    request_id: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
