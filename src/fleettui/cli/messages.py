"""`send` and `queue`: messages to agents, and what waits in the queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.names import find_receiver
from fleettui.cli.printing import age, print_json, print_table, put, say
from fleettui.client import Client
from fleettui.core.commands import (
    DropMessage,
    HoldMessage,
    MoveMessage,
    OperatorCommand,
    ReleaseMessage,
    RestoreMessage,
    RetryMessage,
    SendMessage,
)
from fleettui.core.errors import NotFound, Refused
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
    """Put a message into an agent's queue; when this returns it is on the disk.

    AGENT may be the name of several replicas: the one with the least to do gets it.
    """
    wanted = next(name for name in PRIORITIES if name == priority)

    async def put_in(client: Client) -> str:
        fleet, to = find_receiver(await client.read(ReadAgents()), agent)
        return await client.send(SendMessage(fleet, to, Payload(text), wanted))

    name = ask(context, state, put_in)
    if as_json:
        print_json({"message": name})
    else:
        put(name)


@click.command()
@click.argument("fleet", required=False, default="")
@click.option("--retry", metavar="ID", default="", help="Let a dead letter wait again.")
@click.option("--hold", metavar="ID", default="", help="Keep a message from being delivered.")
@click.option("--release", metavar="ID", default="", help="Let a held message be delivered.")
@click.option("--drop", metavar="ID", default="", help="Take a message out.")
@click.option("--restore", metavar="ID", default="", help="Put back what was dropped.")
@click.option("--move", metavar="ID", default="", help="Put a message last, or where is said.")
@click.option("--priority", type=click.Choice(get_args(Priority)), help="With --move: its line.")
@click.option("--first", is_flag=True, help="With --move: before all in its line.")
@STATE
@JSON
@click.pass_context
def queue(
    context: click.Context, *, fleet: str, retry: str, hold: str, release: str, drop: str,
    restore: str, move: str, priority: str | None, first: bool, state: str, as_json: bool,
) -> None:  # fmt: skip
    """List the messages that wait, in order of delivery; dead letters last."""
    if (priority or first) and not move:
        raise click.UsageError("--priority and --first go with --move ID")
    changes: dict[str, tuple[str, Callable[[MessageRow], OperatorCommand], str]] = {
        "retry": (retry, lambda row: RetryMessage(row.fleet, row.id), "waits again"),
        "hold": (hold, lambda row: HoldMessage(row.fleet, row.id), "is held"),
        "release": (release, lambda row: ReleaseMessage(row.fleet, row.id), "is released"),
        "drop": (drop, lambda row: DropMessage(row.fleet, row.id), "dropped"),
        "move": (move, lambda row: _moved(row, priority, first=first), "moved"),
    }
    wanted = [one for one in changes.values() if one[0]]
    if len(wanted) + bool(restore) > 1:
        raise click.UsageError("one change at a time")

    async def act(client: Client) -> tuple[MessageRow, ...]:
        rows: tuple[MessageRow, ...] = await client.read(ReadQueue(fleet))
        for name, change, done in wanted:
            row = _found(rows, name)
            await client.send(change(row))
            say(f"{row.id} {done}")
        if restore:
            where = restore.rpartition("/")[0] or fleet
            if not where:
                raise Refused(f"'{restore}' names no fleet", "give the whole id, as FLEET/12")
            name = f"{where}/{restore.rpartition('/')[2]}"
            await client.send(RestoreMessage(where, name))
            say(f"{name} is restored")
        return await client.read(ReadQueue(fleet)) if wanted or restore else rows

    rows = ask(context, state, act)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("ID", "PRIORITY", "FROM", "TO", "STATE", "TRIES", "AGE", "TEXT"),
        [
            (
                row.id, row.priority, row.sender, row.to,
                f"held by {row.held_by}" if row.held_by else row.status,
                row.tries, age(row.at), row.text[:60],
            )
            for row in rows
        ],
    )  # fmt: skip


def _moved(row: MessageRow, priority: str | None, *, first: bool) -> MoveMessage:
    line = next((name for name in PRIORITIES if name == priority), row.priority)
    return MoveMessage(row.fleet, row.id, line, first)


def _found(rows: tuple[MessageRow, ...], wanted: str) -> MessageRow:
    """Give the message of an id, or of its number; raises NotFound."""
    found = [row for row in rows if wanted in {row.id, row.id.rsplit("/", 1)[-1]}]
    if len(found) != 1:
        raise NotFound(f"no message, or several, fit '{wanted}'", "fleettui queue lists them")
    return found[0]
