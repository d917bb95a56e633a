"""`checkpoint`, `checkpoints`, `rollback`, `fork`: points in an agent's history, and back."""

from __future__ import annotations

from typing import Literal

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.names import find_agent
from fleettui.cli.printing import age, file_line, money, print_json, print_table, put, say
from fleettui.client import Client
from fleettui.core.commands import ForkAgent, MakeCheckpoint, RollBack
from fleettui.core.grounds import RollbackPart
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
        ("ID", "AGE", "ENTRIES SINCE", "FILES SINCE", "TOKENS SINCE", "COST SINCE", "WHY"),
        [
            (
                row.id, age(row.at), row.entries, "-" if row.files is None else row.files,
                row.tokens, money(row.cost), f"{row.why}{_note(row)}",
            )
            for row in rows
        ],
    )  # fmt: skip


def _note(row: CheckpointRow) -> str:
    left = f"{len(row.left_out)} files left out" if row.left_out else ""
    notes = "; ".join(part for part in (row.note, left) if part)
    return f" ({notes})" if notes else ""


@click.command()
@click.argument("agent")
@click.option("--to", "target", metavar="ID", required=True, help="The checkpoint to go back to.")
@click.option("--preview", is_flag=True, help="Only say what would change.")
@click.option(
    "--only",
    type=click.Choice(["transcript", "files"]),
    help="Take only this back, instead of both.",
)
@click.option("--force", is_flag=True, help="Go over what others changed in a shared folder.")
@STATE
@JSON
@click.pass_context
def rollback(
    context: click.Context,
    *,
    agent: str,
    target: str,
    preview: bool,
    only: Literal["transcript", "files"] | None,
    force: bool,
    state: str,
    as_json: bool,
) -> None:
    """Take an agent's transcript and files back; the checkpoint made first undoes it."""
    part: RollbackPart = only or "all"

    async def act(client: Client) -> tuple[RollbackPreview, str]:
        row = find_agent(await client.read(ReadAgents()), agent)
        shown: RollbackPreview = await client.read(PreviewRollback(row.fleet, row.id, target))
        if preview:
            return shown, ""
        return shown, await client.send(RollBack(row.fleet, row.id, shown.checkpoint, part, force))

    shown, undo = ask(context, state, act)
    if as_json:
        print_json({"preview": shown, "undo": undo})
        return
    _print_preview(shown, part)
    if undo:
        say(f"{shown.agent} is back at {shown.checkpoint}")
        say(f"undo it with: fleettui rollback {agent} --to {undo}")


def _print_preview(shown: RollbackPreview, part: RollbackPart) -> None:
    for head, lines in (
        ("votes reopened", shown.votes),
        ("messages", shown.messages),
        ("approvals voided", shown.approvals),
        ("CANNOT be undone", shown.cannot_undo),
        ("changed by others", shown.foreign),
        ("not in the checkpoint", shown.left_out),
    ):
        for line in lines:
            put(f"{head}: {line}")
    if part != "files":
        way = "taken" if shown.entries >= 0 else "given"
        put(f"transcript entries {way} back: {abs(shown.entries)}")
    if part != "transcript":
        for file in shown.files:
            put(f"file: {file_line(file)}")
        put(shown.note or f"files taken back: {len(shown.files)}")


@click.command()
@click.argument("agent")
@click.option("--from", "point", metavar="ID", required=True, help="The checkpoint to begin at.")
@click.option("--name", default="", help="The new agent's name; by default AGENT-fork.")
@STATE
@JSON
@click.pass_context
def fork(
    context: click.Context, *, agent: str, point: str, name: str, state: str, as_json: bool
) -> None:
    """Begin a new agent with the transcript and the files of a checkpoint."""

    async def act(client: Client) -> tuple[str, str]:
        row = find_agent(await client.read(ReadAgents()), agent)
        return row.fleet, await client.send(ForkAgent(row.fleet, row.id, point, name))

    fleet, made = ask(context, state, act)
    if as_json:
        print_json({"fleet": fleet, "agent": made})
    else:
        say(f"{fleet}/{made} begins where {agent} was at {point}")
