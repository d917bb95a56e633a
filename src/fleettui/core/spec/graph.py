"""The graph form of a flow (`nodes`, `connections`), as the steps of a workflow."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.shape import NAME
from fleettui.core.spec.workflow_rules import workflow_faults

Data = dict[str, Any]
_NODES: Final[Loc] = ("spec", "nodes")
_CONNECTIONS: Final[Loc] = ("spec", "connections")
_STARTS: Final = ("start", "trigger")
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][\w-]*)((?:\.[\w-]+)*)\}")
_MESSAGE: Final = frozenset({"", ".text", ".message", ".message.text", ".body", ".content"})
_SHELL: Final = re.compile(r"[|&;<>()$`\n*?\[\]#~{}!]")
_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
# What no step does here, and what does it instead.
_REFUSED: Final = {
    **dict.fromkeys(
        ("slack", "discord", "telegram", "response", "notify"),
        "the result of the last step is the reply, remove the node",
    ),
    "http": "write a Script with `command: curl ...`, which asks as its policy says",
    "transform": "give what is to be changed to an Agent, or to a Script as an argument",
    "wait": "waiting is not built; give the next node a timeout, or write a Schedule",
    "action": "write a Script with the command that does it",
}
_KNOWN: Final = (
    "Agent",
    "Fleet",
    "Script",
    "Shell",
    "Conditional",
    "Approval",
    "Join",
    "Parallel",
    "End",
)


class _Unmapped(ValueError):
    """Something of a node has no counterpart; `loc` is where, below the node."""

    def __init__(self, loc: Loc, message: str) -> None:
        super().__init__(message)
        self.loc = loc


class _Graph:
    """The steps and agents of a flow's nodes, and what could not be mapped."""

    def __init__(self, spec: Data) -> None:
        listed, joined = spec.get("nodes"), spec.get("connections")
        self.nodes = listed if isinstance(listed, list) else []
        self.connections = joined if isinstance(joined, list) else []
        context = spec.get("context")
        self.context = context if isinstance(context, dict) else {}
        variables = spec.get("variables")
        self.values = {
            name: str(value)
            for name, value in (variables if isinstance(variables, dict) else {}).items()
            if isinstance(value, (str, int, float))
        }
        self.faults: list[Fault] = []
        self.steps: list[Data] = []
        self.agents: dict[str, Data] = {}
        self.names = [_name(node) for node in self.nodes]
        for at, node in enumerate(self.nodes):
            self._node(at, node)
        self._connect()

    def _node(self, at: int, node: Any) -> None:
        loc: Loc = (*_NODES, at)
        if not isinstance(node, dict):
            self.faults.append(Fault(loc, "a node is a mapping with id, type and config"))
            return
        name = self.names[at]
        if not name or not NAME.match(name):
            message = (
                "a node needs 'id': a-z, 0-9 and '-', starting and ending with one of a-z, 0-9"
            )
            self.faults.append(Fault((*loc, "id" if "id" in node else "name"), message))
            return
        kind, config = node.get("type"), node.get("config", {})
        folded = kind.lower() if isinstance(kind, str) else ""
        make = _KINDS.get(folded)
        if make is None:
            self.faults.append(Fault((*loc, "type"), _why_not(kind)))
            return
        for word in ("condition", "conditions"):
            if word in node:
                message = f"write it as 'when' of a connection to '{name}'"
                self.faults.append(Fault((*loc, word), message, at="key"))
        try:
            step = make(self, name, config if isinstance(config, dict) else {})
        except _Unmapped as error:
            self.faults.append(Fault((*loc, *error.loc), str(error)))
            return
        self.steps.append({"name": name, **step, "_at": at})

    def words(self, text: Any, loc: Loc) -> str:
        """Give a text with what stands for the message or a result in the words of a workflow."""

        def replaced(found: re.Match[str]) -> str:
            name, rest = found[1], found[2]
            if name in {"event", "input", "trigger", "message"}:
                if rest in _MESSAGE:
                    return "{task}"
                raise _Unmapped(loc, f"'{found[0]}' is not known here, only ${{event.text}} is")
            if name == "context":
                value = self.context.get(rest.removeprefix("."))
                if isinstance(value, (str, int, float)):
                    return str(value)
                raise _Unmapped(loc, f"the flow's context has no '{rest.removeprefix('.')}'")
            if name in self.names and rest:
                return f"{{steps.{name}.output}}"
            return self.values.get(name, found[0]) if not rest else found[0]

        return _REFERENCE.sub(replaced, str(text))

    def _connect(self) -> None:
        by_name = {step["name"]: step for step in self.steps}
        conditions: dict[str, list[str]] = {}
        counts: dict[str, int] = {}
        for at, joined in enumerate(self.connections):
            if not isinstance(joined, dict):
                self.faults.append(Fault((*_CONNECTIONS, at), "a connection has 'from' and 'to'"))
                continue
            source, target = joined.get("from"), joined.get("to")
            for word, name in (("from", source), ("to", target)):
                if name not in self.names and not (word == "from" and name in _STARTS):
                    self.faults.append(Fault((*_CONNECTIONS, at, word), _no_node(name, self.names)))
            step = by_name.get(str(target))
            if step is None or source in _STARTS or source not in by_name:
                continue
            step.setdefault("needs", []).append(source)
            counts[str(target)] = counts.get(str(target), 0) + 1
            word = "when" if "when" in joined else "condition"
            if joined.get(word) is not None:
                conditions.setdefault(str(target), []).append(
                    _condition(str(joined[word]), str(source), self.names)
                )
        for name, found in conditions.items():
            by_name[name]["when"] = " or ".join(f"({one})" for one in found)
            if len(found) > 1 and len(found) == counts[name]:
                by_name[name]["join"] = "any"

    def check(self) -> Iterator[Fault]:
        """Give every fault, those of the workflow it makes too, at the places of the nodes."""
        yield from self.faults
        if self.faults:
            return
        made = [{k: v for k, v in step.items() if k != "_at"} for step in self.steps]
        agents = [*self.agents, *(str(step.get("agent")) for step in made)]
        for fault in workflow_faults({"steps": made}, ("spec",), agents):
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
    return [{k: v for k, v in step.items() if k != "_at"} for step in graph.steps], graph.agents


