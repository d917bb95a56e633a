"""`send` and `queue`: messages to agents, and what waits in the queue."""

from __future__ import annotations

from typing import get_args

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.names import find_agent
from fleettui.cli.printing import age, print_json, print_table, put, say
from fleettui.client import Client
from fleettui.core.commands import DropMessage, RetryMessage, SendMessage
from fleettui.core.errors import NotFound
from fleettui.core.model import PRIORITIES, Payload, Priority
from fleettui.core.views.queries import ReadAgents, ReadQueue
from fleettui.core.views.rows import MessageRow


@click.command()
@click.argument("agent")
@click.argument("text")
@click.option("--priority", type=click.Choice(get_args(Priority)), default="normal")
@STATE
@JSON
@click.pass_context
def send(
    context: click.Context, *, agent: str, text: str, priority: str, state: str, as_json: bool
) -> None:
    """Put a message into an agent's queue; when this returns it is on the disk."""
    wanted = next(name for name in PRIORITIES if name == priority)

    async def put_in(client: Client) -> str:
        row = find_agent(await client.read(ReadAgents()), agent)
        return await client.send(SendMessage(row.fleet, row.id, Payload(text), wanted))

    name = ask(context, state, put_in)
    if as_json:
        print_json({"message": name})
    else:
        put(name)


@click.command()
@click.argument("fleet", required=False, default="")
@click.option("--retry", metavar="ID", default="", help="Let a dead letter wait again.")
@click.option("--drop", metavar="ID", default="", help="Take a message out.")
@STATE
@JSON
@click.pass_context
def queue(
    context: click.Context, *, fleet: str, retry: str, drop: str, state: str, as_json: bool
) -> None:
    """List the messages that wait, by priority and age; dead letters last."""

    async def act(client: Client) -> tuple[MessageRow, ...]:
        rows: tuple[MessageRow, ...] = await client.read(ReadQueue(fleet))
        wanted = retry or drop
        if wanted:
            found = [row for row in rows if wanted in {row.id, row.id.rsplit("/", 1)[-1]}]
            if len(found) != 1:
                raise NotFound(
                    f"no message, or several, fit '{wanted}'", "fleettui queue lists them"
                )
            change = RetryMessage if retry else DropMessage
            await client.send(change(found[0].fleet, found[0].id))
            say(f"{found[0].id} {'waits again' if retry else 'dropped'}")
            rows = await client.read(ReadQueue(fleet))
        return rows

    rows = ask(context, state, act)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("ID", "PRIORITY", "FROM", "TO", "STATE", "TRIES", "AGE", "TEXT"),
        [
            (
                row.id, row.priority, row.sender, row.to, row.status, row.tries, age(row.at),
                row.text[:60],
            )
            for row in rows
        ],
    )  # fmt: skip
