"""Names: ids for what one commit makes."""

from __future__ import annotations

from fleettui.core.state.fleet import FleetState


class Names:
    """Ids for the things one rule makes, in the order of their events."""

    def __init__(self, state: FleetState) -> None:
        self._fleet = state.id
        self._number = state.number

    def next(self) -> str:
        self._number += 1
        return f"{self._fleet}/{self._number}"
