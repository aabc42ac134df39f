"""The till: drawers, payments, tips, splits, refunds, and what it did while it was offline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from msgspec import UNSET

from fynlo.client import (
    ApiClient,
    Approver,
    Check,
    CheckItem,
    NewItem,
    NewOrder,
    NewPayment,
    NewRefund,
    Operation,
    Order,
    OrderItem,
    Payment,
    PaymentOnOrder,
    ProblemError,
    RefundedItem,
    Shift,
    Unreachable,
)

from .books import Books
from .figures import Figures

FLOAT = 10_000
PAID_IN, DROP = 2_500, 4_000
MOST_PAYMENTS = 20
NOT_MINE = ("approval_required", "forbidden")
NOTES = (500, 1_000, 2_000, 5_000)
Pause = Callable[[float], Awaitable[None]]


def tendered(amount: int, rng: Random) -> int:
    """What a guest hands over for it in cash: exactly that, or in notes."""
    note = rng.choice((1, *NOTES))
    return -(-amount // note) * note


@contextmanager
def suppress_not_mine() -> Iterator[None]:
    """What this person may not do is not done."""
    try:
        yield
    except ProblemError as error:
        if error.code not in NOT_MINE:
            raise


def sent_lines(order: Order) -> list[OrderItem]:
    return [item for item in order.items if item.status == "sent"]


class Till:
    """Takes money in one restaurant, and gives it back."""

    def __init__(
        self,
        api: ApiClient,
        restaurant_id: str,
        figures: Figures,
        books: Books,
        approver: Approver | None = None,
    ) -> None:
        self._api = api
        self.approver = approver
        self._restaurant_id = restaurant_id
        self._figures = figures
        self._books = books
        self.shift: Shift | None = None

    async def open(self) -> None:
        """Takes a drawer of its own, unless this person has one already, which then is left to them."""
        with suppress(ProblemError):
            self.shift = await self._api.open_shift(
                self._restaurant_id, f"Simulation {uuid4().hex[:8]}", FLOAT
            )
            await self._api.move_cash(self.shift.id, "paid_in", PAID_IN, "change (simulation)")

    async def change(self, order: Order, call: Callable[[Order], Awaitable[Order]]) -> Order:
        """A change of the order as it is now: once more where somebody else was faster; none where it is not for this
        person to make."""
        try:
            try:
                changed = await call(order)
            except ProblemError as error:
                if error.code in NOT_MINE:
                    return order
                if error.code != "version_conflict" or error.current is None:
                    raise
                changed = await call(error.current)
        except Unreachable:
            self._books.unsure.add(order.id)
            raise
        self._books.wrote(changed)
        return changed

    async def settle(self, order: Order, rng: Random, pause: Pause) -> Order:
        """Takes all that is due, in one or by checks, and gives back what was too much."""
        if order.totals is not None and order.totals.due >= 100 and rng.random() < 0.25:
            order = await self._split(order, rng)
        for _ in range(MOST_PAYMENTS):
            if order.totals is None or order.totals.due == 0:
                break
            check = next((check for check in order.checks or () if check.due > 0), None)
            order = await self._pay(order, check, rng, pause)
        return await self.give_back(order, "taken too much (simulation)")

    async def _split(self, order: Order, rng: Random) -> Order:
        due = order.totals.due if order.totals else 0
        lines = sent_lines(order)
        way = rng.choice(("equal", "items", "amounts"))
        self._figures.played["splits"] += 1
        if way == "items" and lines:
            line = rng.choice(lines)
            of_it = CheckItem(line.id, share="1/3") if rng.random() < 0.5 else CheckItem(line.id, quantity=1)
            return await self.change(order, lambda o: self._api.split_by_items(o, [[of_it]]))
        if way == "amounts":
            return await self.change(order, lambda o: self._api.split_by_amounts(o, [due // 3]))
        ways = rng.randint(2, 4)
        return await self.change(order, lambda o: self._api.split_equally(o, ways))

    async def _pay(self, order: Order, check: Check | None, rng: Random, pause: Pause) -> Order:
        due = check.due if check is not None else order.totals.due if order.totals else 0
        amount = due if rng.random() < 0.85 or due < 2 else rng.randint(1, due)
        tip = rng.choice((50, 100, 250)) if rng.random() < 0.3 else 0
        method = rng.choices(("cash", "card", "gift_card", "other"), (40, 45, 10, 5))[0]
        pending = method == "card" and rng.random() < 0.7
        surplus = not pending and rng.random() < 0.03
        new = NewPayment(
            method=method,  # type: ignore[arg-type] # one of the four above
            amount=amount + 100 if surplus else amount,
            tip=tip,
            tendered=tendered(amount + tip + (100 if surplus else 0), rng) if method == "cash" else UNSET,
            reference=f"T{rng.randrange(10**6):06}" if method == "card" and not pending else UNSET,
            check_id=check.id if check is not None else UNSET,
            shift_id=self.shift.id if self.shift is not None and method == "cash" else UNSET,
            state="pending" if pending else UNSET,
            accept_surplus=True if surplus else UNSET,
        )
        paid = await self._answered(order.id, lambda: self._api.pay(order.id, new))
        if pending:
            await pause(2)
            if rng.random() < 0.15:
                failed = await self._answered(
                    order.id, lambda: self._api.fail_payment(paid.id, "card declined (simulation)")
                )
                return failed.order
            paid = await self._answered(order.id, lambda: self._api.capture(paid.id, "T000001"))
        self._figures.played["payments"] += 1
        if rng.random() < 0.03:
            with suppress_not_mine():
                paid = await self._answered(
                    order.id,
                    lambda: self._api.void_payment(
                        paid.id, "wrong tender (simulation)", approver=self.approver
                    ),
                )
                self._figures.played["voids"] += 1
        return paid.order

    async def _answered(self, order_id: str, call: Callable[[], Awaitable[PaymentOnOrder]]) -> PaymentOnOrder:
        try:
            paid = await call()
        except Unreachable:
            self._books.unsure.add(order_id)
            raise
        self._books.wrote(paid.order)
        return paid

    async def give_back(self, order: Order, reason: str) -> Order:
        """Refunds what is held beyond what is owed."""
        for payment in order.payments or ():
            over = order.totals.to_refund if order.totals else 0
            left = payment.amount - payment.refunded
            if over and left > 0 and payment.state == "captured":
                order = await self.refund(order, payment, min(over, left), reason)
        return order

    async def refund(self, order: Order, payment: Payment, amount: int, reason: str, **of: Any) -> Order:
        """Gives so much of a payment back."""
        approver = UNSET if self.approver is None else self.approver
        new = NewRefund(amount=amount, reason=reason, approver=approver, **of)
        try:
            with suppress_not_mine():
                refund = await self._api.refund(payment.id, new)
                self._figures.played["refunds"] += 1
                self._books.wrote(refund.order)
                return refund.order
        except Unreachable:
            self._books.unsure.add(order.id)
            raise
        return order

    async def complain(self, order: Order, rng: Random) -> Order:
        """A guest who has paid wants some of it back: for a line, or as a gesture, with the tip or without."""
        captured = [p for p in order.payments or () if p.state == "captured" and p.amount > p.refunded]
        if not captured:
            return order
        payment = rng.choice(captured)
        left = payment.amount - payment.refunded
        line = rng.choice(sent_lines(order)) if sent_lines(order) and rng.random() < 0.5 else None
        if line is not None and line.total:
            amount = min(left, max(1, line.total // line.quantity))
            items = (RefundedItem(line.id, 1),)
            return await self.refund(order, payment, amount, "it was cold (simulation)", items=items)
        tip = payment.tip if rng.random() < 0.3 and not payment.refunds else 0
        return await self.refund(order, payment, rng.randint(1, left), "a gesture (simulation)", tip=tip)

    async def offline(self, items: tuple[NewItem, ...], rng: Random) -> None:
        """Sells a takeaway while the network is away, and sends it all when it is back, sometimes twice."""
        at = datetime.now(UTC) - timedelta(minutes=rng.randint(1, 30))
        new = NewOrder(
            restaurant_id=self._restaurant_id, id=str(uuid4()), type="takeaway", items=items, placed_at=at
        )
        total = (await self._api.preview_order(new)).totals.total  # as the till itself has it
        queue = [Operation(path="/orders", body=new)]
        if total:
            handed = tendered(total, rng)
            shift = self.shift.id if self.shift is not None else UNSET
            cash = NewPayment(
                method="cash", amount=total, tendered=handed, accept_surplus=True, shift_id=shift
            )
            queue.append(Operation(path=f"/orders/{new.id}/payments", body=cash))
        done = {"status": "completed"}
        queue.append(Operation(path=f"/orders/{new.id}/status", body=done, after=queue[-1].key))
        assert isinstance(new.id, str)
        self._books.unsure.add(new.id)  # until an answer says what became of it
        results = await self._api.batch(self._restaurant_id, queue)
        if any(result.again for result in results) or rng.random() < 0.3:
            results = await self._api.batch(self._restaurant_id, queue)
            self._figures.duplicates += 1
        for result in results:
            if not result.done:
                self._figures.refused[result.problem.code] += 1
            elif result is results[1] and total:
                self._books.wrote(result.read(PaymentOnOrder).order)
            else:
                self._books.wrote(result.order)
        if not any(result.again for result in results):
            self._books.unsure.discard(new.id)
        if results[0].done:
            self._figures.orders += 1
            self._figures.lines += len(items)
            self._figures.played["offline"] += 1
            self._figures.played["payments"] += bool(total and results[1].done)
