"""Changing lines, discounts and the service charge, moving and splitting: the part of `ApiClient` that is about it.

All of it takes the order as the caller has seen it, and raises ProblemError `version_conflict`, with the order as it is
under `current`, where it has changed since. POSTs are tried again under their key; a PUT or a PATCH is sent once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import UNSET, Struct, UnsetType

from fynlo.client.calls import Calls
from fynlo.client.orders import Choice, Order
from fynlo.client.payments import Approver, CheckItem


class _OrderChange(Struct):
    notes: str | UnsetType | None
    covers: int | UnsetType | None
    customer_name: str | UnsetType | None


class _ItemChange(Struct):
    quantity: int | UnsetType
    course: int | UnsetType
    notes: str | UnsetType | None
    modifiers: tuple[Choice, ...] | UnsetType
    approver: Approver | UnsetType = UNSET


class _Send(Struct, omit_defaults=True):
    course: int | None = None


class _Void(Struct, omit_defaults=True):
    reason: str
    quantity: int | None = None
    restock: bool | None = None
    approver: Approver | None = None


class _Terms(Struct, omit_defaults=True):
    reason: str
    percentage: str | None = None
    amount: int | None = None
    approver: Approver | None = None


class _Transfer(Struct):
    table_id: str | None


class _Merge(Struct, omit_defaults=True):
    order_id: str
    version: int
    approver: Approver | None = None


class _Equal(Struct, tag_field="split", tag="equal"):
    ways: int


class _ByItems(Struct, tag_field="split", tag="items"):
    checks: tuple[tuple[CheckItem, ...], ...]


class _ByAmounts(Struct, tag_field="split", tag="amounts"):
    amounts: tuple[int, ...]


class ChangeCalls(Calls):
    """Each answers with the whole order."""

    async def change_order(
        self,
        order: Order,
        *,
        notes: str | UnsetType | None = UNSET,
        covers: int | UnsetType | None = UNSET,
        customer_name: str | UnsetType | None = UNSET,
    ) -> Order:
        """What is left out stays, None clears."""
        return await self._change("PATCH", order, "", _OrderChange(notes, covers, customer_name))

    async def change_item(
        self,
        order: Order,
        item_id: str,
        *,
        quantity: int | UnsetType = UNSET,
        course: int | UnsetType = UNSET,
        notes: str | UnsetType | None = UNSET,
        modifiers: Iterable[Choice] | UnsetType = UNSET,
        approver: Approver | None = None,
    ) -> Order:
        """Changes a line that is held; `modifiers` are all that it has from then on. Raises `item_sent`, and
        `approval_required` where that leaves more off than this person may give."""
        chosen = UNSET if isinstance(modifiers, UnsetType) else tuple(modifiers)
        change = _ItemChange(quantity, course, notes, chosen, UNSET if approver is None else approver)
        return await self._change("PATCH", order, f"/items/{item_id}", change)

    async def send(
        self, order: Order, *, course: int | None = None, idempotency_key: str | None = None
    ) -> Order:
        """Sends what is held to the kitchen, all of it or one course. Raises `nothing_to_send`, `out_of_stock`."""
        return await self._change("POST", order, "/send", _Send(course), idempotency_key)

    async def void_item(
        self,
        order: Order,
        item_id: str,
        reason: str,
        *,
        quantity: int | None = None,
        restock: bool | None = None,
        approver: Approver | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Voids a line or so many of it. What it took from counted stock comes back unless cooking has begun;
        `restock` overrides. Raises `approval_required` where this person may not alone."""
        body = _Void(reason, quantity, restock, approver)
        return await self._change("POST", order, f"/items/{item_id}/void", body, idempotency_key)

    async def discount(
        self,
        order: Order,
        reason: str = "",
        *,
        percentage: str | None = None,
        amount: int | None = None,
        item_id: str | None = None,
        approver: Approver | None = None,
    ) -> Order:
        """Takes a percentage or an amount off the order or off one line; with neither, what was taken off is due
        again. Raises `approval_required` where it is more than this person may give."""
        clears = percentage is None and amount is None
        terms = None if clears else _Terms(reason, percentage, amount, approver)
        path = "/discount" if item_id is None else f"/items/{item_id}/discount"
        return await self._change("PUT", order, path, terms)

    async def service_charge(
        self, order: Order, reason: str = "", *, percentage: str | None = None, amount: int | None = None
    ) -> Order:
        """Sets the service charge; with neither a percentage nor an amount it is waived."""
        waives = percentage is None and amount is None
        terms = None if waives else _Terms(reason, percentage, amount)
        return await self._change("PUT", order, "/service-charge", terms)

    async def transfer(
        self, order: Order, table_id: str | None, *, idempotency_key: str | None = None
    ) -> Order:
        """Moves it to another table, None: to none. Raises `table_occupied`."""
        return await self._change("POST", order, "/transfer", _Transfer(table_id), idempotency_key)

    async def merge(
        self,
        order: Order,
        other: Order,
        *,
        approver: Approver | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Moves the lines and payments of `other` to this one; `other` is merged then."""
        body = _Merge(other.id, other.version, approver)
        return await self._change("POST", order, "/merge", body, idempotency_key)

    async def split_equally(self, order: Order, ways: int, *, idempotency_key: str | None = None) -> Order:
        """Splits what is due in so many `checks`, to the penny."""
        return await self._change("POST", order, "/checks", _Equal(ways), idempotency_key)

    async def split_by_items(
        self, order: Order, checks: Iterable[Sequence[CheckItem]], *, idempotency_key: str | None = None
    ) -> Order:
        """A check for each list of lines and parts of lines; the rest falls on a remainder check."""
        body = _ByItems(tuple(tuple(parts) for parts in checks))
        return await self._change("POST", order, "/checks", body, idempotency_key)

    async def split_by_amounts(
        self, order: Order, amounts: Iterable[int], *, idempotency_key: str | None = None
    ) -> Order:
        """A check of each amount; what is due beyond them falls on a remainder check."""
        return await self._change("POST", order, "/checks", _ByAmounts(tuple(amounts)), idempotency_key)
