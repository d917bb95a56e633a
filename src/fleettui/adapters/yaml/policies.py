"""Rules for commands, from whatever file has some: a fleet, a flow or a bare policy file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.compose import Composer
from fleettui.adapters.yaml.files import Unreadable, read_text
from fleettui.adapters.yaml.patterns import pattern_faults
from fleettui.adapters.yaml.specs import YamlSpecs, without_unknown
from fleettui.adapters.yaml.tree import Node, place
from fleettui.adapters.yaml.values import Reader
from fleettui.core.errors import BadSpec, NotFound
from fleettui.core.policy.rules import PolicyRules
from fleettui.core.policy.written import rules_of_fleet, rules_of_flow, rules_of_policy
from fleettui.core.spec.explain import fault_of
from fleettui.core.spec.fields import fields_beside
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.flow import FlowFile
from fleettui.core.spec.flow_rules import chain_faults
from fleettui.core.spec.policy_file import PolicyFile
from fleettui.core.spec.problem import Fault, Problem, path_text

# A document with one of these means to be of some kind.
_OF_A_KIND: Final = frozenset({"kind", "apiVersion", "spec", "metadata"})
_LENIENT: Final = ("not_analysable", "control_characters", "parse_error")


class Policy(NamedTuple):
    """Rules read from a file, the agents it has settings for, and its warnings."""

    rules: PolicyRules
    agents: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def load_policy(path: str, environment: Mapping[str, str]) -> Policy:
    """Read the rules of a file; raises BadSpec with every placed problem."""
    bare = _bare(path)
    return _of_kind(path, environment) if bare is None else _policy(path, bare, environment)


def _bare(path: str) -> Node | None:
    """Give the top of a bare policy file, None for a file that is of a kind or can't be read."""
    try:
        composer = Composer(read_text(path))
    except Unreadable:
        return None
    roots = composer.documents()
    if len(roots) != 1 or composer.flaws or roots[0].kind != "map":
        return None
    return None if _OF_A_KIND & set(roots[0].fields) else roots[0]


def _policy(path: str, root: Node, environment: Mapping[str, str]) -> Policy:
    reader = Reader(environment, "")
    data: dict[str, Any] = reader.value(root)
    faults = [*reader.faults, *pattern_faults("", data), *chain_faults(data, ())]
    found: PolicyFile | None = None
    try:
        found = PolicyFile.model_validate(data)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            fault = fault_of(one, fields_beside(PolicyFile, tuple(one["loc"])))
            faults.append(fault._replace(severity="error"))
    faults += _lenient(data)
    problems = sorted({_placed(path, root, fault) for fault in faults})
    _raise_errors(path, problems)
    assert found is not None
    return Policy(rules_of_policy(found), (), tuple(map(str, problems)))


def _lenient(data: dict[str, Any]) -> list[Fault]:
    defaults = data.get("defaults")
    return [
        Fault(("defaults", name), f"{name} allow lets run what nobody can read", "warning")
        for name in _LENIENT
        if isinstance(defaults, dict) and defaults.get(name) == "allow"
    ]


def _placed(path: str, root: Node, fault: Fault) -> Problem:
    line, column = place(root, fault.loc, fault.at)
    message = fault.message
    if fault.other is not None:
        message = message.replace("{line}", str(place(root, fault.other)[0]))
    return Problem(path, line, column, fault.severity, path_text(fault.loc), message)


def _raise_errors(path: str, problems: list[Problem]) -> None:
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if errors:
        count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
        raise BadSpec(f"{path} has {count}", errors, "mend the file and try again")


def _of_kind(path: str, environment: Mapping[str, str]) -> Policy:
    """Read the rules of the one fleet or flow of a file."""
    file = Checked(path, environment)
    _raise_errors(path, sorted(file.problems))
    warnings = tuple(str(problem) for problem in sorted(file.problems))
    kinds = [one.kind for one in file.documents]
    flows = [one for one in file.documents if one.kind == "AgentFlow"]
    if not flows:
        spec = FleetFile.model_validate(YamlSpecs().load_fleet(path, environment).spec).spec
        agents = tuple(entry.name for entry in spec.agents)
        return Policy(rules_of_fleet(spec), agents, warnings)
    if len(flows) > 1 or len(kinds) > len(flows):
        raise NotFound(f"{path} has several documents with rules", "give a file with one of them")
    flow = without_unknown(FlowFile, flows[0].data).spec
    return Policy(rules_of_flow(flow), tuple(agent.name for agent in flow.agents), warnings)
