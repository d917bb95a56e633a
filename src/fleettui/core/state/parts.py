"""How events change the parts of a run."""

from __future__ import annotations

from typing import Any, Final

from fleettui.core.events import PartMoved, PartsPlanned, WorkSentBack
from fleettui.core.model import PartKind, PartStatus
from fleettui.core.state.fleet import FleetState, PartState, RunState

# Why a part goes on that only waits for the engine to read large outputs: that is no try.
READING: Final = "reading earlier outputs"
OVER: Final[frozenset[PartStatus]] = frozenset({"done", "failed", "skipped", "cancelled"})
# What a part may wait for has ended well enough for it when it is one of these.
MET: Final[frozenset[PartStatus]] = frozenset({"done", "skipped"})
# Parts whose text a person may change while they wait.
EDITABLE: Final[frozenset[PartKind]] = frozenset({"item", "step"})


def _planned(state: FleetState, event: PartsPlanned, _at: float) -> None:
    run = state.runs[event.run]
    state.number += len(event.parts)
    for planned in event.parts:
        part = run.parts[planned.id] = PartState(planned)
        for need in planned.needs:
            other = run.parts.get(need)
            if other is not None:
                other.then.append(planned.id)
                part.open_needs += other.status not in MET
        if not part.open_needs:
            run.ready[planned.id] = None


def _moved(state: FleetState, event: PartMoved, at: float) -> None:
    run = state.runs[event.run]
    part = run.parts[event.part]
    if event.to in {"failed", "waiting"} and part.status == "running" and part.agent:
        part.failed_by = (*part.failed_by, part.agent)
    if event.to == part.status == "running":
        part.due = event.due
        return
    part.why, part.due = event.why, event.due
    if event.output is not None:
        part.output = event.output
    elif event.to == "done" and part.turn:
        part.output = state.turns[part.turn].output
    if event.to == "running":
        part.tries += event.why != READING
        part.started = at
    place(run, part, event.to, at)


def place(run: RunState, part: PartState, to: PartStatus, at: float) -> None:
    """Give a part another status, and keep the run's lists of what is ready and goes on."""
    before, part.status = part.status, to
    run.ready.pop(part.id, None)
    run.going.pop(part.id, None)
    run.failed.pop(part.id, None)
    if to == "failed":
        run.failed[part.id] = None
    if to == "running":
        run.going[part.id] = None
    if to == "waiting" and not part.open_needs:
        run.ready[part.id] = None
    part.finished = at if to in OVER else None
    change = (to in MET) - (before in MET)
    for name in part.then if change else ():
        other = run.parts[name]
        other.open_needs -= change
        if other.status == "waiting":
            if other.open_needs:
                run.ready.pop(name, None)
            else:
                run.ready[name] = None


def _sent_back(state: FleetState, event: WorkSentBack, _at: float) -> None:
    state.turns[event.turn].sent_back = event.reason


STEPS: dict[type, Any] = {
    PartsPlanned: _planned,
    PartMoved: _moved,
    WorkSentBack: _sent_back,
}
