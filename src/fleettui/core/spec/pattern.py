"""Whether a regular expression can take exponential time.

A pattern does when some text can be read in two ways along a loop of its automaton. The automaton
is built of the pattern's characters (Glushkov); two different ways that start and end in the same
place are found in its product with itself (Weideman et al., "Analyzing matching time behavior of
backtracking regular expression matchers", 2016).
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from re import _constants as codes  # type: ignore[attr-defined]  # the only parser there is
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

LENGTH_LIMIT: Final = 500
_LOOP_LIMIT: Final = 80
_LOOP: Final = 5  # a bounded repeat of this many is as good as a loop
_ASCII: Final = 128
_LETTER, _BLANK, _SIGN = 128, 129, 130  # stand for all characters beyond ASCII of their kind
_BEYOND: Final = frozenset({_LETTER, _BLANK, _SIGN})
_ALL: Final = frozenset(range(_ASCII)) | _BEYOND
_TOO_SLOW: Final = "pattern can take exponential time, write it without a repeat inside a repeat"
_NOT_LINEAR: Final = "a pattern here can't look around or refer back, write it without"
_BACKTRACKING: Final = frozenset(
    {
        codes.ASSERT, codes.ASSERT_NOT, codes.GROUPREF, codes.GROUPREF_EXISTS,
        codes.ATOMIC_GROUP, codes.POSSESSIVE_REPEAT,
    }
)  # fmt: skip

Chars = frozenset[int]


class _Piece(NamedTuple):
    """A part of the automaton: where it can begin and end, and whether it can be empty."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empty: bool = True


class _TooLong(Exception):
    """The pattern has too many characters to be checked."""


def pattern_problem(pattern: str) -> str:
    """Say what is wrong with a pattern; empty when it is good."""
    if len(pattern) > LENGTH_LIMIT:
        return f"pattern is longer than the limit of {LENGTH_LIMIT} characters"
    if not pattern:
        return "empty pattern would match everything, remove it"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"pattern is not a regular expression: {error}"
    automaton = _Automaton()
    automaton.sequence(tree)
    try:
        return _TOO_SLOW if automaton.is_ambiguous() else ""
    except _TooLong:
        return "pattern repeats too much to be checked, split it"


def linear_problem(pattern: str) -> str:
    """Say what is wrong with a pattern that must be matched in linear time (by RE2)."""
    wrong = pattern_problem(pattern)
    if wrong:
        return wrong
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parser.parse(pattern)
    return _NOT_LINEAR if _looks_around(tree) else ""


def _looks_around(tree: Any) -> bool:
    """Say whether something in a parsed pattern needs more than one pass."""
    for code, value in tree:
        if code in _BACKTRACKING:
            return True
        parts = value if isinstance(value, (tuple, list)) else (value,)
        if code is codes.BRANCH:
            parts = value[1]
        if any(isinstance(part, parser.SubPattern) and _looks_around(part) for part in parts):
            return True
    return False


