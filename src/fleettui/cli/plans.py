"""`plan`: the parts of a run, and what a person may do with them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TextIO

import click

from fleettui.cli.door import JSON, STATE, ask
from fleettui.cli.printing import age, print_json, print_table, say
from fleettui.client import Client
from fleettui.core.commands import CancelRun, EditPlan, HoldRun, OpenFleet, ReleaseRun, ResumeRun
from fleettui.core.errors import Refused
from fleettui.core.model import PlannedStep
from fleettui.core.views.queries import ReadFleets, ReadParts, ReadRun
from fleettui.core.views.rows import FleetRow, PartRow, RunReport

_VERBS: Mapping[str, type[HoldRun | ReleaseRun | ResumeRun | CancelRun]] = {
    "hold": HoldRun,
    "release": ReleaseRun,
    "resume": ResumeRun,
    "cancel": CancelRun,
}


@click.command()
@click.argument("run", default="")
@click.option("--hold", "verb", flag_value="hold", help="Let nothing new begin.")
@click.option("--release", "verb", flag_value="release", help="Let a held run go on.")
@click.option(
    "--resume",
    "verb",
    flag_value="resume",
    help="Go on with a run that failed or was cut.",
)
@click.option("--cancel", "verb", flag_value="cancel", help="End the run.")
@click.option(
    "--set", "steps", type=click.File("r"), help="Steps for those that wait: one a line, or JSON."
)
@STATE
@JSON
@click.pass_context
def plan(
    context: click.Context,
    *,
    run: str,
    verb: str | None,
    steps: TextIO | None,
    state: str,
    as_json: bool,
) -> None:
    """Show the parts of RUN (or of the newest): stages, tiers, items, steps; hold or change it."""
    wanted = None if steps is None else _steps(steps.read())

    async def act(client: Client) -> tuple[PartRow, ...]:
        report: RunReport = await client.read(ReadRun(run=run))
        if wanted is not None:
            rows: tuple[PartRow, ...] = await client.read(ReadParts(report.fleet, report.run))
            await client.send(EditPlan(report.fleet, report.run, _kept(wanted, rows)))
        if verb == "resume":
            await _open_again(client, report.fleet)
        if verb and not (verb == "resume" and report.state == "running"):
            await client.send(_VERBS[verb](report.fleet, report.run))
        now: tuple[PartRow, ...] = await client.read(ReadParts(report.fleet, report.run))
        return now

    rows = ask(context, state, act)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("PART", "KIND", "STATE", "AGENT", "AGE", "NEEDS", "WHAT"),
        [
            (
                row.name, row.kind, row.state, row.agent, age(row.started) if row.started else "",
                ", ".join(row.needs), (row.why or row.text).split("\n")[0][:60],
            )
            for row in rows
        ],
    )  # fmt: skip
    if verb:
        say(f"{verb}: done")


async def _open_again(client: Client, fleet: str) -> None:
    """Open the file of a run's fleet: it may be stopped, and its keys are in our environment."""
    rows: Sequence[FleetRow] = await client.read(ReadFleets())
    row = next(row for row in rows if row.id == fleet)
    await client.send(OpenFleet(row.id, row.file, row.workspace, row.name, dict(os.environ)))


def _steps(text: str) -> list[str]:
    """Read the steps of a file: a JSON list of texts, or one a line."""
    if text.lstrip()[:1] == "[":
        try:
            found = json.loads(text)
        except ValueError as error:
            raise Refused(f"the steps are no JSON: {error}", "give one a line instead") from None
        return [str(one) for one in found]
    return [line.strip() for line in text.splitlines() if line.strip()]


def _kept(wanted: list[str], rows: tuple[PartRow, ...]) -> tuple[PlannedStep, ...]:
    """Keep the parts whose text is the same."""
    waiting = {row.text: row for row in rows if row.state == "waiting"}
    return tuple(PlannedStep(text, waiting[text].id if text in waiting else "") for text in wanted)
