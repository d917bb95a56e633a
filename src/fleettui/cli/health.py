"""`health`: how agents are."""

from __future__ import annotations

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.printing import age, print_json, print_table
from fleettui.client import Client
from fleettui.core.views.queries import ReadAgents, ReadHealth
from fleettui.core.views.rows import HealthRow

_MIB = 2**20


@click.command()
@click.argument("agent", default="")
@STATE
@JSON
@click.pass_context
def health(context: click.Context, *, agent: str, state: str, as_json: bool) -> None:
    """Show the last look at every agent, or all looks at AGENT, oldest first."""

    async def act(client: Client) -> tuple[HealthRow, ...]:
        if agent:
            looks: tuple[HealthRow, ...] = await client.read(ReadHealth(agent=agent))
            return looks
        return tuple(row.health for row in await client.read(ReadAgents()) if row.health)

    rows = ask(context, state, act)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("AGENT", "LOOKED", "IS", "PROGRAMS", "MIB", "CORES", "MODEL", "PROGRESS"),
        [
            (
                row.agent, age(row.at), row.condition, row.processes, f"{row.memory / _MIB:.0f}",
                f"{row.cpu:.2f}", "-" if row.response is None else f"{row.response:.1f}s",
                age(row.progress),
            )
            for row in rows
        ],
    )  # fmt: skip
