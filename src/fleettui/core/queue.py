"""Mailbox: the messages that wait for one receiver, by priority, with ageing and leases."""

from __future__ import annotations

from collections import deque
from typing import Final

from fleettui.core.model import PRIORITIES, Priority

# A message that waited this long (seconds) counts one priority higher, so low is never starved.
AGEING: Final = 30.0
# Of every so many deliveries one goes to the oldest message, whatever its priority.
FAIR_TURN: Final = 16
# How long (seconds) whoever took a message may keep it.
LEASE: Final = 60.0
# A message is delivered at most so often, then it is a dead letter.
MOST_TRIES: Final = 3

_RANK: Final[dict[Priority, int]] = {name: rank for rank, name in enumerate(PRIORITIES)}


class Mailbox:
    """Ids of waiting messages; a queue per priority, in order of arrival; changed in place."""

    __slots__ = ("_leased", "_lines", "_taken", "_waiting")

    def __init__(self) -> None:
        self._lines: tuple[deque[tuple[float, str]], ...] = tuple(deque() for _ in PRIORITIES)
        self._waiting: dict[str, tuple[int, float]] = {}
        self._leased: dict[str, tuple[int, float, float]] = {}
        self._taken = 0

    def __len__(self) -> int:
        """Count the messages that wait and are not leased."""
        return len(self._waiting)

    def push(self, message: str, priority: Priority, at: float) -> None:
        """Let a message wait."""
        rank = _RANK[priority]
        self._waiting[message] = (rank, at)
        self._lines[rank].append((at, message))

    def take(self, now: float, lease: float = LEASE) -> str | None:
        """Lease the message whose turn it is, or give None.

        The priority counts, raised by one for every AGEING seconds of waiting; every FAIR_TURN-th
        delivery goes to the oldest of all.
        """
        best, best_rank, best_at = -1, 0.0, 0.0
        fair = self._taken % FAIR_TURN == FAIR_TURN - 1
        for rank, line in enumerate(self._lines):
            while line and self._waiting.get(line[0][1]) != (rank, line[0][0]):
                line.popleft()
            if not line:
                continue
            at = line[0][0]
            weight = at if fair else rank - max(now - at, 0.0) / AGEING
            if best < 0 or (weight, at) < (best_rank, best_at):
                best, best_rank, best_at = rank, weight, at
        if best < 0:
            return None
        at, message = self._lines[best].popleft()
        del self._waiting[message]
        self._leased[message] = (best, at, now + lease)
        self._taken += 1
        return message

    def ack(self, message: str) -> None:
        """Forget a message: it was handled, dropped, or is dead."""
        if self._leased.pop(message, None) is None:
            self._waiting.pop(message, None)

    def give_back(self, message: str) -> None:
        """End a lease; the message is the next of its priority again."""
        found = self._leased.pop(message, None)
        if found is not None:
            rank, at, _ = found
            self._waiting[message] = (rank, at)
            self._lines[rank].appendleft((at, message))

    def expired(self, now: float) -> list[str]:
        """Name the leased messages whose lease is over."""
        return [name for name, (_, _, until) in self._leased.items() if until <= now]
