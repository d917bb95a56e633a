"""Monitors: lets agents watch whose runtime can, as long as their fleet is open."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from functools import partial
from typing import Final

from fleettui.core.commands import ClearAlert, Command, NoteTrouble, RaiseAlert
from fleettui.core.errors import FleettuiError, NotFound, Refused
from fleettui.core.events import (
    AgentCreated,
    AgentMoved,
    AgentRemoved,
    FleetOpened,
    FleetReloaded,
    FleetResumed,
    FleetStopped,
    Recorded,
)
from fleettui.core.model import Workplace
from fleettui.core.spec.known import WITHOUT_TURNS
from fleettui.core.spec.watch import Severity
from fleettui.core.state.fleet import AgentState, FleetState
from fleettui.engine.built import BuiltAgents
from fleettui.engine.engine import Engine
from fleettui.engine.insisting import until_stored
from fleettui.engine.watching import isolated
from fleettui.engine.workplace import workplace
from fleettui.ports import AgentSeen, Vault, WatchingRuntime

# Agents in these states look at nothing.
_BLIND: Final = frozenset({"created", "paused", "stopping", "stopped", "failed"})
# How long (seconds) after a defect of its runtime a monitor looks again.
_AGAIN: Final = 30.0


class Monitors:
    """One task per agent that watches."""

    def __init__(
        self, engine: Engine, built: BuiltAgents, vault: Vault, group: asyncio.TaskGroup
    ) -> None:
        self._engine, self._built, self._vault, self._group = engine, built, vault, group
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def on_event(self, recorded: Recorded) -> None:
        match recorded.event:
            case FleetReloaded():
                self._end(recorded.stream)
                self._settle(recorded.stream)
            case FleetOpened() | FleetResumed() | FleetStopped() | AgentCreated() | AgentRemoved():
                self._settle(recorded.stream)
            case AgentMoved(agent=name):
                state = self._engine.state(recorded.stream)
                if name in state.agents and _may_watch(state, name):
                    self._settle(recorded.stream)
            case _:
                pass

    def catch_up(self) -> None:
        """Let everybody watch who should, and nobody else."""
        for state in self._engine.fleets():
            self._settle(state.id)

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        return list(self._tasks.values())

    def _settle(self, fleet: str) -> None:
        """Begin what should be watched and is not; end the rest."""
        state = self._engine.state(fleet)
        wanted = {
            agent.id
            for agent in state.agents.values()
            if _may_watch(state, agent.id) and agent.status not in _BLIND and not state.stopped
        }
        for key in [key for key in self._tasks if key[0] == fleet and key[1] not in wanted]:
            self._tasks.pop(key).cancel()
        for agent in wanted:
            if (fleet, agent) not in self._tasks:
                watching = isolated(self._watch, fleet, agent)
                task = self._group.create_task(watching, name=f"monitor {fleet}/{agent}")
                self._tasks[fleet, agent] = task
                task.add_done_callback(partial(self._forget, (fleet, agent)))

    def _end(self, fleet: str) -> None:
        for key in [key for key in self._tasks if key[0] == fleet]:
            self._tasks.pop(key).cancel()

    def _forget(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]

    async def _watch(self, fleet: str, agent: str) -> None:
        """Watch until cancelled; a defect of the runtime is shown, and it is tried again."""
        door = EngineWatchDoor(self._engine, self._vault, fleet, agent)
        while True:
            state = self._engine.state(fleet)
            try:
                runtime = (await self._built.get(state, agent)).runtime
                if not isinstance(runtime, WatchingRuntime):
                    return
                await runtime.watch(state.spec_of(agent), door)
            except NotFound:
                return
            except Exception as defect:  # noqa: BLE001 it is one monitor's, and it is shown
                said = str(defect) if isinstance(defect, FleettuiError) else repr(defect)
                await self._engine.send(NoteTrouble(fleet, agent, f"does not watch: {said}"))
                await asyncio.sleep(_AGAIN)


def _may_watch(state: FleetState, agent: str) -> bool:
    return state.spec_of(agent).type in WITHOUT_TURNS


class EngineWatchDoor:
    """Satisfies ports.WatchDoor for one monitor."""

    def __init__(self, engine: Engine, vault: Vault, fleet: str, agent: str) -> None:
        self._engine, self._vault, self._fleet, self._agent = engine, vault, fleet, agent

    def agents(self) -> Sequence[AgentSeen]:
        state = self._engine.state(self._fleet)
        return [
            AgentSeen(one.id, one.status, one.since, _progress(one))
            for one in state.agents.values()
            if one.id != self._agent
        ]

    def raised(self) -> Sequence[tuple[str, str]]:
        alerts = self._engine.state(self._fleet).alerts.values()
        return [(one.rule, one.subject) for one in alerts if one.agent == self._agent]

    def now(self) -> float:
        return self._engine.clock.now()

    def workplace(self) -> Workplace:
        state = self._engine.state(self._fleet)
        return workplace(
            state, self._agent, "", self._vault, self._engine.tenant(state.tenant).spec
        )

    async def raise_alert(self, rule: str, subject: str, severity: Severity, text: str) -> None:
        nonce = secrets.token_hex(8)
        await self._send(RaiseAlert(self._fleet, self._agent, rule, subject, severity, text, nonce))

    async def clear_alert(self, rule: str, subject: str, why: str = "") -> None:
        await self._send(ClearAlert(self._fleet, self._agent, rule, subject, why))

    async def _send(self, command: Command) -> None:
        try:
            await until_stored(lambda: self._engine.send(command))
        except Refused:
            # The rule or the agent is gone meanwhile.
            return


def _progress(agent: AgentState) -> float:
    """Give when an agent last got on: a reply, a result, a change of its state."""
    last = agent.transcript[-1].at if agent.transcript else 0.0
    return max(last, agent.since)
