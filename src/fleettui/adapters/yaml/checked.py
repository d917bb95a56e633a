"""A file checked: its documents, the agents they name, and all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fleettui.adapters.yaml.compose import Composer
from fleettui.adapters.yaml.document import MODELS, Document
from fleettui.adapters.yaml.files import Unreadable, read_text, resolve_config
from fleettui.adapters.yaml.mcp_file import McpFile
from fleettui.adapters.yaml.programs import tool_files
from fleettui.adapters.yaml.subfleets import subfleet_faults
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.fleet_rules import entries
from fleettui.core.spec.problem import Fault, Loc, Problem

Data = dict[str, Any]


class Checked:
    """A file read whole; `problems` has those of its agents' files too."""

    def __init__(
        self,
        path: str,
        environment: Mapping[str, str],
        tools: Mapping[str, Data] | None = None,
    ) -> None:
        """`tools` are the documents of kind Tool by name, where somebody read them already."""
        self.path = path
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self._agents: dict[str, Checked] = {}
        self._environment = environment
        self.named_servers = McpFile(path)
        self.tools: dict[str, Data] = {}
        try:
            composer = Composer(read_text(path))
        except Unreadable as error:
            self.problems.append(Problem(path, error.line, error.column, "error", "", str(error)))
            return
        roots = composer.documents()
        self.tools |= self._beside() if tools is None else tools
        declared = {name: data["spec"]["program"] for name, data in self.tools.items()}
        self.problems += [
            Problem(path, flaw.line, flaw.column, "error", flaw.path, flaw.message)
            for flaw in composer.flaws
        ]
        self.documents = [
            Document(path, root, environment, declared) for root in roots if not _is_blank(root)
        ]
        if not self.documents and not composer.flaws:
            message = "no document in the file, write one with apiVersion and kind"
            self.problems.append(Problem(path, 1, 1, "error", "", message))
        for document in self.documents:
            self._link(document)
            for fault in subfleet_faults(path, document.data):
                document.note(fault)
            self._serve(document)
        for document in self.documents:
            self.problems += document.problems
        self._names()

    def resolved(self, document: Document) -> Data:
        """Give a fleet's data with the spec of every agent in its place."""
        spec = dict(document.data["spec"])
        agents = []
        for entry in spec.get("agents", ()):
            found = self._source(entry)
            if found is not None:
                labels = found["metadata"].get("labels", {})
                entry = {**entry, "spec": found["spec"]}  # noqa: PLW2901  the entry, completed
                entry["labels"] = {**labels, **entry.get("labels", {})}
            if isinstance(entry.get("spec"), dict):
                source = self if found is None else self._agents.get(entry.get("config", ""), self)
                entry = {**entry, "spec": source.named_servers.completed(entry["spec"])}  # noqa: PLW2901
            agents.append(entry)
        programs = [*spec.get("programs", ()), *map(_program, self.tools.values())]
        declared = {"programs": programs} if programs else {}
        return {**document.data, "spec": {**spec, **declared, "agents": agents}}

    def _serve(self, document: Document) -> None:
        """Check the MCP servers that are named here and described in `.mcp.json`."""
        found: list[tuple[Any, Loc]] = [(document.data.get("spec"), ("spec",))]
        if MODELS.get(document.kind) is FleetFile:
            found = [
                (entry.get("spec"), ("spec", "agents", at, "spec"))
                for at, entry in entries(document.data)
            ]
        elif document.kind != "Agent":
            return
        for spec, loc in found:
            if isinstance(spec, dict):
                for fault in self.named_servers.faults(spec, loc):
                    document.note(fault)

    def _source(self, entry: Data) -> Data | None:
        """Give the Agent document that an entry without `spec` stands for."""
        if "spec" in entry:
            return None
        if "config" in entry:
            return _agent_of(self._agents[entry["config"]], entry["name"]).data
        return next(
            one.data
            for one in self.documents
            if one.kind == "Agent" and one.name() == entry["name"]
        )

    def _beside(self) -> dict[str, Data]:
        """Read the tools of the folder `tools`; their problems are this file's too."""
        found: dict[str, Data] = {}
        for path in tool_files(self.path):
            if Path(path).resolve() == Path(self.path).resolve():
                continue
            file = _AgentSource(path, self._environment, path)
            for document in file.documents:
                if document.kind != "Tool" or document.failed() or not document.data:
                    continue
                if document.name() in found:
                    message = f"tool '{document.name()}' is declared by another file already"
                    document.note(Fault(("metadata", "name"), message))
                    file.problems.append(document.problems[-1])
                    continue
                found[document.name()] = document.data
            self.problems += file.problems
        return found

    def _link(self, document: Document) -> None:
        """Read the agents that a fleet names by file or, in the same file, by name."""
        if MODELS.get(document.kind) is not FleetFile:
            return
        here = [one.name() for one in self.documents if one.kind == "Agent"]
        for at, entry in entries(document.data):
            loc: Loc = ("spec", "agents", at)
            config = entry.get("config")
            if isinstance(config, str) and config:
                self._link_file(document, config, (*loc, "config"), entry.get("name"))
            elif config is None and "spec" not in entry and entry.get("name") in here:
                path = f"spec.agents[{at}]"
                document.problems = [
                    one
                    for one in document.problems
                    if one.path != path or not one.message.startswith("give 'config' or 'spec'")
                ]

    def _link_file(self, document: Document, config: str, loc: Loc, name: Any) -> None:
        try:
            real = resolve_config(self.path, config)
        except Unreadable as error:
            document.note(Fault(loc, str(error)))
            return
        if config not in self._agents:
            shown = str(Path(self.path).parent / config)
            source = _AgentSource(shown, self._environment, real, self.tools)
            self._agents[config] = source
            self.problems += source.problems
        file = self._agents[config]
        if includes(file, self.path):
            document.note(Fault(loc, f"file includes itself (through {config})"))
            return
        agents = [one for one in file.documents if one.kind == "Agent"]
        if not agents and file.documents and not file.problems:
            message = f"expected a file of kind Agent, found {file.documents[0].kind}"
            document.note(Fault(loc, message))
        elif len(agents) > 1 and name not in [one.name() for one in agents]:
            known = ", ".join(one.name() for one in agents)
            message = f"the file has several agents ({known}), none is named '{name}'"
            document.note(Fault(loc, message))

    def _names(self) -> None:
        """Refuse two documents of one kind and name in one file."""
        seen: dict[tuple[str, str], int] = {}
        for document in self.documents:
            key = (document.kind, document.name())
            if not document.name():
                continue
            if key in seen:
                message = f"{key[0]} '{key[1]}' is in the file twice (first at line {seen[key]})"
                document.problems.clear()
                document.note(Fault(("metadata", "name"), message))
                self.problems += document.problems
            seen.setdefault(key, document.root.line)


