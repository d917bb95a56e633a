"""The table of modes: how each begins a run and goes on when something changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fleettui.core.coordination import deep, hierarchical, peer, pipeline, swarm, tiered, workflow
from fleettui.core.coordination.work import Work
from fleettui.core.events import AnyEvent
from fleettui.core.state.fleet import FleetState

Step = Callable[[Work, float], None]


class Mode(NamedTuple):
    """A way to work together; both steps are pure and add events to the work, at a time.

    `begin` plans the first parts. `advance` looks at what the parts have become and goes on from
    there, as often as anything changed: what is open already is left alone, so a resumed run and a
    run after a crash need nothing else.
    """

    begin: Step
    advance: Step


MODES: dict[str, Mode] = {
    "peer": Mode(peer.begin, peer.advance),
    "tiered": Mode(tiered.begin, tiered.advance),
    "hierarchical": Mode(hierarchical.begin, hierarchical.advance),
    "swarm": Mode(swarm.begin, swarm.advance),
    "deep": Mode(deep.begin, deep.advance),
    "workflow": Mode(workflow.begin, workflow.advance),
    "pipeline": Mode(pipeline.begin, pipeline.advance),
}


def advance(state: FleetState, run: str, at: float) -> Sequence[AnyEvent]:
    """Let a run's mode look at what has become of its parts; a held run stays as it is."""
    found = state.runs.get(run)
    if found is None or found.status != "running" or found.held_by:
        return ()
    work = Work(state, found)
    MODES[found.mode].advance(work, at)
    return work.events
