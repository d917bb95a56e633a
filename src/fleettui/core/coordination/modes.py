"""The table of modes: how each begins a run and goes on when something ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fleettui.core.coordination import peer
from fleettui.core.errors import NotBuilt
from fleettui.core.events import AnyEvent
from fleettui.core.state.fleet import FleetState, RunState

Step = Callable[[FleetState, RunState, float], Sequence[AnyEvent]]


class Mode(NamedTuple):
    """A way to work together; both steps are pure and give events."""

    begin: Step
    advance: Step


MODES: dict[str, Mode] = {
    "peer": Mode(peer.begin, peer.advance),
}


def mode_of(name: str) -> Mode:
    """Give a mode; raises NotBuilt for the ones a file may name but nothing can run yet."""
    mode = MODES.get(name)
    if mode is None:
        raise NotBuilt(
            f"a fleet in mode '{name}' loads, but running it is not built yet",
            f"this version runs: {', '.join(MODES)}",
        )
    return mode
