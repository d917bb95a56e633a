"""What the policy says about one action, and how the judgements of its parts become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from fleettui.core.model import Risk

Decision = Literal["allow", "ask", "deny"]
_WEIGHT: Final[Mapping[Decision, int]] = {"allow": 0, "ask": 1, "deny": 2}
_RISKS: Final[tuple[Risk, ...]] = ("read", "write", "network", "secret", "destructive")


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """`rule` says which pattern matched or why it asks; `chain` which approval chain.

    `always` is the pattern that "allow always" would save, '' where that is not offered.
    """

    decision: Decision
    rule: str
    chain: str = ""
    risks: tuple[Risk, ...] = ()
    always: str = ""


def strictest(parts: Iterable[Judgement], chains: Mapping[str, int]) -> Judgement:
    """Return deny over ask over allow, with every risk and the chain that needs most."""
    found = tuple(parts)
    if len(found) == 1:
        return found[0]
    worst = max(found, key=lambda part: _weight(part, chains))
    asking = [part.chain for part in found if part.decision == "ask"]
    chain = max(asking, key=lambda name: _need(name, chains), default="")
    present = {risk for part in found for risk in part.risks}
    return Judgement(
        decision=worst.decision,
        rule=worst.rule,
        chain=chain,
        risks=tuple(risk for risk in _RISKS if risk in present),
    )


def _weight(part: Judgement, chains: Mapping[str, int]) -> tuple[int, tuple[int, int, int], int]:
    named = 2 if part.rule.startswith(("deny:", "require_approval:")) else 0
    return _WEIGHT[part.decision], _need(part.chain, chains), named + ("destructive" in part.risks)


def _need(chain: str, chains: Mapping[str, int]) -> tuple[int, int, int]:
    """Weigh a chain: how many it needs, then one with a name, then the one that stands first."""
    place = list(chains).index(chain) if chain in chains else len(chains)
    return chains.get(chain, 1), 1 if chain else 0, -place
