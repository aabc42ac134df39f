"""Tills that send each request until it is acknowledged, and the machine under them that is shot meanwhile."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import uuid4

import httpx
import msgspec
from msgspec import Struct

from fynlo.db.embedded import EmbeddedPostgres
from fynlo.demo.data import PIZZERIA
from tests.db.till import dressed_line, plain_line
from tests.live.house import CASHIER, MANAGER, OWNER, WAITER, House, Json, eventually

from .ledger import Ledger

LINES: tuple[Json, ...] = tuple(
    {name: value for name, value in msgspec.to_builtins(line(PIZZERIA)).items() if value is not None}
    for line in (plain_line, dressed_line)
)
PEOPLE = (OWNER, MANAGER, CASHIER, WAITER)
AGAIN = {"idempotency_in_flight", "too_many_requests", "unavailable"}
REST_S, AGAIN_AFTER_S = 0.02, 0.1
ENDS_WITHIN_S = 10.0
Kill = Literal["server", "postgres", "both"]


class Sent(Struct, frozen=True):
    """A request that was acknowledged."""

    path: str
    headers: dict[str, str]
    body: Json
    answer: bytes


class Tills:
    """So many tills, each making one sale after the other: an order, lines added to it, payments, now and then
    a refund; what is paid may be completed.

    A request has a client-made id, an Idempotency-Key, or both, and is sent again, the same, until its answer is
    there. What was answered stands in the `ledger`. `forgetful` ones make orders only, and make a new one where no
    answer came.
    """

    def __init__(self, house: House, count: int, *, forgetful: bool = False) -> None:
        self.ledger = Ledger()
        self.sent: list[Sent] = []
        self.tries = 0
        self.unanswered = 0
        """Tries of which nobody knows what became: no answer came, or that there was no saying (503)."""
        self.repeated = 0
        """Requests whose work was found done when they were sent again."""
        self._house = house
        self._forgetful = forgetful
        self._ending = asyncio.Event()
        self._tasks = [asyncio.create_task(self._sell(PEOPLE[n % len(PEOPLE)])) for n in range(count)]

    async def _sell(self, email: str) -> None:
        while not self._ending.is_set():
            await self._sale(email)

    async def _sale(self, email: str) -> None:
        tag, lines = self._tag(), self._lines()
        answer = await self._post(
            email,
            "/orders",
            {"restaurant_id": str(PIZZERIA.id), "type": "takeaway", "notes": tag, "items": lines},
        )
        order = self.ledger.order(answer, tag, lines)
        if self._forgetful:
            return
        path = f"/orders/{order['id']}"
        while random.random() < 0.5:
            lines = self._lines()
            answer = await self._post(email, f"{path}/items", {"items": lines})
            order = self.ledger.more(answer, lines)
        parts = random.choice((0, 1, 2))
        for left in range(parts, 0, -1):
            amount, tip = order["totals"]["due"] // left, random.choice((0, 100))
            payment: Json = {"reference": self._tag(), "amount": amount, "tip": tip}
            payment |= random.choice(({"method": "card"}, {"method": "cash", "tendered": amount + tip + 500}))
            answer = await self._post(email, f"{path}/payments", payment)
            order = self.ledger.paid(answer, payment)
            if email in (OWNER, MANAGER) and random.random() < 0.2:
                refund: Json = {"reason": self._tag(), "amount": random.randint(1, amount)}
                answer = await self._post(email, f"/payments/{answer['id']}/refunds", refund)
                order = self.ledger.refunded(answer, refund)
        if order["totals"]["due"] == 0 and random.random() < 0.5:
            version = {"if-match": f'"{order["version"]}"'}
            self.ledger.changed(await self._post(email, f"{path}/status", {"status": "completed"}, version))

    def _tag(self) -> str:
        return f"{self.ledger.run}/{uuid4()}"

    def _lines(self) -> list[Json]:
        return [
            {**random.choice(LINES), "quantity": random.randint(1, 3), "notes": self._tag()}
            for _ in range(random.randint(1, 3))
        ]

    async def _post(self, email: str, path: str, body: Json, named: dict[str, str] | None = None) -> Json:
        """The answer to this request, however often it must be sent."""
        identity = (await self._house.session(email)).headers | (named or {})
        headers = identity | _retry_safe(path, body)
        rest_s = REST_S
        while True:
            await asyncio.sleep(random.random() * rest_s)
            rest_s = AGAIN_AFTER_S
            self.tries += 1
            try:
                answer = await self._house.rest.post(path, json=body, headers=headers)
            except httpx.TransportError:
                self.unanswered += 1
                if self._forgetful:
                    headers = identity | _retry_safe(path, body)
                continue
            if answer.is_success:
                done_before = answer.status_code == 200 and not path.endswith(("/items", "/status"))
                self.repeated += done_before or "idempotent-replayed" in answer.headers
                self.sent.append(Sent(path, headers, body, answer.content))
                found: Json = answer.json()
                return found
            assert answer.json()["code"] in AGAIN, (answer.status_code, answer.text)
            self.unanswered += answer.status_code == 503

    async def reach(self, answers: int, within_s: float = 30.0) -> None:
        """Waits until so many requests are acknowledged, from now on."""
        wanted = len(self.sent) + answers
        await eventually(
            lambda: len(self.sent) >= wanted or any(task.done() for task in self._tasks), within_s
        )
        for task in self._tasks:
            if task.done():
                task.result()

    async def end(self) -> None:
        """Ends it once each sale that was begun has been acknowledged to its end."""
        self._ending.set()
        await asyncio.gather(*self._tasks)

    async def leave(self) -> None:
        """Ends it where it stands."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def again(self, count: int) -> None:
        """Some of the acknowledged requests, sent once more, are answered byte for byte as they were."""
        kept = [sent for sent in self.sent if "idempotency-key" in sent.headers]
        for sent in random.sample(kept, min(count, len(kept))):
            answer = await self._house.rest.post(sent.path, json=sent.body, headers=sent.headers)
            assert answer.headers.get("idempotent-replayed") == "true", (sent.path, answer.text)
            assert answer.content == sent.answer


