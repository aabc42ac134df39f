"""What the server acknowledged, and what the feed showed of it."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from fynlo.client import Event, Order, StockChange
from fynlo.client.ledger import Ledger

COOKING = ("preparing", "ready")
"""What is voided or cancelled then does not come back to stock by itself."""


class _OfPayment(Struct):
    id: str


class _Paid(Struct):
    payment: _OfPayment


class _Refunded(Struct):
    refund: _OfPayment


class Stock:
    """What is left of what is counted, by what the order events of the feed sold and gave back."""

    def __init__(self) -> None:
        self.left: dict[str, int] = {}
        self.told: dict[str, int | None] = {}
        self._lines: dict[str, int] = {}
        self._statuses: dict[str, str] = {}

    def count(self, id: str, quantity: int) -> None:
        """It was counted, before anybody ordered of it."""
        self.left[id] = quantity
        self.told[id] = quantity

    def ordered(self, order: Order) -> None:
        """An order is like this now."""
        comes_back = self._statuses.get(order.id) not in COOKING
        for item in order.items:
            now = item.quantity if item.status == "sent" and order.status != "cancelled" else 0
            sold = now - self._lines.get(item.id, 0)
            self._lines[item.id] = now
            if sold > 0 or (sold < 0 and comes_back):
                self._take(item.product_id, sold)
                for modifier in item.modifiers:
                    self._take(modifier.modifier_id, sold * modifier.quantity)
        self._statuses[order.id] = order.status

    def changed(self, change: StockChange) -> None:
        """The feed said how much is left."""
        id = change.product_id or change.modifier_id
        if id in self.left:
            self.told[id] = change.availability.quantity

    def _take(self, id: str, quantity: int) -> None:
        if id in self.left:
            self.left[id] -= quantity


class Books:
    """Keeps the newest state in which the server acknowledged each order, and all that the feed showed.

    `unsure` are orders of which a write got no answer at all: nobody knows what became of it.
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.stock = Stock()
        self.orders: dict[str, Order] = {}
        self.merged: dict[str, str] = {}
        self.unsure: set[str] = set()
        self.shown: dict[str, tuple[int, Order]] = {}
        self.paid: Counter[str] = Counter()
        self.refunded: Counter[str] = Counter()
        self.menu_changed = False

    @property
    def problems(self) -> list[str]:
        """What was wrong already while it happened."""
        return self.ledger.problems

    def wrote(self, order: Order) -> None:
        """The server acknowledged that the order is like this."""
        known = self.orders.get(order.id)
        if known is None or known.version <= order.version:
            self.orders[order.id] = order
        self.ledger.wrote(order)

    def merge(self, other: Order, into: Order) -> None:
        """The server acknowledged that the lines and payments of `other` are those of `into`, which was told."""
        self.merged[other.id] = into.id

    def saw(self, event: Event) -> None:
        """The feed showed something."""
        self.ledger.saw(event)
        order = event.order
        if order is not None:
            self.shown[order.id] = (event.seq, order)
            self.stock.ordered(order)
        if event.type == "payment.completed":
            self.paid[event.decode(_Paid).payment.id] += 1
        elif event.type == "payment.refunded":
            self.refunded[event.decode(_Refunded).refund.id] += 1
        elif event.type == "menu.updated":
            self.menu_changed = True
        elif event.type.startswith("inventory."):
            self.stock.changed(event.decode(StockChange))

    @property
    def strangers(self) -> int:
        """How many orders the feed showed that are not this service's."""
        return len(self.shown.keys() - self.orders.keys())
