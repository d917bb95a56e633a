"""The tools that an agent has because of its place in a run, or of what its fleet shares."""

from __future__ import annotations

from collections.abc import Mapping

from fleettui.core.coordination.pipeline import may_send_back
from fleettui.core.memory import MEMORY_TOOLS
from fleettui.core.spec.shared import Pattern
from fleettui.core.state.fleet import FleetState, TurnState
from fleettui.core.state.memory import shared_memory
from fleettui.core.state.roster import coordination_of, manager_of

PATTERN_TOOLS: Mapping[Pattern, tuple[str, ...]] = {
    "direct": ("send_message",),
    "broadcast": ("broadcast", "send_message"),
    "pub_sub": ("publish", "subscribe", "send_message"),
    "request_reply": ("ask_agent", "send_message"),
}


def forgets_its_run(state: FleetState, turn: TurnState) -> bool:
    """Say whether a turn's agent is not to remember the turns it had in the same run before."""
    run = state.runs.get(turn.run)
    if run is None:
        return False
    return run.mode == "swarm" or (run.mode == "deep" and not coordination_of(state).deep.memory)


def offered_tools(state: FleetState, turn: TurnState) -> tuple[str, ...]:
    """Name the tools that a turn brings with it, beside those of its agent."""
    shared = MEMORY_TOOLS if shared_memory(state) is not None else ()
    return (*shared, *_by_pattern(state), *_by_place(state, turn))


def _by_pattern(state: FleetState) -> tuple[str, ...]:
    """Name the tools of the way the fleet's file says its agents talk."""
    assert state.spec is not None
    if "communication" not in state.spec.spec.model_fields_set:
        return ()
    return PATTERN_TOOLS[state.spec.spec.communication.pattern]


def _by_place(state: FleetState, turn: TurnState) -> tuple[str, ...]:
    run = state.runs.get(turn.run)
    if run is None:
        return ()
    if run.mode == "hierarchical" and turn.agent == manager_of(state, run):
        return ("delegate",)
    return ("send_back",) if may_send_back(state, turn) else ()
