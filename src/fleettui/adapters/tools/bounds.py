"""Cuts long answers at a line, and says how to get the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fleettui.core.model import ToolResult

MOST: Final = 100_000  # characters of one answer, about 25,000 tokens
_WIDEST: Final = 4_000  # characters of one line: minified files must not fill an answer


def page(head: str, lines: Sequence[str], start: int, *, more: str = "") -> ToolResult:
    """Give `lines` from number `start` on as far as one answer holds, with a notice if cut."""
    shown, room = [], MOST
    for line in lines[start - 1 :]:
        kept = line if len(line) <= _WIDEST else f"{line[:_WIDEST]}[... {len(line):,} characters]"
        room -= len(kept) + 1
        if room < 0:
            break
        shown.append(kept)
    body = "\n".join([head, *shown] if head else shown)
    end = start - 1 + len(shown)
    if start > len(lines) and lines:
        return ToolResult(f"{body}\n[there are only {len(lines):,} lines]".lstrip("\n"))
    if end >= len(lines):
        return ToolResult(body)
    ways = f"go on with start_line={end + 1}" + (f", {more}" if more else "")
    notice = f"[cut: lines {start:,} to {end:,} of {len(lines):,}; {ways}]"
    return ToolResult(f"{body}\n{notice}", size=sum(len(line) + 1 for line in lines))
