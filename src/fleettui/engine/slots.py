"""Slots: how many tools of a fleet and of an agent run at the same time, and who is next."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from fleettui.core.model import PRIORITIES, Priority

_RANK: Final = {priority: rank for rank, priority in enumerate(PRIORITIES)}


@dataclass(slots=True)
class _Fleet:
    """Who runs in a fleet, by agent, and who waits: by priority, then by who came first."""

    running: Counter[str] = field(default_factory=Counter)
    waiting: list[_Waiting] = field(default_factory=list)


@dataclass(slots=True)
class _Waiting:
    agent: str
    rank: int
    most: int
    most_of_agent: int
    turn: asyncio.Future[None]


class Slots:
    """Lets tools begin while there is room; bounds may change from one to the next."""

    def __init__(self) -> None:
        self._fleets: dict[str, _Fleet] = {}

    @asynccontextmanager
    async def taken(
        self, fleet: str, agent: str, priority: Priority, most: int, most_of_agent: int
    ) -> AsyncIterator[None]:
        """Wait for room, and hold a slot while the context is open."""
        here = self._fleets.setdefault(fleet, _Fleet())
        mine = _Waiting(agent, _RANK[priority], most, most_of_agent, asyncio.Future())
        # Sorted by rank alone: those of one rank stay in the order they came.
        here.waiting.append(mine)
        here.waiting.sort(key=lambda one: one.rank)
        _admit(here)
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine in here.waiting:
                here.waiting.remove(mine)
            if not mine.turn.cancelled():
                self._leave(fleet, here, agent)
            raise
        try:
            yield
        finally:
            self._leave(fleet, here, agent)

    def _leave(self, fleet: str, here: _Fleet, agent: str) -> None:
        here.running[agent] -= 1
        here.running += Counter()  # forgets who has none
        _admit(here)
        if not here.running and not here.waiting:
            self._fleets.pop(fleet, None)


def _admit(here: _Fleet) -> None:
    """Let begin whoever may; an agent at its own bound does not hold up the others."""
    for one in list(here.waiting):
        if here.running.total() >= one.most:
            return
        if here.running[one.agent] < one.most_of_agent and not one.turn.done():
            here.waiting.remove(one)
            here.running[one.agent] += 1
            one.turn.set_result(None)
