"""A DaemonConfig read: its settings, with every folder as a path of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.roster import Roster
from fleettui.adapters.yaml.specs import without_unknown
from fleettui.core.errors import BadSpec
from fleettui.core.flow import Flow
from fleettui.core.spec.daemon import DaemonFile, DaemonSpec
from fleettui.core.spec.flow import FlowAgent, FlowSpec

# What the flow of the default agent is called.
DEFAULT_FLOW = "default-agent"
_FOLDERS = ("agents", "fleets", "tenants", "flows")


class LoadedDaemon(NamedTuple):
    """A daemon's name and settings; folders are absolute, empty where there is none."""

    name: str
    spec: DaemonSpec
    agents: str
    fleets: str
    tenants: str
    flows: str
    warnings: tuple[str, ...] = ()


def load_daemon(path: str, environment: Mapping[str, str]) -> LoadedDaemon:
    """Read the one DaemonConfig of a file; raises BadSpec with every placed problem.

    A folder that is not given is the one of its name beside the file, where there is one.
    """
    file = Checked(path, environment)
    problems = sorted(file.problems)
    errors = [str(one) for one in problems if one.severity == "error"]
    documents = [one for one in file.documents if one.kind == "DaemonConfig"]
    if not errors and len(documents) != 1:
        found = "several documents" if documents else "no document"
        errors = [f"{path}:1:1: error: {found} of kind DaemonConfig, write one"]
    if errors:
        count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
        raise BadSpec(f"{path} has {count}", errors, "mend the file and try again")
    daemon = without_unknown(DaemonFile, documents[0].data)
    beside = Path(path).absolute().parent
    folders = {name: _folder(beside, name, daemon.spec) for name in _FOLDERS}
    warnings = tuple(map(str, problems))
    return LoadedDaemon(daemon.metadata.name, daemon.spec, **folders, warnings=warnings)


def _folder(beside: Path, name: str, spec: DaemonSpec) -> str:
    written = getattr(spec, name).directory
    if written is None:
        return str(beside / name) if (beside / name).is_dir() else ""
    return str(beside / Path(written).expanduser())


def default_flow(path: str, daemon: LoadedDaemon, environment: Mapping[str, str]) -> Flow | None:
    """Give the flow of what no other takes, of the default agent alone; None where there is none.

    An agent that no file has is told when something comes for it.
    """
    name = daemon.spec.routing.default_agent
    if not name:
        return None
    found = Roster(daemon.flows or str(Path(path).parent), environment, daemon.agents).agent(
        name, Checked(path, environment)
    )
    spec = FlowSpec(agents=(FlowAgent(name=name),))
    return Flow(
        DEFAULT_FLOW,
        spec,
        file=str(Path(path).absolute()),
        agents={name: found.data} if found else {},
        programs=tuple({**tool["spec"], "name": one} for one, tool in found.tools.items())
        if found
        else (),
    )