def agents_named(spec: Data) -> tuple[str, ...]:
    """Name the agents that the nodes of a flow name and don't describe."""
    steps, written = workflow_of(spec)
    named = [step["agent"] for step in steps if "agent" in step]
    return tuple(dict.fromkeys(name for name in named if name not in written))


def _agent(graph: _Graph, name: str, config: Data) -> Data:
    if "fleet" in config:
        return _fleet(graph, name, config)
    inline = config.get("inline")
    agent = config.get("agent")
    if isinstance(inline, dict):
        agent = str(inline.get("name", name))
        graph.agents[agent] = {key: value for key, value in inline.items() if key != "name"}
    if not isinstance(agent, str) or not agent:
        raise _Unmapped(("config",), "an Agent needs 'agent', the name of one, or 'inline'")
    return {"agent": agent, **_asked(graph, config)}


def _fleet(graph: _Graph, name: str, config: Data) -> Data:
    del name
    fleet = config.get("fleet")
    if not isinstance(fleet, str) or not fleet.endswith((".yaml", ".yml")):
        raise _Unmapped(
            ("config", "fleet"), "name the fleet's file relative to this one, as ../fleets/x.yaml"
        )
    return {"fleet": fleet, **_asked(graph, config)}


def _asked(graph: _Graph, config: Data) -> Data:
    made: Data = {}
    for word in ("input", "prompt"):
        if word in config:
            made["task"] = graph.words(config[word], ("config", word))
    return {**made, **_time(config)}


def _time(config: Data) -> Data:
    seconds = config.get("timeout_seconds", config.get("timeout"))
    return {"timeout": seconds} if isinstance(seconds, (int, float, str)) else {}


def _script(graph: _Graph, name: str, config: Data) -> Data:
    del name
    inner = config.get("scriptConfig", config.get("script"))
    loc: Loc = ("config", "scriptConfig") if isinstance(inner, dict) else ("config",)
    script = inner if isinstance(inner, dict) else config
    made = {"run": _argv(graph, script, loc), **_time(script)}
    if script.get("fail_on_error") is False:
        made["continue_on_error"] = True
    return made


