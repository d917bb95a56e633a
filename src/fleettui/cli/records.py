"""`votes`, `runs`, `log`, `events`, `report`: what the record says."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click
import msgspec

from fleettui.cli.door import JSON, STATE, ask, read
from fleettui.cli.names import find_agent, find_fleet
from fleettui.cli.printing import clock, print_json, print_table, put
from fleettui.client import Client
from fleettui.core.events import Recorded
from fleettui.core.safe import sanitize
from fleettui.core.views.queries import (
    ReadAgents,
    ReadBallots,
    ReadEvents,
    ReadFleets,
    ReadLog,
    ReadReport,
    ReadRun,
    ReadRuns,
)
from fleettui.core.views.rows import BallotRow, LogRow, RunReport, RunRow

_PAGE = 1000


@click.command()
@click.argument("fleet", required=False, default="")
@STATE
@JSON
@click.pass_context
def votes(context: click.Context, *, fleet: str, state: str, as_json: bool) -> None:
    """Show the ballots, newest first, with every vote."""
    rows: tuple[BallotRow, ...] = read(context, state, ReadBallots(fleet))
    if as_json:
        print_json(rows)
        return
    for ballot in rows:
        outcome = "open"
        if ballot.verdict is not None:
            reached = ballot.verdict.verdict if ballot.verdict.reached else "not reached"
            outcome = f"{reached}: {ballot.verdict.reason}"
        put(f"{ballot.id} {ballot.question} ({ballot.algorithm}): {outcome}")
        for vote in ballot.votes:
            sure = "" if vote.confidence is None else f" {vote.confidence:.2f}"
            said = vote.verdict or vote.state
            put(f"  {vote.agent} (weight {vote.weight:g}): {said}{sure} {vote.reason}")


@click.command()
@click.argument("fleet", required=False, default="")
@STATE
@JSON
@click.pass_context
def runs(context: click.Context, *, fleet: str, state: str, as_json: bool) -> None:
    """List the runs, newest first."""
    rows: tuple[RunRow, ...] = read(context, state, ReadRuns(fleet))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("RUN", "STATE", "VERDICT", "FINDINGS", "STARTED", "BY", "TASK"),
        [
            (
                row.id, row.state, row.verdict.verdict if row.verdict else "-", row.findings,
                clock(row.started), row.by, row.task[:60],
            )
            for row in rows
        ],
    )  # fmt: skip


@click.command()
@click.argument("agent")
@click.option("--lines", default=500, show_default=True, help="How many lines at the most.")
@click.option("--full", is_flag=True, help="Show large texts whole.")
@STATE
@JSON
@click.pass_context
def log(
    context: click.Context, *, agent: str, lines: int, full: bool, state: str, as_json: bool
) -> None:
    """Show an agent's log, oldest line first."""

    async def fetch(client: Client) -> tuple[LogRow, ...]:
        row = find_agent(await client.read(ReadAgents()), agent)
        rows: tuple[LogRow, ...] = await client.read(ReadLog(row.fleet, row.id, lines, full))
        return rows

    rows = ask(context, state, fetch)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        first, *rest = str(sanitize(row.text)).split("\n")
        click.echo(f"{clock(row.at)} {row.kind:<7} {first}".rstrip())
        for line in rest:
            click.echo(f"{'':16} {line}".rstrip())


@click.command()
@click.argument("fleet", required=False, default="")
@click.option("--after", default=0, help="Only events with a number above this one.")
@click.option("--follow", is_flag=True, help="Go on with what happens from now on.")
@STATE
@JSON
@click.pass_context
def events(
    context: click.Context, *, fleet: str, after: int, follow: bool, state: str, as_json: bool
) -> None:
    """Print the events of a fleet, one JSON object a line."""
    del as_json  # They are JSON anyway.

    async def stream(client: Client) -> None:
        name = find_fleet(await client.read(ReadFleets()), fleet).id
        last = after
        async with client.watch(name) as watch:
            while True:
                while page := await client.read(ReadEvents(name, last, _PAGE)):
                    _print_events(page)
                    last = page[-1].seq
                if not follow:
                    return
                await watch.take()

    ask(context, state, stream)


def _print_events(page: Sequence[Recorded]) -> None:
    for recorded in page:
        click.echo(json.dumps(msgspec.to_builtins(recorded), ensure_ascii=True))
    sys.stdout.flush()


@click.command()
@click.argument("run", required=False, default="")
@STATE
@JSON
@click.pass_context
def report(context: click.Context, *, run: str, state: str, as_json: bool) -> None:
    """Print the report of a run, or of the newest, as Markdown."""

    async def fetch(client: Client) -> tuple[RunReport, str]:
        whole: RunReport = await client.read(ReadRun(run=run))
        text: str = await client.read(ReadReport(run=whole.run))
        return whole, text

    whole, text = ask(context, state, fetch)
    if as_json:
        print_json({"run": whole.run, "path": whole.report, "markdown": text})
    else:
        put(text)
