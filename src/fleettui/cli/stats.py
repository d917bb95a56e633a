"""`stats`: what a host holds and did."""

from __future__ import annotations

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.printing import print_json, put
from fleettui.client import Client
from fleettui.core.views.queries import ReadStats
from fleettui.core.views.rows import StatsRow


@click.command()
@STATE
@JSON
@click.pass_context
def stats(context: click.Context, *, state: str, as_json: bool) -> None:
    """Show how much a host holds and did, and how often an agent was built."""

    async def read(client: Client) -> StatsRow:
        row: StatsRow = await client.read(ReadStats())
        return row

    row = ask(context, state, read)
    if as_json:
        print_json(row)
        return
    for name in ("fleets", "agents", "runs", "turns", "events", "messages", "model_calls"):
        put(f"{name.replace('_', ' '):<12} {getattr(row, name):,}")
    cache = row.agent_cache
    rate = "-" if cache.hit_rate is None else f"{cache.hit_rate:.0%}"
    uses = cache.hits + cache.misses
    put(f"{'agent cache':<12} {cache.size} built, {cache.hits} hits, {rate} of {uses} uses")
