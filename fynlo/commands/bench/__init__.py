"""`fynlo bench`: what it costs, each figure beside its floor from the same run.

These numbers are for comparing, not for boasting: machines differ and are noisy, so floor and subject take
turns over several rounds, and what is reported are medians and their ratio.
"""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
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
    load: tuple[float, float]
    """The machine's load, the average of a minute, before and after: a busy one measures itself."""
    figures: list[Figure]

    def grid(self) -> Grid:
        title = f"{self.bench}, {self.cores} cores, load {self.load[0]:.1f} to {self.load[1]:.1f}"
        grid = Grid("what", "figure", "floor", "ratio", "aim", title=title)
        for figure in self.figures:
            floor = f"{median(figure.floors):,.2f}" if figure.floors else ""
            ratio = f"{figure.ratio:.0%}" if figure.ratio is not None else ""
            grid.add_row(figure.name, f"{median(figure.values):,.2f} {figure.unit}", floor, ratio, figure.aim)
        return grid


Bench = Callable[[House, int, float], Coroutine[Any, Any, list[Figure]]]
_OPEN_FILES = 500  # of a process, besides its sockets


@click.command()
@click.argument("what", type=click.Choice(["feed", "menu", "orders"]))
@click.option(
    "--json", "into", type=click.Path(dir_okay=False, path_type=Path), help="Also as JSON, into a file."
)
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(0.2, 60), default=2.0, show_default=True, help="Of each round."
)
@click.option(
    "--part",
    "parts",
    type=click.Choice(feed.PARTS),
    multiple=True,
    help="Of the feed: only this; repeatable.",
)
@click.option(
    "--sockets", type=click.IntRange(1, 10_000), default=500, show_default=True, help="Of the feed: screens."
)
@click.option(
    "--idle",
    type=click.IntRange(1, 15_000),
    default=5_000,
    show_default=True,
    help="Of the feed: idle screens.",
)
@click.option(
    "--writers", type=click.IntRange(1, 128), multiple=True, default=(16, 64), show_default=True,
    help="Of the feed: how many commit at once; repeatable.",
)  # fmt: skip
def bench(
    what: str,
    into: Path | None,
    rounds: int,
    seconds: float,
    parts: Sequence[str],
    sockets: int,
    idle: int,
    writers: Sequence[int],
) -> None:
    """Measure the menu, orders or the feed on a server, Postgres and Valkey of its own.

    Every figure stands beside a floor from the same run: a bare ASGI application on the same server that
    returns or sends the same bytes, or pgbench running the same statements.
    """
    sizes = feed.Sizes(sockets, idle, writers, parts or feed.PARTS)
    benches: dict[str, Bench] = {
        "menu": menu.run,
        "orders": orders.run,
        "feed": partial(feed.run, sizes=sizes),
    }
    if what == "feed":
        _allow_open_files(max(sockets, idle if "idle" in sizes.parts else 0) + _OPEN_FILES)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="fynlo-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with House(Path(folder)) as house, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(house.prepare())
            figures = runner.run(benches[what](house, rounds, seconds))
    report = Report(
        bench=what,
        cores=os.cpu_count() or 1,
        machine=platform.machine(),
        python=platform.python_version(),
        rounds=rounds,
        seconds=seconds,
        load=(before, os.getloadavg()[0]),
        figures=figures,
    )
    if into is not None:
        into.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    Console(highlight=False).print(report.grid())


def _allow_open_files(wanted: int) -> None:
    """For this process and those it starts. Raises ClickException where the system allows no more."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed >= wanted:
        return
    if most != resource.RLIM_INFINITY and most < wanted:
        raise click.ClickException(
            f"so many sockets need {wanted:,} open files and {most:,} are allowed (ulimit -Hn): name fewer."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
