"""Releasing: when an agent or its fleet stops, what its tools had started ends too."""

from __future__ import annotations

from fleettui.core.events import AgentMoved, AgentRemoved, FleetStopped, Recorded
from fleettui.ports import Toolbox


class Releasing:
    """Watches agents end."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    async def on_event(self, recorded: Recorded) -> None:
        match recorded.event:
            case AgentMoved(agent=agent, to="stopped" | "failed") | AgentRemoved(agent=agent):
                await self._toolbox.release(recorded.stream, agent)
            case FleetStopped():
                await self._toolbox.release(recorded.stream)
            case _:
                pass

    def catch_up(self) -> None:
        """Nothing is held for those that stopped before this process began."""
