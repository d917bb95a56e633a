"""`checkpoint`, `checkpoints`, `rollback`: points in an agent's history, and the way back."""

from __future__ import annotations

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.names import find_agent
from fleettui.cli.printing import age, money, print_json, print_table, put, say
from fleettui.client import Client
from fleettui.core.commands import MakeCheckpoint, RollBack
from fleettui.core.views.queries import PreviewRollback, ReadAgents, ReadCheckpoints
from fleettui.core.views.rows import CheckpointRow, RollbackPreview


@click.command()
@click.argument("agent")
@click.option("--why", default="by hand", help="A word for the list.")
@STATE
@JSON
@click.pass_context
def checkpoint(context: click.Context, *, agent: str, why: str, state: str, as_json: bool) -> None:
    """Mark this point of an agent's history."""

    async def mark(client: Client) -> str:
        row = find_agent(await client.read(ReadAgents()), agent)
        return await client.send(MakeCheckpoint(row.fleet, row.id, why))

    name = ask(context, state, mark)
    if as_json:
        print_json({"checkpoint": name})
    else:
        put(name)


@click.command()
@click.argument("agent")
@STATE
@JSON
@click.pass_context
def checkpoints(context: click.Context, *, agent: str, state: str, as_json: bool) -> None:
    """List the points an agent can be taken back to, newest first."""

    async def read(client: Client) -> tuple[CheckpointRow, ...]:
        row = find_agent(await client.read(ReadAgents()), agent)
        rows: tuple[CheckpointRow, ...] = await client.read(ReadCheckpoints(row.fleet, row.id))
        return rows

    rows = ask(context, state, read)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("ID", "AGE", "ENTRIES SINCE", "TOKENS SINCE", "COST SINCE", "WHY"),
        [(row.id, age(row.at), row.entries, row.tokens, money(row.cost), row.why) for row in rows],
    )


@click.command()
@click.argument("agent")
@click.option("--to", "target", metavar="ID", required=True, help="The checkpoint to go back to.")
@click.option("--preview", is_flag=True, help="Only say what would change.")
@STATE
@JSON
@click.pass_context
def rollback(
    context: click.Context, *, agent: str, target: str, preview: bool, state: str, as_json: bool
) -> None:
    """Take an agent's transcript and memory back; the checkpoint made first undoes it."""

    async def act(client: Client) -> tuple[RollbackPreview, str]:
        row = find_agent(await client.read(ReadAgents()), agent)
        shown: RollbackPreview = await client.read(PreviewRollback(row.fleet, row.id, target))
        undo = "" if preview else await client.send(RollBack(row.fleet, row.id, shown.checkpoint))
        return shown, undo

    shown, undo = ask(context, state, act)
    if as_json:
        print_json({"preview": shown, "undo": undo})
        return
    for head, lines in (
        ("votes reopened", shown.votes),
        ("messages", shown.messages),
        ("approvals voided", shown.approvals),
        ("CANNOT be undone", shown.cannot_undo),
    ):
        for line in lines:
            put(f"{head}: {line}")
    if shown.entries >= 0:
        put(f"transcript entries taken back: {shown.entries}")
    else:
        put(f"transcript entries given back: {-shown.entries}")
    if undo:
        say(f"{shown.agent} is back at {shown.checkpoint}")
        say(f"undo it with: fleettui rollback {agent} --to {undo}")
