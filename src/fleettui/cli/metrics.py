"""`metrics`: what was counted since the host began."""

from __future__ import annotations

import click

from fleettui.cli.door import JSON, STATE, Doors, read
from fleettui.cli.printing import print_json
from fleettui.core.safe import sanitize
from fleettui.core.views.queries import ReadMetrics
from fleettui.core.views.rows import MetricRow


@click.command()
@click.option("--tenant", metavar="T", default="", help="Only this tenant.")
@STATE
@JSON
@click.pass_context
def metrics(context: click.Context, *, tenant: str, state: str, as_json: bool) -> None:
    """Print the numbers of the tenants that you see, as Prometheus reads them.

    A host that was started with FLEETTUI_METRICS=127.0.0.1:9464 serves those of all tenants on
    http://127.0.0.1:9464/metrics, to programs of this machine only.
    """
    rows: tuple[MetricRow, ...] = read(context, state, ReadMetrics(tenant=tenant))
    if as_json:
        print_json(rows)
        return
    doors: Doors = context.obj
    click.echo(sanitize(doors.exposition(rows)), nl=False)
