"""Patterns matched by RE2, in linear time whatever the text is: one alone, or many in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from unicodedata import normalize

import re2

from fleettui.core.spec.pattern import linear_problem

# Steps of a program a pattern may have: at worst, each costs time for each character.
_STEPS: Final = 2_000
# One automaton of more patterns or steps than this costs more than another pass.
_TOGETHER, _STEPS_TOGETHER = 100, 5_000
_MEMORY: Final = 64 << 20  # bytes an automaton may use; it is thrown away and built anew beyond


def re2_problem(pattern: str) -> str:
    """Say why RE2 can't match a pattern, or why it must not stand; empty when it is good."""
    wrong = linear_problem(pattern)
    if wrong:
        return wrong
    try:
        steps = _compiled(settled(pattern)).programsize
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        return f"pattern can't be matched in linear time (RE2: {shown}), write it without"
    return "pattern repeats too much, split it" if steps > _STEPS else ""


def settled(text: str) -> str:
    """Give a text in one form of Unicode (NFC), without what no UTF-8 has."""
    if text.isascii():
        return text
    return normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


class PatternSet:
    """Many patterns looked for in one pass."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Take patterns without a problem."""
        self._patterns = [settled(pattern) for pattern in patterns]
        self._sets: list[tuple[int, int, Any]] = []

    def found_in(self, text: str) -> set[int]:
        """Give the places of the patterns that are somewhere in a text that is settled."""
        if not self._sets and self._patterns:
            self._build()
        found: set[int] = set()
        for start, count, together in self._sets:
            places = together.Match(text) if together else ()
            if count in places:
                found.update(start + place for place in places if place != count)
                continue
            # What is always there is not found: the automaton is too large, so one by one.
            some = range(start, start + count)
            found.update(at for at in some if _compiled(self._patterns[at]).search(text))
        return found

    def _build(self) -> None:
        start, steps = 0, 0
        for at, pattern in enumerate(self._patterns):
            more = _compiled(pattern).programsize
            if at > start and (at - start == _TOGETHER or steps + more > _STEPS_TOGETHER):
                self._sets.append((start, at - start, _automaton(self._patterns[start:at])))
                start, steps = at, 0
            steps += more
        some = self._patterns[start:]
        self._sets.append((start, len(some), _automaton(some)))


def _automaton(patterns: Sequence[str]) -> Any:
    """Make one automaton of patterns and, as the last, one that is always there; None if it can't.

    One that runs out of memory finds nothing at all, and says so nowhere else.
    """
    together = re2.Set.SearchSet(_options())
    for pattern in (*patterns, ""):
        together.Add(pattern)
    try:
        together.Compile()
    except re2.error:
        return None
    return together


def is_in(pattern: str, text: str) -> bool:
    """Say whether a pattern is somewhere in a text that is settled."""
    return _compiled(settled(pattern)).search(text) is not None


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _options())


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    return options
