"""From a fleet's file and its saved rules to a judgement on one action."""

from __future__ import annotations

from fleettui.core.model import Facts
from fleettui.core.policy.judge import Judgement, judge
from fleettui.core.policy.rules import AlwaysPattern, PolicyRules
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.state.fleet import FleetState


def rules_of_spec(spec: FleetFile, always: tuple[AlwaysPattern, ...] = ()) -> PolicyRules:
    """Make the policy of a file, with what operators allowed for good."""
    policy = spec.spec.policy
    return PolicyRules(
        allow=tuple(policy.allow),
        require_approval=tuple(policy.require_approval),
        deny=tuple(policy.deny),
        always=always,
    )


def judge_action(state: FleetState, agent: str, facts: Facts) -> Judgement:
    """Judge what an agent of this fleet wants to do."""
    assert state.spec is not None
    always = tuple(AlwaysPattern(rule.pattern, rule.agent) for rule in state.rules.values())
    return judge(facts, rules_of_spec(state.spec, always), agent=agent)
