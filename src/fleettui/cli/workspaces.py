"""`workspaces`, `diff`, `merge`: where agents work, what they changed, and into which branch."""

from __future__ import annotations

from collections.abc import Sequence

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.names import find_agent
from fleettui.cli.printing import file_line, print_json, print_table, put, say
from fleettui.client import Client
from fleettui.core.commands import MergeAgent, RemoveWorkspace
from fleettui.core.errors import Refused
from fleettui.core.views.queries import ReadAgents, ReadDiff, ReadWorkspaces
from fleettui.core.views.rows import DiffRow, WorkspaceRow


@click.command()
@click.argument("fleet", required=False, default="")
@click.option(
    "--clean", is_flag=True, help="Take away the worktrees that have no work of their own."
)
@STATE
@JSON
@click.pass_context
def workspaces(
    context: click.Context, *, fleet: str, clean: bool, state: str, as_json: bool
) -> None:
    """List where agents work: the folder, its branch, and whether it has unmerged work."""

    async def act(client: Client) -> tuple[Sequence[WorkspaceRow], Sequence[str], Sequence[str]]:
        rows: Sequence[WorkspaceRow] = await client.read(ReadWorkspaces(fleet))
        if not clean:
            return rows, (), ()
        removed, kept = await _clean(client, rows)
        return await client.read(ReadWorkspaces(fleet)), removed, kept

    rows, removed, kept = ask(context, state, act)
    if as_json:
        print_json({"workspaces": rows, "removed": removed} if clean else rows)
        return
    for path in removed:
        say(f"taken away: {path}")
    for line in kept:
        say(f"kept: {line}")
    print_table(
        ("FLEET", "AGENT", "KIND", "WORK", "FILES", "BRANCH", "PATH", "NOTE"),
        [
            (
                row.fleet, row.agent, row.kind, _work(row),
                "-" if row.files is None else row.files, row.branch or "-", row.path,
                f"{'its agent is gone; ' if row.left else ''}{row.note}",
            )
            for row in rows
        ],
    )  # fmt: skip


def _work(row: WorkspaceRow) -> str:
    return "-" if row.unmerged is None else "unmerged" if row.unmerged else "none"


async def _clean(
    client: Client, rows: Sequence[WorkspaceRow]
) -> tuple[Sequence[str], Sequence[str]]:
    """Take away what has no work of its own; the host looks again and may refuse."""
    removed, kept = [], []
    for row in rows:
        if row.kind != "worktree" or row.unmerged is None:
            continue
        if row.unmerged:
            kept.append(f"{row.path} has work that is not merged")
            continue
        try:
            await client.send(RemoveWorkspace(row.fleet, row.agent))
        except Refused as refusal:
            kept.append(f"{row.path}: {refusal}")
        else:
            removed.append(row.path)
    return removed, kept


@click.command()
@click.argument("agent")
@click.option("--stat", is_flag=True, help="Only the files, with their lines.")
@STATE
@JSON
@click.pass_context
def diff(context: click.Context, *, agent: str, stat: bool, state: str, as_json: bool) -> None:
    """Show what an agent changed in its folder since it began there, or its last merge."""

    async def act(client: Client) -> DiffRow:
        row = find_agent(await client.read(ReadAgents()), agent)
        found: DiffRow = await client.read(ReadDiff(row.fleet, row.id))
        return found

    found = ask(context, state, act)
    if as_json:
        print_json(found)
        return
    if found.note:
        say(found.note)
    for file in found.files if stat else ():
        put(file_line(file))
    if not stat and found.diff:
        put(found.diff.rstrip("\n"))
    if not found.files:
        say(f"{agent} has changed nothing")


@click.command()
@click.argument("agent")
@STATE
@JSON
@click.pass_context
def merge(context: click.Context, *, agent: str, state: str, as_json: bool) -> None:
    """Take an agent's work into the branch you are on; refused where anything is in the way."""

    async def act(client: Client) -> tuple[DiffRow, str]:
        row = find_agent(await client.read(ReadAgents()), agent)
        found: DiffRow = await client.read(ReadDiff(row.fleet, row.id))
        return found, await client.send(MergeAgent(row.fleet, row.id))

    found, commit = ask(context, state, act)
    if as_json:
        print_json({"commit": commit, "files": found.files})
        return
    for file in found.files:
        put(file_line(file))
    say(f"merged the work of {agent} as {commit[:10]}")
