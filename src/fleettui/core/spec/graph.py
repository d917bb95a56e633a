"""The graph form of a flow (`nodes`, `connections`), as the steps of a workflow."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from fleettui.core.spec.graph_nodes import NodeSource, Unmapped, step_of
from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.shape import NAME
from fleettui.core.spec.workflow_rules import workflow_faults

Data = dict[str, Any]
_NODES: Final[Loc] = ("spec", "nodes")
_CONNECTIONS: Final[Loc] = ("spec", "connections")
_STARTS: Final = ("start", "trigger")
_NAMED: Final = re.compile(r"(?<![\w.-])([a-z0-9][a-z0-9-]*)\.(?=[a-z_])")
_BARE: Final = re.compile(r"(?<![\w.\"'-])(output|exit_code|status|ok)(?![\w-])")


class _Graph:
    """The steps and agents of a flow's nodes, and what could not be mapped."""

    def __init__(self, spec: Data) -> None:
        listed, joined = spec.get("nodes"), spec.get("connections")
        self.nodes = listed if isinstance(listed, list) else []
        self.connections = joined if isinstance(joined, list) else []
        self.faults: list[Fault] = []
        self.steps: list[Data] = []
        names = frozenset(map(_name, self.nodes))
        context, variables = spec.get("context"), spec.get("variables")
        values = {
            name: str(value)
            for name, value in (variables if isinstance(variables, dict) else {}).items()
            if isinstance(value, (str, int, float))
        }
        self.source = NodeSource(names, context if isinstance(context, dict) else {}, values)
        for at, node in enumerate(self.nodes):
            self._node(at, node)
        self._connect()

    def _node(self, at: int, node: Any) -> None:
        loc: Loc = (*_NODES, at)
        if not isinstance(node, dict):
            self.faults.append(Fault(loc, "a node is a mapping with id, type and config"))
            return
        name = _name(node)
        if not name or not NAME.match(name):
            message = (
                "a node needs 'id': a-z, 0-9 and '-', starting and ending with one of a-z, 0-9"
            )
            self.faults.append(Fault((*loc, "id" if "id" in node else "name"), message))
            return
        config = node.get("config", {})
        for word in ("condition", "conditions"):
            if word in node:
                message = f"write it as 'when' of a connection to '{name}'"
                self.faults.append(Fault((*loc, word), message, at="key"))
        try:
            step = step_of(
                self.source, name, node.get("type"), config if isinstance(config, dict) else {}
            )
        except Unmapped as error:
            self.faults.append(Fault((*loc, *error.loc), str(error)))
            return
        self.steps.append({"name": name, **step})

    def _connect(self) -> None:
        by_name = {step["name"]: step for step in self.steps}
        conditions: dict[str, list[str]] = {}
        for at, joined in enumerate(self.connections):
            if not isinstance(joined, dict):
                self.faults.append(Fault((*_CONNECTIONS, at), "a connection has 'from' and 'to'"))
                continue
            source, target = str(joined.get("from")), str(joined.get("to"))
            if source not in self.source.names and source not in _STARTS:
                self.faults.append(Fault((*_CONNECTIONS, at, "from"), self._no_node(source)))
            if target not in self.source.names:
                self.faults.append(Fault((*_CONNECTIONS, at, "to"), self._no_node(target)))
            if target not in by_name or source not in by_name:
                continue
            by_name[target].setdefault("needs", []).append(source)
            when = joined.get("when", joined.get("condition"))
            if when is not None:
                written = _condition(str(when), source, self.source.names)
                conditions.setdefault(target, []).append(written)
        for name, found in conditions.items():
            # Where one way to a step has no condition, it is always gone.
            if len(found) == len(by_name[name]["needs"]):
                by_name[name]["when"] = " or ".join(f"({one})" for one in found)
            if len(by_name[name]["needs"]) > 1:
                by_name[name]["join"] = "any"

    def _no_node(self, name: str) -> str:
        near = closest(name, sorted(self.source.names))
        return f"no node is named '{name}'" + (f", did you mean '{near}'?" if near else "")

    def check(self) -> Iterator[Fault]:
        """Give every fault, those of the workflow it makes too, at the places of the nodes."""
        yield from self.faults
        if self.faults:
            return
        agents = [*self.source.agents, *(str(step.get("agent")) for step in self.steps)]
        for fault in workflow_faults({"steps": self.steps}, ("spec",), agents):
            yield fault._replace(loc=(*_NODES, *fault.loc[2:3]), other=None)


def graph_faults(spec: Data) -> Iterator[Fault]:
    """Check the nodes of a flow, and say which can't be steps."""
    if spec.get("nodes"):
        yield from _Graph(spec).check()
    elif spec.get("connections"):
        yield Fault(("spec", "connections"), "there are no nodes to connect", at="key")


def workflow_of(spec: Data) -> tuple[list[Data], dict[str, Data]]:
    """Give the steps of a checked graph, and the agents that are written in it, by name."""
    graph = _Graph(spec)
    return graph.steps, graph.source.agents


def agents_named(spec: Data) -> tuple[str, ...]:
    """Name the agents that the nodes of a flow name and don't describe."""
    steps, written = workflow_of(spec)
    named = [step["agent"] for step in steps if "agent" in step]
    return tuple(dict.fromkeys(name for name in named if name not in written))


def _condition(text: str, source: str, names: Collection[str]) -> str:
    """Give a condition in the words of a workflow."""

    def named(found: re.Match[str]) -> str:
        return f"steps.{found[0]}" if found[1] in names else found[0]

    plain = _NAMED.sub(named, re.sub(r"\$\{([^{}]*)\}", r"\1", text))
    return _BARE.sub(rf"steps.{source}.\1", plain)


def _name(node: Any) -> str:
    found = node.get("id", node.get("name")) if isinstance(node, dict) else None
    return found if isinstance(found, str) else ""
