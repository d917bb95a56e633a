"""The outputs of a run: of its parts, and of the whole."""

from __future__ import annotations

from fleettui.core.model import Payload
from fleettui.core.state.fleet import FleetState, RunState


def output_of(state: FleetState, turn: str, of: str) -> Payload:
    """Give what was handed to a turn: a part's output, or the run's task; empty if it is gone."""
    found = state.turns.get(turn)
    run = state.runs.get(found.run) if found else None
    return handed_output(run, of) if run else Payload("")


def handed_output(run: RunState, of: str) -> Payload:
    """Give the output of a part of a run, or its task where `of` is the run itself."""
    if of == run.id:
        return run.task
    part = run.parts.get(of)
    return part.output if part else Payload("")
