"""`alerts`: what monitors see that should not be."""

from __future__ import annotations

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.printing import age, print_json, print_table
from fleettui.client import Client
from fleettui.core.views.queries import ReadAlerts
from fleettui.core.views.rows import AlertRow


@click.command()
@click.argument("fleet", default="")
@STATE
@JSON
@click.pass_context
def alerts(context: click.Context, *, fleet: str, state: str, as_json: bool) -> None:
    """List the alerts of FLEET, or of all fleets, that are not over."""

    async def read(client: Client) -> tuple[AlertRow, ...]:
        rows: tuple[AlertRow, ...] = await client.read(ReadAlerts(fleet))
        return rows

    rows = ask(context, state, read)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("SEVERITY", "MONITOR", "RULE", "OF", "AGE", "TEXT"),
        [
            (row.severity, row.agent, row.rule, row.subject, age(row.at), row.text[:100])
            for row in rows
        ],
    )
