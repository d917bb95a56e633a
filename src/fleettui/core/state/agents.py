"""How events change agents: their lifecycle, transcript and checkpoints."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import (
    AgentCreated,
    AgentMoved,
    AgentRemoved,
    AgentRolledBack,
    CheckpointMade,
    SessionKept,
    TroubleNoted,
)
from fleettui.core.queue import Mailbox
from fleettui.core.state.alerts import forget_alerts
from fleettui.core.state.fleet import AgentState, CheckpointState, FleetState, LogLine
from fleettui.core.supervision import Crashes


def _created(state: FleetState, event: AgentCreated, at: float) -> None:
    state.agents[event.agent] = AgentState(event.agent, event.entry, event.number, since=at)
    state.mailboxes.setdefault(event.agent, Mailbox())


def _moved(state: FleetState, event: AgentMoved, at: float) -> None:
    agent = state.agents[event.agent]
    if event.to in {"paused", "stopped", "failed"} or agent.status in {"paused", "stopped"}:
        agent.log.append(LogLine(at, "note", f"{event.to} {event.why}".strip(), agent.turn))
    if agent.status == "failed" and event.to != "failed":
        agent.crashes = Crashes()
    agent.status, agent.why, agent.since = event.to, event.why, at
    if event.to == "stopped":
        forget_alerts(state, agent.id)


def _removed(state: FleetState, event: AgentRemoved, _at: float) -> None:
    del state.agents[event.agent]
    forget_alerts(state, event.agent)


def _marked(state: FleetState, event: CheckpointMade, at: float) -> None:
    agent = state.agents[event.agent]
    state.number += 1
    mark(state, agent, event.checkpoint, event.why, at)
    agent.log.append(
        LogLine(at, "check", f"checkpoint {event.checkpoint}: {event.why}", agent.turn)
    )


def mark(state: FleetState, agent: AgentState, name: str, why: str, at: float) -> None:
    """Keep the present place in an agent's transcript under a name.

    A transcript only grows; a rollback begins a new list. So a list and a length are enough, and a
    checkpoint costs the same however long the history is.
    """
    bill = agent.bill
    agent.checkpoints[name] = CheckpointState(
        name, agent.id, at, why, state.seq, agent.transcript, len(agent.transcript),
        bill.input_tokens + bill.output_tokens, bill.cost, agent.session,
    )  # fmt: skip


def _rolled_back(state: FleetState, event: AgentRolledBack, at: float) -> None:
    agent = state.agents[event.agent]
    target = agent.checkpoints[event.checkpoint]
    state.number += 1
    mark(state, agent, event.undo, f"before the rollback to {event.checkpoint}", at)
    agent.transcript = target.line[: target.length]
    agent.session = target.session
    agent.trouble = ""
    agent.log.append(LogLine(at, "check", f"rolled back to {event.checkpoint} by {event.by}"))


def _session_kept(state: FleetState, event: SessionKept, at: float) -> None:
    """Take up a session; what is said in it from now on was not there at any checkpoint."""
    agent = state.agents[event.agent]
    for point in agent.checkpoints.values():
        if point.session == event.session:
            point.session = ""
    if agent.session != event.session or event.how not in {"", "kept"}:
        text = f"session {event.session[:60]} {event.how}".strip()
        agent.log.append(LogLine(at, "note", text, agent.turn))
    agent.session = event.session


def _troubled(state: FleetState, event: TroubleNoted, at: float) -> None:
    agent = state.agents.get(event.agent)
    if agent is None:
        state.log.append(LogLine(at, "error", event.text))
    else:
        agent.trouble = event.text
        agent.log.append(LogLine(at, "error", event.text, agent.turn))


STEPS: dict[type, Any] = {
    AgentCreated: _created,
    AgentMoved: _moved,
    AgentRemoved: _removed,
    CheckpointMade: _marked,
    AgentRolledBack: _rolled_back,
    SessionKept: _session_kept,
    TroubleNoted: _troubled,
}
