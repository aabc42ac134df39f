"""The `fynlo` command."""

from __future__ import annotations

from importlib import import_module

import rich_click as click

from fynlo import __version__
from fynlo.commands.dev import dev
from fynlo.commands.feed import feed
from fynlo.commands.serve import migrate, seed, serve
from fynlo.commands.simulate import simulate
from fynlo.commands.watch import watch

LATER = {"bench": "fynlo.commands.bench", "found": "fynlo.commands.found"}
"""Commands that bring prometheus_client: the module of each, which has it under its name."""


class _Commands(click.RichGroup):
    """Those that bring prometheus_client are loaded when they are asked for. It decides on its import whether
    the figures of several workers are added up: `serve` must have said so before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *LATER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in LATER:
            command: click.Command = getattr(import_module(LATER[cmd_name]), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands)
@click.version_option(__version__)
def main() -> None:
    """Fynlo: the backend of a restaurant point of sale."""


for command in (dev, serve, migrate, seed, simulate, watch, feed):
    main.add_command(command)
