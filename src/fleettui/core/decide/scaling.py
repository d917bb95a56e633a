"""Rules about scale: agents without work are released, replicas come and go as they are needed."""

from __future__ import annotations

from typing import Final

from fleettui.core.commands import ReleaseAgent, RemoveReplica
from fleettui.core.decide.checkpoints import marking
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.errors import Refused
from fleettui.core.events import (
    AgentCreated,
    AgentMoved,
    AgentReleased,
    AgentRemoved,
    AnyEvent,
    WorkspaceDoomed,
)
from fleettui.core.model import Asked
from fleettui.core.spec.fleet import AgentEntry
from fleettui.core.standing import Standing
from fleettui.core.state.fleet import AgentState, FleetState
from fleettui.core.state.names import Names
from fleettui.core.state.scaling import idle_timeout, is_surplus, replicas_of

# A replica with so much waiting mail is full: where all are, one message more makes another one.
DEEP: Final = 2


def release_agent(state: FleetState, command: ReleaseAgent, asked: Asked) -> Outcome:
    """Release an agent that had nothing to do for as long as is said; too early is no."""
    agent = state.agents.get(command.agent)
    timeout = idle_timeout(state, agent, asked.standing) if agent is not None else None
    if agent is None or timeout is None or agent.released or agent.status != "idle" or agent.turns:
        return NOTHING
    # Clocks are not exact: what comes a moment too early is meant.
    if asked.at - agent.since < timeout - 0.01:
        return NOTHING
    files = agent.files
    if files.rolling is not None or files.merging is not None or files.pending:
        raise Refused(f"the files of {agent.id} are being changed")
    name = Names(state).next()
    marked = marking(state, agent, name, "before its release")
    return Outcome((marked, AgentReleased(agent.id, timeout)), name)


def remove_replica(state: FleetState, command: RemoveReplica, _asked: Asked) -> Outcome:
    """Let a replica go that is one too many, has no work of its own and takes no part in a run."""
    agent = state.agents.get(command.agent)
    if agent is None or not (agent.released and is_surplus(state, agent)):
        return NOTHING
    run = state.running()
    waits = any(message.to == agent.id for message in state.messages.values())
    if agent.turns or waits or (run is not None and agent.id in run.agents):
        return NOTHING
    if command.unmerged:
        raise Refused(f"{agent.id} has work that is not merged", f"fleettui merge {agent.id}")
    events: list[AnyEvent] = [AgentRemoved(agent.id, "scaled down")]
    ground = agent.files.ground
    if ground is not None and ground.kind == "worktree":
        name = ground.branch if agent.id in state.left else agent.id
        events.append(WorkspaceDoomed(name, "scaled down"))
    return Outcome(events)


def receiver(state: FleetState, to: str, standing: Standing) -> tuple[str, list[AnyEvent]]:
    """Give the agent that gets a message, and what makes it where it is a new replica.

    A message to an entry goes to the replica that has the least to do; raises NotFound. There is
    no new one where the tenant has as many agents as it may.
    """
    entry = None if to in state.agents else _entry(state, to)
    if entry is None:
        return state.agent(to).id, []
    able = [one for one in replicas_of(state, to) if one.status not in {"stopping", "stopped"}]
    best = min(able, key=lambda one: _load(state, one), default=None)
    if best is None or best.status == "failed" or len(state.mailboxes[best.id]) >= DEEP:
        why = f"no replica of {to} has less than {DEEP} messages waiting"
        fresh = _fresh(state, entry, why) if entry.is_scaled and standing.agents_left() else None
        if fresh is not None:
            return fresh
    if best is None:
        raise Refused(f"every replica of {to} is stopped", "start one first")
    return best.id, []


def grown(state: FleetState, items: int, standing: Standing) -> list[AnyEvent]:
    """Make the replicas that a run over so many items has use for, as the tenant may have them."""
    assert state.spec is not None
    events: list[AnyEvent] = []
    left = standing.agents_left()
    for entry in state.spec.spec.agents:
        if not entry.is_scaled:
            continue
        taken = {one.number for one in replicas_of(state, entry.name)}
        wanted = min(min(items, entry.most) - len(taken), left)
        free = (number for number in range(1, entry.most + 1) if number not in taken)
        for number, _ in zip(free, range(wanted), strict=False):
            events += _created(entry, number, f"a run has {items} items")
            left -= 1
    return events


def _entry(state: FleetState, name: str) -> AgentEntry | None:
    assert state.spec is not None
    return next((entry for entry in state.spec.spec.agents if entry.name == name), None)


def _load(state: FleetState, agent: AgentState) -> tuple[bool, int, bool, bool, int]:
    """Order replicas: the well, by least mail, then not at work, then awake, then by number."""
    waiting, busy = len(state.mailboxes[agent.id]), bool(agent.turns) or agent.status == "paused"
    return agent.status == "failed", waiting, busy, agent.released, agent.number


def _fresh(state: FleetState, entry: AgentEntry, why: str) -> tuple[str, list[AnyEvent]] | None:
    taken = {one.number for one in replicas_of(state, entry.name)}
    if len(taken) >= entry.most:
        return None
    number = next(number for number in range(1, entry.most + 1) if number not in taken)
    return f"{entry.name}-{number}", _created(entry, number, why)


def _created(entry: AgentEntry, number: int, why: str) -> list[AnyEvent]:
    name = f"{entry.name}-{number}"
    return [
        AgentCreated(name, entry.name, number),
        AgentMoved(name, "starting", f"scaled up: {why}"),
        AgentMoved(name, "idle", f"scaled up: {why}"),
    ]
