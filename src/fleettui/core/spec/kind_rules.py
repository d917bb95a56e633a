"""What must hold for the kinds of agents that are no model: worker, monitor, tmux."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fleettui.core.spec.known import RUNTIMES, SIDE_BY_SIDE, closest
from fleettui.core.spec.pattern import linear_problem
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.template import SPREAD, flaw_of, placeholders
from fleettui.core.spec.watch import QUANTITIES, RECOVERS_AGENT, USUAL, read_when

Data = dict[str, Any]
# Which fields are whose; others do nothing with them.
_OWN: Final[dict[str, tuple[str, ...]]] = {
    "worker": ("run", "tool", "arguments", "stdin", "batch_size", "verdicts"),
    "monitor": ("watch", "interval", "allowed_hosts"),
    "tmux": ("survives",),
}
_ADDRESSES: Final = ("http://", "https://")


def kind_faults(spec: Data, loc: Loc) -> Iterator[Fault]:
    """Check what belongs to one kind of agent."""
    kind = spec.get("type", "llm")
    for owner, fields in _OWN.items():
        for field in fields:
            if field in spec and kind != owner and kind in RUNTIMES:
                yield Fault((*loc, field), f"only type {owner} has '{field}', remove it", at="key")
    many = spec.get("max_concurrent_tasks", spec.get("maxConcurrentTasks", 1))
    if kind in RUNTIMES and kind not in SIDE_BY_SIDE and isinstance(many, int) and many > 1:
        key = "max_concurrent_tasks" if "max_concurrent_tasks" in spec else "maxConcurrentTasks"
        message = f"an agent of type {kind} does one task at a time, this is not used"
        yield Fault((*loc, key), message, "warning", "key")
    match kind:
        case "worker":
            yield from _worker(spec, loc)
        case "monitor":
            yield from _monitor(spec, loc)
        case "tmux" if not spec.get("command"):
            yield Fault((*loc, "command"), "type tmux needs 'command', the program to start")


def _worker(spec: Data, loc: Loc) -> Iterator[Fault]:
    argv, tool = spec.get("run"), spec.get("tool")
    if (argv is None) == (tool is None):
        yield Fault(loc, "a worker needs 'run' or 'tool', one of them", at="key")
    if "arguments" in spec and tool is None:
        yield Fault((*loc, "arguments"), "only a 'tool' has arguments", at="key")
    words = [word for word in argv if isinstance(word, str)] if isinstance(argv, list) else []
    for at, word in enumerate(words):
        wrong = flaw_of(word)
        if wrong:
            yield Fault((*loc, "run", at), wrong)
        elif at == 0 and placeholders(word):
            yield Fault((*loc, "run", 0), "the program can't be a placeholder, name it")
    batch = spec.get("batch_size", 1)
    if isinstance(batch, int) and batch > 1 and SPREAD not in words:
        message = f"several items need the argument '{SPREAD}', which stands for all of them"
        yield Fault((*loc, "batch_size"), message)


def _monitor(spec: Data, loc: Loc) -> Iterator[Fault]:
    rules = spec.get("watch")
    if rules is None or rules == []:
        yield Fault((*loc, "watch"), "type monitor needs 'watch', a list of rules")
    names: set[str] = set()
    for at, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, dict):
            yield from _rule(rule, (*loc, "watch", at))
            name = rule.get("name")
            if isinstance(name, str) and name in names:
                yield Fault((*loc, "watch", at, "name"), f"rule '{name}' is there twice")
            names.add(str(name))


def _rule(rule: Data, loc: Loc) -> Iterator[Fault]:
    kinds = [name for name in QUANTITIES if name in rule]
    if len(kinds) != 1:
        found = f", found {' and '.join(kinds)}" if kinds else ""
        yield Fault(loc, f"a rule watches one of {', '.join(QUANTITIES)}{found}", at="key")
        return
    kind = kinds[0]
    yield from _condition(rule, kind, loc)
    watched = rule.get("process")
    if isinstance(watched, dict) and ("name" in watched) == ("pid_file" in watched):
        yield Fault((*loc, "process"), "give 'name' or 'pid_file', one of them")
    address = rule.get(kind)
    asked = kind in {"url", "metrics"} and isinstance(address, str) and "${" not in address
    if asked and not str(address).startswith(_ADDRESSES):
        yield Fault((*loc, kind), "an address begins with http:// or https://")
    if rule.get("do") in RECOVERS_AGENT and kind != "agent" and "target" not in rule:
        yield Fault((*loc, "do"), f"'{rule['do']}' needs 'target', the agent it is done to")


def _condition(rule: Data, kind: str, loc: Loc) -> Iterator[Fault]:
    when, pattern = rule.get("when"), rule.get("pattern")
    if kind == "log" and pattern is None:
        yield Fault((*loc, "pattern"), "a log is watched for a 'pattern'")
    if kind == "log" and when is not None:
        yield Fault((*loc, "when"), "a log has a 'pattern' only", at="key")
    if pattern is not None and kind not in {"log", "url"}:
        yield Fault((*loc, "pattern"), f"a {kind} has no text to look at", at="key")
    if isinstance(pattern, str):
        wrong = linear_problem(pattern)
        if wrong:
            yield Fault((*loc, "pattern"), wrong)
    if isinstance(when, str) and kind != "log":
        try:
            read_when(kind, when)
        except ValueError as error:
            yield Fault((*loc, "when"), str(error))
    if when is None and kind not in USUAL and kind != "log":
        yield Fault((*loc, "when"), f"a rule on {kind} needs 'when', as `{_example(kind)}`")


def _example(kind: str) -> str:
    return {
        "metrics": 'http_errors_total{code="500"} > 10', "disk": "free < 10%",
        "machine": "load1 > 8",
    }[kind]  # fmt: skip


def watched_agents(agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    """Check that the agents a monitor names are in its fleet."""
    names = [str(agent.get("name")) for _, agent in agents]
    replicas = {f"{agent.get('name')}-" for _, agent in agents if agent.get("replicas", 1) != 1}
    for at, agent in agents:
        spec = agent.get("spec")
        rules = spec.get("watch") if isinstance(spec, dict) else None
        for place, rule in enumerate(rules if isinstance(rules, list) else []):
            for field in ("agent", "target"):
                named = rule.get(field) if isinstance(rule, dict) else None
                known = named in (*names, "*") or str(named).rpartition("-")[0] + "-" in replicas
                if isinstance(named, str) and not known:
                    near = closest(named, names)
                    guess = f", did you mean '{near}'?" if near else ""
                    loc: Loc = ("spec", "agents", at, "spec", "watch", place, field)
                    yield Fault(loc, f"no agent is named '{named}'{guess}")
