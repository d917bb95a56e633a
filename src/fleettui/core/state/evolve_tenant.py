"""How events change a tenant's state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleettui.core.events.tenants import (
    AllHeld,
    AllReleased,
    TenantAdmitted,
    TenantHeld,
    TenantReleased,
    TenantRetired,
)
from fleettui.core.spec.tenant import TenantSpec
from fleettui.core.state import budgets
from fleettui.core.state.evolve_requests import REQUEST_STEPS
from fleettui.core.state.tenant import TenantState

Step = Callable[[TenantState, Any, float], None]


def evolve_tenant(state: TenantState, event: Any, at: float) -> None:
    """Put one event, which happened at `at`, into the state; it can't refuse."""
    state.seq += 1
    state.at = at
    step = REQUEST_STEPS.get(type(event))
    if step is not None:
        step(state.requests, event, at)
    else:
        _STEPS[type(event)](state, event, at)


def _admitted(state: TenantState, event: TenantAdmitted, _at: float) -> None:
    state.name, state.file = event.tenant, event.file
    state.spec = TenantSpec.model_validate(event.spec)
    state.retired = False


def _retired(state: TenantState, _event: TenantRetired, _at: float) -> None:
    state.retired = True


def _held(state: TenantState, event: TenantHeld, _at: float) -> None:
    state.held_by = event.by


def _released(state: TenantState, _event: TenantReleased, _at: float) -> None:
    state.held_by = ""


def _all_held(state: TenantState, event: AllHeld, _at: float) -> None:
    state.all_held_by = event.by


def _all_released(state: TenantState, _event: AllReleased, _at: float) -> None:
    state.all_held_by = ""


_STEPS: dict[type, Step] = {
    TenantAdmitted: _admitted,
    TenantRetired: _retired,
    TenantHeld: _held,
    TenantReleased: _released,
    AllHeld: _all_held,
    AllReleased: _all_released,
    **budgets.STEPS,
}
