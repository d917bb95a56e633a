"""From a fleet's file and its saved rules to a judgement on one action."""

from __future__ import annotations

from fleettui.core.model import Facts
from fleettui.core.policy.judge import judge
from fleettui.core.policy.judgement import Judgement
from fleettui.core.policy.rules import Saved
from fleettui.core.policy.written import rules_of_fleet
from fleettui.core.state.fleet import FleetState


def judge_action(state: FleetState, agent: str, facts: Facts) -> Judgement:
    """Judge what an agent of this fleet wants to do."""
    assert state.spec is not None
    saved = [Saved(rule.pattern, rule.agent) for rule in state.rules.values()]
    entry = state.agents[agent].entry if agent in state.agents else ""
    rules = rules_of_fleet(state.spec.spec, saved, of=entry)
    return judge(facts, rules, agent=agent, entry=entry)
