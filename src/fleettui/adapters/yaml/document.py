"""One document of a file: its kind, its values and everything wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fleettui.adapters.yaml.agent_programs import agent_program_faults
from fleettui.adapters.yaml.patterns import pattern_faults, setting_faults
from fleettui.adapters.yaml.programs import declared_names, program_faults
from fleettui.adapters.yaml.tree import Node, place
from fleettui.adapters.yaml.values import Reader
from fleettui.adapters.yaml.zones import zone_faults
from fleettui.core.spec.agent import AgentFile
from fleettui.core.spec.agent_rules import agent_faults
from fleettui.core.spec.daemon import DaemonFile
from fleettui.core.spec.daemon_rules import daemon_faults
from fleettui.core.spec.explain import describe, fault_of
from fleettui.core.spec.fields import fields_beside
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.fleet_rules import entries, fleet_faults, part
from fleettui.core.spec.flow import FlowFile
from fleettui.core.spec.flow_rules import chain_faults, flow_faults
from fleettui.core.spec.known import API_VERSION, KINDS, LATER_KINDS, OLDER_VERSIONS, closest
from fleettui.core.spec.problem import Fault, Loc, Problem, path_text
from fleettui.core.spec.program import ToolFile
from fleettui.core.spec.program_rules import declared_faults, inline, tool_faults
from fleettui.core.spec.secrets import secret_faults
from fleettui.core.spec.tenant import TenantFile
from fleettui.core.spec.tenant_rules import tenant_faults
from fleettui.core.spec.workflow_file import WorkflowFile
from fleettui.core.spec.workflow_rules import workflow_file_faults

PROBLEM_LIMIT: Final = 200  # of one document: more help nobody, and finding them takes time
MODELS: dict[str, type[BaseModel]] = {
    "AgentFleet": FleetFile,
    "Fleet": FleetFile,
    "Agent": AgentFile,
    "AgentFlow": FlowFile,
    "Tool": ToolFile,
    "Workflow": WorkflowFile,
    "Tenant": TenantFile,
    "DaemonConfig": DaemonFile,
}

# The rules of kinds that need nothing but their own text.
_FAULTS: Final[Mapping[str, Callable[[dict[str, Any]], Iterator[Fault]]]] = {
    "DaemonConfig": daemon_faults,
    "Tool": tool_faults,
    "Workflow": workflow_file_faults,
    "Tenant": tenant_faults,
}


class Document:
    """A document read and checked; `data` is as written, with variables replaced."""

    def __init__(
        self,
        file: str,
        root: Node,
        environment: Mapping[str, str],
        declared: Mapping[str, str] | None = None,
    ) -> None:
        """Read and check; `declared` maps tools of files beside this one to their programs."""
        self.file = file
        self._environment, self._declared = environment, dict(declared or {})
        self.root = root
        self._environment = environment
        self.problems: list[Problem] = []
        self.data: dict[str, Any] = {}
        kind = root.fields.get("kind")
        self.kind = kind[1].text if kind and kind[1].kind == "scalar" else ""
        if root.kind != "map":
            found = "a list" if root.kind == "list" else "text"
            self.note(Fault((), f"expected a mapping at the top, found {found}"))
            return
        if self.kind in LATER_KINDS and self.kind not in MODELS:
            message = f"kind '{self.kind}' is not built yet, the document is not checked"
            self.note(Fault(("kind",), message, "warning"))
            return
        reader = Reader(environment, self.kind)
        self.data = reader.value(root)
        if self._head():
            self._check(reader.faults)

    def note(self, fault: Fault, at: tuple[int, int] | None = None) -> None:
        """Keep a fault as a problem at its place, once."""
        line, column = at or place(self.root, fault.loc, fault.at)
        message = fault.message
        if fault.other is not None:
            message = message.replace("{line}", str(place(self.root, fault.other)[0]))
        path = path_text(fault.loc)
        taken = {(one.line, one.column) for one in self.problems if one.severity == "error"}
        if fault.severity == "error" and (line, column) in taken:
            same = [one for one in self.problems if (one.line, one.column) == (line, column)]
            if any(one.path == path for one in same if one.severity == "error"):
                return
        self.problems.append(Problem(self.file, line, column, fault.severity, path, message))

    def name(self) -> str:
        """Give the name in its metadata, empty if there is none."""
        name = part(self.data, "metadata").get("name")
        return name if isinstance(name, str) else ""

    def failed(self) -> bool:
        """Say whether the document has an error."""
        return any(problem.severity == "error" for problem in self.problems)

    def _head(self) -> bool:
        """Check version and kind; say whether the rest can be checked."""
        version = self.data.get("apiVersion")
        if version is None:
            self.note(Fault(("apiVersion",), f"missing 'apiVersion', write {API_VERSION}"))
        elif not isinstance(version, str):
            message = f"expected text, found {describe(version)}; quote it"
            self.note(Fault(("apiVersion",), message))
        elif version in OLDER_VERSIONS:
            message = f"apiVersion '{version}' is older, write {API_VERSION}"
            self.note(Fault(("apiVersion",), message, "warning"))
        elif version != API_VERSION:
            message = f"unsupported apiVersion '{version}' (supported: {API_VERSION})"
            self.note(Fault(("apiVersion",), message))
            return False
        return self._known_kind()

    def _known_kind(self) -> bool:
        kind = self.data.get("kind")
        if kind is None:
            self.note(Fault(("kind",), "missing 'kind', write AgentFleet"))
        elif not isinstance(kind, str):
            self.note(Fault(("kind",), f"expected text, found {describe(kind)}"))
        elif kind not in MODELS:
            near = closest(kind, (*KINDS, *LATER_KINDS))
            guess = f"did you mean '{near}'?" if near else "known are AgentFleet, Agent, AgentFlow"
            self.note(Fault(("kind",), f"unknown kind '{kind}', {guess}"))
        elif kind == "Fleet":
            self.note(Fault(("kind",), "kind 'Fleet' is read as AgentFleet, write that", "warning"))
        return isinstance(kind, str) and kind in MODELS

    def _check(self, found: Iterable[Fault]) -> None:
        platform = part(self.data, "spec", "trigger").get("type")
        prefix = platform if isinstance(platform, str) else ""
        everything = chain(
            found,
            self._rules(),
            self._shape(MODELS[self.kind]),
            secret_faults(self.data, prefix),
        )
        for fault in islice(everything, PROBLEM_LIMIT):
            self.note(fault)

    def _rules(self) -> Iterator[Fault]:
        match self.kind:
            case "AgentFleet" | "Fleet":
                yield from self._fleet()
            case "Agent":
                if isinstance(self.data.get("spec"), dict):
                    yield from self._agent(self.data["spec"], ("spec",), sandboxed=False)
            case "AgentFlow":
                yield from flow_faults(self.data)
                yield from pattern_faults("AgentFlow", self.data)
                yield from zone_faults(self.data)
            case simple:
                yield from _FAULTS[simple](self.data)

    def _fleet(self) -> Iterator[Fault]:
        yield from fleet_faults(self.data)
        yield from chain_faults(part(self.data, "spec", "approval"), ("spec", "approval"))
        yield from pattern_faults("AgentFleet", self.data)
        yield from declared_faults(self.data, self._declared)
        whole = part(self.data, "spec").get("sandbox") is True
        for at, entry in entries(self.data):
            if isinstance(entry.get("spec"), dict):
                loc: Loc = ("spec", "agents", at, "spec")
                yield from self._agent(entry["spec"], loc, sandboxed=whole)

    def _agent(self, spec: dict[str, Any], loc: Loc, *, sandboxed: bool) -> Iterator[Fault]:
        declared = {**self._declared, **declared_names(inline(self.data))}
        yield from agent_faults(spec, loc, declared)
        yield from setting_faults(spec, loc, declared)
        confined = spec.get("sandbox", sandboxed) is True
        yield from program_faults(spec, loc, declared, self._environment, sandboxed=confined)
        yield from agent_program_faults(spec, loc, self._environment)

    def _shape(self, model: type[BaseModel]) -> Iterator[Fault]:
        """Check the types of all fields."""
        try:
            model.model_validate(self.data)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                loc: Loc = tuple(one["loc"])
                if "tools" in loc[-2:-1] or _counted_short(one):
                    continue  # the rules for tools say it at the exact place
                yield fault_of(one, fields_beside(model, loc))


def _counted_short(error: ErrorDetails) -> bool:
    """Say whether a list is only too short because pydantic left its wrong items out."""
    least = error.get("ctx", {}).get("min_length", 0)
    found = error["input"]
    return error["type"] == "too_short" and isinstance(found, list) and len(found) >= least
