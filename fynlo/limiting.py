"""Too much: failed attempts at a secret, and requests beyond a rate; what the caller is told of it (429).

Attempts are counted by `limits`, in Redis for all processes together. Rates are counted in the process: a round
trip for each request would cost more than most requests, and the memory storage of `limits` starts a task to
tidy up at each. So a rate holds in each process by itself; with several of them a caller may get several times
as much.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeVar

import redis.exceptions
import structlog
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from fynlo import metrics
from fynlo.errors import TooMany
from fynlo.proxies import site

log = structlog.get_logger(__name__)

Kind = Literal["login", "pin", "pairing"]

OF_AN_ACCOUNT = RateLimitItemPerMinute(10, 15)
OF_AN_ADDRESS = RateLimitItemPerMinute(200, 15)  # over all accounts: a whole restaurant may share an address
COUNTED_WITHIN_S = 0.5
AWAY_S = 5.0  # for which Redis is not asked again once it was away
SWEEP_AT = 1_024

T = TypeVar("T")


class Limits(NamedTuple):
    """How many failures are too many: for an account from one address, from one address over all accounts, and
    for a whole restaurant. Of several windows for an account each makes who goes on wait for longer."""

    account: tuple[RateLimitItem, ...]
    address: RateLimitItem
    restaurant: RateLimitItem | None = None


LIMITS: Mapping[Kind, Limits] = {
    "login": Limits((OF_AN_ACCOUNT,), OF_AN_ADDRESS),
    # The account is a person, the address a paired device: a PIN has a million values.
    "pin": Limits(
        (RateLimitItemPerMinute(5, 1), RateLimitItemPerHour(15, 1), RateLimitItemPerDay(30, 1)),
        RateLimitItemPerMinute(30, 15),
        RateLimitItemPerMinute(100, 15),
    ),
    "pairing": Limits((OF_AN_ACCOUNT,), OF_AN_ADDRESS),
}


class _Count(NamedTuple):
    limit: RateLimitItem
    policy: str
    key: tuple[str, ...]
    detail: str


def _counts(kind: Kind, account: str, address: str, restaurant: str) -> Iterator[_Count]:
    """What a failure is counted as; the account's first."""
    limits, place = LIMITS[kind], site(address)
    for limit in limits.account:
        yield _Count(
            limit, kind, (kind, account, place), "Too many failed attempts for this account from here"
        )
    yield _Count(
        limits.address,
        f"{kind}-address",
        (f"{kind}-address", place),
        "Too many failed attempts from this address",
    )
    if limits.restaurant is not None:
        yield _Count(
            limits.restaurant,
            f"{kind}-restaurant",
            (f"{kind}-restaurant", restaurant),
            "Too many failed attempts in this restaurant",
        )


