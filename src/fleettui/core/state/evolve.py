"""`evolve`: one event changes the state, in place; a table of small functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleettui.core.events import (
    AnyEvent,
    FleetOpened,
    FleetReloaded,
    FleetResumed,
    FleetStopped,
    FleetStopping,
)
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.state import (
    actions,
    agents,
    alerts,
    ballots,
    memory,
    messages,
    parts,
    runs,
    workspaces,
)
from fleettui.core.state.fleet import FleetState

Step = Callable[[FleetState, Any, float], None]


def evolve(state: FleetState, event: AnyEvent, at: float) -> None:
    """Put one event, which happened at `at`, into the state; it can't refuse."""
    state.seq += 1
    state.at = at
    _STEPS[type(event)](state, event, at)


def _opened(state: FleetState, event: FleetOpened, _at: float) -> None:
    state.id, state.tenant, state.name = event.fleet, event.tenant, event.name
    state.file, state.workspace = event.file, event.workspace
    state.spec = FleetFile.model_validate(event.spec)
    state.policy, state.warnings = event.policy, event.warnings


def _reloaded(state: FleetState, event: FleetReloaded, _at: float) -> None:
    state.spec = FleetFile.model_validate(event.spec)
    state.policy, state.warnings = event.policy, event.warnings


def _stopping(state: FleetState, _event: FleetStopping, _at: float) -> None:
    state.stopping = True


def _stopped(state: FleetState, _event: FleetStopped, _at: float) -> None:
    state.stopped, state.stopping = True, False
    state.alerts.clear()


def _resumed(state: FleetState, _event: FleetResumed, _at: float) -> None:
    state.stopped = False


_STEPS: dict[type, Step] = {
    FleetOpened: _opened,
    FleetReloaded: _reloaded,
    FleetStopping: _stopping,
    FleetStopped: _stopped,
    FleetResumed: _resumed,
    **agents.STEPS,
    **runs.STEPS,
    **parts.STEPS,
    **ballots.STEPS,
    **actions.STEPS,
    **messages.STEPS,
    **memory.STEPS,
    **alerts.STEPS,
    **workspaces.STEPS,
}