class _AgentSource(Checked):
    """A file named by `config`: shown by the name that was written, and not followed further."""

    def __init__(
        self,
        shown: str,
        environment: Mapping[str, str],
        real: str,
        tools: Mapping[str, Data] | None = None,
    ) -> None:
        self.real = real
        super().__init__(shown, environment, tools or {})

    def _link(self, document: Document) -> None:
        """Follow nothing: an agent's file has no agents."""


def includes(file: Checked, path: str) -> bool:
    """Say whether a file that should hold an agent is a fleet that leads back to `path`."""
    seen: set[str] = set()
    waiting = [file]
    while waiting:
        one = waiting.pop()
        for document in one.documents:
            if MODELS.get(document.kind) is not FleetFile:
                continue
            for _, entry in entries(document.data):
                config = entry.get("config")
                if not isinstance(config, str):
                    continue
                try:
                    real = resolve_config(one.path, config)
                except Unreadable:
                    continue
                if Path(real) == Path(path).resolve():
                    return True
                if real not in seen and len(seen) < 20:
                    seen.add(real)
                    waiting.append(_AgentSource(real, {}, real))
    return False


def _program(tool: Data) -> Data:
    return {**tool["spec"], "name": tool["metadata"]["name"]}


def _agent_of(file: Checked, name: str) -> Document:
    agents = [one for one in file.documents if one.kind == "Agent"]
    return next((one for one in agents if one.name() == name), agents[0])


def _is_blank(root: Any) -> bool:
    return bool(root.is_null())
