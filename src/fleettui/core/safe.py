"""The one sanitiser: untrusted text becomes `Safe` before it may reach a screen."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NewType

Safe = NewType("Safe", str)

# Kept as they are: newline only. A tab becomes spaces so that columns stay where they are.
_SUSPECT: Final = re.compile(r"[^\n\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u052f]")
_SHOWN_CATEGORIES: Final = frozenset("LNPSM")
# Letters and marks that draw nothing, or move what stands beside them.
_INVISIBLE: Final = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0\u034f\u2800") | {
    chr(point) for point in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}


def sanitize(text: object) -> Safe:
    r"""Return `text` with every control, format and invisible character shown escaped.

    Lone ESC, C0 and C1 controls, bidirectional marks, zero-width characters, tags, surrogates,
    private use and unassigned points appear as `\x1b` or `\u{202e}`; newlines stay.
    """
    return Safe(_SUSPECT.sub(_shown, str(text)))


def one_line(text: object, width: int = 0) -> Safe:
    """Return `text` sanitised, newlines as spaces, cut to `width` cells if given."""
    line = sanitize(" ".join(str(text).split("\n")))
    if width and len(line) > width:
        return Safe(line[: max(width - 1, 0)] + "~")
    return line


def _shown(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\t":
        return "    "
    visible = unicodedata.category(char)[0] in _SHOWN_CATEGORIES and char not in _INVISIBLE
    if visible and not _stacks(match, char):
        return char
    point = ord(char)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{{{point:x}}}"


def _stacks(match: re.Match[str], char: str) -> bool:
    """Say whether a combining mark is the third or later on its letter (text that climbs rows)."""
    if not unicodedata.combining(char):
        return False
    before = match.string[max(match.start() - 2, 0) : match.start()]
    return len(before) == 2 and all(unicodedata.combining(mark) for mark in before)
