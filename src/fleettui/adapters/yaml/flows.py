"""A folder of flows: read, checked, with the agents and fleets that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.document import Document
from fleettui.adapters.yaml.files import Unreadable, resolve_config, yaml_files
from fleettui.adapters.yaml.neighbours import neighbour_problems
from fleettui.adapters.yaml.roster import Found, Roster, agent_of
from fleettui.adapters.yaml.specs import without_unknown
from fleettui.core.errors import BadSpec, Refused
from fleettui.core.flow import Flow, fleet_of, missing_agents
from fleettui.core.spec.flow import FlowAgent, FlowFile
from fleettui.core.spec.graph import agents_named
from fleettui.core.spec.problem import Fault, Loc, Problem
from fleettui.core.tenancy import DEFAULT

Data = dict[str, Any]


class LoadedFlows(NamedTuple):
    """The flows of a folder in the order that breaks ties, and all that is wrong in it."""

    flows: tuple[Flow, ...] = ()
    problems: tuple[Problem, ...] = ()


def load_flows(
    folder: str,
    environment: Mapping[str, str],
    *,
    agents: str = "",
    fleets: str = "",
    tenant: str = "",
    recursive: bool = True,
) -> LoadedFlows:
    """Load the flows of a folder, or of one file; a file with an error gives none.

    `agents` and `fleets` are the folders of what flows name; `tenant` owns every flow of the
    folder, by default each belongs to its `spec.context.organization`, or to tenant `default`.
    """
    paths = flow_files(folder, recursive=recursive)
    if paths is None:
        missing = Problem(folder, 1, 1, "error", "", "folder not found, name one with flows")
        return LoadedFlows((), (missing,))
    checked = [Checked(path, environment) for path in paths]
    return linked(folder, checked, environment, agents=agents, fleets=fleets, tenant=tenant)


def flow_files(folder: str, *, recursive: bool = True) -> tuple[str, ...] | None:
    """Name the YAML files of a folder in their order, None where there is no folder."""
    if not Path(folder).exists():
        return None
    paths = yaml_files([folder])
    if not recursive and Path(folder).is_dir():
        paths = [path for path in paths if Path(path).parent == Path(folder)]
    return tuple(sorted(paths, key=lambda path: Path(path).parts))


def linked(
    folder: str,
    checked: Sequence[Checked],
    environment: Mapping[str, str],
    *,
    agents: str = "",
    fleets: str = "",
    tenant: str = "",
) -> LoadedFlows:
    """Make flows of files that are read, and find what they name; the files stay as they are."""
    roster = Roster(folder, environment, agents, fleets)
    for file in checked:
        roster.know(file)
    documents = [document for file in checked for document in file.documents]
    own = [list(document.problems) for document in documents]
    try:
        return _linked(checked, environment, roster, tenant)
    finally:
        # A file may be linked again, with others around it.
        for document, problems in zip(documents, own, strict=True):
            document.problems[:] = problems


def _linked(
    checked: Sequence[Checked], environment: Mapping[str, str], roster: Roster, tenant: str
) -> LoadedFlows:
    clashes = {problem.file for problem in neighbour_problems(checked, environment)}
    flows: list[Flow] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str], Flow] = {}
    for file in checked:
        problems += file.problems
        if file.path in clashes:
            problems += [one for each in file.documents for one in each.problems]
            continue
        if any(problem.severity == "error" for problem in file.problems):
            continue
        for document in file.documents:
            if document.kind == "AgentFlow":
                before = len(document.problems)
                flow = _flow(file, document, roster, tenant)
                if flow is not None and _fits(flow, document) and _is_new(flow, seen, document):
                    flows.append(flow)
                problems += document.problems[before:]
    return LoadedFlows(tuple(flows), tuple(dict.fromkeys([*problems, *roster.problems])))


def _flow(file: Checked, document: Document, roster: Roster, tenant: str) -> Flow | None:
    written = without_unknown(FlowFile, document.data)
    owner = _owner(written, document, tenant)
    if owner is None:
        return None
    spec = written.spec
    found = dict(_agents(file, document, spec.agents, roster))
    named = agents_named({"nodes": list(spec.nodes), "connections": list(spec.connections)})
    for name in named:
        agent = None if name in found else roster.agent(name, file)
        if agent is not None:
            found[name] = agent
    fleet = roster.fleet(spec.fleet, file) if spec.fleet else None
    tools = dict(file.tools)
    for one in (*found.values(), *([fleet] if fleet else ())):
        tools |= one.tools
    flow = Flow(
        name=written.metadata.name,
        spec=spec,
        file=file.path,
        line=document.root.line,
        tenant=owner,
        labels=written.metadata.labels,
        agents={name: agent.data for name, agent in found.items()},
        fleet=fleet.data if fleet else None,
        programs=tuple({**one["spec"], "name": name} for name, one in tools.items())
        if not fleet
        else (),
    )
    _note_missing(flow, document)
    return flow


def _owner(written: FlowFile, document: Document, tenant: str) -> str | None:
    """Say whose a flow is, None where it can't be said."""
    organization = written.spec.context.organization
    loc: Loc = ("spec", "context", "organization")
    if organization and "${" in organization:
        document.note(Fault(loc, f"'{organization}' is not set, so nobody knows whose the flow is"))
        return None
    if organization and tenant and organization != tenant:
        message = f"the folder belongs to tenant {tenant}, and the flow says '{organization}'"
        document.note(Fault(loc, f"{message}; take one of them out"))
        return None
    return tenant or organization or DEFAULT


