"""Agents and fleets that flows name: found by name in the folders of a deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.document import MODELS, Document
from fleettui.adapters.yaml.files import yaml_files
from fleettui.adapters.yaml.last_good import LastGood
from fleettui.adapters.yaml.specs import fleet_in, without_unknown
from fleettui.core.errors import BadSpec
from fleettui.core.spec.agent import AgentFile
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.problem import Problem
from fleettui.core.spec.workflow_file import WorkflowFile

Data = dict[str, Any]
_ABOVE: Final = 3  # folders above one file that are looked into


class Found(NamedTuple):
    """An agent's spec or a fleet, and the tools that are declared beside its file."""

    data: Data
    tools: Mapping[str, Data]


class Roster:
    """What can be named: in the flow's own file, in `agents` and `fleets`, beside the flows.

    Where no folder is given, `agents` and `fleets` are looked for beside the flow's file and in
    every folder above it, up to the one that holds the folder of flows.
    """

    def __init__(
        self,
        root: str,
        environment: Mapping[str, str],
        agents: str = "",
        fleets: str = "",
        good: LastGood | None = None,
    ) -> None:
        self._good = good or LastGood()
        self._root = Path(root).absolute()
        self._environment = environment
        self._given = {"agents": agents, "fleets": fleets}
        self._folders: dict[str, dict[tuple[str, str], Checked]] = {}
        self._files: dict[str, Checked] = {}
        self.problems: list[Problem] = []

    def know(self, file: Checked) -> None:
        """Take a file that was read already; its problems are told by whoever read it."""
        self._files[str(Path(file.path).absolute())] = file

    def agent(self, name: str, file: Checked) -> Found | None:
        """Find an agent that a flow of `file` names, None where there is none."""
        for source in (file, *self._sources("Agent", name, "agents", file.path)):
            for document in source.documents:
                if document.kind == "Agent" and document.name() == name and not document.failed():
                    return agent_of(source, document)
        return None

    def fleet(self, name: str, file: Checked) -> Found | None:
        """Find a fleet that a flow of `file` names, None where there is none."""
        for source in (file, *self._sources("fleet", name, "fleets", file.path)):
            if any(_key(document) == ("fleet", name) for document in source.documents):
                try:
                    loaded = fleet_in(source, name)
                except BadSpec:
                    continue  # its problems are told as those of a file
                return Found(loaded.spec, source.tools)
        return None

    def _sources(self, kind: str, name: str, folder: str, path: str) -> Iterator[Checked]:
        for place in self._places(folder, path):
            found = self._indexed(str(place), deep=place.name == folder or place == self._root)
            if (kind, name) in found:
                yield found[kind, name]

    def _places(self, folder: str, path: str) -> Iterator[Path]:
        if self._given[folder]:
            yield Path(self._given[folder])
        here = Path(path).absolute().parent
        if not self._given[folder]:
            # Of one file nobody knows which folder above it is the one of flows.
            near = (here, *here.parents[:_ABOVE])
            for above in (here, *here.parents) if self._root.is_dir() else near:
                yield above / folder
                if self._root.is_dir() and above == self._root.parent:
                    break
        yield here
        if self._root.is_dir():
            yield self._root

    def _indexed(self, folder: str, *, deep: bool) -> dict[tuple[str, str], Checked]:
        """Read the files of a folder once; the first of a name is the one that is meant."""
        key = f"{folder}{'/**' if deep else ''}"
        if key not in self._folders:
            index: dict[tuple[str, str], Checked] = {}
            for path in sorted(yaml_files([folder])) if Path(folder).is_dir() else ():
                if not deep and Path(path).parent != Path(folder):
                    continue
                for document in self._read(path).documents:
                    index.setdefault(_key(document), self._read(path))
            self._folders[key] = index
        return self._folders[key]

    def _read(self, path: str) -> Checked:
        real = str(Path(path).absolute())
        if real not in self._files:
            file, wrong = self._good.of(Checked(path, self._environment))
            self._files[real] = file
            self.problems += wrong or file.problems
        return self._files[real]


def agent_of(file: Checked, document: Document) -> Found:
    """Give the spec of a checked document of kind Agent."""
    spec = without_unknown(AgentFile, document.data).spec
    made = spec.model_dump(mode="json", exclude_unset=True)
    return Found(file.named_servers.completed(made), file.tools)


def _key(document: Document) -> tuple[str, str]:
    fleets = {FleetFile, WorkflowFile}
    kind = "fleet" if MODELS.get(document.kind) in fleets else document.kind
    return kind, document.name()
