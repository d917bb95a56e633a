"""The rules a fleet is judged by: patterns with their chains, saved answers, and the default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from fleettui.core.errors import Refused
from fleettui.core.policy.fence import Fence
from fleettui.core.policy.judgement import Decision
from fleettui.core.policy.pattern import Pattern, parse_pattern


class Chained(msgspec.Struct, frozen=True):
    """A pattern and the approval chain it demands ('' for the default one)."""

    pattern: Pattern
    chain: str = ""


class Saved(msgspec.Struct, frozen=True):
    """An answer "allow always"; `agent` is '' when it holds for the whole fleet."""

    pattern: str
    agent: str = ""


class SavedPattern(msgspec.Struct, frozen=True):
    """A saved answer, its pattern parsed."""

    pattern: Pattern
    agent: str = ""


class PolicyRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules parsed once, then used for every command.

    `otherwise` decides what no rule names (if it can be analysed and isn't destructive),
    `unanalysable` what can't be analysed, `malformed` a script that is no bash, `controls` what has
    control or disguised characters. `chains` says how many approvals each chain needs ('' is the
    usual number), of two that need as many the stricter one first; `fences` stand by agent,
    those of '' round every one.
    """

    allow: tuple[Pattern, ...] = ()
    require_approval: tuple[Chained, ...] = ()
    deny: tuple[Pattern, ...] = ()
    saved: tuple[SavedPattern, ...] = ()
    chains: Mapping[str, int] = {}
    fences: Mapping[str, tuple[Fence, ...]] = {}
    otherwise: Decision = "ask"
    unanalysable: Decision = "ask"
    malformed: Decision = "deny"
    controls: Decision = "deny"

    def fences_of(self, entry: str, tool: str) -> tuple[Fence, ...]:
        """Return the fences round a call of `tool` by an agent of the file.

        A tool that is a program has its own; what other tools run may be done by any of them.
        """
        found = (*self.fences.get("", ()), *(self.fences.get(entry, ()) if entry else ()))
        own = {fence.program for fence in found if fence.tool == tool}
        return tuple(
            fence
            for fence in found
            if fence.tool == tool or (fence.program and fence.program not in own)
        )


def policy_rules(
    *,
    allow: Iterable[str] = (),
    require_approval: Iterable[str] = (),
    deny: Iterable[str] = (),
    saved: Iterable[Saved] = (),
    chain_rules: Iterable[tuple[str, str]] = (),
    chains: Mapping[str, int] | None = None,
    fences: Mapping[str, tuple[Fence, ...]] | None = None,
    otherwise: Decision = "ask",
    unanalysable: Decision = "ask",
    malformed: Decision = "deny",
    controls: Decision = "deny",
) -> PolicyRules:
    """Parse pattern texts into rules; raises `Refused` at the first pattern that is none.

    `chain_rules` are (pattern, chain name): they ask like `require_approval`, with that chain.
    """
    needs = dict(chains or {})
    named = tuple(Chained(parse_pattern(text), chain) for text, chain in chain_rules)
    for rule in named:
        if needs and rule.chain not in needs:
            raise Refused(
                f"approval chain {rule.chain!a} is not defined",
                f"name one of {', '.join(sorted(needs))}",
            )
    return PolicyRules(
        allow=tuple(map(parse_pattern, allow)),
        require_approval=(*named, *(Chained(parse_pattern(text)) for text in require_approval)),
        deny=tuple(map(parse_pattern, deny)),
        saved=tuple(SavedPattern(parse_pattern(rule.pattern), rule.agent) for rule in saved),
        chains=needs,
        fences=fences or {},
        otherwise=otherwise,
        unanalysable=unanalysable,
        malformed=malformed,
        controls=controls,
    )


DEFAULT_RULES = PolicyRules()
