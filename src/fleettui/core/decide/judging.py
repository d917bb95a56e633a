"""From a fleet's file and its saved rules to a judgement on one action."""

from __future__ import annotations

from collections.abc import Iterable

from fleettui.core.model import Facts
from fleettui.core.policy.judge import judge
from fleettui.core.policy.judgement import Judgement
from fleettui.core.policy.rules import PolicyRules, Saved, policy_rules
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.state.fleet import FleetState


def rules_of_spec(spec: FleetFile, saved: Iterable[Saved] = ()) -> PolicyRules:
    """Make the policy of a file, with what operators allowed for good."""
    policy = spec.spec.policy
    return policy_rules(
        allow=policy.allow, require_approval=policy.require_approval, deny=policy.deny, saved=saved
    )


def judge_action(state: FleetState, agent: str, facts: Facts) -> Judgement:
    """Judge what an agent of this fleet wants to do."""
    assert state.spec is not None
    saved = [Saved(rule.pattern, rule.agent) for rule in state.rules.values()]
    return judge(facts, rules_of_spec(state.spec, saved), agent=agent)
