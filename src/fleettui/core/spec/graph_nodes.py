"""The nodes of a flow's graph, each as a step of a workflow, and which can be none."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Loc

Data = dict[str, Any]
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][\w-]*)((?:\.[\w-]+)*)\}")
_MESSAGE: Final = frozenset({"", ".text", ".message", ".message.text", ".body", ".content"})
_SHELL: Final = re.compile(r"[|&;<>()$`\n*?\[\]#~{}!]")
# Programs for which a word may be a program.
_SHELLS: Final = frozenset(
    {
        "sh", "bash", "dash", "zsh", "ksh", "fish", "eval", "ssh", "python", "python3", "perl",
        "ruby", "node", "awk", "php",
    }
)  # fmt: skip
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


class Unmapped(ValueError):
    """Something of a node has no counterpart; `loc` is where, below the node."""

    def __init__(self, loc: Loc, message: str) -> None:
        super().__init__(message)
        self.loc = loc


class NodeSource:
    """What the nodes of a graph may stand on: each other, the context, variables.

    `agents` collects those that are written in a node, by name.
    """

    def __init__(self, names: Collection[str], context: Data, values: Mapping[str, str]) -> None:
        self.names, self.context, self.values = names, context, values
        self.agents: dict[str, Data] = {}

    def words(self, text: Any, loc: Loc) -> str:
        """Give a text with what stands for the message or a result in the words of a workflow."""

        def replaced(found: re.Match[str]) -> str:
            name, rest = found[1], found[2]
            if name in {"event", "input", "trigger", "message"}:
                if rest in _MESSAGE:
                    return "{task}"
                raise Unmapped(loc, f"'{found[0]}' is not known here, only ${{event.text}} is")
            if name == "context":
                value = self.context.get(rest.removeprefix("."))
                if isinstance(value, (str, int, float)):
                    return str(value)
                raise Unmapped(loc, f"the flow's context has no '{rest.removeprefix('.')}'")
            if name in self.names and rest:
                return f"{{steps.{name}.output}}"
            return self.values.get(name, found[0]) if not rest else found[0]

        return _REFERENCE.sub(replaced, str(text))


def step_of(source: NodeSource, name: str, kind: Any, config: Data) -> Data:
    """Give the step of a node; raises Unmapped where there is none."""
    make = _KINDS.get(kind.lower()) if isinstance(kind, str) else None
    if make is None:
        raise Unmapped(("type",), _why_not(kind))
    return make(source, name, config)


def _agent(source: NodeSource, name: str, config: Data) -> Data:
    if "fleet" in config:
        return _fleet(source, name, config)
    inline = config.get("inline")
    agent = config.get("agent")
    if isinstance(inline, dict):
        agent = str(inline.get("name", name))
        source.agents[agent] = {key: value for key, value in inline.items() if key != "name"}
    if not isinstance(agent, str) or not agent:
        raise Unmapped(("config",), "an Agent needs 'agent', the name of one, or 'inline'")
    return {"agent": agent, **_asked(source, config)}


def _fleet(source: NodeSource, name: str, config: Data) -> Data:
    del name
    fleet = config.get("fleet")
    if not isinstance(fleet, str) or not fleet.endswith((".yaml", ".yml")):
        raise Unmapped(
            ("config", "fleet"), "name the fleet's file relative to this one, as ../fleets/x.yaml"
        )
    return {"fleet": fleet, **_asked(source, config)}


def _asked(source: NodeSource, config: Data) -> Data:
    made: Data = {}
    for word in ("input", "prompt"):
        if word in config:
            made["task"] = source.words(config[word], ("config", word))
    return {**made, **_time(config)}


def _time(config: Data) -> Data:
    seconds = config.get("timeout_seconds", config.get("timeout"))
    return {"timeout": seconds} if isinstance(seconds, (int, float, str)) else {}


def _script(source: NodeSource, name: str, config: Data) -> Data:
    del name
    inner = config.get("scriptConfig", config.get("script"))
    loc: Loc = ("config", "scriptConfig") if isinstance(inner, dict) else ("config",)
    script = inner if isinstance(inner, dict) else config
    made = {"run": _argv(source, script, loc), **_time(script)}
    if script.get("fail_on_error") is False:
        made["continue_on_error"] = True
    return made


def _argv(source: NodeSource, script: Data, loc: Loc) -> list[str]:
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
        raise Unmapped(loc, "a Script needs 'command', or 'tool' and 'action'")
    argv = [source.words(word, loc) for word in argv]
    runs = any(word.rpartition("/")[2] in _SHELLS for word in argv)
    if runs and any("{steps." in word or "{task}" in word for word in argv):
        message = "a result or a message in a script could become a command: call a program"
        raise Unmapped(loc, f"{message} that takes it as an argument")
    variables = script.get("env")
    if isinstance(variables, dict) and variables:
        pairs = [
            f"{key}={source.words(value, (*loc, 'env', key))}" for key, value in variables.items()
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


def _conditional(source: NodeSource, name: str, config: Data) -> Data:
    del source, name
    if "conditions" in config or "condition" in config:
        word = "conditions" if "conditions" in config else "condition"
        raise Unmapped(("config", word), "write it as 'when' of the connections that follow")
    return {"type": "join"}


def _approval(source: NodeSource, name: str, config: Data) -> Data:
    text = source.words(config.get("message", f"approve {name}?"), ("config", "message"))
    made: Data = {"approval": text.strip(), **_time(config)}
    people = config.get("approvers", config.get("allowed_users"))
    if isinstance(people, list) and people:
        made["approvers"] = [str(one) for one in people]
    if isinstance(config.get("require"), int):
        made["require"] = config["require"]
    return made


def _join(source: NodeSource, name: str, config: Data) -> Data:
    del source, name
    strategy = config.get("strategy", "all")
    if strategy not in {"all", "any", "majority"}:
        raise Unmapped(("config", "strategy"), "expected all, any or majority")
    return {"type": "join", "join": strategy}


_KINDS: Final[Mapping[str, Callable[[NodeSource, str, Data], Data]]] = {
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


def _why_not(kind: Any) -> str:
    mend = _REFUSED.get(kind.lower()) if isinstance(kind, str) else None
    if mend:
        return f"a node of type {kind} is no step here: {mend}"
    near = closest(str(kind), _KNOWN)
    guess = f"did you mean '{near}'?" if near else f"there are {', '.join(_KNOWN)}"
    return f"no node has the type '{kind}', {guess}"
