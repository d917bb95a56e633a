"""Conversation: what a turn's agent was told and answered so far, as messages for a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from fleettui.core.coordination.tools import forgets_its_run
from fleettui.core.model import PRIORITIES, ChatMessage, Payload, ToolCall
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.state.fleet import AgentState, Entry, FleetState, TurnState
from fleettui.core.state.outputs import output_of
from fleettui.engine.engine import Engine
from fleettui.engine.redaction import Redaction
from fleettui.ports import Task

# Calls that wait for other agents: those of one reply wait together.
SIDE_BY_SIDE = frozenset({"delegate", "ask_agent"})
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
    def _redaction(self) -> Redaction | None:
        """What was written before a secret was set may have it, and must not be sent on."""
        return self._engine.redactions.of(self.state)

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
        run = self.state.runs.get(self.turn_state.run)
        part = run.parts.get(self.turn_state.part) if run else None
        for payload in (*((run.task,) if run else ()), *((part.planned.text,) if part else ())):
            if payload.blob and payload.blob not in self._texts:
                self._texts[payload.blob] = await self._engine.text(self.state.tenant, payload)
        for entry in self.agent_state.transcript:
            handed = [output_of(self.state, entry.turn, given.of) for given in entry.given]
            for payload in (entry.text, *handed):
                if payload.blob and payload.blob not in self._texts:
                    self._texts[payload.blob] = await self._engine.text(self.state.tenant, payload)

    def text_of(self, entry: Entry) -> str:
        """Give an entry's text, with the outputs that were handed over under their titles."""
        parts = [self._whole(entry.text)]
        for given in entry.given:
            text = self._whole(output_of(self.state, entry.turn, given.of))
            parts.append(f"## {given.title}\n\n{text}")
        return "\n\n".join(part for part in parts if part)

    def _whole(self, payload: Payload) -> str:
        text, redaction = self._texts.get(payload.blob, payload.head), self._redaction
        return text if redaction is None else redaction.text(text)

    def part_kind(self) -> str:
        """Give the kind of the part this turn is for, empty for none."""
        run = self.state.runs.get(self.turn_state.run)
        part = run.parts.get(self.turn_state.part) if run else None
        return part.kind if part else ""

    def pending(self) -> Sequence[Sequence[ToolCall]]:
        """Give the calls of the last reply that have no result yet, in groups done side by side."""
        groups: list[list[ToolCall]] = []
        for call in self._unanswered():
            if groups and call.name in SIDE_BY_SIDE and groups[-1][0].name in SIDE_BY_SIDE:
                groups[-1].append(call)
            else:
                groups.append([call])
        return [sorted(group, key=_urgency) for group in groups]

    def _unanswered(self) -> Sequence[ToolCall]:
        mine = self.mine()
        replies = [place for place, entry in enumerate(mine) if entry.kind == "reply"]
        if not replies:
            return ()
        done = {entry.call for entry in mine[replies[-1] :] if entry.kind == "result"}
        return [call for call in mine[replies[-1]].calls if call.id not in done]

    def tasks(self) -> Sequence[Task]:
        """Give what this turn is about, for who asks no model: its part, and every message."""
        found: list[Task] = []
        run = self.state.runs.get(self.turn_state.run)
        part = run.parts.get(self.turn_state.part) if run else None
        for entry in self.mine():
            handed = [self._whole(output_of(self.state, self.turn, one.of)) for one in entry.given]
            if entry.kind == "message":
                text = self._texts.get(entry.text.blob) or entry.text.head[entry.lead :]
                text = text if self._redaction is None else self._redaction.text(text)
                found.append(Task(text, (text,)))
            elif entry.kind == "prompt" and run is not None and not found:
                task = self._whole(run.task)
                own = self._whole(part.planned.text) if part else ""
                items = part.planned.raw if part else ()
                found.append(Task(task, items or (own or task,), "\n\n".join(handed)))
        return found

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
        told = self.turn_state.instructions or self.spec.instructions
        messages = [ChatMessage("system", told or "You are a helpful agent.")]
        messages += self.remembered()
        messages += [self.message(entry) for entry in _in_order_of_calls(self.mine())]
        return messages

    def message(self, entry: Entry) -> ChatMessage:
        """Give an entry as a message."""
        match entry.kind:
            case "reply":
                return ChatMessage("assistant", self.text_of(entry), entry.calls)
            case "result":
                return ChatMessage("tool", self.text_of(entry), tool_call_id=entry.call)
            case "prompt" | "message":
                return ChatMessage("user", self.text_of(entry))

    def remembered(self) -> list[ChatMessage]:
        """Give what was asked and answered in the turns before this one."""
        turns: dict[str, list[Entry]] = {}
        run = self.turn_state.run if forgets_its_run(self.state, self.turn_state) else None
        for entry in self.agent_state.transcript:
            if entry.turn != self.turn and self.state.turns[entry.turn].run != run:
                turns.setdefault(entry.turn, []).append(entry)
        found: list[ChatMessage] = []
        for turn in list(turns)[-REMEMBERED_TURNS:]:
            asked = [self.text_of(one) for one in turns[turn] if one.kind in {"prompt", "message"}]
            output = self.state.turns[turn].output
            answer = self._whole(output)
            if asked and answer:
                found += [ChatMessage("user", "\n".join(asked)), ChatMessage("assistant", answer)]
        return found


def _urgency(call: ToolCall) -> int:
    """Give the place of a call's priority: of those done side by side, the urgent begin first."""
    priority = call.arguments.get("priority")
    return PRIORITIES.index(priority if priority in PRIORITIES else "normal")


def _in_order_of_calls(entries: Sequence[Entry]) -> list[Entry]:
    """Put results in the order of their calls: what is done side by side ends in any order."""
    place = {call.id: number for entry in entries for number, call in enumerate(entry.calls)}
    ordered: list[Entry] = []
    for is_result, some in groupby(entries, key=lambda entry: entry.kind == "result"):
        group = list(some)
        if is_result:
            group.sort(key=lambda one: place.get(one.call, 0))
        ordered += group
    return ordered
