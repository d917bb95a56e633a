"""`fleettui flow`: which flows there are, and which of them takes a message, and why."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import click

from fleettui.cli.flow_messages import run, send
from fleettui.cli.printing import print_json, print_table, put, say
from fleettui.core.errors import NotFound
from fleettui.core.flow import Flow, obstacle
from fleettui.core.incoming import canonical
from fleettui.core.routing import Candidate, Incoming, Routed, Router, agent_for
from fleettui.core.safe import one_line
from fleettui.core.spec.cron import parse_cron, written
from fleettui.core.spec.daemon import DaemonSpec
from fleettui.core.spec.problem import Problem


class LoadedFlows(Protocol):
    """The flows of a folder, and all that is wrong in it."""

    @property
    def flows(self) -> Sequence[Flow]: ...
    @property
    def problems(self) -> Sequence[Problem]: ...


class LoadedDaemon(Protocol):
    """A daemon's settings, with its folders."""

    @property
    def spec(self) -> DaemonSpec: ...
    @property
    def flows(self) -> str: ...
    @property
    def agents(self) -> str: ...
    @property
    def fleets(self) -> str: ...


class FlowSource(Protocol):
    """What the commands need of the program they belong to."""

    def load_flows(
        self,
        folder: str,
        environment: Mapping[str, str],
        *,
        agents: str = "",
        fleets: str = "",
        recursive: bool = True,
    ) -> LoadedFlows:
        """Load the flows of a folder; raises nothing."""

    def load_daemon(self, path: str, environment: Mapping[str, str]) -> LoadedDaemon:
        """Read a DaemonConfig; raises BadSpec."""


