"""Taking money and giving it back, and what is told of an order afterwards: the part of `ApiClient` about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any

import httpx
from msgspec import Struct

from fynlo.client.answers import read
from fynlo.client.calls import Calls
from fynlo.client.orders import Order
from fynlo.client.payments import Approver, NewPayment, NewRefund, Payment, Refund


class PaymentOnOrder(Payment, frozen=True, kw_only=True):
    """A payment, and its order as it is with it."""

    order: Order


class RefundOnOrder(Refund, frozen=True, kw_only=True):
    """A refund, the payment it is of, and the order as it is with it."""

    payment: Payment
    order: Order


class Named(Struct, frozen=True):
    """A person or a device; without a name where it is not known any more."""

    id: str
    name: str | None = None


class Act(Struct, frozen=True):
    """What one request did to an order; `actor` is None for what was done in the database itself, `approver` is who
    gave their word for it, where somebody did.

    `order(id, at_seq=seq)` is the order as it then was. `changes` is None where the state before is no longer kept.
    """

    seq: int
    version: int
    types: tuple[str, ...]
    at: datetime
    actor: Named | None = None
    approver: Named | None = None
    device: Named | None = None
    request_id: str | None = None
    changes: tuple[dict[str, Any], ...] | None = None


class _Capture(Struct, omit_defaults=True):
    reference: str | None = None


class _Failure(Struct, omit_defaults=True):
    reason: str | None = None


class _Void(Struct, omit_defaults=True):
    reason: str
    approver: Approver | None = None


class PaymentCalls(Calls):
    """Each writing method makes one Idempotency-Key and keeps it over its tries."""

    async def pay(
        self, order_id: str, payment: NewPayment, *, idempotency_key: str | None = None
    ) -> PaymentOnOrder:
        """Takes a payment, whatever the order's version. Raises `overpayment` and `order_closed`, neither with
        `accept_surplus`."""
        path = f"/orders/{order_id}/payments"
        return read(await self._post(path, payment, idempotency_key), PaymentOnOrder)

    async def capture(
        self, payment_id: str, reference: str | None = None, *, idempotency_key: str | None = None
    ) -> PaymentOnOrder:
        """The terminal has moved the money of a pending payment. Raises `invalid_payment_state`."""
        return await self._settle(payment_id, "capture", _Capture(reference), idempotency_key)

    async def fail_payment(
        self, payment_id: str, reason: str | None = None, *, idempotency_key: str | None = None
    ) -> PaymentOnOrder:
        """The terminal has moved none: what was reserved is due again. Raises `invalid_payment_state`."""
        return await self._settle(payment_id, "fail", _Failure(reason), idempotency_key)

    async def void_payment(
        self,
        payment_id: str,
        reason: str,
        *,
        approver: Approver | None = None,
        idempotency_key: str | None = None,
    ) -> PaymentOnOrder:
        """It was the wrong tender: the order is due again. Raises `payment_refunded`, and `payment_reported` once it
        stands in a Z."""
        return await self._settle(payment_id, "void", _Void(reason, approver), idempotency_key)

    async def refund(
        self, payment_id: str, refund: NewRefund, *, idempotency_key: str | None = None
    ) -> RefundOnOrder:
        """Gives money of a payment back. Raises `refund_exceeds_payment`."""
        path = f"/payments/{payment_id}/refunds"
        return read(await self._post(path, refund, idempotency_key), RefundOnOrder)

    async def payment(self, payment_id: str) -> Payment:
        """A payment as it is now."""
        return read(await self._ask("GET", f"/payments/{payment_id}"), Payment)

    async def payments(
        self,
        restaurant_id: str,
        *,
        business_date: date | None = None,
        method: str | None = None,
        state: str | None = None,
    ) -> AsyncIterator[Payment]:
        """Payments, newest first, read page by page as you go on."""
        asked = {
            "restaurant_id": restaurant_id,
            "business_date": business_date.isoformat() if business_date else None,
            "method": method,
            "state": state,
            "limit": "100",
        }
        query = httpx.QueryParams({name: value for name, value in asked.items() if value is not None})
        async for page in self._linked("/payments", query):
            for payment in read(page, list[Payment]):
                yield payment

    async def receipt(self, order_id: str, *, check_id: str | None = None) -> dict[str, Any]:
        """What a guest is given, of the order or of one of its checks, as the JSON of the contract."""
        params = {} if check_id is None else {"check_id": check_id}
        return read(await self._ask("GET", f"/orders/{order_id}/receipt", params=params), dict[str, Any])

    async def receipt_text(self, order_id: str, *, check_id: str | None = None) -> str:
        """The same in lines of at most 42 columns, for a printer."""
        params = {} if check_id is None else {"check_id": check_id}
        headers = {"accept": "text/plain"}
        return (await self._ask("GET", f"/orders/{order_id}/receipt", params=params, headers=headers)).text

    async def history(self, order_id: str) -> list[Act]:
        """Who did what when, oldest first, from the log. Raises `events_gone` where none of it is kept."""
        pages = self._linked(f"/orders/{order_id}/history", httpx.QueryParams({"limit": 200}))
        return [act async for page in pages for act in read(page, list[Act])]

    async def _settle(
        self, payment_id: str, what: str, body: Struct, idempotency_key: str | None
    ) -> PaymentOnOrder:
        path = f"/payments/{payment_id}/{what}"
        return read(await self._post(path, body, idempotency_key), PaymentOnOrder)
