"""How events change what is known of the health of agents."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import AgentCrashed, AlertCleared, AlertRaised, FailureDismissed
from fleettui.core.state.fleet import AlertState, FleetState, LogLine
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


def _raised(state: FleetState, event: AlertRaised, at: float) -> None:
    key = (event.agent, event.rule)
    since = state.alerts[key].at if key in state.alerts else at
    state.alerts[key] = AlertState(event.agent, event.rule, event.severity, event.text, since)
    _note(state, event.agent, LogLine(at, "error", f"{event.severity}: {event.text}"))


def _cleared(state: FleetState, event: AlertCleared, at: float) -> None:
    state.alerts.pop((event.agent, event.rule), None)
    text = event.text or "all is well again"
    _note(state, event.agent, LogLine(at, "note", f"recovered: {event.rule}: {text}"))


def _note(state: FleetState, agent: str, line: LogLine) -> None:
    log = state.agents[agent].log if agent in state.agents else state.log
    log.append(line)


STEPS: dict[type, Any] = {
    AgentCrashed: _crashed,
    FailureDismissed: _dismissed,
    AlertRaised: _raised,
    AlertCleared: _cleared,
}
