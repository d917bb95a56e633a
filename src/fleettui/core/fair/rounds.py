"""Rounds: which line of a fair queue is served next, by credit, effective priority and patience."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from fleettui.core.fair.lines import BASE, BASES, MOST_RISE, Line
from fleettui.core.model import PRIORITIES
from fleettui.core.queue import PATIENCE

# How often each priority is passed over, the lowest first; critical is never served by patience.
_PATIENCE: Final = tuple((BASE[name], PATIENCE[name]) for name in reversed(PRIORITIES[1:]))
_RINGS: Final = (3 + 2 + MOST_RISE + 1) * 4
# The rings of one priority, as bits.
_OF_BASE: Final = tuple(sum(1 << at for at in range(base, _RINGS, 4)) for base in BASES)


class Rounds:
    """The lines that may be served: in rings by effective priority, or without credit."""

    def __init__(self) -> None:
        self._ready: list[OrderedDict[Line, None]] = [OrderedDict() for _ in range(_RINGS)]
        self._mask = 0
        self._spent: list[OrderedDict[Line, None]] = [OrderedDict() for _ in BASES]
        self._round, self._scale = 0, 1.0
        # Lines that may be served: of each level how many and their weights, of each priority.
        self._lines, self._weights = [0] * 6, [0] * 6
        self._eligible, self._passed = [0] * 4, [0] * 4

    def __bool__(self) -> bool:
        """Say whether there is a line to serve."""
        return any(self._eligible)

    def count(self) -> int:
        """Count the lines that may be served."""
        return sum(self._eligible)

    def enter(self, line: Line) -> None:
        """Let a line take part, where it does not yet."""
        line.level, line.weight = line.effective, line.share
        self._lines[line.level] += 1
        self._weights[line.level] += line.weight
        self._eligible[line.base] += 1
        if self.count() == 1:
            self._scale = self._quantum(line)
        if line.round != self._round:
            line.credit = min(line.credit, 0.0) + max(self._quantum(line) / self._scale, 1.0)
            line.round = self._round
        # Whoever comes newly goes first in its ring: its credit bounds what that is worth.
        self.place(line, first=True)

    def place(self, line: Line, *, first: bool = False) -> None:
        """Put a line into the ring of its effective priority, or among those without credit."""
        self._take_off(line)
        if line.credit < 1.0:
            line.ring = -1
            self._spent[line.base][line] = None
            return
        line.ring = ring = (line.level + line.rise) * 4 + line.base
        self._ready[ring][line] = None
        if first:
            self._ready[ring].move_to_end(line, last=False)
        self._mask |= 1 << ring

    def _take_off(self, line: Line) -> None:
        if line.ring == -1:
            del self._spent[line.base][line]
        elif line.ring is not None:
            ring = self._ready[line.ring]
            del ring[line]
            if not ring:
                self._mask &= ~(1 << line.ring)

    def leave(self, line: Line) -> None:
        """Let a line take no part; one that doesn't is no error."""
        if line.ring is None:
            return
        self._take_off(line)
        line.ring = None
        self._lines[line.level] -= 1
        self._weights[line.level] -= line.weight
        self._eligible[line.base] -= 1

    def next(self) -> Line | None:
        """Choose the line whose turn it is."""
        if not self:
            return None
        for base, patience in _PATIENCE:
            if self._eligible[base] and self._passed[base] >= patience:
                mask = self._mask & _OF_BASE[base]
                if mask:
                    return next(iter(self._ready[mask.bit_length() - 1]))
                return next(iter(self._spent[base]))
        while not self._mask:
            self._begin_round()
        return next(iter(self._ready[self._mask.bit_length() - 1]))

    def serve(self, line: Line) -> None:
        """Charge a line for one ticket, and count who was passed over for it."""
        for base in BASES:
            self._passed[base] = self._passed[base] + 1 if self._eligible[base] else 0
        self._passed[line.base] = 0
        # What patience gives is owed, up to the credit of a round.
        share = self._quantum(line) / self._scale
        line.credit = max(line.credit - 1.0, -share)
        if line.ring == -1:
            line.turns = (line.turns + 1) % line.weight
            if line.turns == 0:
                self._spent[line.base].move_to_end(line)
        else:
            self.place(line)

    def _begin_round(self) -> None:
        """Give every line its credit; the smallest share is worth one ticket."""
        self._round += 1
        lines = [line for spent in self._spent for line in spent]
        self._scale = min(map(self._quantum, lines))
        for line in lines:
            line.credit += self._quantum(line) / self._scale
            line.round = self._round
            self.place(line)

    def _quantum(self, line: Line) -> float:
        """Give a line's share: its level's, 2**level for each line in it, by the plans' weights."""
        level = line.level
        return (1 << level) * self._lines[level] * line.weight / self._weights[level]
