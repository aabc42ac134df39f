"""`fynlo bench`: what it costs, each figure beside its floor from the same run.

These numbers are for comparing, not for boasting: machines differ and are noisy, so floor and subject take
turns over several rounds, and what is reported are medians and their ratio.
"""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import rich_click as click
import uvloop
from msgspec import Struct
from rich.console import Console
from rich.table import Table as Grid

from fynlo.commands.bench import feed, menu, orders
from fynlo.commands.bench.house import House
from fynlo.commands.bench.report import Figure


class Report(Struct):
    """What one run found."""

    bench: str
    cores: int
    machine: str
    python: str
    rounds: int
    seconds: float
    figures: list[Figure]

    def grid(self) -> Grid:
        grid = Grid("what", "figure", "floor", "ratio", title=f"{self.bench}, {self.cores} cores")
        for figure in self.figures:
            floor = f"{median(figure.floors):,.2f}" if figure.floors else ""
            ratio = f"{figure.ratio:.0%}" if figure.ratio is not None else ""
            grid.add_row(figure.name, f"{median(figure.values):,.2f} {figure.unit}", floor, ratio)
        return grid


Bench = Callable[[House, int, float], Coroutine[Any, Any, list[Figure]]]
_BENCHES: dict[str, Bench] = {"menu": menu.run, "orders": orders.run, "feed": feed.run}


@click.command()
@click.argument("what", type=click.Choice(sorted(_BENCHES)))
@click.option(
    "--json", "into", type=click.Path(dir_okay=False, path_type=Path), help="Also as JSON, into a file."
)
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(0.2, 60), default=2.0, show_default=True, help="Of each round."
)
def bench(what: str, into: Path | None, rounds: int, seconds: float) -> None:
    """Measure the menu, orders or the feed on a server, Postgres and Valkey of its own.

    Every figure stands beside a floor from the same run: a bare ASGI application on the same server that
    returns the same bytes, or pgbench running the same statements.
    """
    with tempfile.TemporaryDirectory(prefix="fynlo-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with House(Path(folder)) as house, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(house.prepare())
            figures = runner.run(_BENCHES[what](house, rounds, seconds))
    report = Report(
        what, os.cpu_count() or 1, platform.machine(), platform.python_version(), rounds, seconds, figures
    )
    if into is not None:
        into.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    Console(highlight=False).print(report.grid())
