"""Conversation: what a turn's agent was told and answered so far, as messages for a model."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.model import ChatMessage, ToolCall
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.state.fleet import AgentState, Entry, FleetState, TurnState
from fleettui.engine.engine import Engine

# How many earlier turns an agent remembers: what it was asked, and what it answered.
REMEMBERED_TURNS = 5


class Conversation:
    """One turn of one agent, always as the state has it now."""

    def __init__(self, engine: Engine, fleet: str, turn: str, agent: str) -> None:
        self._engine, self._fleet, self.turn, self.agent = engine, fleet, turn, agent
        self._texts: dict[str, str] = {}

    @property
    def state(self) -> FleetState:
        return self._engine.state(self._fleet)

    @property
    def agent_state(self) -> AgentState:
        return self.state.agent(self.agent)

    @property
    def turn_state(self) -> TurnState:
        return self.state.turn(self.turn)

    @property
    def spec(self) -> AgentSpec:
        return self.state.spec_of(self.agent)

    def steps_taken(self) -> int:
        return self.turn_state.steps

    def mine(self) -> list[Entry]:
        """Give this turn's entries."""
        return [entry for entry in self.agent_state.transcript if entry.turn == self.turn]

    async def refresh(self) -> None:
        """Fetch the large texts that the conversation needs."""
        for entry in self.agent_state.transcript:
            digest = entry.text.blob
            if digest and digest not in self._texts:
                self._texts[digest] = await self._engine.text(entry.text)

    def _text(self, entry: Entry) -> str:
        return self._texts.get(entry.text.blob, entry.text.head)

    def pending(self) -> Sequence[ToolCall]:
        """Give the calls of the last reply that have no result yet."""
        mine = self.mine()
        replies = [place for place, entry in enumerate(mine) if entry.kind == "reply"]
        if not replies:
            return ()
        done = {entry.call for entry in mine[replies[-1] :] if entry.kind == "result"}
        return [call for call in mine[replies[-1]].calls if call.id not in done]

    def submitted(self) -> str | None:
        """Give the output that came with a result that was taken, if one was."""
        for name in self.turn_state.actions.values():
            action = self.state.action(name)
            if action.facts.tool == "submit_result" and action.ok:
                given = action.facts.arguments
                return str(given.get("output") or given.get("reason") or "")
        return None

    def messages(self) -> Sequence[ChatMessage]:
        """Give the messages for a model: instructions, what is remembered, and this turn."""
        messages = [ChatMessage("system", self.spec.instructions or "You are a helpful agent.")]
        messages += self._remembered()
        messages += [self._message(entry) for entry in self.mine()]
        return messages

    def _message(self, entry: Entry) -> ChatMessage:
        match entry.kind:
            case "reply":
                return ChatMessage("assistant", self._text(entry), entry.calls)
            case "result":
                return ChatMessage("tool", self._text(entry), tool_call_id=entry.call)
            case "prompt" | "message":
                return ChatMessage("user", self._text(entry))

    def _remembered(self) -> list[ChatMessage]:
        turns: dict[str, list[Entry]] = {}
        for entry in self.agent_state.transcript:
            if entry.turn != self.turn:
                turns.setdefault(entry.turn, []).append(entry)
        found: list[ChatMessage] = []
        for turn in list(turns)[-REMEMBERED_TURNS:]:
            asked = [self._text(one) for one in turns[turn] if one.kind in {"prompt", "message"}]
            output = self.state.turns[turn].output
            answer = self._texts.get(output.blob, output.head)
            if asked and answer:
                found += [ChatMessage("user", "\n".join(asked)), ChatMessage("assistant", answer)]
        return found
