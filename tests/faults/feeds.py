"""The Python client under the same judge: what its `on("event")` was told is the record."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fynlo.client import Connected, Disconnected, Event, Feed, Position, Resync, Stopped, TokenSource
from fynlo.demo.data import PIZZERIA
from tests.live.house import House, Json

from .oracle import PATIENCE_S, Place, Record, log_of, snapshot, verdict


class Follower:
    """A feed and its record.

    One that is `impatient` comes back 50 ms after each break, not after a second. One that is `forgetful` does
    not know where it was: a control.
    """

    def __init__(
        self,
        feed: Feed,
        start: Place,
        picture: dict[str, Json],
        *,
        impatient: bool = False,
        forgetful: bool = False,
    ) -> None:
        self.feed = feed
        self.record = Record(start, picture=dict(picture))
        self.told: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._impatient = impatient
        self._forgetful = forgetful
        feed.on("event", self._event)
        feed.on("resync", self._resync)
        for kind in ("connected", "disconnected", "stopped"):
            feed.on(kind, self._tell)

    def _event(self, event: Event) -> None:
        # The client hides which event came before on the connection: the record then asks whether all came.
        _, last = self.record.place
        told = {"seq": event.seq, "prev_seq": last, "data": event.decode(dict)}
        self.record.take(event.position.epoch, told, last)

    def _resync(self, notice: Resync) -> None:
        self.record.problems.append(f"resync: {notice.reason}")

    def _tell(self, notice: Connected | Disconnected | Stopped) -> None:
        self.told[type(notice).__name__] += 1
        if isinstance(notice, Disconnected):
            self.reasons[notice.reason] += 1
            if self._forgetful:
                self.feed._delivery.cursor.position = None
            if self._impatient:
                asyncio.get_running_loop().call_later(0.05, self.feed.online)


@asynccontextmanager
async def followers(
    house: House, tokens: TokenSource, urls: Sequence[str], count: int, **habits: bool
) -> AsyncIterator[list[Follower]]:
    """So many, connected, beginning with a snapshot; each stays with one of the servers."""
    start, orders = await snapshot(house)
    async with AsyncExitStack() as stack:
        made = []
        for n in range(count):
            feed = Feed(urls[n % len(urls)], str(PIZZERIA.id), tokens, position=Position(*start))
            await stack.enter_async_context(feed)
            made.append(Follower(feed, start, orders, **habits))
        await asyncio.gather(*(follower.feed.connect() for follower in made))
        yield made


async def judge_feeds(
    house: House,
    followed: Iterable[Follower],
    *,
    control: Iterable[Follower] = (),
    within_s: float = PATIENCE_S,
) -> int:
    """As `judge` does; how many events each was told."""
    followed, control = list(followed), list(control)
    everybody = (*followed, *control)
    deadline = time.monotonic() + within_s
    log = await log_of(house)
    while any(follower.record.place != log[-1] for follower in everybody):
        places = [follower.record.place for follower in everybody]
        assert time.monotonic() < deadline, f"the log ends at {log[-1]}, they are at {places}"
        await asyncio.sleep(0.2)
        # A request that its client has given up on may still commit: read again until it is at rest.
        log = await log_of(house)
    _, orders = await snapshot(house)
    for follower in followed:
        assert verdict(follower.record, log, orders) == []
    for follower in control:
        assert verdict(follower.record, log, orders) != [], "the control has missed nothing"
    return max((len(follower.record.seen) for follower in followed), default=0)
