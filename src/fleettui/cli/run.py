"""`run`: a task without a screen, for scripts and CI."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from fleettui.cli.door import JSON, STATE, Doors, state_of
from fleettui.cli.printing import print_json, put, say
from fleettui.cli.progress import tell
from fleettui.cli.tenants import stopped
from fleettui.client import Client, Notice, Watch
from fleettui.core.commands import CancelRun, Deny, OpenFleet, StartRun, StopFleet
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.events import (
    ActionAllowed,
    ActionAsked,
    ActionDenied,
    ReportWritten,
    RunFinished,
    TroubleNoted,
)
from fleettui.core.model import Payload
from fleettui.core.tenancy import tenant_of
from fleettui.core.views.queries import ReadFleets, ReadInbox, ReadRun, ReadSpec, ReadTenants
from fleettui.core.views.rows import FleetRow, RunReport

DONE, FAILED, UNDECIDED = 0, 1, 4
# How long (seconds) a finished run's report, and what the file proposes after it, may take.
_AFTERWARDS = 15.0


class Order(msgspec.Struct, frozen=True):
    """What was asked for on the command line."""

    file: str
    name: str
    task: str
    base: str
    workspace: str
    timeout: float | None
    on_approval: str
    record: str
    replay: str
    quiet: bool


@click.command()
@click.argument("file")
@click.option("--task", metavar="TEXT", default="", help="The task (default: the file's own).")
@click.option("--base", metavar="REV", default="", help="The git revision to compare with.")
@click.option("--workspace", metavar="DIR", default="", help="The folder the fleet works in.")
@click.option("--fleet", metavar="NAME", default="", help="Which fleet of a file with several.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="At most S seconds.")
@click.option(
    "--on-approval",
    type=click.Choice(["wait", "deny"]),
    default="wait",
    help="What asks a person: wait for an answer, or deny it.",
)
@click.option("--record", metavar="FILE", default="", help="Store every model exchange.")
@click.option("--replay", metavar="FILE", default="", help="Answer from a recording.")
@STATE
@JSON
@click.pass_context
def run(
    context: click.Context,
    *,
    file: str,
    task: str,
    base: str,
    workspace: str,
    fleet: str,
    timeout: float | None,
    on_approval: str,
    record: str,
    replay: str,
    state: str,
    as_json: bool,
) -> None:
    r"""Open FILE, give its fleet a task, and wait for the end.

    \b
    Exit codes: 0 verdict reached, 1 failed, 3 invalid file, 4 not reached or a person is needed.
    """
    order = Order(
        os.path.abspath(file),
        fleet,
        task,
        base,
        os.path.abspath(workspace or "."),
        timeout,
        on_approval,
        os.path.abspath(record) if record else "",
        os.path.abspath(replay) if replay else "",
        as_json,
    )
    if not os.path.isdir(order.workspace):
        raise Refused(f"{order.workspace} is no folder", "name one with --workspace DIR")
    doors: Doors = context.obj

    async def through() -> RunReport:
        async with doors.join_or_start(state_of(context, state)) as client:
            return await carry_out(client, order)

    report = asyncio.run(through())
    if as_json:
        print_json(report)
    else:
        _sum_up(report)
    context.exit(exit_code(report))


def exit_code(report: RunReport) -> int:
    """Give the exit code that a run's end stands for."""
    match report.state:
        case "finished":
            return DONE
        case "failed":
            return FAILED
        case _:
            return UNDECIDED


async def carry_out(client: Client, order: Order) -> RunReport:
    """Open the fleet, run the task, and give what came of it."""
    open_before = {row.id for row in await _fleets(client) if row.state == "open"}
    fleet = await client.send(
        OpenFleet("", order.file, order.workspace, order.name, dict(os.environ))
    )
    spec = await client.read(ReadSpec(fleet))
    task = order.task or spec["spec"].get("task") or ""
    async with client.watch(fleet) as watch:
        start = StartRun(fleet, Payload(task), order.base, order.record, order.replay)
        run = await client.send(start)
        for tenant in await client.read(ReadTenants()):
            if tenant.name == tenant_of(fleet) and (why := stopped(tenant)):
                say(f"nothing begins: {why}")
        try:
            async with asyncio.timeout(order.timeout):
                await _wait_end(client, watch, fleet, run, order)
        except TimeoutError:
            return await _out_of_time(client, fleet, run)
        await _wait_afterwards(client, watch, fleet, run, order, bool(_after(spec)))
    report: RunReport = await client.read(ReadRun(fleet, run))
    if fleet not in open_before and not await client.read(ReadInbox(fleet)):
        await client.send(StopFleet(fleet))
    return _settled(report)


