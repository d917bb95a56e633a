"""Pulse: signs of life of agents, in memory; what came last, and what is waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from fleettui.core.views.rows import HealthRow
from fleettui.ports import Clock

# How many looks at an agent are kept: half an hour of them at the usual interval.
KEPT: Final = 60

Key = tuple[str, str]


@dataclass(slots=True)
class Signs:
    """What is known of one agent: times in seconds since the epoch, `beats` since the last look."""

    progress: float
    beats: int = 0
    asking_since: float = 0.0
    response: float | None = None
    looks: deque[HealthRow] = field(default_factory=lambda: deque(maxlen=KEPT))


class Pulse:
    """The signs of every agent, by fleet and agent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._signs: dict[Key, Signs] = {}

    def of(self, fleet: str, agent: str) -> Signs:
        """Give an agent's signs; one that was never heard of is fresh."""
        key = (fleet, agent)
        if key not in self._signs:
            self._signs[key] = Signs(self._clock.now())
        return self._signs[key]

    def beat(self, fleet: str, agent: str) -> None:
        """Note that an agent made progress."""
        signs = self.of(fleet, agent)
        signs.progress = self._clock.now()
        signs.beats += 1

    @contextmanager
    def asking(self, fleet: str, agent: str) -> Iterator[None]:
        """Time how long an agent's model takes to answer."""
        signs = self.of(fleet, agent)
        signs.asking_since = began = self._clock.now()
        try:
            yield
        finally:
            signs.asking_since = 0.0
            signs.response = self._clock.now() - began

    def looks(self, fleet: str, agent: str) -> tuple[HealthRow, ...]:
        """Give what was seen of an agent, oldest first."""
        found = self._signs.get((fleet, agent))
        return tuple(found.looks) if found else ()

    def forget(self, fleet: str, agents: set[str]) -> None:
        """Drop the signs of a fleet's agents that are not among these."""
        for key in [key for key in self._signs if key[0] == fleet and key[1] not in agents]:
            del self._signs[key]
