"""`memory`: what fleets remember together."""

from __future__ import annotations

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.printing import age, print_json, print_table, say
from fleettui.client import Client
from fleettui.core.commands import ForgetEntry
from fleettui.core.errors import Ambiguous, NotFound
from fleettui.core.views.queries import ReadMemory
from fleettui.core.views.rows import MemoryRow


@click.command()
@click.argument("fleet", default="")
@click.option("--forget", metavar="KEY", default="", help="Take this entry out.")
@STATE
@JSON
@click.pass_context
def memory(context: click.Context, *, fleet: str, forget: str, state: str, as_json: bool) -> None:
    """List the entries of the shared memory of FLEET, or of all fleets."""

    async def act(client: Client) -> tuple[MemoryRow, ...]:
        rows: tuple[MemoryRow, ...] = await client.read(ReadMemory(fleet))
        if forget:
            await client.send(ForgetEntry(_fleet_of(rows, forget), forget))
            rows = await client.read(ReadMemory(fleet))
        return rows

    rows = ask(context, state, act)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("KEY", "FLEET", "BY", "AGE", "BYTES", "VALUE"),
        [
            (row.key, row.fleet, row.agent, age(row.at), row.size, row.value.split("\n")[0][:60])
            for row in rows
        ],
    )
    if forget:
        say(f"forgotten: {forget}")


def _fleet_of(rows: tuple[MemoryRow, ...], key: str) -> str:
    fleets = [row.fleet for row in rows if row.key == key]
    if not fleets:
        raise NotFound(f"nothing is remembered under '{key}'", "fleettui memory lists the keys")
    if len(fleets) > 1:
        raise Ambiguous(f"several fleets remember '{key}'", f"name one: {', '.join(fleets)}")
    return fleets[0]
