"""Door: what a runtime may ask of the engine while it performs one turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from fleettui.client import Streamed
from fleettui.core.commands import (
    AwaitSettings,
    CastVote,
    DeliverMessage,
    NoteTrouble,
    ProposeAction,
    RecordStep,
    RejectCall,
    TakeSettings,
)
from fleettui.core.coordination.tools import offered_tools
from fleettui.core.errors import FleettuiError, ModelFailed, ToolFailed
from fleettui.core.model import (
    Actor,
    Facts,
    ModelReply,
    ModelRequest,
    ToolCall,
    ToolResult,
    ToolSpec,
    Workplace,
)
from fleettui.core.quota import answer_tokens
from fleettui.core.secrets import variable_of
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.state.fleet import FleetState, TurnState
from fleettui.engine.breakers import Breakers
from fleettui.engine.changes import Changes
from fleettui.engine.conversation import Conversation
from fleettui.engine.dispatch import TurnSlot
from fleettui.engine.order import Order, nonce_of
from fleettui.engine.pulse import Pulse
from fleettui.engine.redaction import Flow
from fleettui.engine.workplace import workplace
from fleettui.ports import KeyedModel, Model, Toolbox, Vault

_T = TypeVar("_T")
# Models that need nothing of the environment of whoever opened the fleet; the path of another
# script is where they stood.
WITHOUT_SETTINGS = ("builtin:", "scripted:/", "scripted:~")
# How often (seconds) a turn that waits for a provider's key looks whether it was stored.
_LOOK_AGAIN = 1.0
# Tools that are at their end when another agent is.
_ASKS_OTHERS = frozenset({"delegate", "ask_agent"})


class Door:
    """Satisfies ports.TurnDoor for one turn of one agent."""

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
    ) -> None:
        self._order, self._engine = order, order.engine
        self._conversation, self._changes = conversation, changes
        self._model, self._toolbox, self._vault = model, toolbox, vault
        self._actor, self._pulse, self._breakers = actor, pulse, breakers
        self._slot = slot
        self._active = 0.0
        self._troubles = ""
        self._flow: Flow | None = None

    @property
    def _state(self) -> FleetState:
        return self._conversation.state

    @property
    def _fleet(self) -> str:
        return self._state.id

    @property
    def _agent(self) -> str:
        return self._conversation.agent

    @property
    def _turn(self) -> TurnState:
        return self._conversation.turn_state

    @property
    def _spec(self) -> AgentSpec:
        return self._conversation.spec

    def open(self) -> bool:
        """Say whether there is still something to perform."""
        return self._turn.status == "open"

    # --- ports.TurnDoor ------------------------------------------------------------------------

    async def wait_may_go_on(self) -> None:
        """Wait while the agent is paused; take in messages that came for it."""
        await self.wait_resumed()
        if self._conversation.pending():
            # Providers want the results of calls right behind the calls.
            return
        state = self._state
        box = state.mailboxes[self._agent]
        taken = iter(lambda: box.take(self._engine.clock.now()), None)
        # All in one commit: the slot is not held for the disk's sake, message by message.
        await asyncio.gather(
            *(self._order.send(DeliverMessage(self._fleet, name, self._turn.id)) for name in taken)
        )

    async def wait_resumed(self) -> None:
        """Wait while the agent is paused."""
        await self._wait_away(lambda: self._conversation.agent_state.status != "paused")

    async def _wait_away(self, condition: Callable[[], bool]) -> None:
        """Wait for what others do; the slot is given back meanwhile."""
        if condition():
            return
        with self._slot.call():
            async with self._slot.away():
                await self._changes.wait_until(condition)

    async def ask_model(self) -> ModelReply:
        """Ask the agent's model and record its reply; raises ModelFailed."""
        with self._slot.call():
            await self._slot.wait_may_begin()
            await self._slot.share()
            await self._wait_settings()
            return await self._ask_model()

    async def _ask_model(self) -> ModelReply:
        await self._prepare()
        await self._conversation.refresh()
        step = self._turn.steps + 1
        request = self._request(step)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with (
                asyncio.timeout(self._left()),
                self._breakers.around(self._state.tenant, request, self._note),
            ):
                with self._pulse.asking(self._fleet, self._agent):
                    reply = await self._model.complete(request, self._stream)
        except TimeoutError:
            raise self._too_long() from None
        finally:
            self._active += loop.time() - began
            self._end_flow()
        reply = self._clean(reply)
        content = await self._engine.payload(self._state.tenant, reply.content)
        await self._order.send(
            RecordStep(
                self._fleet, self._turn.id, step, content, _unique(reply.tool_calls, step),
                reply.usage, reply.finish_reason,
            ),
            self._actor,
        )  # fmt: skip
        await self._conversation.refresh()
        return reply

    async def _note(self, text: str) -> None:
        await self._order.send(NoteTrouble(self._fleet, self._agent, text))

    def _clean(self, thing: _T) -> _T:
        """Give something without the values of secrets."""
        redaction = self._engine.redactions.of(self._state)
        return thing if redaction is None else redaction.anything(thing)

    async def _wait_settings(self) -> None:
        """Wait for a provider's keys: a new process has none, unless the tenant stored them."""
        model = self._turn.model or self._spec.model
        await self._wait_opened(
            needed=not model.startswith(WITHOUT_SETTINGS), instead=lambda: self._is_served(model)
        )

    def _is_served(self, model: str) -> bool:
        """Say whether what the tenant stored is all that the model's provider needs."""
        if not isinstance(self._model, KeyedModel):
            return False
        return self._model.is_served(model, self._provider_settings())

    def _provider_settings(self) -> dict[str, str]:
        """Give the settings of providers that the tenant stored, by variable.

        They serve the calls of models, whatever the agent's own list says: no agent sees them.
        """
        if not isinstance(self._model, KeyedModel):
            return {}
        try:
            stored = self._vault.secrets(self._state.tenant)
        except FleettuiError:
            return {}  # whoever opens the fleet may have the key; an agent's own secrets say why
        by_variable = {variable_of(name): value for name, value in stored.items()}
        return {name: one for name, one in by_variable.items() if self._model.takes(name)}

    async def _wait_opened(
        self, *, needed: bool, instead: Callable[[], bool] = lambda: False
    ) -> None:
        """Wait, and say so, until somebody opens the fleet again, where that is needed."""
        if needed and not self._vault.environment(self._fleet) and not instead():
            await self._order.send(AwaitSettings(self._fleet, self._turn.id))
            async with self._slot.away():
                while not self._vault.environment(self._fleet) and not instead():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_AGAIN):
                            await self._vault.wait_kept(self._fleet)
                            # Somebody opened it, and had nothing for it either.
                            await asyncio.sleep(_LOOK_AGAIN)
        mine = self._state.actions_of(self._agent)
        asks = any(action.status in {"asking", "unknown"} for action in mine)
        if self._conversation.agent_state.status == "waiting" and not asks:
            await self._order.send(TakeSettings(self._fleet, self._turn.id))

    async def _prepare(self) -> None:
        """Make ready what the agent's tools need; what is wrong with it is in its row."""
        troubles = "; ".join(await self._toolbox.prepare(self.workplace()))
        if troubles and troubles != self._troubles:
            await self._order.send(NoteTrouble(self._fleet, self._agent, troubles))
        self._troubles = troubles

    def _left(self) -> float:
        left = self._spec.timeout - self._active
        if left <= 0:
            raise self._too_long()
        return left

    def _too_long(self) -> ModelFailed:
        return ModelFailed(
            f"the turn took more than {self._spec.timeout:g} s of work",
            "give the agent more time with spec.timeout",
        )

    def _request(self, step: int) -> ModelRequest:
        run = self._state.run_of(self._turn)
        spec = self._spec
        return ModelRequest(
            id=f"{self._turn.id}.{step}.{self._turn.failures}",
            model=self._turn.model or spec.model,
            messages=self._clean(tuple(self._conversation.messages())),
            tools=self._tools(),
            agent=self._conversation.agent_state.entry,
            temperature=spec.temperature,
            max_tokens=answer_tokens(spec.max_tokens, *self._tokens()),
            timeout=self._left(),
            stream=self._engine.is_watched(self._fleet),
            environment={
                **self._vault.environment(self._fleet),
                **self._provider_settings(),
            },
            record=run.record if run else "",
            replay=run.replay if run else "",
        )

    def _tokens(self) -> tuple[int | None, int]:
        """Give how many tokens the task of this turn may use, and how many it has used."""
        most = self._engine.tenant(self._state.tenant).spec.quotas.tokens_per_request
        run = self._state.runs.get(self._turn.run)
        if run is None:
            return most, self._turn.tokens
        return most, run.bill.tokens

    def _tools(self) -> tuple[ToolSpec, ...]:
        """Give the tools of the agent, and those its place in the run brings with it."""
        names = (*self._spec.tools, *offered_tools(self._state, self._turn))
        return self._toolbox.specs(names, self.workplace())

    def _stream(self, text: str) -> None:
        self._pulse.beat(self._fleet, self._agent)
        if self._flow is None and (redaction := self._engine.redactions.of(self._state)):
            self._flow = redaction.flow()
        self._show(text if self._flow is None else self._flow.feed(text))

    def _end_flow(self) -> None:
        """Show what was held back of a text that is at its end."""
        flow, self._flow = self._flow, None
        if flow is not None:
            self._show(flow.end())

    def _show(self, text: str) -> None:
        if text:
            self._engine.tell(Streamed(self._fleet, self._agent, self._turn.id, text))

    async def act(self, call: ToolCall) -> ToolResult:
        """Propose a call and wait for its end; what can't be proposed is answered at once."""
        with self._slot.call():
            return await self._act(call)

    async def _act(self, call: ToolCall) -> ToolResult:
        if call.problem:
            return await self._reject(call, call.problem)
        await self._prepare()
        tools = [tool.name for tool in self._tools()]
        if call.name not in tools:
            has = ", ".join(tools)
            return await self._reject(call, f"there is no tool '{call.name}'; you have: {has}")
        try:
            facts = await self._toolbox.freeze(call, self.workplace())
        except ToolFailed as refusal:
            return await self._reject(call, str(refusal))
        return await self._done(call, facts)

    async def _done(self, call: ToolCall, facts: Facts) -> ToolResult:
        """Propose what was nailed down, and wait for its end."""
        name = await self._order.send(
            ProposeAction(
                self._fleet,
                self._turn.id,
                call,
                facts,
                nonce_of(self._state.runs.get(self._turn.run), f"{self._turn.id} {call.id}"),
            ),
            self._actor,
        )
        await self._wait_for(name, frozenset({"finished", "denied", "expired"}))
        await self._engine.wait_committed()
        action = self._state.action(name)
        output = next(
            (entry.text for entry in reversed(self._conversation.mine()) if entry.call == call.id),
            None,
        )
        text = "" if output is None else await self._engine.text(self._state.tenant, output)
        ok = action.status == "finished" and action.ok
        return ToolResult(text, ok=ok, exit_code=action.exit_code)

    async def _wait_for(self, name: str, over: frozenset[str]) -> None:
        """Wait until an action is so far; without the slot where a person or an agent is asked."""
        while self._state.action(name).status not in over:
            if not self._is_others(name):
                await self._changes.wait_until(
                    lambda: self._state.action(name).status in over or self._is_others(name)
                )
                continue
            async with self._slot.away():
                await self._changes.wait_until(lambda: not self._is_others(name))

    def _is_others(self, name: str) -> bool:
        """Say whether an action waits for somebody, and does nothing meanwhile."""
        action = self._state.action(name)
        if action.status in {"asking", "unknown"}:
            return True
        if action.status == "started":
            return action.facts.tool in _ASKS_OTHERS
        return action.status in {"allowed", "approved"} and self._slot.is_held

    async def vote(self, verdict: str, reason: str) -> None:
        """Vote in the ballot that the turn is for, once; raises Refused for no option of it."""
        vote = CastVote(self._fleet, self._turn.id, verdict, None, reason)
        await self._order.send(vote, self._actor)

    async def _reject(self, call: ToolCall, reason: str) -> ToolResult:
        text = f"Not done: {reason}"
        await self._order.send(RejectCall(self._fleet, self._turn.id, call.id, text), self._actor)
        return ToolResult(text, ok=False)

    def workplace(self) -> Workplace:
        """Say where this agent's tools work."""
        tenant = self._engine.tenant(self._state.tenant).spec
        return workplace(self._state, self._agent, self._turn.run, self._vault, tenant)


def _unique(calls: Sequence[ToolCall], step: int) -> tuple[ToolCall, ...]:
    """Give every call an id of its own within its turn, whatever the provider named it."""
    return tuple(
        ToolCall(f"{step}.{place}.{call.id}"[:120], call.name, call.arguments, call.problem)
        for place, call in enumerate(calls, 1)
    )