def _retry_safe(path: str, body: Json) -> dict[str, str]:
    """Gives the body ids, or returns a header with a key, or both, as the dice say."""
    by = "key" if path.endswith("/status") else random.choice(("key", "id", "key and id"))
    if "id" in by:
        for made in (*([body] if not path.endswith("/items") else []), *body.get("items", ())):
            made["id"] = str(uuid4())
    return {"idempotency-key": str(uuid4())} if "key" in by else {}


class Machine:
    """A Postgres and a server on it, which are killed with -9 and started again."""

    def __init__(self, house: House, postgres: EmbeddedPostgres) -> None:
        self.house = house
        self.postgres = postgres

    async def kill(self, what: Kill) -> None:
        """They are gone at once, together if it is both, and are started again a moment later."""
        kills: list[Callable[[], None]] = []
        starts: list[Callable[[], None]] = []
        if what != "server":
            kills.append(partial(kill_postgres, self.postgres))
            starts.append(self.postgres.start)
        if what != "postgres":
            kills.append(self.house.server.kill)
            starts.append(self.house.server.start)
        await asyncio.gather(*map(asyncio.to_thread, kills))
        await asyncio.sleep(random.random() * 0.2)
        await asyncio.gather(*map(asyncio.to_thread, starts))

    @property
    def recoveries(self) -> int:
        """How often Postgres has found on its start that it had not been shut down."""
        return self.postgres.log.read_text(errors="replace").count("automatic recovery in progress")


def kill_postgres(postgres: EmbeddedPostgres) -> None:
    """SIGKILL to the postmaster and everything that it has started, all at once, as when the power goes.

    What they had in shared memory alone is gone; what they had given to the kernel is not.
    """
    postmaster = int((postgres.data / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(postmaster, signal.SIGSTOP)  # it starts no other in place of those that die, nor asks any to go
    _await_state(postmaster, "T")
    children = [
        int(pid) for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    ]
    for pid in (*children, postmaster):
        os.kill(pid, signal.SIGKILL)
    postgres.stop("kill")
    for pid in children:
        _await_state(pid, "ZX")


def _await_state(pid: int, states: str) -> None:
    """Waits until the process is in one of these states (proc(5)), or is no more."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state in states:
            return
        time.sleep(0.005)
    raise RuntimeError(f"process {pid} is still {state}")
