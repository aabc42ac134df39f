"""An order with what is not shown of it, and its checks as they are stored. No I/O."""

from uuid import UUID

from msgspec import Struct

from .models import Order
from .payment_models import CheckItem
from .pricing import Stamp


class StoredOrder(Struct, frozen=True):
    """An order with what is not shown.

    `stamp` are the settings it was made under, `request_hash` is of the request that made it, `item_hashes` of those
    that added lines (None for lines that came with the order). `returned` is the part of its refunds that gave back
    what it no longer costs. `item_positions` say where lines stand; `item_taken` and `modifier_taken`, the latter by
    line and modifier, what was taken from counted stock.
    """

    order: Order
    stamp: Stamp
    request_hash: bytes | None
    returned: int
    item_hashes: dict[UUID, bytes | None]
    item_positions: dict[UUID, int]
    item_taken: dict[UUID, int]
    modifier_taken: dict[tuple[UUID, UUID], int]


class CheckRow(Struct, frozen=True):
    """A check as order_save takes it, at its place among the checks; `replaced` by another way of splitting."""

    id: UUID
    position: int
    total: int
    items: tuple[CheckItem, ...]
    remainder: bool
    replaced: bool = False
