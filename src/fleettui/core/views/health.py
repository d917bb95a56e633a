"""The health of agents: what one look says."""

from __future__ import annotations

from typing import Final

from fleettui.core.spec.health import Health
from fleettui.core.state.fleet import AgentState, FleetState
from fleettui.core.views.rows.health import Condition

# A program that uses more of a core than this works, even if it says nothing.
BUSY_CPU: Final = 0.05


def condition_of(
    state: FleetState, agent: AgentState, quiet: float, asking: float, cpu: float,
    *, in_line: bool = False,
) -> Condition:  # fmt: skip
    """Tell a stalled agent from one that is busy, waits or rests.

    `quiet` is how long (seconds) it made no progress, `asking` how long its model has been
    asked, `cpu` how many cores its programs use, `in_line` says that its turn has no slot. A
    tool that runs and a model that is asked have limits of their own, so whoever waits for them
    is busy.
    """
    assert state.spec is not None
    rules: Health = state.spec.spec.health
    if agent.status == "failed":
        return "failed"
    if agent.status == "waiting" or in_line:
        return "waiting"
    if not agent.turn or agent.status != "working":
        return "resting"
    if state.turns[agent.turn].status != "open":
        return "waiting"
    working = cpu > BUSY_CPU or asking > 0 or _acts(state, agent)
    if working:
        return "busy" if quiet >= rules.stalled_after else "well"
    return "stalled" if quiet >= rules.stalled_after else "well"


def _acts(state: FleetState, agent: AgentState) -> bool:
    """Say whether something of an agent's is under way, or waits for somebody."""
    return any(True for _ in state.actions_of(agent.id))