def _argv(graph: _Graph, script: Data, loc: Loc) -> list[str]:
    command, tool, args = script.get("command"), script.get("tool"), script.get("args")
    if isinstance(tool, str):
        argv = _tool(tool, str(script.get("action", "")), args if isinstance(args, dict) else {})
    elif isinstance(command, str) and isinstance(args, list):
        argv = [command, *map(str, args)]
    elif isinstance(command, list):
        argv = [str(word) for word in command]
    elif isinstance(command, str) and command.strip():
        argv = _words(command.strip())
    else:
        raise _Unmapped(loc, "a Script needs 'command', or 'tool' and 'action'")
    argv = [graph.words(word, loc) for word in argv]
    shell = argv[0].rpartition("/")[2] in _SHELLS
    if shell and any("{steps." in word or "{task}" in word for word in argv):
        message = "a result or a message in a shell script could become a command: call a program"
        raise _Unmapped(loc, f"{message} that takes it as an argument")
    variables = script.get("env")
    if isinstance(variables, dict) and variables:
        pairs = [
            f"{key}={graph.words(value, (*loc, 'env', key))}" for key, value in variables.items()
        ]
        argv = ["env", *pairs, *argv]
    return argv


def _words(command: str) -> list[str]:
    """Split a plain command into its words; anything else is a shell's."""
    bare = _REFERENCE.sub("x", command)
    if _SHELL.search(bare):
        return ["sh", "-c", command]
    try:
        return shlex.split(command)
    except ValueError:
        return ["sh", "-c", command]


def _tool(tool: str, action: str, args: Mapping[str, Any]) -> list[str]:
    """Write the call of a tool as a command line."""
    if tool == "http":
        return ["curl", "-fsS", "-X", action.upper() or "GET", str(args.get("url", ""))]
    argv = [tool, *action.split()]
    if tool == "docker" and action == "stats":
        argv.append("--no-stream")
    for key, value in args.items():
        if tool == "kubectl" and key in {"resource", "name"}:
            argv.append(str(value))
        elif isinstance(value, bool):
            argv += [f"--{key}"] if value else []
        else:
            argv.append(f"--{key}={value}")
    return argv


def _conditional(graph: _Graph, name: str, config: Data) -> Data:
    del graph, name
    if "conditions" in config or "condition" in config:
        word = "conditions" if "conditions" in config else "condition"
        raise _Unmapped(("config", word), "write it as 'when' of the connections that follow")
    return {"type": "join"}


def _approval(graph: _Graph, name: str, config: Data) -> Data:
    text = graph.words(config.get("message", f"approve {name}?"), ("config", "message"))
    made: Data = {"approval": text.strip(), **_time(config)}
    people = config.get("approvers", config.get("allowed_users"))
    if isinstance(people, list) and people:
        made["approvers"] = [str(one) for one in people]
    if isinstance(config.get("require"), int):
        made["require"] = config["require"]
    return made


def _join(graph: _Graph, name: str, config: Data) -> Data:
    del graph, name
    strategy = config.get("strategy", "all")
    if strategy not in {"all", "any", "majority"}:
        raise _Unmapped(("config", "strategy"), "expected all, any or majority")
    return {"type": "join", "join": strategy}


_KINDS: Final[Mapping[str, Callable[[_Graph, str, Data], Data]]] = {
    "agent": _agent,
    "fleet": _fleet,
    "script": _script,
    "shell": _script,
    "conditional": _conditional,
    "approval": _approval,
    "join": _join,
    "merge": _join,
    "parallel": _join,
    "split": _join,
    "end": _join,
}


def _condition(text: str, source: str, names: list[str]) -> str:
    """Give a condition in the words of a workflow."""
    plain = re.sub(r"\$\{([^{}]*)\}", r"\1", text)
    for name in names:
        plain = re.sub(rf"(?<![\w.-]){re.escape(name)}\.(?=[a-z_])", f"steps.{name}.", plain)
    return re.sub(
        r"(?<![\w.\"'])(output|exit_code|status|ok)(?=\W|$)", rf"steps.{source}.\1", plain
    )


def _name(node: Any) -> str:
    found = node.get("id", node.get("name")) if isinstance(node, dict) else None
    return found if isinstance(found, str) else ""


def _no_node(name: Any, names: list[str]) -> str:
    near = closest(str(name), [one for one in names if one])
    return f"no node is named '{name}'" + (f", did you mean '{near}'?" if near else "")


def _why_not(kind: Any) -> str:
    mend = _REFUSED.get(kind.lower()) if isinstance(kind, str) else None
    if mend:
        return f"a node of type {kind} is no step here: {mend}"
    near = closest(str(kind), _KNOWN)
    guess = f"did you mean '{near}'?" if near else f"there are {', '.join(_KNOWN)}"
    return f"no node has the type '{kind}', {guess}"
