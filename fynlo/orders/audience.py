"""Orders for eyes that see no money: the kitchen's, over REST and over sockets."""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from .models import KitchenOrder


class _KitchenData(Struct, frozen=True, rename={"from_": "from"}):
    """The data of any event, without money."""

    order: KitchenOrder | UnsetType = UNSET
    from_: str | UnsetType = UNSET
    to: str | UnsetType = UNSET
    item_ids: tuple[str, ...] | UnsetType = UNSET
    menu_version: int | UnsetType = UNSET
    table: msgspec.Raw | UnsetType = UNSET
    product_id: str | UnsetType = UNSET
    modifier_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    availability: msgspec.Raw | UnsetType = UNSET


_DATA = msgspec.json.Decoder(_KitchenData)
_ORDERS = msgspec.json.Decoder(list[KitchenOrder])
_ORDER = msgspec.json.Decoder(KitchenOrder)


def event_without_money(data: str) -> bytes:
    """The data of an event as the kitchen gets it."""
    return msgspec.json.encode(_DATA.decode(data))


def order_without_money(encoded: bytes) -> bytes:
    """An encoded order as the kitchen gets it."""
    return msgspec.json.encode(_ORDER.decode(encoded))


def orders_without_money(encoded: bytes) -> bytes:
    """An encoded list of orders as the kitchen gets it."""
    return msgspec.json.encode(_ORDERS.decode(encoded))
