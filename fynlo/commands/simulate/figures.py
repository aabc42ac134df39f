"""What is counted while a service is played."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from msgspec import Struct, field
from rich.table import Table as Grid

from fynlo.client import Exchange
from fynlo.commands import percentile

PLAYED = ("payments", "refunds", "voids", "splits", "merges", "transfers", "discounts", "offline")


class Figures(Struct):
    """Times in seconds, of the latest requests and events. `played` counts what the guests and the till did."""

    orders: int = 0
    lines: int = 0
    moves: int = 0
    replays: int = 0
    duplicates: int = 0
    lost: int = 0
    events: int = 0
    gaps: int = 0
    reconnects: int = 0
    open: int = 0
    played: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    requests: deque[float] = field(default_factory=lambda: deque(maxlen=5_000))
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=5_000))

    def exchanged(self, exchange: Exchange) -> None:
        self.requests.append(exchange.seconds)
        self.replays += exchange.replayed
        if exchange.status is None:
            self.refused["unreachable"] += 1
        elif exchange.code is not None:
            self.refused[exchange.code] += 1

    def lose(self) -> None:
        """An answer is dropped on purpose: it is no server that does not answer."""
        self.lost += 1
        self.refused["unreachable"] -= 1

    def grid(self, title: str) -> Grid:
        """The figures as a table."""
        grid = Grid(title=title, show_header=False, title_justify="left")
        refused = ", ".join(f"{code} {n}" for code, n in sorted(self.refused.items()) if n > 0)
        rows = (
            ("orders", f"{self.orders} ({self.open} open)"),
            ("lines", str(self.lines)),
            ("status changes", str(self.moves)),
            *((name, str(self.played[name])) for name in PLAYED),
            ("requests sent twice", str(self.duplicates)),
            ("answers lost on purpose", str(self.lost)),
            ("replays under the same key", str(self.replays)),
            ("refusals", refused or "none"),
            ("request p50 / p95", _milliseconds(self.requests)),
            ("feed latency p50 / p95", _milliseconds(self.latencies)),
            ("events seen", str(self.events)),
            ("gaps", str(self.gaps)),
            ("reconnects", str(self.reconnects)),
        )
        for name, value in rows:
            grid.add_row(name, value)
        return grid


def _milliseconds(seconds: Sequence[float]) -> str:
    shares = [percentile(seconds, share) for share in (0.5, 0.95)]
    return " / ".join("-" if value is None else f"{value * 1000:.1f} ms" for value in shares)
