"""How events change what is known of the health of agents."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import AgentCrashed, FailureDismissed
from fleettui.core.state.fleet import FleetState, LogLine
from fleettui.core.supervision import Crashes, is_healthy_again


def _crashed(state: FleetState, event: AgentCrashed, at: float) -> None:
    assert state.spec is not None
    agent = state.agents[event.agent]
    if is_healthy_again(agent.crashes, state.spec.spec.health.restarts, at):
        agent.crashes = Crashes()
    agent.crashes.times.append(at)
    agent.crashes.why = event.why
    match event.rung:
        case "restart":
            text = f"restart {len(agent.crashes.times)} in {event.wait:.1f} s: {event.why}"
        case "roll_back":
            agent.crashes.rolled_back = True
            text = f"goes back to {event.checkpoint} in {event.wait:.1f} s: {event.why}"
        case "give_up":
            state.number += 1
            agent.crashes.item = event.item
            text = f"given up after {len(agent.crashes.times)} crashes: {event.why}"
    agent.log.append(LogLine(at, "error", text, event.turn))


def _dismissed(state: FleetState, event: FailureDismissed, at: float) -> None:
    agent = state.agents[event.agent]
    agent.crashes.item = ""
    agent.log.append(LogLine(at, "note", f"left failed by {event.by}"))


STEPS: dict[type, Any] = {
    AgentCrashed: _crashed,
    FailureDismissed: _dismissed,
}
