"""Hearing: what an agent reports while it works on one prompt, taken in order and recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from fleettui.adapters.runtimes.acp.link import mapping
from fleettui.adapters.runtimes.acp.shown import content_text, cut, plan_text
from fleettui.adapters.runtimes.acp.tool_seen import ToolSeen
from fleettui.adapters.runtimes.acp.wire import Wire
from fleettui.core.errors import AgentFailed, Refused
from fleettui.core.model import ToolResult, Usage
from fleettui.ports import GuestDoor

_BACKLOG: Final = 1_000  # updates that wait before no more are read
_MOST_SAID: Final = 8_000_000  # characters an agent may say in one turn
_MOST_TOOLS: Final = 5_000
_UNTOLD: Final = "the agent did not say what came of it"

_Waiting = Mapping[str, Any] | asyncio.Future[None]


class Hearing:
    """Listens to one turn; `said` is what the agent said last, `cost` the session's so far."""

    def __init__(self, door: GuestDoor, wire: Wire) -> None:
        self._door, self._wire = door, wire
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._text: list[str] = []
        self._length = 0
        self._plan = ""
        self._stopped = False
        self.tools: dict[str, ToolSeen] = {}
        self.said = ""
        self.cost: float | None = None
        self.priced = True

    def hear(self, update: Any) -> None:
        """Take an update of the session; it is looked at in its turn."""
        if isinstance(update, dict):
            self._waiting.put_nowait(update)
            self._wire.hold(self._waiting.qsize() > _BACKLOG)

    async def wait_caught_up(self) -> None:
        """Wait until everything that was heard so far is taken in."""
        if self._stopped:
            return
        mark: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(mark)
        await mark

    async def run(self) -> None:
        """Take in what is heard until cancelled; raises AgentFailed where it is too much."""
        try:
            await self._run()
        finally:
            self._stopped = True
            self._wire.hold(full=False)
            while not self._waiting.empty():
                left = self._waiting.get_nowait()
                if isinstance(left, asyncio.Future) and not left.done():
                    left.set_result(None)

    async def _run(self) -> None:
        while True:
            heard = await self._waiting.get()
            self._wire.hold(self._waiting.qsize() > _BACKLOG)
            if isinstance(heard, asyncio.Future):
                if not heard.done():
                    heard.set_result(None)
                continue
            try:
                await self._take(heard)
            except Refused:
                # The turn is over: what comes now is the agent coming to its end.
                continue

    async def _take(self, update: Mapping[str, Any]) -> None:
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                self._say(content_text(update.get("content")))
            case "tool_call" | "tool_call_update":
                await self.end_text()
                await self._tool(self.tool(update))
            case "plan":
                await self._planned(update.get("entries"))
            case "usage_update":
                self._priced(mapping(update.get("cost")))
            case _:
                pass

    def _say(self, text: str) -> None:
        if not text:
            return
        self._length += len(text)
        if self._length > _MOST_SAID:
            raise AgentFailed(f"the agent said more than {_MOST_SAID:,} characters in one turn")
        self._text.append(text)
        self._door.stream(text)

    async def end_text(self, usage: Usage | None = None) -> None:
        """Record what was said since the last record; with `usage` it is the answer's end."""
        text, self._text = "".join(self._text), []
        if text.strip():
            self.said = text
        if text.strip() or usage is not None:
            await self._door.say(text if text.strip() else "", usage)

    def tool(self, update: Mapping[str, Any]) -> ToolSeen:
        """Give the tool call that an update or a request is about, with what it says of it."""
        name = str(update.get("toolCallId") or "")
        seen = self.tools.get(name)
        if seen is None or (seen.over and update.get("sessionUpdate") == "tool_call"):
            # Some agents count their calls anew for every prompt.
            seen = ToolSeen(name)
            if len(self.tools) < _MOST_TOOLS:
                self.tools[name] = seen
        seen.take(update)
        return seen

    async def _tool(self, seen: ToolSeen) -> None:
        if seen.over or not (seen.known or seen.ended):
            return
        if seen.ended:
            await self.close(seen, seen.result())
        elif not seen.logged and seen.status == "in_progress":
            await self.log(seen)

    async def log(self, seen: ToolSeen) -> None:
        """Put a tool call into the log, once."""
        if not seen.logged:
            seen.logged = True
            await self._door.note("tool", seen.summary)

    async def close(self, seen: ToolSeen, outcome: ToolResult) -> None:
        """Record the end of a tool call: its action's, or that nobody was asked."""
        seen.over = True
        if seen.action:
            await self._door.finish(seen.action, outcome)
            return
        await self.log(seen)
        if not seen.asked:
            await self._door.note(
                "out", cut(f"[not asked] {seen.status}\n{outcome.output}".strip())
            )

    async def close_all(self) -> None:
        """End what the agent left open when it came to the end of its turn."""
        for seen in list(self.tools.values()):
            if not seen.over and (seen.action or seen.known):
                seen.status = "completed" if seen.action else seen.status
                outcome = seen.result()
                told = outcome if outcome.output else ToolResult(_UNTOLD, ok=outcome.ok)
                await self.close(seen, told)

    async def _planned(self, entries: Any) -> None:
        text = plan_text(entries)
        if text != self._plan:
            self._plan = text
            await self.end_text()
            await self._door.note("note", text)

    def _priced(self, cost: Mapping[str, Any]) -> None:
        amount = cost.get("amount")
        if isinstance(amount, bool) or not isinstance(amount, (int, float)):
            return
        self.cost = float(amount)
        self.priced = str(cost.get("currency", "USD")).upper() == "USD"

    def usage(self, answer: Mapping[str, Any], before: float | None) -> Usage:
        """Give what a prompt used: tokens from its answer, and what the session's cost grew by."""
        told = mapping(answer.get("usage"))
        names = ("inputTokens", "cachedReadTokens", "cachedWriteTokens")
        cost = None
        if self.cost is not None and self.priced:
            grown = self.cost - (before or 0.0)
            # A session that was loaded anew counts from nothing in some agents.
            cost = grown if grown >= 0 else self.cost
        return Usage(sum(_count(told.get(name)) for name in names),
                     _count(told.get("outputTokens")), cost)  # fmt: skip


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
