"""The `fynlo` command."""

from __future__ import annotations

import rich_click as click

from fynlo import __version__
from fynlo.commands.bench import bench
from fynlo.commands.dev import dev
from fynlo.commands.feed import feed
from fynlo.commands.serve import migrate, seed, serve
from fynlo.commands.simulate import simulate
from fynlo.commands.watch import watch


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Fynlo: the backend of a restaurant point of sale."""


for command in (dev, serve, migrate, seed, simulate, watch, feed, bench):
    main.add_command(command)
