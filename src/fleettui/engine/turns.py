"""Turns: performs every open turn through its agent's runtime, also after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from fleettui.core.ballot import Vote
from fleettui.core.ballot.line import parse_vote_line
from fleettui.core.commands import FailTurn, FinishTurn
from fleettui.core.coordination.listing import parse_plan, parse_sent_back
from fleettui.core.decide.runs import open_ballot
from fleettui.core.errors import (
    AgentDied,
    AgentFailed,
    FleettuiError,
    ModelFailed,
    QuotaReached,
    Refused,
    StoreFailed,
)
from fleettui.core.events import (
    AgentRolledBack,
    FleetOpened,
    MessageQueued,
    Recorded,
    RollbackBegun,
    RollbackFailed,
    TurnCancelled,
    TurnFailed,
    TurnOpened,
    TurnRetried,
)
from fleettui.core.fair import Ticket
from fleettui.core.model import Actor, Payload, Priority
from fleettui.core.state.fleet import FleetState, TurnState
from fleettui.engine.breakers import Breakers
from fleettui.engine.built import BuiltAgents
from fleettui.engine.changes import Changes
from fleettui.engine.conversation import Conversation
from fleettui.engine.dispatch import Dispatch, TurnSlot
from fleettui.engine.guest import Guest
from fleettui.engine.insisting import until_stored
from fleettui.engine.keeping import Keeping
from fleettui.engine.order import Order
from fleettui.engine.pulse import Pulse
from fleettui.engine.watching import isolated
from fleettui.ports import Model, Toolbox, Turn, Vault


class Turns:
    """One task per turn that has its slot; they all end with the context of `group`."""

    def __init__(
        self,
        order: Order,
        built: BuiltAgents,
        model: Model,
        toolbox: Toolbox,
        vault: Vault,
        pulse: Pulse,
        breakers: Breakers,
        keeping: Keeping,
        dispatch: Dispatch,
        group: asyncio.TaskGroup,
        home: Path,
    ) -> None:
        self._order, self._engine = order, order.engine
        self._built = built
        self._model, self._toolbox, self._vault = model, toolbox, vault
        self._pulse, self._breakers = pulse, breakers
        self._keeping, self._group, self._home = keeping, group, str(home)
        self._dispatch = dispatch
        dispatch.listen(self._ring_all)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changes: dict[str, Changes] = {}

    def on_event(self, recorded: Recorded) -> None:
        """Start, end or wake what an event is about."""
        changes = self._changes.get(recorded.stream)
        if changes is not None:
            changes.ring()
        match recorded.event:
            case TurnOpened(turn=turn) | TurnRetried(turn=turn):
                self._begin(recorded.stream, turn)
            case TurnCancelled(turn=turn) | TurnFailed(turn=turn):
                self._stop(turn)
            case RollbackBegun(agent=agent):
                # Its files go back: it must not act meanwhile. Its turn goes on if they can't.
                for turn in self._engine.state(recorded.stream).agent(agent).turns:
                    self._stop(turn)
            case RollbackFailed(agent=agent) | AgentRolledBack(agent=agent):
                self._go_on(recorded.stream, agent)
            case FleetOpened():
                self._changes.setdefault(recorded.stream, Changes())
            case MessageQueued(to=agent, priority=priority):
                found = self._engine.state(recorded.stream).agents.get(agent)
                if found is not None and self._dispatch.waits(found.turn):
                    self._dispatch.hasten(found.turn, priority)
            case _:
                pass

    def catch_up(self) -> None:
        """Begin every open turn that nobody performs."""
        for state in self._engine.fleets():
            for turn in list(state.turns.values()):
                if turn.status == "open":
                    self._begin(state.id, turn.id)

    def _go_on(self, fleet: str, agent: str) -> None:
        state = self._engine.state(fleet)
        found = state.agents.get(agent)
        for turn in found.turns if found else ():
            if state.turns[turn].status == "open":
                self._begin(fleet, turn)

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        return list(self._tasks.values())

    def _ring_all(self) -> None:
        for changes in self._changes.values():
            changes.ring()

    def _begin(self, fleet: str, turn: str) -> None:
        """Let a turn begin when it is its turn."""
        if turn in self._tasks or self._dispatch.waits(turn):
            return
        state = self._engine.state(fleet)
        found = state.turns[turn]
        ticket = Ticket(turn, state.tenant, _urgency(state, found), found.started)
        self._dispatch.ask(ticket, lambda _: self._start(fleet, ticket))

    def _start(self, fleet: str, ticket: Ticket) -> None:
        turn = ticket.id
        slot = TurnSlot(self._dispatch, ticket)
        performing = isolated(self._perform, fleet, turn, slot)
        task = self._group.create_task(performing, name=f"turn {turn}")
        self._tasks[turn] = task
        task.add_done_callback(lambda done: self._forget(turn, done))

    def _forget(self, turn: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(turn) is task:
            del self._tasks[turn]
            self._dispatch.end(turn)

    def _stop(self, turn: str) -> None:
        task = self._tasks.pop(turn, None)
        if task is not None:
            task.cancel()
        self._dispatch.end(turn)

    async def _perform(self, fleet: str, name: str, slot: TurnSlot) -> None:
        state = self._engine.state(fleet)
        agent = state.turns[name].agent
        actor = Actor("agent", agent, state.tenant)
        changes = self._changes.setdefault(fleet, Changes())
        conversation = Conversation(self._engine, fleet, name, agent)
        door = Guest(
            self._order, conversation, changes, self._model, self._toolbox, self._vault, actor,
            self._pulse, self._breakers, slot,
            self._keeping,
        )  # fmt: skip
        while door.open():
            try:
                await self._keeping.ready(fleet, agent)
                built = await self._built.get(self._engine.state(fleet), agent)
                output = await built.runtime.perform(await _turn(conversation, self._home), door)
                payload = await self._engine.payload(state.tenant, output)
                await self._order.send(_finish(conversation, payload, output), actor)
            except Refused as refusal:
                # Cancelled meanwhile, or a rule that says no: the log has it, the turn is over.
                if door.open():
                    await self._fail(fleet, name, refusal, actor)
            except FleettuiError as failure:
                await self._fail(fleet, name, failure, actor)
                return
            except Exception as defect:  # noqa: BLE001 a runtime's defect fails its turn, no more
                wrapped = AgentDied(f"{type(defect).__name__}: {defect}")
                await self._fail(fleet, name, wrapped, actor)
                return

    async def _fail(self, fleet: str, turn: str, failure: FleettuiError, actor: Actor) -> None:
        again, after = isinstance(failure, StoreFailed), 0.0
        if isinstance(failure, ModelFailed):
            again, after = failure.retryable, failure.retry_after or 0.0
        if isinstance(failure, AgentFailed):
            again = failure.retryable
        crashed = isinstance(failure, AgentDied)
        quota = failure.quota if isinstance(failure, QuotaReached) else ""
        fail = FailTurn(fleet, turn, str(failure), again, after, crashed, quota)
        try:
            await until_stored(lambda: self._order.send(fail, actor))
        except Refused:
            return


def _urgency(state: FleetState, turn: TurnState) -> Priority:
    """Give how urgent a turn is: as its part, or as the mail that it is opened for."""
    run = state.runs.get(turn.run)
    part = run.parts.get(turn.part) if run else None
    if part is not None:
        return part.planned.priority
    box = state.mailboxes.get(turn.agent)
    return (box.highest() if box is not None and run is None else None) or "normal"


def _finish(conversation: Conversation, payload: Payload, output: str) -> FinishTurn:
    """Read out of the whole answer what the rules may want of it."""
    turn, agent = conversation.turn_state, conversation.agent
    found = parse_vote_line(output)
    vote = None if found is None else Vote(agent, found[0], found[1], 1.0, found[2])
    kind = conversation.part_kind()
    plan = parse_plan(output) if kind in {"plan", "split"} else None
    sent_back = parse_sent_back(output) if kind == "stage" else ""
    return FinishTurn(conversation.state.id, turn.id, payload, vote, plan, sent_back)


async def _turn(conversation: Conversation, home: str) -> Turn:
    await conversation.refresh()
    ballot = open_ballot(conversation.state, conversation.turn_state)
    return Turn(
        conversation.turn, conversation.agent, conversation.messages, conversation.pending,
        conversation.submitted, conversation.spec.max_iterations, conversation.steps_taken,
        conversation.spec, conversation.tasks, ballot.rule.options if ballot else (), home,
    )  # fmt: skip
