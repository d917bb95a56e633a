"""Timers: sends the command that is due when a ballot, an approval or a back-off ends."""

from __future__ import annotations

import asyncio
import heapq

from fleettui.core.commands import (
    CloseBallot,
    Command,
    ExpireAction,
    ExpireMessage,
    ReleaseAgent,
    RenewBallot,
    RetryTurn,
    RollBack,
    WakeRun,
)
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.events import (
    ActionAsked,
    AgentCrashed,
    AgentMoved,
    BallotExtended,
    BallotOpened,
    ExpiryMoved,
    MessageQueued,
    PartMoved,
    Recorded,
    TurnFailed,
    TurnOpened,
)
from fleettui.core.events.tenants import TenantAdmitted
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.scaling import idle_timeout
from fleettui.core.tenancy import tenant_of_stream
from fleettui.engine.engine import Engine

# The clock may jump: it is looked at this often (seconds) while anything is due at all.
LONGEST_SLEEP = 5.0


class Timers:
    """One heap of what is due when; one task that sleeps."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due: list[tuple[float, int, Command]] = []
        self._count = 0
        self._wake = asyncio.Event()
        self._began = False

    def on_event(self, recorded: Recorded) -> None:
        fleet = recorded.stream
        match recorded.event:
            case (
                ActionAsked(action=name, expires_at=at) | ExpiryMoved(action=name, expires_at=at)
            ) if at:
                self._add(at, ExpireAction(fleet, name))
            case BallotOpened(ballot=name, ends_at=at) | BallotExtended(ballot=name, ends_at=at):
                self._add(at, CloseBallot(fleet, name))
            case AgentCrashed(agent=name, checkpoint=point, wait=wait) if point:
                self._add(recorded.at + wait, RollBack(fleet, name, point))
            case AgentMoved(agent=name, to="idle"):
                self._arm_releases(self._engine.state(fleet), name)
            case TenantAdmitted():
                # Its file may say another time than before.
                self._arm_tenant(tenant_of_stream(fleet))
            case TurnFailed(turn=name, retry_at=at) if at:
                self._add(at, RetryTurn(fleet, name))
            case MessageQueued(message=name, due=at) if at:
                self._add(at, ExpireMessage(fleet, name))
            case TurnOpened(run=name, due=at) | PartMoved(run=name, due=at) if at:
                self._add(at, WakeRun(fleet, name))
            case _:
                pass

    def catch_up(self) -> None:
        """Arm everything that is open; the time in which there was no host does not count."""
        now, began = self._engine.clock.now(), self._began
        self._began = True
        for state in self._engine.fleets():
            for action in (state.actions[name] for name in state.open_actions):
                if action.status == "asking" and action.expires_at:
                    self._add(action.expires_at, ExpireAction(state.id, action.id))
            for ballot in (one for one in state.ballots.values() if one.verdict is None):
                if not began:
                    self._add(now, RenewBallot(state.id, ballot.id))
                self._add(ballot.ends_at if began else now + 1, CloseBallot(state.id, ballot.id))
            for turn in state.turns.values():
                if turn.status == "retrying":
                    self._add(turn.retry_at, RetryTurn(state.id, turn.id))
            for message in state.messages.values():
                if message.due:
                    self._add(message.due, ExpireMessage(state.id, message.id))
            self._arm_parts(state)
            self._arm_releases(state)

    def _arm_tenant(self, tenant: str) -> None:
        for state in self._engine.fleets():
            if state.tenant == tenant:
                self._arm_releases(state)

    def _arm_releases(self, state: FleetState, only: str = "") -> None:
        standing = self._engine.standing(state.tenant)
        for agent in state.agents.values():
            if agent.status != "idle" or agent.released or only not in ("", agent.id):
                continue
            timeout = idle_timeout(state, agent, standing)
            if timeout is not None:
                self._add(agent.since + timeout, ReleaseAgent(state.id, agent.id))

    def _arm_parts(self, state: FleetState) -> None:
        run = state.running()
        if run is not None:
            for due in {part.due for part in run.parts.values() if part.due}:
                self._add(due, WakeRun(state.id, run.id))

    def _add(self, at: float, command: Command) -> None:
        self._count += 1
        heapq.heappush(self._due, (at, self._count, command))
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            now = self._engine.clock.now()
            while self._due and self._due[0][0] <= now:
                _, _, command = heapq.heappop(self._due)
                await self._send(command)
            wait = min(self._due[0][0] - now, LONGEST_SLEEP) if self._due else None
            self._wake.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _send(self, command: Command) -> None:
        try:
            await self._engine.send(command)
        except Refused:
            # What was due has been overtaken.
            return
        except FleettuiError:
            # The store says no right now; what is due stays due.
            self._add(self._engine.clock.now() + LONGEST_SLEEP, command)