def _fits(flow: Flow, document: Document) -> bool:
    """Say whether a flow makes a fleet, or could if nothing were missing."""
    try:
        fleet_of(flow)
    except Refused:
        return True
    except BadSpec as error:
        document.note(Fault(("spec",), error.message, at="key"))
        return False
    return True


def _is_new(flow: Flow, seen: dict[tuple[str, str], Flow], document: Document) -> bool:
    first = seen.setdefault((flow.tenant, flow.name), flow)
    if first is flow:
        return True
    message = f"flow '{flow.name}' is there already ({first.file}:{first.line}), name it otherwise"
    document.note(Fault(("metadata", "name"), message))
    return False


def _agents(
    file: Checked, document: Document, agents: Iterable[FlowAgent], roster: Roster
) -> Iterable[tuple[str, Found]]:
    for at, agent in enumerate(agents):
        loc: Loc = ("spec", "agents", at)
        found = None
        if agent.config is None:
            found = roster.agent(agent.name, file)
        else:
            try:
                source = Checked(resolve_config(file.path, agent.config), {})
            except Unreadable as error:
                document.note(Fault((*loc, "config"), str(error)))
                continue
            written = next((one for one in source.documents if one.kind == "Agent"), None)
            if written is None or written.failed():
                document.note(Fault((*loc, "config"), "the file has no agent without an error"))
                continue
            found = agent_of(source, written)
        if found is not None:
            yield agent.name, found


def _note_missing(flow: Flow, document: Document) -> None:
    """Say what a flow names and nobody has: it routes, and can't run."""
    missing = missing_agents(flow)
    for at, agent in enumerate(flow.spec.agents):
        if agent.name in missing and agent.config is None:
            message = (
                f"no file has an agent '{agent.name}': the flow routes and can't run, "
                f"write agents/{agent.name}.yaml"
            )
            document.note(Fault(("spec", "agents", at, "name"), message, "warning"))
    if flow.spec.fleet and flow.fleet is None:
        message = (
            f"no file has a fleet '{flow.spec.fleet}': the flow routes and can't run, "
            "write it into the folder fleets"
        )
        document.note(Fault(("spec", "fleet"), message, "warning"))
    for name in missing:
        if name not in {agent.name for agent in flow.spec.agents}:
            message = f"no file has an agent '{name}': the flow routes and can't run"
            document.note(Fault(("spec", "nodes"), message, "warning", "key"))
