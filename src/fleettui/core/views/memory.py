"""The shared memory as faces show it."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.memory import MemoryEntry, MemoryState
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.memory import shared_memory
from fleettui.core.views.rows import MemoryRow

# Characters of a value that a row shows.
_HEAD = 1000


def memory_state(state: FleetState) -> tuple[MemoryState, str]:
    """Say how the memory of a fleet is, and why it is lost; nothing for a fleet that has none."""
    if state.stopped or shared_memory(state) is None:
        return "", ""
    return state.memory or "ready", state.memory_why


def memory_rows(state: FleetState, entries: Sequence[MemoryEntry]) -> tuple[MemoryRow, ...]:
    return tuple(
        MemoryRow(
            entry.key, state.id, entry.value[:_HEAD],
            len(entry.value.encode("utf-8", "surrogatepass")), entry.by, entry.at,
            entry.expires_at or None,
        )
        for entry in entries
    )  # fmt: skip
