"""`ps`, and what an operator does to one agent or a whole fleet: start, pause, resume, stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import click

from fleettui.cli.door import JSON, STATE, ask, read
from fleettui.cli.names import find_agent, find_fleet
from fleettui.cli.printing import age, money, print_json, print_table, say
from fleettui.client import Client
from fleettui.core.commands import MoveAgent, StopFleet
from fleettui.core.errors import Ambiguous
from fleettui.core.views.queries import ReadAgents, ReadFleets, ReadWorkspaces
from fleettui.core.views.rows import AgentRow, WorkspaceRow

Verb = Literal["start", "pause", "resume", "stop", "restart", "remove"]


@click.command()
@click.argument("fleet", required=False, default="")
@STATE
@JSON
@click.pass_context
def ps(context: click.Context, *, fleet: str, state: str, as_json: bool) -> None:
    """List the agents of a fleet or of all, those that need you first."""
    rows: tuple[AgentRow, ...] = read(context, state, ReadAgents(fleet))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("STATE", "FLEET", "AGENT", "STEP", "TOKENS", "COST", "SINCE", "MODEL"),
        [
            (
                row.status, row.fleet, row.id, _step(row), row.input_tokens + row.output_tokens,
                money(row.cost) if row.model or row.cost else "-", age(row.since), row.model,
            )
            for row in rows
        ],
    )  # fmt: skip


def _step(row: AgentRow) -> str:
    missing = f" (without {', '.join(row.missing_tools)})" if row.missing_tools else ""
    return (row.trouble or row.step)[:60] + missing


def _move(context: click.Context, state: str, name: str, verb: Verb, *, as_json: bool) -> None:
    async def move(client: Client) -> AgentRow:
        agent = find_agent(await client.read(ReadAgents()), name)
        await client.send(MoveAgent(agent.fleet, agent.id, verb))
        return find_agent(await client.read(ReadAgents(agent.fleet)), agent.id)

    async def remove(client: Client) -> AgentRow:
        agent = find_agent(await client.read(ReadAgents()), name)
        await client.send(MoveAgent(agent.fleet, agent.id, "remove"))
        return agent

    async def act(client: Client) -> tuple[AgentRow, Sequence[WorkspaceRow]]:
        if verb != "remove":
            return await move(client), ()
        row = await remove(client)
        return row, await _unmerged(client, row.fleet, row.id)

    row, kept = ask(context, state, act)
    if as_json:
        print_json(row)
        return
    say(f"{row.fleet}/{row.id}: {'removed' if verb == 'remove' else row.status}")
    _say_kept(kept)


def _mover(verb: Verb, text: str) -> click.Command:
    @click.command(verb, help=text)
    @click.argument("agent")
    @STATE
    @JSON
    @click.pass_context
    def command(context: click.Context, *, agent: str, state: str, as_json: bool) -> None:
        _move(context, state, agent, verb, as_json=as_json)

    return command


start = _mover("start", "Start an agent that is stopped or failed.")
pause = _mover("pause", "Pause an agent at its next safe point; its messages wait.")
resume = _mover("resume", "Let a paused agent go on exactly where it was.")
restart = _mover("restart", "Stop an agent at once and start it again.")
remove = _mover("remove", "Take a stopped agent out of its fleet.")


@click.command()
@click.argument("name", required=False, default="")
@STATE
@JSON
@click.pass_context
def stop(context: click.Context, *, name: str, state: str, as_json: bool) -> None:
    """Stop the fleet or the agent NAME at a safe point; without NAME, the only fleet."""

    async def end(client: Client) -> tuple[str, str]:
        fleets = await client.read(ReadFleets())
        agents = [
            row
            for row in await client.read(ReadAgents())
            if name in {row.id, f"{row.fleet}/{row.id}"}
        ]
        named = [row for row in fleets if row.id == name]
        if named and agents:
            raise Ambiguous(
                f"'{name}' is a fleet and an agent", f"name the agent: {agents[0].fleet}/{name}"
            )
        if name and not named and agents:
            agent = find_agent(agents, name)
            await client.send(MoveAgent(agent.fleet, agent.id, "stop"))
            return "agent", f"{agent.fleet}/{agent.id}"
        fleet = find_fleet(fleets, name)
        await client.send(StopFleet(fleet.id))
        return "fleet", fleet.id

    async def told(client: Client) -> tuple[str, str, Sequence[WorkspaceRow]]:
        kind, ended = await end(client)
        fleet, _, agent = ended.partition("/") if kind == "agent" else (ended, "", "")
        return kind, ended, await _unmerged(client, fleet, agent)

    kind, ended, kept = ask(context, state, told)
    if as_json:
        print_json({"stopped": kind, "id": ended, "kept": [row.path for row in kept]})
        return
    say(f"{kind} {ended} stops at a safe point; its record stays")
    _say_kept(kept)


async def _unmerged(client: Client, fleet: str, agent: str = "") -> Sequence[WorkspaceRow]:
    """Give the worktrees with work that nobody merged."""
    rows: Sequence[WorkspaceRow] = await client.read(ReadWorkspaces(fleet))
    return [row for row in rows if row.unmerged and agent in {"", row.agent}]


def _say_kept(rows: Sequence[WorkspaceRow]) -> None:
    for row in rows:
        say(f"the work of {row.agent} is not merged and stays: {row.path} (branch {row.branch})")
