"""From what a file says to rules: fleets, flows and bare policy files."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from fleettui.core.policy.fence import Fence
from fleettui.core.policy.judgement import Decision
from fleettui.core.policy.pattern import Pattern, parse_pattern
from fleettui.core.policy.rules import PolicyRules, Saved, policy_rules
from fleettui.core.policy.words import tool_name
from fleettui.core.spec.fleet import FleetSpec
from fleettui.core.spec.flow import FlowSpec
from fleettui.core.spec.policy_file import Answer, PolicyFile
from fleettui.core.spec.program import Program, program_of

_DECISIONS: Final[Mapping[Answer, Decision]] = {
    "allow": "allow",
    "require_approval": "ask",
    "deny": "deny",
}
_ALLOWED: Final = ("allowed_commands", "allowed_verbs")
_BLOCKED: Final = ("blocked_commands", "blocked_verbs")
# Tools that run any program: their settings name whole commands.
_ANY_PROGRAM: Final = ("run", "shell")


class _Group(Protocol):
    """A chain, of whichever kind of file."""

    @property
    def name(self) -> str: ...
    @property
    def require(self) -> int: ...
    @property
    def approvers(self) -> Sequence[str | int]: ...


class _Asked(Protocol):
    """Which chain for which commands, of whichever kind of file."""

    @property
    def pattern(self) -> str: ...
    @property
    def chain(self) -> str: ...


def rules_of_fleet(
    spec: FleetSpec, saved: Iterable[Saved] = (), *, of: str | None = None
) -> PolicyRules:
    """Make the policy of a fleet, with what operators allowed for good; `of` one agent, or all."""
    policy, approval = spec.policy, spec.approval
    fences = {
        entry.name: fences_of(
            entry.spec.tools,
            {**entry.spec.tool_config},
            entry.spec.tool_restrictions,
            spec.programs,
        )
        for entry in spec.agents
        if entry.spec is not None and of in {None, entry.name}
    }
    return policy_rules(
        allow=policy.allow,
        require_approval=(*policy.require_approval, *approval.require_for),
        deny=policy.deny,
        saved=saved,
        chain_rules=_pairs(approval.rules),
        chains={"": approval.require, **_needs(approval.chains)},
        fences={name: found for name, found in fences.items() if found},
    )


def rules_of_flow(spec: FlowSpec) -> PolicyRules:
    """Make the policy of a flow."""
    fences = {
        agent.name: fences_of([str(tool) for tool in agent.tools], agent.tool_config, {}, ())
        for agent in spec.agents
    }
    return policy_rules(
        require_approval=spec.approval.require_for,
        chain_rules=_pairs(spec.approval.rules),
        chains=_needs(spec.approval.chains),
        fences={name: found for name, found in fences.items() if found},
    )


def rules_of_policy(file: PolicyFile) -> PolicyRules:
    """Make the policy of a bare policy file."""
    fences = [
        Fence(name, tool_name(name)[0], _verbs(name, (), verbs))
        for name, verbs in file.allowed_commands.items()
    ]
    otherwise = file.defaults.no_match
    unclear = file.defaults.not_analysable
    if unclear is None:
        unclear = "deny" if otherwise == "deny" else "require_approval"
    return policy_rules(
        allow=file.allow,
        require_approval=file.require_for,
        deny=file.deny,
        chain_rules=_pairs(file.rules),
        chains=_needs(file.chains),
        fences={"": tuple(fences)} if fences else {},
        otherwise=_DECISIONS[otherwise],
        unanalysable=_DECISIONS[unclear],
        malformed=_DECISIONS[file.defaults.parse_error],
        controls=_DECISIONS[file.defaults.control_characters],
    )


def fences_of(
    tools: Sequence[str],
    config: Mapping[str, Any],
    restrictions: Mapping[str, Any],
    declared: Sequence[Program],
) -> tuple[Fence, ...]:
    """Make an agent's fences from the settings of its tools; raises `Refused` as patterns do."""
    found: list[Fence] = []
    for tool in dict.fromkeys((*tools, *config, *restrictions)):
        program = program_of(tool, declared)
        reads = any(_reads_only(by_tool.get(tool)) for by_tool in (config, restrictions))
        if program is None and tool not in _ANY_PROGRAM:
            continue
        if program is None:
            allowed = _whole(_words(tool, _ALLOWED, config, restrictions))
            blocked = _whole(_words(tool, _BLOCKED, config, restrictions))
            if allowed or blocked or reads:
                found.append(Fence(tool, "", allowed, blocked, reads))
            continue
        own = (*program.allowed_commands, *_words(tool, _ALLOWED, config, restrictions))
        never = (*program.blocked_commands, *_words(tool, _BLOCKED, config, restrictions))
        found.append(
            Fence(
                tool,
                tool_name(program.program)[0],
                _verbs(program.program, program.args, own),
                _verbs(program.program, (), never),
                reads,
            )
        )
    return tuple(found)


def _reads_only(settings: Any) -> bool:
    return isinstance(settings, Mapping) and settings.get("read_only") is True


def _words(tool: str, fields: Sequence[str], *settings: Mapping[str, Any]) -> list[str]:
    """Collect what the settings of a tool list under any of these names."""
    found: list[str] = []
    for by_tool in settings:
        own = by_tool.get(tool)
        if isinstance(own, Mapping):
            listed = [word for field in fields for word in own.get(field) or ()]
            found += [word for word in listed if isinstance(word, str)]
    return found


def _verbs(program: str, args: Sequence[str], verbs: Sequence[str]) -> tuple[Pattern, ...]:
    """Read `get` and `kubectl get` alike: a verb of the program, with anything behind it."""
    name = tool_name(program)[0]
    patterns = []
    for verb in verbs:
        said = verb.strip().removesuffix(" *")
        said = said.removeprefix(f"{name} ") if said != name else ""
        before = [shlex.quote(word) for word in (program, *args)]
        words = " ".join(part for part in (*before, said, "*") if part)
        patterns.append(parse_pattern(words))
    return tuple(patterns)


def _whole(commands: Sequence[str]) -> tuple[Pattern, ...]:
    return tuple(
        parse_pattern(text if text.endswith(" *") else f"{text.strip()} *") for text in commands
    )


def _pairs(rules: Sequence[_Asked]) -> list[tuple[str, str]]:
    return [(rule.pattern, rule.chain) for rule in rules]


def _needs(chains: Sequence[_Group]) -> dict[str, int]:
    """Say how many each chain needs, the strictest first: most people, then fewest to ask."""
    ordered = sorted(
        enumerate(chains),
        key=lambda pair: (-pair[1].require, len(pair[1].approvers) or 1_000_000, pair[0]),
    )
    return {chain.name: chain.require for _, chain in ordered}
