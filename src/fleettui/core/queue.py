"""Mailbox: the messages that wait for one receiver, by priority, with ageing and leases."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from heapq import merge
from math import inf
from typing import Final

from fleettui.core.model import PRIORITIES, Priority

# A message is given again at most so often when it comes back; then it is a dead letter.
MOST_REDELIVERIES: Final = 3
MOST_TRIES: Final = MOST_REDELIVERIES + 1
# How long (seconds) whoever took a message may keep it without a word.
LEASE: Final = 60.0

# Ageing: a priority is passed over at most so often while something of it waits, then it is its
# turn, the lowest first. So low gets at least every 17th message under any flood (5.8 %), and
# critical about four of five.
PATIENCE: Final[dict[Priority, int]] = {"critical": 0, "high": 9, "normal": 13, "low": 16}

_RANK: Final[dict[Priority, int]] = {name: rank for rank, name in enumerate(PRIORITIES)}
_PATIENCE: Final = tuple(PATIENCE[name] for name in PRIORITIES)
_LOWEST_FIRST: Final = tuple(range(len(PRIORITIES) - 1, 0, -1))


# Where a message stands: its number in the order of arrival, its line, and when it came.
_Place = tuple[int, int, float]


class Mailbox:
    """Ids of messages; a line per priority, in order of arrival; changed in place.

    Within a priority the order is kept, also for what was taken and given back. Leases are
    memory, never events: after a restart everything that was not acknowledged waits again.
    """

    __slots__ = ("_back", "_leases", "_lines", "_number", "_passed", "_places")

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._leases: dict[str, float] = {}
        self._lines: tuple[OrderedDict[str, None], ...] = tuple(OrderedDict() for _ in PRIORITIES)
        # What was given back or has a place before others, by number.
        self._back: tuple[list[tuple[int, str]], ...] = tuple([] for _ in PRIORITIES)
        self._passed = [0] * len(PRIORITIES)
        self._number = 0

    def __len__(self) -> int:
        """Count the messages that wait, without those that are leased."""
        return len(self._places) - len(self._leases)

    def __contains__(self, message: object) -> bool:
        """Say whether a message is here, waiting or leased."""
        return message in self._places

    def push(self, message: str, priority: Priority, at: float, place: int | None = None) -> None:
        """Let a message wait in its line, at the end or at a place; one that is here moves."""
        if message in self._places:
            self.ack(message)
        number = self._number + 1 if place is None else place
        rank = _RANK[priority]
        self._places[message] = (number, rank, at)
        line = self._lines[rank]
        if number <= self._number and line and number < self._places[next(reversed(line))][0]:
            insort(self._back[rank], (number, message))
        else:
            line[message] = None
        self._number = max(self._number, number)

    def take(self, now: float, lease: float = LEASE) -> str | None:
        """Lease the message whose turn it is until `now + lease`; None if nothing waits."""
        waiting = len(self._places) - len(self._leases)
        if not waiting:
            return None
        rank = self._turn(waiting)
        back, line = self._back[rank], self._lines[rank]
        first = self._first(rank)
        message = back.pop(0)[1] if back and back[0][1] == first else first
        line.pop(message, None)
        self._leases[message] = now + lease
        return message

    def ack(self, message: str) -> None:
        """Forget a message: it was handled, dropped or is dead. An unknown one is no error."""
        place = self._places.pop(message, None)
        if place is None or self._leases.pop(message, None) is not None:
            return
        self._leave(message, place)

    def _leave(self, message: str, place: _Place) -> None:
        number, rank, _ = place
        line = self._lines[rank]
        if message in line:
            del line[message]
        else:
            back = self._back[rank]
            del back[bisect_left(back, (number, message))]

    def hold(self, message: str) -> None:
        """Let a waiting message wait until it is given back; its place stays its own."""
        place = self._places.get(message)
        if place is not None and message not in self._leases:
            self._leave(message, place)
            self._leases[message] = inf

    def give_back(self, message: str) -> None:
        """End a lease; the message waits again where it stood. Without a lease nothing happens."""
        if self._leases.pop(message, None) is not None:
            number, rank, _ = self._places[message]
            insort(self._back[rank], (number, message))

    def keep(self, message: str, until: float) -> None:
        """Prolong a lease; without one nothing happens."""
        if message in self._leases:
            self._leases[message] = until

    def expired(self, now: float) -> list[str]:
        """Name the messages whose lease is over, in order of arrival; nothing changes."""
        over = [name for name, until in self._leases.items() if until <= now]
        return sorted(over, key=self._places.__getitem__)

    def expire_leases(self, now: float) -> list[str]:
        """Give back every message whose lease is over, and name them."""
        over = self.expired(now)
        for message in over:
            self.give_back(message)
        return over

    def waiting(self) -> list[str]:
        """Name the waiting messages, by priority and then in order of arrival."""
        found: list[str] = []
        for back, line in zip(self._back, self._lines, strict=True):
            names = [name for _, name in back]
            found += merge(names, line, key=self._places.__getitem__) if names else line
        return found

    def highest(self) -> Priority | None:
        """Name the most urgent line that something waits in; None if nothing does."""
        pairs = zip(PRIORITIES, self._back, self._lines, strict=True)
        return next((name for name, back, line in pairs if back or line), None)

    def oldest(self) -> float | None:
        """Give when the message came that waits longest; None if nothing waits."""
        heads = [
            self._places[self._first(rank)][2]
            for rank, (back, line) in enumerate(zip(self._back, self._lines, strict=True))
            if back or line
        ]
        return min(heads, default=None)

    def _first(self, rank: int) -> str:
        """Name the first message of a line that is not empty."""
        back, line = self._back[rank], self._lines[rank]
        first = next(iter(line), "")
        if back and (not first or back[0][0] < self._places[first][0]):
            return back[0][1]
        return first

    def _turn(self, waiting: int) -> int:
        """Choose the line to serve, and count who is passed over."""
        lines, backs, passed = self._lines, self._back, self._passed
        first = 0
        while not (lines[first] or backs[first]):
            first += 1
        if len(lines[first]) + len(backs[first]) == waiting:
            passed[first] = 0
            return first
        rank = first
        for other in _LOWEST_FIRST:
            if passed[other] >= _PATIENCE[other] and (lines[other] or backs[other]):
                rank = other
                break
        for other in range(first, len(lines)):
            if lines[other] or backs[other]:
                passed[other] += 1
            else:
                passed[other] = 0
        passed[rank] = 0
        return rank