def told(policy: str, quota: int, window_s: int, left: int, until_s: int) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers-11: a quota in a window, what is left of it for how
    many seconds."""
    return {
        "RateLimit-Policy": f'"{policy}";q={quota};w={window_s}',
        "RateLimit": f'"{policy}";r={max(0, left)};t={until_s}',
    }


def _too_many(policy: str, quota: int, window_s: int, wait_s: int, detail: str) -> TooMany:
    metrics.limited.labels(policy).inc()
    return TooMany(detail, retry_after_s=wait_s, headers=told(policy, quota, window_s, 0, wait_s))


class Attempts:
    """Failed attempts at passwords, PINs and codes, as many as LIMITS has. Without Redis, and while it is away,
    each process has a count of its own.

    What succeeds is not counted, and makes up for the failures of that account from there. But who has used up
    the attempts is not let in by the right secret either: an answer that differs for it would be all that
    somebody who guesses needs.
    """

    def __init__(self, redis_url: str | None) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared: MovingWindowRateLimiter | None = None
        if redis_url is not None:
            storage = RedisStorage(f"async+{redis_url}", implementation="redispy", wrap_exceptions=False)
            self._shared = MovingWindowRateLimiter(storage)
        self._away_until = 0.0

    async def admit(self, kind: Kind, account: str, address: str, restaurant: str = "") -> None:
        """Before an attempt is judged. Raises TooMany where there were too many failures."""
        for count in _counts(kind, account, address, restaurant):
            wait_s = await self._wait_s(count.limit, *count.key)
            if wait_s is not None:
                raise _refused(count.policy, count.limit, wait_s, count.detail)

    async def failed(self, kind: Kind, account: str, address: str, restaurant: str = "") -> dict[str, str]:
        """Count a failure. Returns the header fields that say how many attempts are left."""
        for count in _counts(kind, account, address, restaurant):
            await self._count(count.limit, *count.key)
        first = next(_counts(kind, account, address, restaurant))
        window = await self._ask(lambda counts: counts.get_window_stats(first.limit, *first.key))
        return _of_attempts(kind, first.limit, window.remaining, _seconds_to(window.reset_time))

    async def succeeded(self, kind: Kind, account: str, address: str) -> None:
        """Forget the failures of this account from there."""
        key = (kind, account, site(address))
        for limit in LIMITS[kind].account:
            await self._forget(limit, *key)

    async def _forget(self, limit: RateLimitItem, *key: str) -> None:
        await self._own.clear(limit, *key)
        await self._ask(lambda counts: counts.clear(limit, *key))

    async def _wait_s(self, limit: RateLimitItem, *key: str) -> int | None:
        """How many seconds to wait for the next attempt; None where it may be made now."""
        window = await self._ask(lambda counts: counts.get_window_stats(limit, *key))
        return None if window.remaining > 0 else _seconds_to(window.reset_time)

    async def _count(self, limit: RateLimitItem, *key: str) -> None:
        """In both counts, so that the process knows of its own failures when Redis goes away."""
        await self._own.hit(limit, *key)

        async def hit(counts: MovingWindowRateLimiter) -> None:
            if counts is not self._own:
                await counts.hit(limit, *key)

        await self._ask(hit)

    async def _ask(self, what: Callable[[MovingWindowRateLimiter], Awaitable[T]]) -> T:
        """Ask the shared count; while Redis is away, that of this process."""
        if self._shared is None or time.monotonic() < self._away_until:
            return await what(self._own)
        try:
            async with asyncio.timeout(COUNTED_WITHIN_S):
                return await what(self._shared)
        except (redis.exceptions.RedisError, OSError) as exc:
            self._away_until = time.monotonic() + AWAY_S
            log.warning("redis_away", error=str(exc))
            return await what(self._own)


def all_left(kind: Kind) -> dict[str, str]:
    """The header fields of an answer to an attempt that succeeded."""
    return _of_attempts(kind, OF_AN_ACCOUNT, OF_AN_ACCOUNT.amount, OF_AN_ACCOUNT.get_expiry())


def _of_attempts(policy: str, limit: RateLimitItem, left: int, until_s: int) -> dict[str, str]:
    return told(policy, limit.amount, limit.get_expiry(), left, until_s)


def _refused(policy: str, limit: RateLimitItem, wait_s: int, what: str) -> TooMany:
    detail = f"{what}; try again in {-(-wait_s // 60)} min."
    return _too_many(policy, limit.amount, limit.get_expiry(), wait_s, detail)


def _seconds_to(moment: float) -> int:
    return max(1, math.ceil(moment - time.time()))


class Rate:
    """So many requests a second for each key, in this process (GCRA: a bucket that refills evenly). The quota of
    the whole window may come at once.

    `policy` names it to the caller, `whose` in a sentence.
    """

    __slots__ = (
        "_due", "_half_s", "_interval_s", "_most_s", "_policy", "_quota", "_sweep_at", "_whose", "_window_s",
    )  # fmt: skip

    def __init__(self, policy: str, whose: str, per_s: int, window_s: int = 1) -> None:
        self._policy = policy
        self._whose = whose
        self._quota = per_s * window_s
        self._window_s = window_s
        self._interval_s = 1 / per_s
        self._half_s = window_s / 2
        self._most_s = (
            window_s + self._interval_s / 2
        )  # what sums of floats lose is far less than half a request
        # When each key's bucket is full again, in seconds of the clock that `take` is given.
        self._due: dict[Hashable, float] = {}
        self._sweep_at = SWEEP_AT

    def take(self, key: Hashable, now: float) -> dict[str, str] | None:
        """Count a request. `now` is in seconds, by a clock that only rises.

        Returns the header fields that say how many are left, once less than half of them are, else None.
        Raises TooMany where there were too many.
        """
        due = self._due.get(key, now)
        due = (due if due > now else now) + self._interval_s
        ahead_s = due - now
        if ahead_s <= self._half_s:
            self._due[key] = due
            if len(self._due) > self._sweep_at:
                self._sweep(now)
            return None
        if ahead_s > self._most_s:
            raise self._refused(ahead_s)
        self._due[key] = due
        left = round((self._window_s - ahead_s) / self._interval_s)
        return told(self._policy, self._quota, self._window_s, left, math.ceil(ahead_s))

    def _refused(self, ahead_s: float) -> TooMany:
        wait_s = max(1, math.ceil(ahead_s - self._window_s))
        detail = f"{self._whose} sends more requests than {round(1 / self._interval_s)} a second; slow down."
        return _too_many(self._policy, self._quota, self._window_s, wait_s, detail)

    def _sweep(self, now: float) -> None:
        """A bucket that is full again needs no entry."""
        self._due = {key: due for key, due in self._due.items() if due > now}
        self._sweep_at = max(SWEEP_AT, 2 * len(self._due))
