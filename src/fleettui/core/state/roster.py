"""Who does what in a run: its manager, its workers, its tiers."""

from __future__ import annotations

from fleettui.core.spec.consensus import Coordination
from fleettui.core.spec.fleet import AgentEntry
from fleettui.core.state.fleet import FleetState, RunState


def coordination_of(state: FleetState) -> Coordination:
    assert state.spec is not None
    return state.spec.spec.coordination


def manager_entry(state: FleetState) -> AgentEntry | None:
    """Give the managing entry: the one that is named, else the first with role manager."""
    assert state.spec is not None
    named = coordination_of(state).manager
    entries = state.spec.spec.agents
    if named is not None:
        return next((entry for entry in entries if entry.name == named), None)
    return next((entry for entry in entries if entry.role == "manager"), None)


def manager_of(state: FleetState, run: RunState) -> str:
    """Give the agent that manages a run, empty if it has none."""
    entry = manager_entry(state)
    if entry is None:
        return ""
    return next((name for name in run.agents if entry_name(state, name) == entry.name), "")


def workers_of(state: FleetState, run: RunState) -> tuple[str, ...]:
    """Give the agents of a run without its manager, in the order of the file."""
    manager = manager_of(state, run)
    return tuple(name for name in run.agents if name != manager)


def entry_name(state: FleetState, agent: str) -> str:
    found = state.agents.get(agent)
    return found.entry if found is not None else ""


def seated(state: FleetState, run: RunState) -> list[str]:
    """Give who sits in a tier: everybody, without the manager where it brings answers together."""
    agents = [name for name in run.agents if name in state.agents]
    if coordination_of(state).tiered.final_aggregation != "manager_synthesis":
        return agents
    manager = manager_of(state, run)
    return [name for name in agents if name != manager] or agents


def skills_of(state: FleetState, agent: str) -> tuple[str, ...]:
    """Give what an agent is good at, by its file."""
    return (*state.entry_of(agent).skills, *state.spec_of(agent).capabilities)


def tier_of(state: FleetState, agent: str) -> int:
    """Give an agent's tier; 1 where the file says nothing."""
    return state.entry_of(agent).tier or 1
