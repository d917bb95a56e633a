"""The feed: one watcher marks what is stale, one coalescer reads it again, at most 5 Hz."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fleettui.client import Client, Notice, Reread, Streamed
from fleettui.core.errors import FleettuiError
from fleettui.core.events import (
    ActionFinished,
    ActionLost,
    Recorded,
    StepTaken,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
)

PERIOD: Final = 0.2
_AGAIN: Final = 2.0
_MOST_STREAMED: Final = 4000
# What ends the call of the client: its refusals, and a connection that is gone.
LOST: Final = (FleettuiError, OSError, EOFError)


class Feed:
    """Calls `refresh` after something happened; what comes faster than the period is dropped.

    Nothing runs and nothing is drawn as long as nothing happens.
    """

    def __init__(
        self,
        client: Client,
        refresh: Callable[[], Awaitable[None]],
        trouble: Callable[[str], None],
    ) -> None:
        self._client, self._refresh, self._trouble = client, refresh, trouble
        self._dirty = asyncio.Event()
        self._speaking: dict[tuple[str, str], tuple[str, str]] = {}
        self._progress: dict[str, Streamed] = {}
        self._lost = False

    @property
    def speaking(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Give what models say right now: by fleet and agent, the turn and its text."""
        return self._speaking

    def progress(self, fleet: str, agent: str) -> tuple[str, ...]:
        """Say how far the tools of an agent are, those that say so, oldest first."""
        mine = (one for one in self._progress.values() if (one.fleet, one.agent) == (fleet, agent))
        return tuple(one.text for one in mine)

    def mark(self) -> None:
        """Ask for a refresh."""
        self._dirty.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(self._coalesce())

    async def _watch(self) -> None:
        while True:
            try:
                async with self._client.watch(stream=True) as watch:
                    self._lost = False
                    self.mark()
                    while True:
                        for notice in await watch.take():
                            self._take(notice)
                        self.mark()
            except LOST as error:
                self._say_lost(error)
                await asyncio.sleep(_AGAIN)

    async def _coalesce(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            began = loop.time()
            try:
                await self._refresh()
            except LOST as error:
                self._say_lost(error)
            await asyncio.sleep(max(PERIOD - (loop.time() - began), 0.0))

    def _say_lost(self, error: Exception) -> None:
        if not self._lost:
            self._lost = True
            self._trouble(f"the fleet does not answer: {error or type(error).__name__}")

    def _take(self, notice: Notice) -> None:
        match notice:
            case Streamed(action=action) if action:
                self._progress[action] = notice
            case Streamed(fleet=fleet, agent=agent, turn=turn, text=text):
                before = self._speaking.get((fleet, agent), (turn, ""))
                said = before[1] + text if before[0] == turn else text
                self._speaking[fleet, agent] = (turn, said[-_MOST_STREAMED:])
            case Recorded(
                event=StepTaken(turn=turn)
                | TurnFinished(turn=turn)
                | TurnFailed(turn=turn)
                | TurnCancelled(turn=turn)
            ):
                self._fall_silent(turn)
            case Recorded(event=ActionFinished(action=action) | ActionLost(action=action)):
                self._progress.pop(action, None)
            case Reread():
                self._progress.clear()
            case Recorded():
                pass

    def _fall_silent(self, turn: str) -> None:
        """Forget what was said: in full it is in the log now."""
        self._speaking = {name: said for name, said in self._speaking.items() if said[0] != turn}
