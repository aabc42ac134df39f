"""Orders on which everything is done that moves money, in any order: after every step the sums agree."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from fynlo.db.sqlfiles import sql_directory

from .house import Database, Json, Person, line
from .money import paid, pay, refund, refunded, settle
from .wire import Order

PRICED = ("Skin-on fries", "Tenderstem broccoli", "Cola", "Nocellara olives", "Italian lager")
REFUSALS = {409, 422}


class Walk:
    """One order, and somebody who does what comes to their mind."""

    def __init__(self, by: Person, dice: random.Random, order: Order) -> None:
        self._by, self._dice, self.order = by, dice, order
        self.done: dict[str, int] = {}

    async def step(self) -> None:
        """Something that may be done, or is refused with a reason; the order is then as it is read."""
        steps: list[Callable[[], Awaitable[httpx.Response | None]]] = [
            self._add, self._void_line, self._pay, self._pay, self._pay, self._settle, self._settle, self._void,
            self._refund, self._refund, self._discount, self._charge, self._move, self._split, self._merge,
        ]  # fmt: skip
        step = self._dice.choice(steps)
        answer = await step()
        if answer is None:
            return
        assert answer.is_success or answer.status_code in REFUSALS, f"{step}: {answer.text}"
        if answer.is_success:
            self.done[step.__name__] = self.done.get(step.__name__, 0) + 1
        self.order = await self._by.read(self.order.id)
        self.check()

    async def give_all_back(self) -> None:
        """All that is due is paid, and all that was taken is given back."""
        for pending in [p for p in self.order.payments if p.state == "pending"]:
            assert (await settle(self._by, pending, "fail")).is_success
        if self.order.totals.due:
            assert (await pay(self._by, self.order, self.order.totals.due, accept_surplus=True)).is_success
        self.order = await self._by.read(self.order.id)
        for payment in self.order.payments:
            if payment.state == "captured" and payment.refunded < payment.amount:
                answer = await refund(self._by, payment, payment.amount - payment.refunded)
                assert answer.is_success, answer.text
        self.order = await self._by.read(self.order.id)
        self.check()
        assert self.order.totals.to_refund == 0

    def check(self) -> None:
        """What is true of every order, by what it shows of itself."""
        totals, payments = self.order.totals, self.order.payments
        taken = [p for p in payments if p.state == "captured"]
        given = [each for p in taken for each in p.refunds]
        assert totals.paid == sum(p.amount - p.unapplied for p in taken)
        assert totals.tips == sum(p.tip for p in taken) - sum(each.tip for each in given) >= 0
        held = sum(p.amount for p in taken) - sum(each.amount for each in given)
        assert totals.paid - totals.refunded + totals.unapplied == held >= 0
        assert 0 <= totals.to_refund <= held
        # what the guest has left here, what is still due, and what comes back: it is the price, less goodwill
        assert totals.due == 0 or totals.to_refund == totals.unapplied
        assert totals.paid + totals.due >= (0 if self.order.status == "cancelled" else totals.total)
        assert sum(b.gross for b in totals.tax_breakdown) <= totals.total
        for payment in payments:
            assert payment.refunded == sum(each.amount for each in payment.refunds) <= payment.amount
            assert payment.state == "captured" or not payment.refunds
        if self.order.checks:
            assert sum(check.due for check in self.order.checks) == totals.due

    async def _add(self) -> httpx.Response:
        items = [line(self._dice.choice(PRICED), quantity=self._dice.randint(1, 3))]
        return await self._by.post(f"/orders/{self.order.id}/items", {"items": items})

    async def _void_line(self) -> httpx.Response | None:
        items = [item for item in self.order.items if item.status == "sent"]
        if not items:
            return None
        item = self._dice.choice(items)
        body = {"reason": "x", "quantity": self._dice.randint(1, item.quantity)}
        path = f"/orders/{self.order.id}/items/{item.id}/void"
        return await self._by.post(path, body, version=self.order.version)

    async def _pay(self) -> httpx.Response:
        amount = self._dice.choice((self.order.totals.due, self._dice.randint(0, 800)))
        fields: Json = {
            "tip": self._dice.choice((0, 0, 33)),
            "state": self._dice.choice(("captured", "captured", "pending")),
            "accept_surplus": self._dice.random() < 0.3,
        }
        if self.order.checks and self._dice.random() < 0.6:
            fields["check_id"] = self._dice.choice(self.order.checks).id
        return await pay(self._by, self.order, amount, self._dice.choice(("cash", "card")), **fields)

    async def _settle(self) -> httpx.Response | None:
        pending = [p for p in self.order.payments if p.state == "pending"]
        if not pending:
            return None
        return await settle(
            self._by, self._dice.choice(pending), self._dice.choice(("capture", "capture", "fail"))
        )

    async def _void(self) -> httpx.Response | None:
        taken = [p for p in self.order.payments if p.state == "captured"]
        if not taken:
            return None
        return await settle(self._by, self._dice.choice(taken), "void", reason="x")

    async def _refund(self) -> httpx.Response | None:
        taken = [p for p in self.order.payments if p.state == "captured" and p.refunded < p.amount]
        if not taken:
            return None
        payment = self._dice.choice(taken)
        left = payment.amount - payment.refunded
        fields: Json = {}
        if self._dice.random() < 0.4:
            fields["items"] = [{"item_id": self._dice.choice(self.order.items).id, "quantity": 1}]
        return await refund(
            self._by, payment, self._dice.choice((left, self._dice.randint(1, left))), **fields
        )

    async def _discount(self) -> httpx.Response:
        terms: Any = {"percentage": str(self._dice.randint(0, 40)), "reason": "x"}
        path = f"/orders/{self.order.id}/discount"
        return await self._by.put(path, self._dice.choice((terms, None)), version=self.order.version)

    async def _charge(self) -> httpx.Response:
        terms: Any = {"amount": self._dice.randint(0, 300), "reason": "x"}
        path = f"/orders/{self.order.id}/service-charge"
        return await self._by.put(path, self._dice.choice((terms, None)), version=self.order.version)

    async def _split(self) -> httpx.Response:
        ways: Json = {"split": "equal", "ways": self._dice.randint(2, 4)}
        lines = [i.id for i in self.order.items if i.status == "sent"][:2]
        items: Json = {"split": "items", "checks": [[{"item_id": id, "share": "1/3"}] for id in lines]}
        amounts: Json = {"split": "amounts", "amounts": [self._dice.randint(1, 500) for _ in range(2)]}
        body = self._dice.choice((ways, items, amounts))
        return await self._by.post(f"/orders/{self.order.id}/checks", body, version=self.order.version)

    async def _merge(self) -> httpx.Response | None:
        """Another order, with a payment on it and perhaps something of that given back, comes to this one."""
        if self._dice.random() < 0.7:
            return None
        other = await self._by.order(line(self._dice.choice(PRICED), quantity=2), type=self.order.type)
        taken = paid(await pay(self._by, other, self._dice.randint(1, 900), accept_surplus=True))
        if self._dice.random() < 0.5:
            other = refunded(await refund(self._by, taken, self._dice.randint(1, taken.amount))).order
        else:
            other = taken.order
        body = {"order_id": other.id, "version": other.version}
        return await self._by.post(f"/orders/{self.order.id}/merge", body, version=self.order.version)

    async def _move(self) -> httpx.Response | None:
        if self._dice.random() < 0.9:
            return None
        status = self._dice.choice(("completed", "cancelled"))
        return await self._by.move(self.order, status, reason="x")


async def walk(by: Person, database: Database, seed: int, steps: int) -> dict[str, int]:
    dice = random.Random(seed)
    kind = dice.choice(("takeaway", "dine_in"))
    made = await by.order(
        line(dice.choice(PRICED), quantity=3), line(dice.choice(PRICED)), type=kind, covers=8
    )
    steps_of = Walk(by, dice, made)
    for number in range(steps):
        try:
            await steps_of.step()
        except AssertionError as problem:
            raise AssertionError(f"seed {seed}, step {number}: {problem}\n{steps_of.order}") from problem
    await steps_of.give_all_back()
    gone = {name: amount for name, amount in reversed_by(database, steps_of.order).items() if amount}
    if steps_of.order.status != "cancelled":
        sold = {"total": steps_of.order.totals.total}
        for bucket in steps_of.order.totals.tax_breakdown:
            sold |= {f"{bucket.rate} {part}": getattr(bucket, part) for part in ("net", "tax", "gross")}
        assert gone == {name: amount for name, amount in sold.items() if amount}, f"seed {seed}"
    return steps_of.done


def reversed_by(database: Database, which: Order) -> dict[str, int]:
    """What refunds reversed of the sale, by rate and in all ("total"); each is the sum of its parts."""
    gone = {"total": 0}
    for amount, other, charge, buckets in database.rows(
        "select amount, from_unapplied + returned, service_charge, tax_breakdown from refunds where order_id = %s",
        which.id,
    ):
        gross = sum(bucket["gross"] for bucket in buckets)
        assert amount == other + charge + gross
        assert all(bucket["net"] + bucket["tax"] == bucket["gross"] for bucket in buckets)
        gone["total"] += charge + gross
        for bucket in buckets:
            for part in ("net", "tax", "gross"):
                name = f"{bucket['rate']} {part}"
                gone[name] = gone.get(name, 0) + bucket[part]
    return gone


def faults(database: Database) -> list[tuple[Any, ...]]:
    """The sums that disagree, of all orders."""
    return database.rows((sql_directory() / "ops" / "sums.sql").read_text(encoding="utf-8"))


async def test_whatever_is_done_the_sums_agree(manager: Person, database: Database) -> None:
    done: set[str] = set()
    for seed in range(8):
        done |= (await walk(manager, database, seed, 35)).keys()
    assert {"_pay", "_settle", "_void", "_refund", "_void_line", "_discount", "_split", "_merge"} <= done
    assert faults(database) == []


@pytest.mark.slow
async def test_whatever_is_done_for_long_the_sums_agree(manager: Person, database: Database) -> None:
    for seed in range(100, 160):
        await walk(manager, database, seed, 60)
    assert faults(database) == []
