"""Blocks: texts of many lines, broken by cells, with a lead or a gutter before them."""

from __future__ import annotations

from typing import NamedTuple

from fleettui.core.safe import Safe, sanitize
from fleettui.tui.parts import Line, Part, Tone, fit, width_of, wrap


class Block(NamedTuple):
    """A text of one or many lines; `lead` stands before the first, its width before the others.

    With a `gutter` that stands before every line instead, so that a text can't imitate a frame.
    """

    text: str
    tone: Tone = "plain"
    lead: Line = ()
    gutter: Line = ()

    def lines(self, width: int, *, wrapped: bool = True) -> list[Line]:
        """Break the block into lines of a width."""
        first = (*self.gutter, *self.lead)
        indent = width_of(self.lead)
        others = (*self.gutter, Part(" " * indent)) if indent else self.gutter
        room = max(width - width_of(first), 4)
        texts = wrap(self.text, room) if wrapped else _cut(self.text, room)
        return [
            (*(others if number else first), Part(text, self.tone))
            for number, text in enumerate(texts)
        ]


def _cut(text: str, width: int) -> list[Safe]:
    return [Safe(fit(line, width).rstrip()) for line in sanitize(text).split("\n")]


def labelled(label: str, text: str, tone: Tone = "plain") -> Block:
    """Give a text with a dim label of five cells before it."""
    return Block(text, tone, (Part(f"{label:<5} ", "dim"),))
