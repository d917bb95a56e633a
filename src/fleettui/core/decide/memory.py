"""Rules about the shared memory of a fleet."""

from __future__ import annotations

from fleettui.core.commands import ForgetEntry, MoveSharedMemory, NoteForgotten
from fleettui.core.decide.outcome import NOTHING, Outcome, only_people
from fleettui.core.errors import Refused
from fleettui.core.events import EntryForgotten, ForgettingAsked, SharedMemoryMoved
from fleettui.core.memory import check_key
from fleettui.core.model import Asked
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.memory import shared_memory


def move_shared_memory(state: FleetState, command: MoveSharedMemory, _asked: Asked) -> Outcome:
    """Record that the memory was lost or is back; what is known already is not said twice."""
    if shared_memory(state) is None or command.to == (state.memory or "ready"):
        return NOTHING
    return Outcome((SharedMemoryMoved(command.to, command.why),))


def forget_entry(state: FleetState, command: ForgetEntry, asked: Asked) -> Outcome:
    """Take down that a person wants an entry gone."""
    by = only_people(asked, "forget for the fleet")
    if shared_memory(state) is None:
        raise Refused(f"{state.id} has no shared memory", "spec.shared.memory gives it one")
    check_key(command.key)
    if command.key in state.forgetting:
        return NOTHING
    return Outcome((ForgettingAsked(command.key, by),))


def note_forgotten(state: FleetState, command: NoteForgotten, _asked: Asked) -> Outcome:
    done = command.key in state.forgetting
    return Outcome((EntryForgotten(command.key),)) if done else NOTHING
