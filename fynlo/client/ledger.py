"""The proof that a feed told everything, once and in order; for soak tests of an installation."""

from __future__ import annotations

import asyncio
from collections import Counter

from fynlo.client.events import Event, Resync
from fynlo.client.orders import Order

TOGETHER = {
    "order.items_added",
    "order.item_voided",
    "order.status_changed",
    "order.cancelled",
    "order.completed",
}
"""What one change can be at once, in an event each with the same version of the order."""


class Ledger:
    """What was written, and what one feed showed of it.

    Call `wrote` with each order that a write answered and `saw` with each event, wait for `settled` under a
    time limit, and ask for the `verdict`.
    """

    def __init__(self) -> None:
        self.orders: set[str] = set()
        self.changes = 0
        self.problems: list[str] = []
        self._last_seq: int | None = None
        self._created: Counter[str] = Counter()
        self._versions: dict[str, list[int]] = {}
        self._kinds: dict[str, set[str]] = {}
        self._missing: set[tuple[str, int]] = set()
        self._complete = asyncio.Event()
        self._complete.set()

    def wrote(self, order: Order) -> None:
        """The server answered that the order is in this version now."""
        self.orders.add(order.id)
        self.changes += 1
        if order.version not in self._versions.get(order.id, ()):
            self._missing.add((order.id, order.version))
            self._complete.clear()

    def saw(self, event: Event) -> None:
        """The feed showed something, of this service or of another writer."""
        if self._last_seq is not None and event.seq <= self._last_seq:
            self.problems.append(f"event {event.seq} came after {self._last_seq}")
        self._last_seq = event.seq
        order = event.order
        if order is None or not event.type.startswith("order."):
            return
        versions = self._versions.setdefault(order.id, [])
        kinds = self._kinds.setdefault(order.id, set())
        newest = versions[-1] if versions else 0
        together = {*kinds, event.type} <= TOGETHER and event.type not in kinds
        if order.version < newest or (order.version == newest and not together):
            self.problems.append(f"order {order.id}: version {order.version} came after {newest}")
        if order.version != newest:
            kinds.clear()
        kinds.add(event.type)
        if event.type == "order.created":
            self._created[order.id] += 1
            if versions:
                self.problems.append(f"order {order.id}: created after it had changed")
        versions.append(order.version)
        self._missing.discard((order.id, order.version))
        if not self._missing:
            self._complete.set()

    def lost(self, resync: Resync) -> None:
        """The feed said that it could not tell everything."""
        self.problems.append(f"events were lost before {resync.position} ({resync.reason})")

    async def settled(self) -> None:
        """Returns when the feed has shown all that was written."""
        await self._complete.wait()

    def verdict(self) -> list[str]:
        """What is wrong; nothing if each order was seen created once, and each change once in order."""
        never = [
            f"order {order}: version {version} was never seen" for order, version in sorted(self._missing)
        ]
        counts = [
            f"order {order}: seen created {self._created[order]} times"
            for order in sorted(self.orders)
            if self._created[order] != 1
        ]
        return [*self.problems, *counts, *never]
