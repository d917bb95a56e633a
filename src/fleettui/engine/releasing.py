"""Releasing: when an agent ends or rests for long, what its tools and its build held ends too."""

from __future__ import annotations

from fleettui.core.commands import RemoveReplica
from fleettui.core.errors import FleettuiError
from fleettui.core.events import (
    AgentMoved,
    AgentReleased,
    AgentRemoved,
    FleetStopped,
    Recorded,
    RunFinished,
)
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.scaling import is_surplus
from fleettui.engine.built import BuiltAgents
from fleettui.engine.engine import Engine
from fleettui.ports import Toolbox, Workspaces


class Releasing:
    """Watches agents end and rest; a released replica that is one too many is removed."""

    def __init__(
        self, engine: Engine, toolbox: Toolbox, built: BuiltAgents, workspaces: Workspaces
    ) -> None:
        self._engine, self._toolbox = engine, toolbox
        self._built, self._workspaces = built, workspaces

    async def on_event(self, recorded: Recorded) -> None:
        fleet = recorded.stream
        match recorded.event:
            case AgentMoved(agent=agent, to="stopped" | "failed") | AgentRemoved(agent=agent):
                await self._toolbox.release(fleet, agent)
            case AgentReleased(agent=agent):
                await self._release(fleet, agent)
            case RunFinished():
                await self._shrink_all(self._engine.state(fleet))
            case FleetStopped():
                await self._toolbox.release(fleet)
            case _:
                pass

    async def catch_up(self) -> None:
        """Nothing is held for those that ended before this process began; replicas may go."""
        for state in self._engine.fleets():
            await self._shrink_all(state)

    async def _shrink_all(self, state: FleetState) -> None:
        for agent in list(state.agents.values()):
            if agent.released:
                await self._shrink(state.id, agent.id)

    async def _release(self, fleet: str, agent: str) -> None:
        state = self._engine.state(fleet)
        if agent not in state.agents or not state.agents[agent].released:
            return
        self._built.drop(state, agent)
        await self._toolbox.release(fleet, agent)
        await self._shrink(fleet, agent)

    async def _shrink(self, fleet: str, agent: str) -> None:
        """Remove a replica above the least, unless it has work of its own."""
        state = self._engine.state(fleet)
        found = state.agents[agent]
        if not is_surplus(state, found):
            return
        ground = found.files.ground
        unmerged = (
            ground is not None
            and ground.kind == "worktree"
            and await self._workspaces.has_work(fleet, agent, ground)
        )
        try:
            await self._engine.send(RemoveReplica(fleet, agent, unmerged))
        except FleettuiError:
            # It stays: it has work, or the store says no.
            return
