"""Patterns of a file read by the grammar of commands, so that a wrong one is told at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleettui.core.errors import Refused
from fleettui.core.policy.pattern import parse_pattern
from fleettui.core.spec.known import PROGRAMS
from fleettui.core.spec.problem import Fault, Loc

Data = dict[str, Any]
_LISTS: Final[dict[str, tuple[Loc, ...]]] = {
    "AgentFleet": (
        ("spec", "policy", "allow"),
        ("spec", "policy", "require_approval"),
        ("spec", "policy", "deny"),
        ("spec", "approval", "require_for"),
    ),
    "AgentFlow": (("spec", "approval", "require_for"),),
    "": (("require_for",), ("allow",), ("deny",)),
}
_VERB_LISTS: Final = ("allowed_commands", "allowed_verbs", "blocked_commands", "blocked_verbs")
_RULES: Final[dict[str, Loc]] = {
    "AgentFleet": ("spec", "approval", "rules"),
    "AgentFlow": ("spec", "approval", "rules"),
    "": ("rules",),
}


def pattern_faults(kind: str, data: Data) -> Iterator[Fault]:
    """Check every pattern of a fleet, a flow or ('') a bare policy file."""
    for loc in _LISTS.get(kind, ()):
        for at, pattern in enumerate(_listed(data, loc)):
            yield from _pattern(pattern, (*loc, at))
    if kind in _RULES:
        for at, rule in enumerate(_listed(data, _RULES[kind])):
            if isinstance(rule, dict):
                yield from _pattern(rule.get("pattern"), (*_RULES[kind], at, "pattern"))
    if not kind:
        yield from _verbs(data.get("allowed_commands"), ("allowed_commands",))


def setting_faults(spec: Data, loc: Loc, declared: Mapping[str, str]) -> Iterator[Fault]:
    """Check the commands that the settings of an agent's tools list."""
    for field in ("tool_config", "tool_restrictions"):
        by_tool = spec.get(field)
        for tool, own in by_tool.items() if isinstance(by_tool, dict) else ():
            program = declared.get(tool) or (tool if tool in PROGRAMS else "")
            if not isinstance(own, dict) or not (program or tool in {"run", "shell"}):
                continue
            for name in _VERB_LISTS:
                for at, verb in enumerate(_listed(own, (name,))):
                    words = f"{program} {verb}".strip() if isinstance(verb, str) else verb
                    yield from _pattern(words, (*loc, field, tool, name, at))


def _verbs(by_program: Any, loc: Loc) -> Iterator[Fault]:
    for program, verbs in by_program.items() if isinstance(by_program, dict) else ():
        for at, verb in enumerate(verbs if isinstance(verbs, list) else ()):
            if isinstance(verb, str) and not verb.strip():
                yield Fault((*loc, program, at), "a verb must not be empty")
            elif isinstance(verb, str):
                yield from _pattern(f"{program} {verb}", (*loc, program, at))


def _listed(data: Data, loc: Loc) -> list[Any]:
    found: Any = data
    for step in loc:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []


def _pattern(pattern: Any, loc: Loc) -> Iterator[Fault]:
    if not isinstance(pattern, str) or not pattern.strip():
        return
    if loc[:3] == ("spec", "policy", "allow") and not pattern.strip("* "):
        return  # the rules of a fleet say it
    try:
        parse_pattern(pattern)
    except Refused as error:
        yield Fault(loc, f"{error.message}, {error.mend}" if error.mend else error.message)
