"""Supervisor: looks at every agent now and then, raises alerts, and fails what stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fleettui.core.commands import ClearAlert, Command, FailTurn, RaiseAlert
from fleettui.core.errors import FleettuiError
from fleettui.core.events import (
    AgentCrashed,
    AgentRemoved,
    AlertCleared,
    AlertRaised,
    FailureDismissed,
    Recorded,
    TroubleNoted,
)
from fleettui.core.spec.health import Health
from fleettui.core.spec.known import INTERACTIVE
from fleettui.core.state.alerts import alert_key
from fleettui.core.state.fleet import AgentState, FleetState
from fleettui.core.tenancy import is_tenant_stream
from fleettui.core.views.health import condition_of
from fleettui.core.views.rows import HealthRow
from fleettui.engine.engine import Engine
from fleettui.engine.loads import Loads
from fleettui.engine.pulse import Pulse
from fleettui.engine.watching import isolated
from fleettui.ports import Vitals

# What is said about an agent, and is nothing that it did.
_NO_LIFE: Final = (AgentCrashed, AlertRaised, AlertCleared, FailureDismissed, TroubleNoted)
_NOTHING: Final = Vitals(0, 0, 0.0)
# How long nothing may happen until a fleet that opens is looked at (seconds).
_SOONEST: Final = 1.0


class Supervisor:
    """One sweep over all agents; a fleet's own interval says when it is looked at next."""

    def __init__(
        self, engine: Engine, pulse: Pulse, loads: Loads, waits: Callable[[str], bool]
    ) -> None:
        self._engine, self._pulse, self._loads = engine, pulse, loads
        # Says whether a turn waits in line.
        self._waits = waits
        self._due: dict[str, float] = {}
        self._used: dict[tuple[str, str], float] = {}
        self._wake = asyncio.Event()

    def on_event(self, recorded: Recorded) -> None:
        """Take whatever an agent is named in as a sign of life; it costs a dictionary's look-up."""
        event = recorded.event
        if is_tenant_stream(recorded.stream):
            return
        if isinstance(event, AgentRemoved):
            self._pulse.forget(recorded.stream, set(self._engine.state(recorded.stream).agents))
        elif not isinstance(event, _NO_LIFE) and (agent := self._named(recorded)):
            self._pulse.beat(recorded.stream, agent)
        if recorded.stream not in self._due:
            self._due[recorded.stream] = self._engine.clock.now() + _SOONEST
            self._wake.set()

    def _named(self, recorded: Recorded) -> str:
        """Name the agent that an event is about, by itself or by its turn."""
        agent = getattr(recorded.event, "agent", "")
        if agent:
            return str(agent)
        turns = self._engine.state(recorded.stream).turns
        turn = turns.get(getattr(recorded.event, "turn", ""))
        return turn.agent if turn else ""

    def catch_up(self) -> None:
        """Look at every open fleet soon."""
        for state in self._engine.fleets():
            self._due.setdefault(state.id, self._engine.clock.now() + _SOONEST)
        self._wake.set()

    async def run(self) -> None:
        """Sweep, for ever."""
        while True:
            wait = min(self._due.values()) - self._engine.clock.now() if self._due else None
            if wait is None or wait > 0:
                self._wake.clear()
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            await isolated(self.sweep)

    async def sweep(self) -> None:
        """Look at the agents of every fleet whose time has come."""
        now = self._engine.clock.now()
        due = [fleet for fleet, at in self._due.items() if at <= now]
        seen = []
        for fleet in due:
            state = self._engine.state(fleet)
            if not state.id or state.stopped or state.spec is None:
                del self._due[fleet]
                continue
            # Before anything that may fail: what can't be measured now is tried at the next look.
            self._due[fleet] = now + state.spec.spec.health.interval
            seen.append(state)
        measured = await self._loads.measure() if seen else {}
        for state in seen:
            for agent in list(state.agents.values()):
                for command in self._look(state, agent, measured, now):
                    await self._send(command)

    def _look(
        self, state: FleetState, agent: AgentState, measured: Mapping[tuple[str, str], Vitals],
        now: float,
    ) -> list[Command]:  # fmt: skip
        assert state.spec is not None
        key, rules = (state.id, agent.id), state.spec.spec.health
        signs, vitals = self._pulse.of(*key), measured.get(key, _NOTHING)
        cpu = self._cores(key, vitals, now - signs.looks[-1].at if signs.looks else 0.0)
        asking = now - signs.asking_since if signs.asking_since else 0.0
        quiet = max(now - max(signs.progress, agent.since), 0.0)
        in_line = self._waits(agent.turn)
        condition = condition_of(state, agent, quiet, asking, cpu, in_line=in_line)
        row = HealthRow(
            agent.id, state.id, now, condition, vitals.processes, vitals.memory, cpu,
            asking if asking > (signs.response or 0.0) else signs.response, signs.progress,
            signs.beats,
        )  # fmt: skip
        signs.looks.append(row)
        signs.beats = 0
        over = self._loads.over(state.tenant) if vitals.processes else ""
        broken = (*_rules(row, rules, quiet), ("tenant", bool(over), over))
        commands = [_alert(state, agent.id, *one) for one in broken]
        hands_off = state.spec_of(agent.id).type in INTERACTIVE
        if condition == "stalled" and quiet >= 2 * rules.stalled_after and not hands_off:
            why = f"no progress for {quiet:.0f} s"
            commands.append(FailTurn(state.id, agent.turn, why, crashed=True))
        return [command for command in commands if command is not None]

    def _cores(self, key: tuple[str, str], vitals: Vitals, apart: float) -> float:
        """Give the cores used since the look before; a program that is new counts from now."""
        before = self._used.get(key)
        self._used[key] = vitals.cpu
        if before is None or apart <= 0 or vitals.cpu < before:
            return 0.0
        return (vitals.cpu - before) / apart

    async def _send(self, command: Command) -> None:
        try:
            await self._engine.send(command)
        except FleettuiError:
            # The turn is over meanwhile, or the store says no: the next look sees.
            return


def _rules(row: HealthRow, rules: Health, quiet: float) -> Iterator[tuple[str, bool, str]]:
    """Hold one look against the thresholds: rule, whether it is broken, and how."""
    yield "stalled", row.condition == "stalled", f"no progress for {quiet:.0f} s"
    slow = row.response is not None and row.response > rules.slow_after
    yield "slow", slow, f"its model took {row.response or 0:.0f} s to answer"
    mib = row.memory / 2**20
    full = rules.memory is not None and mib > rules.memory
    yield "memory", full, f"its programs hold {mib:.0f} MiB"
    hot = rules.cpu is not None and row.cpu > rules.cpu
    yield "cpu", hot, f"its programs use {row.cpu:.1f} cores"


def _alert(state: FleetState, agent: str, rule: str, broken: bool, text: str) -> Command | None:
    stands = alert_key(agent, rule, agent) in state.alerts
    if broken and not stands:
        return RaiseAlert(state.id, agent, rule, agent, "warning", text)
    if not broken and stands:
        return ClearAlert(state.id, agent, rule, agent)
    return None
