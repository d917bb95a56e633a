"""The lines of a fair queue: the tickets of one tenant and priority, in order of arrival."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from typing import Final

from fleettui.core.fair.tickets import BOOST, WEIGHT, Terms, Ticket
from fleettui.core.model import PRIORITIES, Priority

# A line rises by one for so many seconds of waiting, by two while a deadline in it is so near
# (seconds), and by so much at most.
AGEING: Final = 10.0
NEAR: Final = 5.0
MOST_RISE: Final = 3
MOST_AGE: Final = 2

BASE: Final[dict[Priority, int]] = {name: 3 - rank for rank, name in enumerate(PRIORITIES)}
BASES: Final = range(len(PRIORITIES))


class Place:
    """Where a ticket stands; one that was taken out of its line is `gone` there."""

    __slots__ = ("gone", "held_by", "near", "number", "parked", "ticket")

    def __init__(self, number: int, ticket: Ticket) -> None:
        self.number, self.ticket = number, ticket
        self.gone = self.near = self.parked = False
        self.held_by = ""


class Line:
    """The tickets of one tenant and priority, in order of arrival."""

    __slots__ = (
        "age", "aging", "back", "base", "credit", "fresh", "level", "near", "ring", "round",
        "since", "size", "tenant", "turns", "weight",
    )  # fmt: skip

    def __init__(self, tenant: Tenant, base: int) -> None:
        self.tenant, self.base = tenant, base
        self.fresh: deque[Place] = deque()
        # What was put back, by number.
        self.back: list[tuple[int, int, Place]] = []
        self.size = self.age = self.near = self.turns = self.level = self.weight = 0
        self.since = self.credit = 0.0
        self.round = -1
        self.aging = False
        # Where it stands: a ring of those with credit, -1 for those without, None for nowhere.
        self.ring: int | None = None

    def head(self) -> Place:
        """Give the ticket that came first of those that wait."""
        fresh, back = self.fresh, self.back
        while fresh and fresh[0].gone:
            fresh.popleft()
        while back and back[0][2].gone:
            heapq.heappop(back)
        if back and (not fresh or back[0][0] < fresh[0].number):
            return back[0][2]
        return fresh[0]

    def tidy(self) -> None:
        """Forget what is gone where that is most of the line."""
        if len(self.fresh) > 64 + 2 * self.size:
            self.fresh = deque(place for place in self.fresh if not place.gone)

    @property
    def effective(self) -> int:
        """Give the level without age: priority and the boost of the plan."""
        return self.base + BOOST[self.tenant.terms.plan]

    @property
    def share(self) -> int:
        """Give the weight of the plan."""
        return WEIGHT[self.tenant.terms.plan]

    @property
    def rise(self) -> int:
        """Give by how much age and deadlines lift the line right now."""
        return min(self.age + (2 if self.near else 0), MOST_RISE)

    def places(self) -> Iterator[Place]:
        """Give what waits, in order."""
        back = (place for _, _, place in sorted(self.back))
        merged = heapq.merge(self.fresh, back, key=lambda place: place.number)
        return (place for place in merged if not place.gone)


class Tenant:
    """A tenant's lines, what it may have, and what goes on of it."""

    __slots__ = ("keys", "lines", "name", "parked", "running", "terms")

    def __init__(self, name: str, terms: Terms) -> None:
        self.name, self.terms = name, terms
        self.running = 0
        self.keys: dict[str, int] = {}
        # Tickets whose key has as many as it may, by number.
        self.parked: dict[str, list[tuple[int, str]]] = {}
        self.lines = tuple(Line(self, base) for base in BASES)

    def full(self) -> bool:
        return 0 < self.terms.most <= self.running

    def key_full(self, key: str) -> bool:
        return bool(key) and 0 < self.terms.most_of_key <= self.keys.get(key, 0)
