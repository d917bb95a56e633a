"""Lodging: programs of agents that go on between turns end with their agents."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from fleettui.core.commands import NoteTrouble
from fleettui.core.errors import FleettuiError
from fleettui.core.events import (
    AgentMoved,
    AgentReleased,
    AgentRemoved,
    FleetOpened,
    FleetReloaded,
    FleetResumed,
    Recorded,
    TurnCancelled,
)
from fleettui.core.spec.variables import reveal
from fleettui.engine.order import Order
from fleettui.engine.watching import isolated
from fleettui.ports import LastingRuntime, Runtime, Vault


class Lodging:
    """Tells lasting runtimes whose programs to end, and says what a machine lacks for an agent."""

    def __init__(
        self,
        order: Order,
        runtimes: Mapping[str, Runtime],
        vault: Vault,
        group: asyncio.TaskGroup,
        home: Path,
    ) -> None:
        self._order, self._engine, self._vault = order, order.engine, vault
        self._runtimes = {
            name: runtime
            for name, runtime in runtimes.items()
            if isinstance(runtime, LastingRuntime)
        }
        self._group, self._home = group, str(home)
        self._tasks: set[asyncio.Task[None]] = set()

    def on_event(self, recorded: Recorded) -> None:
        fleet = recorded.stream
        match recorded.event:
            case (
                AgentMoved(agent=agent, to="stopped")
                | AgentRemoved(agent=agent)
                | AgentReleased(agent=agent)
            ):
                self._go(self._end(fleet, agent))
            case TurnCancelled(turn=turn):
                self._go(self._end(fleet, self._engine.state(fleet).turns[turn].agent, turn))
            case FleetOpened() | FleetReloaded() | FleetResumed():
                self._go(self._look_around(fleet))
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
        for runtime in self._runtimes.values():
            await runtime.tidy(alive, self._home)

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        return list(self._tasks)

    async def quiet(self, fleet: str, agent: str) -> None:
        """Wait until nothing works any more on an agent's open turns, which are cancelled."""
        found = self._engine.state(fleet).agents.get(agent)
        for turn in list(found.turns) if found else ():
            await self._end(fleet, agent, turn)

    def _go(self, doing: Coroutine[Any, Any, None]) -> None:
        if not self._runtimes:
            doing.close()
            return
        task = self._group.create_task(isolated(lambda: doing), name="lodging")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, fleet: str, agent: str, turn: str = "") -> None:
        for runtime in self._runtimes.values():
            await runtime.end(fleet, agent, self._home, turn)

    async def _look_around(self, fleet: str) -> None:
        """Say of every agent what its program lacks on this machine."""
        state, secrets = self._engine.state(fleet), self._vault.environment(fleet)
        for agent in list(state.agents):
            spec = state.spec_of(agent)
            runtime = self._runtimes.get(spec.type)
            given = {name: reveal(text, secrets) for name, text in spec.environment.items()}
            missing = runtime.lacks(spec, given) if runtime is not None else ""
            if missing:
                try:
                    await self._order.send(NoteTrouble(fleet, agent, missing))
                except FleettuiError:
                    return
