"""Endings: tells runtimes that keep something for an agent when it is not wanted any more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fleettui.core.events import AgentMoved, AgentRemoved, Recorded, TurnCancelled
from fleettui.engine.engine import Engine
from fleettui.ports import LastingRuntime, Runtime


class Endings:
    """Watches agents stop, and turns that are taken away from them."""

    def __init__(self, engine: Engine, runtimes: Mapping[str, Runtime], home: Path) -> None:
        self._engine, self._home = engine, str(home)
        self._lasting = [one for one in runtimes.values() if isinstance(one, LastingRuntime)]

    async def on_event(self, recorded: Recorded) -> None:
        if not self._lasting:
            return
        match recorded.event:
            case AgentMoved(agent=agent, to="stopped") | AgentRemoved(agent=agent):
                await self._end(recorded.stream, agent)
            case TurnCancelled(turn=turn):
                state = self._engine.state(recorded.stream)
                await self._end(recorded.stream, state.turns[turn].agent, turn)
            case _:
                pass

    async def catch_up(self) -> None:
        """End what was kept for agents that are not there, or stopped."""
        alive = {
            (state.id, agent.id)
            for state in self._engine.fleets()
            for agent in state.agents.values()
            if agent.status != "stopped" and not state.stopped
        }
        for runtime in self._lasting:
            await runtime.tidy(alive, self._home)

    async def _end(self, fleet: str, agent: str, turn: str = "") -> None:
        for runtime in self._lasting:
            await runtime.end(fleet, agent, self._home, turn)