FLOWS = click.option(
    "--flows", "folder", metavar="DIR", default="", help="The folder of flows (default: ./flows)."
)
CONFIG = click.option(
    "--config", metavar="FILE", default="", help="A DaemonConfig: its folders and its routing."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def flow() -> None:
    """List flows, say which of them takes a message, and give them one."""


flow.add_command(run)
flow.add_command(send)


@flow.command()
@click.option("--platform", required=True, help="Where the message comes from, as slack.")
@click.option("--channel", default="", help="Its channel, with or without '#'.")
@click.option("--user", default="", help="Who wrote it, as the platform names them.")
@click.option("--event", default="", help="What kind of message it is, as app_mention.")
@click.option("--tenant", default="", help="Whose it is; without, the flows of all are looked at.")
@FLOWS
@CONFIG
@JSON
@click.argument("text", nargs=-1)
@click.pass_context
def explain(
    context: click.Context,
    *,
    platform: str,
    channel: str,
    user: str,
    event: str,
    tenant: str,
    folder: str,
    config: str,
    as_json: bool,
    text: tuple[str, ...],
) -> None:
    """Say which flow and agent a message goes to, and why; nothing is sent and nothing runs.

    Every flow is shown with its score (channel 100, user 80, pattern 60, platform 40, a flow
    without filters 10), those that don't fit with the reason. Files with errors are told on
    standard error, and the others route.
    """
    loaded, daemon = _load(context.obj, folder, config)
    routing = daemon.spec.routing if daemon else None
    router = Router(
        loaded.flows,
        (routing.default_agent or "") if routing else "",
        strict_mode=routing.strict_mode if routing else False,
    )
    scope = context.meta.get("scope", {})
    owner = tenant or scope.get("tenant", "")
    incoming = Incoming(platform, channel, user, " ".join(text), event, owner)
    routed = router.explain(incoming, sealed=False)
    _tell_errors(loaded.problems)
    if as_json:
        print_json(_as_json(routed, incoming))
    else:
        _show(routed, incoming)


@flow.command()
@FLOWS
@CONFIG
@JSON
@click.pass_context
def ls(context: click.Context, *, folder: str, config: str, as_json: bool) -> None:
    """List the flows of a folder, in the order that breaks ties."""
    loaded, _ = _load(context.obj, folder, config)
    _tell_errors(loaded.problems)
    if as_json:
        print_json([_listed(one) for one in loaded.flows])
        return
    rows = [
        (
            one.name,
            one.tenant,
            one.platform or "any",
            _filters(one),
            _taker(one),
            _runs(one),
            _when(one),
        )
        for one in loaded.flows
    ]
    print_table(("FLOW", "TENANT", "PLATFORM", "TAKES", "GOES TO", "RUNS", "NEXT"), rows)


def _load(source: FlowSource, folder: str, config: str) -> tuple[LoadedFlows, LoadedDaemon | None]:
    """Load the flows that are asked for; raises NotFound where there are none to be asked."""
    environment = dict(os.environ)
    daemon = source.load_daemon(config, environment) if config else None
    if daemon is None:
        return source.load_flows(_there(folder or "flows"), environment), None
    if not daemon.spec.flows.enabled and not folder:
        raise NotFound(
            f"{config} has flows switched off", "set spec.flows.enabled, or give --flows"
        )
    loaded = source.load_flows(
        _there(folder or daemon.flows or "flows"),
        environment,
        agents=daemon.agents,
        fleets=daemon.fleets,
        recursive=daemon.spec.flows.recursive,
    )
    return loaded, daemon


def _there(folder: str) -> str:
    if not Path(folder).exists():
        raise NotFound(f"there is no folder {folder}", "name one with --flows")
    return folder


def _tell_errors(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if problem.severity == "error":
            say(one_line(problem))


def _as_json(routed: Routed, incoming: Incoming) -> dict[str, Any]:
    return {
        "flow": routed.flow.name if routed.flow else None,
        "agent": routed.agent or None,
        "score": routed.score,
        "candidates": [_candidate(one, incoming) for one in routed.candidates],
    }


def _candidate(one: Candidate, incoming: Incoming) -> dict[str, Any]:
    agent = "" if one.missed else agent_for(one.flow, incoming.text)[0]
    return {
        "flow": one.flow.name,
        "score": one.score,
        "matched": list(one.matched),
        "missed": list(one.missed),
        "agent": agent or None,
        "tenant": one.flow.tenant,
        "file": one.flow.file,
        "line": one.flow.line,
    }


def _show(routed: Routed, incoming: Incoming) -> None:
    if routed.flow is not None:
        goes_to = f"agent {routed.agent}" if routed.agent else routed.why
        put(f"{routed.flow.name} takes it with {routed.score} points: {goes_to}")
        hindered = obstacle(routed.flow)
        if hindered:
            say(f"it does not run: {hindered}")
    elif routed.agent:
        put(f"agent {routed.agent} takes it: {routed.why}")
    else:
        put(routed.why)
    rows = []
    for one in routed.candidates:
        agent = "-" if one.missed else agent_for(one.flow, incoming.text)[0] or "-"
        why = "; ".join(one.missed) or " + ".join(one.matched)
        rows.append((one.score, one.flow.name, one.flow.tenant, agent, why))
    if rows:
        print_table(("SCORE", "FLOW", "TENANT", "AGENT", "WHY"), rows)


def _listed(one: Flow) -> dict[str, Any]:
    config = one.spec.trigger.config if one.spec.trigger else None
    hindered = obstacle(one)
    return {
        "flow": one.name,
        "tenant": one.tenant,
        "platform": one.platform or None,
        "events": list(config.events) if config else [],
        "channels": [str(name) for name in config.channels] if config else [],
        "users": [str(name) for name in config.users] if config else [],
        "patterns": list(config.patterns) if config else [],
        "agents": [agent.name for agent in one.spec.agents],
        "fleet": one.spec.fleet,
        "next": _next(one),
        "runs": not hindered,
        "why": hindered,
        "file": one.file,
        "line": one.line,
    }


def _filters(one: Flow) -> str:
    config = one.spec.trigger.config if one.spec.trigger else None
    if config is None:
        return "everything"
    given = [
        f"{word} {', '.join(map(str, names))}"
        for word, names in (
            ("channel", config.channels),
            ("user", config.users),
            ("pattern", config.patterns),
            ("event", config.events),
        )
        if names
    ]
    return one_line("; ".join(given) or "everything", 60)


def _taker(one: Flow) -> str:
    if one.spec.nodes:
        return f"{len(one.spec.nodes)} step{'s' * (len(one.spec.nodes) > 1)}"
    if one.spec.fleet:
        return f"fleet {one.spec.fleet}"
    return ", ".join(agent.name for agent in one.spec.agents) or "nobody"


def _next(one: Flow) -> float | None:
    """Say when a clock starts a flow next; None for one that none does."""
    config = one.spec.trigger.config if one.spec.trigger else None
    if config is None or canonical(one.platform) != "schedule":
        return None
    try:
        return parse_cron(config.cron or "").after(time.time(), ZoneInfo(config.timezone))
    except (ValueError, OSError):
        return None


def _when(one: Flow) -> str:
    due, trigger = _next(one), one.spec.trigger
    if due is None or trigger is None:
        return "-"
    return written(due, ZoneInfo(trigger.config.timezone))


def _runs(one: Flow) -> str:
    hindered = obstacle(one)
    return f"no: {hindered}" if hindered else "yes"
