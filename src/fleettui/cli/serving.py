"""`fleettui serve`: a host without a screen that takes messages to flows."""

from __future__ import annotations

import click

from fleettui.cli.door import STATE, Doors, state_of
from fleettui.core.errors import FleettuiError


@click.command()
@click.option("--config", metavar="FILE", default="", help="A file of kind DaemonConfig.")
@click.option(
    "--flows-dir", metavar="DIR", default="", help="The folder of flows (default: the config's)."
)
@STATE
@click.pass_context
def serve(context: click.Context, *, config: str, flows_dir: str, state: str) -> None:
    """Serve flows in the foreground until Ctrl-C or SIGTERM; others attach with --state.

    What happens is told on standard error, a line each. A file of flows with errors is told, its
    last good version stays, and the others are served.
    """
    doors: Doors = context.obj
    trouble = doors.serve(state_of(context, state), config, flows_dir)
    if trouble:
        raise FleettuiError(trouble)
