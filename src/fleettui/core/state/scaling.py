"""What is known of an agent's scale: when it is released, and whether it is one too many."""

from __future__ import annotations

from typing import Final

from fleettui.core.spec.known import WITHOUT_TURNS
from fleettui.core.standing import Standing
from fleettui.core.state.fleet import AgentState, FleetState

# A replica above the least is released after so long (seconds) where its file says nothing.
SURPLUS_IDLE: Final = 300.0


def replicas_of(state: FleetState, entry: str) -> list[AgentState]:
    """Give the instances of an entry, without forks."""
    return [
        agent for agent in state.agents.values() if agent.entry == entry and not agent.files.fork_of
    ]


def is_surplus(state: FleetState, agent: AgentState) -> bool:
    """Say whether an agent is a replica above the least that there always are."""
    entry = state.entry_of(agent.id)
    if not entry.is_scaled or agent.files.fork_of:
        return False
    return len(replicas_of(state, entry.name)) > entry.least


def idle_timeout(state: FleetState, agent: AgentState, standing: Standing) -> float | None:
    """Give after how long (seconds) without work an agent is released; None is never.

    Its own file says it, else its tenant's; a replica too many goes in any case.
    """
    spec = state.spec_of(agent.id)
    if spec.type in WITHOUT_TURNS:
        return None
    said = spec.idle_timeout or standing.idle_timeout()
    return said or (SURPLUS_IDLE if is_surplus(state, agent) else None)
