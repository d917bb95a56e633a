"""How events change what is known of the shared memory; its entries are not part of the state."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import EntryForgotten, ForgettingAsked, SharedMemoryMoved
from fleettui.core.spec.shared import SharedMemory
from fleettui.core.state.fleet import FleetState, LogLine


def shared_memory(state: FleetState) -> SharedMemory | None:
    """Give what the fleet's file says of its shared memory, if it has one."""
    return state.spec.spec.shared.memory if state.spec is not None else None


def _moved(state: FleetState, event: SharedMemoryMoved, at: float) -> None:
    state.memory, state.memory_why = event.to, event.why
    lost = event.to == "unreachable"
    text = f"shared memory unreachable: {event.why}" if lost else "shared memory is back"
    state.log.append(LogLine(at, "error" if lost else "note", text))


def _asked(state: FleetState, event: ForgettingAsked, _at: float) -> None:
    state.forgetting[event.key] = event.by


def _forgotten(state: FleetState, event: EntryForgotten, at: float) -> None:
    by = state.forgetting.pop(event.key, "")
    state.log.append(LogLine(at, "note", f"{event.key} forgotten by {by}"))


STEPS: dict[type, Any] = {
    SharedMemoryMoved: _moved,
    ForgettingAsked: _asked,
    EntryForgotten: _forgotten,
}
