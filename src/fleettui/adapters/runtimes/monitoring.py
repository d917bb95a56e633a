"""MonitorRuntime as the host loads it: what it looks with is loaded when something is watched."""

from __future__ import annotations

from fleettui.core.errors import Refused
from fleettui.core.spec.agent import AgentSpec
from fleettui.ports import Turn, TurnDoor, WatchDoor


class MonitorRuntime:
    """Works between runs; a turn is refused."""

    async def perform(self, turn: Turn, door: TurnDoor) -> str:
        """Refuse: what a monitor does is in its rules."""
        del door
        raise Refused(f"{turn.agent} is a monitor and takes no tasks", "give it to another agent")

    async def watch(self, spec: AgentSpec, door: WatchDoor) -> None:
        """Look at everything every interval, until cancelled."""
        # aiohttp takes a fifth of a second to load: not before the first screen.
        from fleettui.adapters.runtimes.monitor.watch import watch  # noqa: PLC0415

        await watch(spec, door)
