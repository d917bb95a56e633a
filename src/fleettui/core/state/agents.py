"""How events change agents: their lifecycle, transcript and checkpoints."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import (
    AgentCreated,
    AgentMoved,
    AgentReleased,
    AgentRemoved,
    AgentRolledBack,
    CheckpointBegun,
    CheckpointMade,
    SessionKept,
    TroubleNoted,
)
from fleettui.core.queue import Mailbox
from fleettui.core.state.alerts import forget_alerts
from fleettui.core.state.fleet import (
    AgentState,
    CheckpointState,
    FleetState,
    LogLine,
    SeenState,
    session_now,
)
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
    if agent.status == "waiting" and event.to == "working":
        # What it waited for has come.
        agent.trouble = ""
    agent.status, agent.why, agent.since = event.to, event.why, at
    agent.released = False
    if event.to == "stopped":
        forget_alerts(state, agent.id)


def _released(state: FleetState, event: AgentReleased, at: float) -> None:
    agent = state.agents[event.agent]
    agent.released, agent.since = True, at
    agent.why = f"released after {_long(event.after)} idle; wakes on a message"
    agent.log.append(LogLine(at, "note", agent.why))


def _long(seconds: float) -> str:
    """Say how long something is, in the largest unit that fits: 90s, 10m, 2h."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _removed(state: FleetState, event: AgentRemoved, _at: float) -> None:
    files = state.agents.pop(event.agent).files
    for point in files.pending:
        state.keeping.pop(point, None)
    ground = files.ground or files.making
    if ground is not None and ground.kind == "worktree":
        name = ground.branch if event.agent in state.left else event.agent
        state.left[name] = ground
    forget_alerts(state, event.agent)


def _marked(state: FleetState, event: CheckpointMade, at: float) -> None:
    agent = state.agents[event.agent]
    point = agent.checkpoints.get(event.checkpoint)
    if point is None:
        state.number += 1
        point = mark(state, agent, event.checkpoint, event.why, at)
    point.commit, point.left_out, point.note = event.commit, event.left_out, event.note
    point.session, point.pending = event.session, False
    agent.files.pending.discard(point.id)
    state.keeping.pop(point.id, None)
    told = f" ({event.note})" if event.note else ""
    if event.left_out:
        names = ", ".join(f"{one.path}: {one.why}" for one in event.left_out)
        told += f" (left out: {names})"
    agent.log.append(
        LogLine(at, "check", f"checkpoint {event.checkpoint}: {event.why}{told}", agent.turn)
    )


def _begun(state: FleetState, event: CheckpointBegun, at: float) -> None:
    state.number += 1
    agent = state.agents[event.agent]
    point = mark(state, agent, event.checkpoint, event.why, at)
    point.pending, point.action, point.session = True, event.action, session_now(agent)
    agent.files.pending.add(point.id)
    state.keeping[point.id] = point.why


def mark(state: FleetState, agent: AgentState, name: str, why: str, at: float) -> CheckpointState:
    """Keep the present place in an agent's transcript under a name.

    A transcript only grows; a rollback begins a new list. So a list and a length are enough, and a
    checkpoint costs the same however long the history is.
    """
    bill = agent.bill
    agent.files.turns = 0
    point = agent.checkpoints[name] = CheckpointState(
        name, agent.id, at, why, state.seq, agent.transcript, len(agent.transcript),
        bill.tokens, bill.cost, agent.session,
    )  # fmt: skip
    return point


def _rolled_back(state: FleetState, event: AgentRolledBack, at: float) -> None:
    agent = state.agents[event.agent]
    target = agent.checkpoints[event.checkpoint]
    agent.files.rolling = None
    agent.files.failed = ""
    if event.undo not in agent.checkpoints:
        state.number += 1
        mark(state, agent, event.undo, f"before the rollback to {event.checkpoint}", at)
    undo = agent.checkpoints[event.undo]
    if event.part != "transcript" and undo.commit:
        # What it took back is its own doing, should this be undone.
        agent.files.seen.append(SeenState(state.seq, undo.commit, target.commit))
    if event.part != "files":
        agent.transcript = target.line[: target.length]
        agent.session = target.session
        agent.trouble = ""
    what = {"all": "", "transcript": " (transcript)", "files": " (files)"}[event.part]
    text = f"rolled back to {event.checkpoint}{what} by {event.by}"
    agent.log.append(LogLine(at, "check", text))


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
    AgentReleased: _released,
    AgentRemoved: _removed,
    CheckpointBegun: _begun,
    CheckpointMade: _marked,
    AgentRolledBack: _rolled_back,
    SessionKept: _session_kept,
    TroubleNoted: _troubled,
}