async def _fleets(client: Client) -> Sequence[FleetRow]:
    rows: Sequence[FleetRow] = await client.read(ReadFleets())
    return rows


def _after(spec: dict[str, Any]) -> Sequence[str]:
    """Give the command that the file wants proposed after a report."""
    report = spec["spec"].get("report") or {}
    found: Sequence[str] = report.get("run", ())
    return found


async def _take(watch: Watch, order: Order, fleet: str) -> Sequence[Notice]:
    notices = await watch.take()
    for notice in [] if order.quiet else notices:
        tell(notice, fleet)
    return notices


async def _wait_end(client: Client, watch: Watch, fleet: str, run: str, order: Order) -> None:
    """Wait until the run is over; on the way deny what asks, if that is wanted."""
    while True:
        for notice in await _take(watch, order, fleet):
            event = getattr(notice, "event", None)
            if isinstance(event, RunFinished) and event.run == run:
                return
            if isinstance(event, ActionAsked) and order.on_approval == "deny":
                await _deny_all(client, fleet, run)
            if event is None:
                # We were too slow for the host and missed something.
                report: RunReport = await client.read(ReadRun(fleet, run))
                if report.state != "running":
                    return


async def _deny_all(client: Client, fleet: str, run: str) -> None:
    for row in await client.read(ReadInbox(fleet)):
        if row.run == run and row.kind == "action":
            try:
                await client.send(
                    Deny(fleet, row.id, row.version, "fleettui run --on-approval deny")
                )
            except Refused as refusal:
                say(refusal)


async def _wait_afterwards(
    client: Client, watch: Watch, fleet: str, run: str, order: Order, proposes: bool
) -> None:
    """Wait for the report, and for what the file proposes after it."""
    try:
        async with asyncio.timeout(_AFTERWARDS):
            while not (await client.read(ReadRun(fleet, run))).report:
                await _take(watch, order, fleet)
            report: RunReport = await client.read(ReadRun(fleet, run))
            if not proposes or report.state != "finished" or report.pending:
                pass
            else:
                await _wait_proposal(watch, order, fleet)
    except TimeoutError:
        say("the report, or what follows it, takes long; see: fleettui inbox")
    if order.on_approval == "deny":
        await _deny_all(client, fleet, run)


async def _wait_proposal(watch: Watch, order: Order, fleet: str) -> None:
    """Wait until the command after the report was proposed, or could not be."""
    seen = (ActionAsked, ActionAllowed, ActionDenied, TroubleNoted)
    while True:
        for notice in await _take(watch, order, fleet):
            event = getattr(notice, "event", None)
            if event is None or isinstance(event, seen):
                return
            if isinstance(event, ReportWritten):
                continue


async def _out_of_time(client: Client, fleet: str, run: str) -> RunReport:
    """Leave a run that waits for a person as it is; end one that just takes too long."""
    report: RunReport = await client.read(ReadRun(fleet, run))
    if not report.pending and report.state == "running":
        try:
            await client.send(CancelRun(fleet, run, "the time of fleettui run --timeout is up"))
        except FleettuiError as error:
            say(error)
        report = await client.read(ReadRun(fleet, run))
    return _settled(report)


def _settled(report: RunReport) -> RunReport:
    """Call a run that goes on without us, or was cancelled, not reached."""
    if report.state not in {"running", "cancelled"}:
        return report
    reason = report.reason or "waits for a person" if report.pending else report.reason
    return msgspec.structs.replace(report, state="not_reached", reason=reason)


def _sum_up(report: RunReport) -> None:
    verdict = report.verdict
    if verdict is None:
        put(f"{report.run} {report.state} {report.reason}".rstrip())
    else:
        word = verdict.verdict if verdict.reached else "no verdict"
        put(f"{report.run} {report.state}: {word} ({verdict.confidence:.2f}) {verdict.reason}")
    if report.report:
        put(f"report: {report.report}")
    for row in report.pending:
        what = " ".join(row.action.argv) if row.action and row.action.argv else row.kind
        put(f"waits for a person: {what}  (fleettui approve {row.id} | deny {row.id})")
