"""Rules about the health of agents: the ladder after a crash, and what a person answers."""

from __future__ import annotations

from fleettui.core.decide.outcome import Outcome
from fleettui.core.errors import NotFound, Stale
from fleettui.core.events import (
    AgentCrashed,
    AgentMoved,
    AlertCleared,
    AlertRaised,
    AnyEvent,
    FailureDismissed,
)
from fleettui.core.events.alerts import Severity
from fleettui.core.model import Asked
from fleettui.core.state.alerts import alert_key
from fleettui.core.state.fleet import AgentState, FleetState, TurnState
from fleettui.core.state.names import Names
from fleettui.core.supervision import next_step

CRASH = "crash"


def crash(state: FleetState, turn: TurnState, why: str, at: float) -> tuple[list[AnyEvent], float]:
    """Give what follows from the crash of a turn's agent, and when it is tried again (0: never)."""
    assert state.spec is not None
    agent = state.agents[turn.agent]
    seed = f"{turn.id} {len(agent.crashes.times)}"
    step = next_step(agent.crashes, state.spec.spec.health.restarts, at, seed)
    point = _last_checkpoint(agent) if step.rung == "roll_back" else ""
    if step.rung == "restart":
        events = [AgentCrashed(agent.id, turn.id, why, "restart", step.wait)]
    elif point:
        events = [AgentCrashed(agent.id, turn.id, why, "roll_back", step.wait, point)]
    else:
        item = Names(state).next()
        events = [AgentCrashed(agent.id, turn.id, why, "give_up", item=item)]
    rung = events[0].rung
    severity: Severity = "warning" if rung == "restart" else "critical"
    count = len(agent.crashes.times) + 1
    text = f"crashed {count} time{'s' if count > 1 else ''}, last: {why}"
    raised = AlertRaised(agent.id, CRASH, agent.id, severity, text)
    return [*events, raised], at + step.wait if rung != "give_up" else 0.0


def _last_checkpoint(agent: AgentState) -> str:
    """Name the newest place to go back to, without those that undo a rollback."""
    return next(
        (
            point.id
            for point in reversed(agent.checkpoints.values())
            if not point.why.startswith("before the rollback") and not point.pending
        ),
        "",
    )


def recovered(state: FleetState, agent: str) -> list[AnyEvent]:
    """Clear the alert of a crash once the agent has finished a turn."""
    found = state.alerts.get(alert_key(agent, CRASH, agent))
    return [AlertCleared(agent, CRASH, agent, "it works again")] if found else []


def failed_agent(state: FleetState, item: str) -> AgentState | None:
    """Give the agent whose failure waits for a person under this id."""
    return next((one for one in state.agents.values() if item and one.crashes.item == item), None)


def restart_failed(state: FleetState, agent: AgentState, asked: Asked) -> Outcome:
    """Start an agent again that was given up."""
    _same_tenant(state, agent, asked)
    if agent.status != "failed":
        raise Stale(f"{agent.id} is {agent.status} already")
    why = f"started again by {asked.actor}"
    cleared = recovered(state, agent.id)
    return Outcome((AgentMoved(agent.id, "starting", why), AgentMoved(agent.id, "idle", why),
                    *cleared))  # fmt: skip


def leave_failed(state: FleetState, agent: AgentState, asked: Asked) -> Outcome:
    """Leave an agent failed; it no longer waits for a person."""
    _same_tenant(state, agent, asked)
    return Outcome((FailureDismissed(agent.id, asked.actor.name),))


def _same_tenant(state: FleetState, agent: AgentState, asked: Asked) -> None:
    if asked.actor.tenant != state.tenant:
        raise NotFound(f"there is no action '{agent.crashes.item}'")
