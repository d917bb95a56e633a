"""Sitting: one turn of an agent on its link, from the first prompt to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from fleettui.adapters.runtimes.acp.desk import Desk
from fleettui.adapters.runtimes.acp.hearing import Hearing
from fleettui.adapters.runtimes.acp.link import Link, mapping
from fleettui.adapters.runtimes.acp.prompts import denied
from fleettui.adapters.runtimes.acp.shown import one_line
from fleettui.core.errors import AgentDied, AgentFailed
from fleettui.core.model import Usage, Workplace
from fleettui.ports import GuestDoor

GRACE: Final = 3.0  # seconds an agent has to come to its end after session/cancel
_TICK: Final = 0.5
_TOO_LONG: Final = {
    "max_tokens": ("stopped at its limit of tokens", "give it a smaller task, or a higher limit"),
    "max_turn_requests": ("stopped at its limit of requests", "give it a smaller task"),
    "refusal": ("refused to go on", "give it another task"),
}


class Sitting:
    """Prompts an agent until it has answered; its requests are answered meanwhile."""

    def __init__(
        self, link: Link, door: GuestDoor, place: Workplace, env: Mapping[str, str]
    ) -> None:
        self._link, self._door = link, door
        self.hearing = Hearing(door, link.wire)
        self.desk = Desk(link.library, door, self.hearing, place, env)
        self._before = link.costs.get(link.session)
        self._used = Usage(cost=0.0)
        self._active = 0.0

    async def perform(self, text: str, most: int) -> str:
        """Give the agent a prompt and return its answer; raises AgentFailed."""
        taking = asyncio.create_task(self.hearing.run(), name="acp hearing")
        try:
            for _ in range(max(most, 1)):
                told = len(self.desk.denials)
                reason = await self._prompt(text, taking)
                fresh = self.desk.denials[told:]
                if not fresh or not self._must_hear(reason):
                    break
                await self.hearing.end_text()
                text = denied(fresh)
            await self.hearing.end_text(self._used)
        except (AgentDied, AgentFailed):
            # What it said until then belongs to its story.
            if not taking.done():
                await self.hearing.wait_caught_up()
            await self.hearing.end_text()
            raise
        else:
            return self.hearing.said
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await self.desk.close()

    def _must_hear(self, reason: str) -> bool:
        """Say whether the agent must hear why it was refused: if there is a why, or no answer."""
        explained = any("\nThe reason: none was given" not in one for one in self.desk.denials)
        return explained or reason == "cancelled" or not self.hearing.said.strip()

    async def _prompt(self, text: str, taking: asyncio.Task[None]) -> str:
        """Send a prompt and wait for its end; return the stop reason."""
        schema = self._link.library.schema
        block = schema.TextContentBlock(type="text", text=text)
        params = schema.PromptRequest(session_id=self._link.session, prompt=[block])
        asking = asyncio.create_task(self._link.ask("session/prompt", params), name="acp prompt")
        try:
            await self._wait(asking, taking)
            answer = asking.result()
        except asyncio.CancelledError:
            await self._cancel(asking, taking)
            raise
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await self.hearing.wait_caught_up()
        await self.hearing.close_all()
        self._count(answer)
        return self._checked(answer)

    async def _wait(self, asking: asyncio.Task[Any], taking: asyncio.Task[None]) -> None:
        """Wait for the agent; only its own time counts, not that of people."""
        loop = asyncio.get_running_loop()
        limit = self._door.spec.timeout
        while not asking.done():
            began = loop.time()
            await asyncio.wait({asking, taking}, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                taking.result()
            if not self.desk.asking:
                self._active += loop.time() - began
            if self._active > limit and not asking.done():
                raise AgentFailed(
                    f"the turn took more than {limit:g} s of work",
                    "give the agent more time with spec.timeout",
                )

    async def _cancel(self, asking: asyncio.Task[Any], taking: asyncio.Task[None]) -> None:
        """Ask the agent to stop, and listen a moment to how it does."""
        self.desk.over.set()
        schema = self._link.library.schema
        await self._link.tell(
            "session/cancel", schema.CancelNotification(session_id=self._link.session)
        )
        done, _ = await asyncio.wait({asking}, timeout=GRACE)
        if not done or asking.cancelled() or asking.exception() is not None:
            await self._link.end()
            return
        if not taking.done():
            await asyncio.wait({asyncio.ensure_future(self.hearing.wait_caught_up())}, timeout=1.0)

    def _count(self, answer: Mapping[str, Any]) -> None:
        """Add up what the prompts of this turn used."""
        used = self.hearing.usage(answer, self._before)
        if self.hearing.cost is not None:
            self._before = self._link.costs[self._link.session] = self.hearing.cost
        known = used.cost is not None and self._used.cost is not None
        cost = (self._used.cost or 0.0) + (used.cost or 0.0) if known else None
        self._used = Usage(
            self._used.input_tokens + used.input_tokens,
            self._used.output_tokens + used.output_tokens,
            cost,
        )

    def _checked(self, answer: Mapping[str, Any]) -> str:
        """Give why the agent stopped; raises AgentFailed where that is no end."""
        reason = str(mapping(answer).get("stopReason") or "end_turn")
        if reason in _TOO_LONG:
            what, mend = _TOO_LONG[reason]
            raise AgentFailed(f"{self._link.name} {what}", mend)
        if reason == "cancelled" and not self.desk.denials:
            raise AgentFailed(f"{self._link.name} broke its turn off by itself", retryable=True)
        return one_line(reason)
