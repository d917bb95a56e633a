"""Lodging: programs of agents that go on between turns end with their agents."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from fleettui.core.commands import NoteTrouble
from fleettui.core.errors import FleettuiError
from fleettui.core.events import (
    AgentMoved,
    AgentRemoved,
    FleetOpened,
    FleetReloaded,
    FleetResumed,
    Recorded,
)
from fleettui.core.spec.variables import reveal
from fleettui.engine.order import Order
from fleettui.engine.watching import isolated
from fleettui.ports import LodgedRuntime, Runtime, Vault


class Lodging:
    """Tells lasting runtimes whose programs to end, and says what a machine lacks for an agent."""

    def __init__(
        self, order: Order, runtimes: Mapping[str, Runtime], vault: Vault, group: asyncio.TaskGroup
    ) -> None:
        self._order, self._engine, self._vault = order, order.engine, vault
        self._runtimes = {
            name: runtime
            for name, runtime in runtimes.items()
            if isinstance(runtime, LodgedRuntime)
        }
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()

    def on_event(self, recorded: Recorded) -> None:
        match recorded.event:
            case AgentMoved(agent=agent, to="stopped") | AgentRemoved(agent=agent):
                self._go(self._let_go(recorded.stream, agent))
            case FleetOpened() | FleetReloaded() | FleetResumed():
                self._go(self._look_around(recorded.stream))
            case _:
                pass

    def catch_up(self) -> None:
        """Do nothing: a new process has no programs yet."""

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        return list(self._tasks)

    def _go(self, doing: Coroutine[Any, Any, None]) -> None:
        if not self._runtimes:
            doing.close()
            return
        task = self._group.create_task(isolated(lambda: doing), name="lodging")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_go(self, fleet: str, agent: str) -> None:
        for runtime in self._runtimes.values():
            await runtime.let_go(fleet, agent)

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
