"""Guest: what a runtime may ask of the engine whose agent is a program that works by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from fleettui.core.commands import (
    FinishAction,
    KeepSession,
    LoseAction,
    NoteProgress,
    ProposeAction,
    RecordStep,
    StartAction,
    WithdrawAction,
)
from fleettui.core.errors import Refused, ToolFailed
from fleettui.core.foreign import is_foreign
from fleettui.core.model import Actor, Facts, ToolCall, ToolResult, Usage
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.state.fleet import ActionState, Entry
from fleettui.core.state.runs import MORE
from fleettui.engine.breakers import Breakers
from fleettui.engine.changes import Changes
from fleettui.engine.conversation import Conversation
from fleettui.engine.dispatch import TurnSlot
from fleettui.engine.door import Door
from fleettui.engine.insisting import until_stored
from fleettui.engine.keeping import Keeping
from fleettui.engine.order import Order, nonce_of
from fleettui.engine.pulse import Pulse
from fleettui.ports import Assignment, Model, Permit, Toolbox, Vault

_ANSWERED: Final = frozenset({"allowed", "approved", "denied", "expired", "finished"})
_UNSETTLED: Final = frozenset({"started", "unknown"})


class Guest(Door):
    """Satisfies ports.GuestDoor for one turn of one agent."""

    def __init__(
        self,
        order: Order,
        conversation: Conversation,
        changes: Changes,
        model: Model,
        toolbox: Toolbox,
        vault: Vault,
        actor: Actor,
        pulse: Pulse,
        breakers: Breakers,
        slot: TurnSlot,
        keeping: Keeping,
    ) -> None:
        super().__init__(
            order, conversation, changes, model, toolbox, vault, actor, pulse, breakers, slot
        )
        self._keeping = keeping
        # The files before each action that goes on, where others use them too.
        self._before: dict[str, str] = {}

    @property
    def spec(self) -> AgentSpec:
        return self._spec

    @property
    def fleet(self) -> str:
        return self._fleet

    # --- waiting -------------------------------------------------------------------------------

    async def wait_settings(self) -> None:
        """Wait until somebody opens the fleet, where the agent's secrets are not known."""
        named = any("${" in value for value in self.workplace().environment.values())
        with self._slot.call():
            await self._wait_opened(needed=named)

    async def wait_settled(self) -> None:
        """Wait for people to say what is to become of what an interruption left unknown."""
        await self._wait_away(lambda: not any(one.status in _UNSETTLED for one in self._foreign()))

    def _foreign(self) -> Sequence[ActionState]:
        """Give what the agent itself did, or wants to do, in this turn."""
        actions = (self._state.action(name) for name in self._turn.actions.values())
        return [one for one in actions if is_foreign(one.facts.tool)]

    # --- the turn in words ---------------------------------------------------------------------

    async def assignment(self) -> Assignment:
        """Give the turn in words, as it stands."""
        await self._conversation.refresh()
        agent, mine = self._conversation.agent_state, self._conversation.mine()
        ends = [at for at, one in enumerate(mine) if one.kind == "reply" and not one.more]
        open_part = mine[ends[-1] + 1 :] if ends else mine
        new = [one for one in open_part if one.kind in {"prompt", "message"}]
        noted = any(
            line.turn == self._turn.id and line.kind in {"tool", "out"} for line in agent.log
        )
        worked = any(one.kind in {"reply", "result"} for one in open_part)
        answer = None if new else self._texts(mine[ends[-1] : ends[-1] + 1] if ends else [])
        return self._clean(Assignment(
            instructions=self._turn.instructions or self._spec.instructions,
            model=self._turn.model or self._spec.model,
            earlier=self._conversation.remembered(),
            said=[self._conversation.message(one) for one in mine],
            new=[self._conversation.text_of(one) for one in new],
            begun=worked or (noted and not ends),
            session=agent.session,
            frozen=any(one.session == agent.session for one in agent.checkpoints.values()),
            answer=answer,
        ))  # fmt: skip

    def _texts(self, entries: Sequence[Entry]) -> str:
        return "\n\n".join(self._conversation.text_of(one) for one in entries)

    # --- what the agent says and does ----------------------------------------------------------

    async def keep_session(self, session: str, how: str) -> None:
        await self._order.send(KeepSession(self._fleet, self._agent, session, how), self._actor)

    def stream(self, text: str) -> None:
        if self._engine.is_watched(self._fleet):
            self._stream(text)

    async def say(self, text: str, usage: Usage | None = None) -> None:
        """Record what the agent said; `usage` comes with the end of its answer."""
        self._end_flow()
        body = await self._engine.payload(self._state.tenant, text)
        step = RecordStep(
            self._fleet, self._turn.id, self._turn.steps + 1, body,
            usage=usage or Usage(), finish_reason=MORE if usage is None else "stop",
        )  # fmt: skip
        await self._order.send(step, self._actor)

    async def note(self, kind: Literal["tool", "out", "note"], text: str) -> None:
        await self._order.send(NoteProgress(self._fleet, self._turn.id, kind, text), self._actor)

    # --- actions -------------------------------------------------------------------------------

    async def freeze(self, call: ToolCall, environment: Mapping[str, str]) -> Facts:
        """Nail a tool call down that gets these variables besides; raises ToolFailed."""
        place = self.workplace()
        if environment:
            place = replace(place, environment={**place.environment, **environment})
        return await self._toolbox.freeze(call, place)

    async def serve(self, call: ToolCall, within: str = "") -> ToolResult:
        """Do a call that the agent's program asks for, whatever the agent's tools are."""
        named = replace(call, id=self._fresh(call.id))
        try:
            facts = await self._toolbox.freeze(named, self.workplace())
        except ToolFailed as refusal:
            return await self._reject(named, str(refusal))
        if within:
            return await self._toolbox.perform(facts, self.workplace())
        with self._slot.call():
            return await self._done(named, facts)

    async def permit(self, call: ToolCall, facts: Facts) -> Permit:
        """Propose what the agent wants to do itself, and wait for the answer.

        What a person was asked already, before the agent was interrupted, is not asked twice.
        While the tenant is held, nothing begins.
        """
        facts = self._clean(facts)
        with self._slot.call():
            permit = await self._permitted(call, facts)
            await self._slot.wait_may_begin()
            return permit

    async def _permitted(self, call: ToolCall, facts: Facts) -> Permit:
        known = [
            one for one in self._foreign()
            if one.facts == facts and one.status in {"asking", "allowed", "approved"}
        ]  # fmt: skip
        name = (
            known[0].id
            if known
            else await self._propose(replace(call, id=self._fresh(call.id)), facts)
        )
        await self._wait_for(name, _ANSWERED)
        await self._engine.wait_committed()
        return self._permit(name)

    def _permit(self, name: str) -> Permit:
        action = self._state.action(name)
        match action.status:
            case "allowed" | "approved":
                return Permit(name, allowed=True)
            case "expired":
                return Permit(name, allowed=False, reason="nobody answered in time, which is a no")
            case _:
                return Permit(name, allowed=False, reason=action.reason)

    async def _propose(self, call: ToolCall, facts: Facts) -> str:
        run = self._state.runs.get(self._turn.run)
        nonce = nonce_of(run, f"{self._turn.id} {call.id}")
        proposal = ProposeAction(self._fleet, self._turn.id, call, facts, nonce)
        return await self._order.send(proposal, self._actor)

    async def start(self, action: str, facts: Facts) -> Permit:
        """Record that it begins, if it is still what was judged; where it stood before is kept."""
        known = self._state.action(action)
        self._before[action] = await self._keeping.before(self._fleet, known)
        start = StartAction(self._fleet, action, facts)
        answer = await until_stored(lambda: self._order.send(start))
        return Permit(action, allowed=True) if answer else self._permit(action)

    async def finish(self, action: str, outcome: ToolResult) -> None:
        await self._note_files(action)
        output = await self._engine.payload(self._state.tenant, outcome.output)
        told = replace(outcome, output="")
        finish = FinishAction(self._fleet, action, told, output)
        await self._settle(finish)

    async def _note_files(self, action: str) -> None:
        """Note what an action did to files that others use too."""
        before = self._before.pop(action, "")
        await self._keeping.after(self._fleet, self._state.action(action), before)

    async def lose(self, action: str, why: str) -> None:
        await self._note_files(action)
        await self._settle(LoseAction(self._fleet, action, why))

    async def withdraw(self, action: str, why: str) -> None:
        await self._settle(WithdrawAction(self._fleet, action, why))

    async def leave(self, why: str, *, waiting: bool) -> None:
        """End what the agent did or wanted to do in this turn, its program being gone."""
        for one in self._foreign():
            if one.status == "started":
                await self.lose(one.id, why)
            elif waiting and one.status in {"asking", "allowed", "approved"}:
                await self.withdraw(one.id, why)

    async def _settle(self, command: FinishAction | LoseAction | WithdrawAction) -> None:
        """Record an end; where it has one already, that stands."""
        try:
            await until_stored(lambda: self._order.send(command))
        except Refused:
            return

    def _fresh(self, call: str) -> str:
        """Name a call as none of this turn was named: agents begin to count again in a session."""
        return f"{len(self._turn.actions) + 1}.{call}"[:120]