class _Automaton:
    """Positions with the characters they take, and how often one follows another."""

    def __init__(self) -> None:
        self.chars: list[Chars] = []
        self.edges: Counter[tuple[int, int]] = Counter()

    def sequence(self, items: Any) -> _Piece:
        whole = _Piece()
        for code, value in items:
            whole = self._join(whole, self._piece(code, value))
        return whole

    def _join(self, left: _Piece, right: _Piece) -> _Piece:
        self._link(left.last, right.first)
        return _Piece(
            left.first + (right.first if left.empty else ()),
            right.last + (left.last if right.empty else ()),
            left.empty and right.empty,
        )

    def _link(self, ends: tuple[int, ...], starts: tuple[int, ...]) -> None:
        for end in ends:
            for start in starts:
                self.edges[end, start] += 1

    def _piece(self, code: Any, value: Any) -> _Piece:
        if code in {codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN}:
            return self._position(_chars(code, value))
        if code in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            return self._repeat(*value)
        if code is codes.BRANCH:
            pieces = [self.sequence(branch) for branch in value[1]]
            return _Piece(
                tuple(at for piece in pieces for at in piece.first),
                tuple(at for piece in pieces for at in piece.last),
                any(piece.empty for piece in pieces),
            )
        if code is codes.SUBPATTERN:
            return self.sequence(value[-1])
        if code in {codes.ASSERT, codes.ASSERT_NOT}:
            self.sequence(value[1])  # read on its own: its loops count, its text does not
            return _Piece()
        if code is codes.ATOMIC_GROUP:
            return self.sequence(value)
        if code is codes.POSSESSIVE_REPEAT:
            return self.sequence(value[2])
        return _Piece()

    def _position(self, chars: Chars) -> _Piece:
        self.chars.append(chars)
        here = (len(self.chars) - 1,)
        return _Piece(here, here, empty=False)

    def _repeat(self, least: int, most: int, body: Any) -> _Piece:
        inner = self.sequence(body)
        if most >= _LOOP:
            self._link(inner.last, inner.first)
        return inner._replace(empty=inner.empty or least == 0)

    def is_ambiguous(self) -> bool:
        """Say whether two different ways lead from some position back to it over the same text."""
        after: dict[int, list[int]] = {}
        for start, end in self.edges:
            after.setdefault(start, []).append(end)
        loops = {at for at in after if at in _reach([at], lambda one: after.get(one, ()))}
        if len(loops) > _LOOP_LIMIT:
            raise _TooLong
        if any(
            count > 1 and a in loops and b in loops and _back(b, a, after)
            for (a, b), count in self.edges.items()
        ):
            return True

        def pairs(pair: tuple[int, int]) -> list[tuple[int, int]]:
            return [
                (left, right)
                for left in after.get(pair[0], ())
                for right in after.get(pair[1], ())
                if left in loops and right in loops and self.chars[left] & self.chars[right]
            ]

        for at in loops:
            split = [pair for pair in _reach([(at, at)], pairs) if pair[0] != pair[1]]
            if split and any((at, at) in _reach([pair], pairs) for pair in split[:50]):
                return True
        return False


def _back(start: int, goal: int, after: dict[int, list[int]]) -> bool:
    return start == goal or goal in _reach([start], lambda one: after.get(one, ()))


def _reach(starts: list[Any], follow: Any) -> set[Any]:
    """Give everything that can be reached in one step or more."""
    seen: set[Any] = set()
    waiting = list(starts)
    while waiting:
        for found in follow(waiting.pop()):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
    return seen


def _chars(code: Any, value: Any) -> Chars:
    if code is codes.ANY:
        return _ALL
    if code is codes.LITERAL:
        return frozenset({_symbol(value)})
    if code is codes.NOT_LITERAL:
        return _ALL - ({value} - _BEYOND)
    negated = False
    found: set[int] = set()
    for kind, part in value:
        if kind is codes.NEGATE:
            negated = True
        elif kind is codes.LITERAL:
            found.add(_symbol(part))
        elif kind is codes.RANGE:
            found.update(range(min(part[0], _ASCII), min(part[1] + 1, _ASCII)))
            found.update(_BEYOND if part[1] >= _ASCII else ())
        elif kind is codes.CATEGORY:
            found.update(_category(part))
    return _ALL - (found - _BEYOND) if negated else frozenset(found)


def _symbol(point: int) -> int:
    if point < _ASCII:
        return point
    return _LETTER if chr(point).isalnum() else _BLANK if chr(point).isspace() else _SIGN


def _category(name: Any) -> set[int]:
    shorthand, beyond = {
        codes.CATEGORY_DIGIT: (r"\d", {_LETTER}),
        codes.CATEGORY_NOT_DIGIT: (r"\D", _BEYOND),
        codes.CATEGORY_SPACE: (r"\s", {_BLANK}),
        codes.CATEGORY_NOT_SPACE: (r"\S", {_LETTER, _SIGN}),
        codes.CATEGORY_WORD: (r"\w", {_LETTER}),
        codes.CATEGORY_NOT_WORD: (r"\W", {_BLANK, _SIGN}),
    }[name]
    return {at for at in range(_ASCII) if re.match(shorthand, chr(at))} | beyond
