"""The `fynlo` command."""

from __future__ import annotations

import rich_click as click

from fynlo import __version__
from fynlo.commands.dev import dev
from fynlo.commands.feed import feed
from fynlo.commands.found import found
from fynlo.commands.serve import migrate, seed, serve
from fynlo.commands.simulate import simulate
from fynlo.commands.watch import watch


class _Commands(click.RichGroup):
    """The bench is loaded when it is asked for. It brings prometheus_client, which decides on its import whether
    the figures of several workers are added up: `serve` must have said so before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), "bench"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "bench":
            from fynlo.commands.bench import bench

            return bench
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands)
@click.version_option(__version__)
def main() -> None:
    """Fynlo: the backend of a restaurant point of sale."""


for command in (dev, serve, migrate, found, seed, simulate, watch, feed):
    main.add_command(command)
