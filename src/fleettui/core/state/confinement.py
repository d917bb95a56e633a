"""Whether what an agent runs is confined to its workspace."""

from __future__ import annotations

from fleettui.core.spec.agent import AgentSpec
from fleettui.core.state.fleet import FleetState


def is_sandboxed(state: FleetState, spec: AgentSpec) -> bool:
    """Say what the agent's file says, else what the fleet's does."""
    if spec.sandbox is not None:
        return spec.sandbox
    return state.spec is not None and state.spec.spec.sandbox
