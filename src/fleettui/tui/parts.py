"""Lines of a pane: parts of sanitised text with a tone, fitted and wrapped by cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from rich.cells import cell_len, set_cell_size

from fleettui.core.safe import Safe, one_line, sanitize

# What a part of a line means; the theme gives it a colour, the text itself says it too.
Tone = Literal[
    "plain", "dim", "bold", "accent", "need", "fail", "stale", "pause", "run", "idle", "done"
]
TONES: tuple[Tone, ...] = get_args(Tone)


class Part(NamedTuple):
    """A piece of one line; its text is sanitised again where it is drawn."""

    text: str
    tone: Tone = "plain"


Line = tuple[Part, ...]


def width_of(line: Line) -> int:
    """Count the cells of a line."""
    return sum(cell_len(part.text) for part in line)


def fit(text: object, width: int) -> Safe:
    """Make untrusted text exactly `width` cells wide; `~` ends what was cut."""
    line = one_line(text)
    if width <= 0:
        return Safe("")
    if cell_len(line) > width:
        return Safe(set_cell_size(line, width - 1) + "~")
    return Safe(set_cell_size(line, width))


def fit_right(text: object, width: int) -> Safe:
    """Make untrusted text `width` cells wide, standing to the right."""
    line = one_line(text)
    room = width - cell_len(line)
    return Safe(" " * room + line) if room >= 0 else fit(line, width)


def wrap(text: object, width: int) -> list[Safe]:
    """Break untrusted text into lines of at most `width` cells, at spaces where that is possible.

    Nothing is left out: what stands after a break is exactly what stood there.
    """
    lines: list[Safe] = []
    for line in sanitize(text).split("\n"):
        lines += _broken(line, max(width, 1))
    return lines


def _broken(line: str, width: int) -> list[Safe]:
    if line.isascii() and len(line) <= width:
        return [Safe(line)]
    broken: list[Safe] = []
    rest = line
    while cell_len(rest) > width:
        head = _head(rest, width)
        space = head.rfind(" ")
        cut = space + 1 if space > width // 2 else len(head)
        broken.append(Safe(rest[:cut]))
        rest = rest[cut:]
    return [*broken, Safe(rest)]


def _head(text: str, width: int) -> str:
    """Give the longest beginning that is at most `width` cells, at least one character."""
    used = 0
    for index, char in enumerate(text):
        used += cell_len(char)
        if used > width:
            return text[: max(index, 1)]
    return text


def spread(left: Line, right: Line, width: int) -> Line:
    """Put two lines on one, the second at the right end; the first gives way."""
    room = width - width_of(right)
    if room <= 0:
        return clip(right, width)
    shown = clip(left, room)
    return (*shown, Part(" " * (room - width_of(shown))), *right)


def clip(line: Line, width: int) -> Line:
    """Cut a line to `width` cells; `~` ends what was cut."""
    if width_of(line) <= width:
        return line
    shown: list[Part] = []
    room = width
    for part in line:
        if cell_len(part.text) >= room:
            shown.append(Part(fit(part.text + " ", room), part.tone))
            break
        shown.append(part)
        room -= cell_len(part.text)
    return tuple(shown)


def bar(share: float, width: int) -> str:
    """Draw a share of 0 to 1 as `[####......]`."""
    inside = max(width - 2, 1)
    full = round(min(max(share, 0.0), 1.0) * inside)
    return "[" + "#" * full + "." * (inside - full) + "]"


def plain(lines: Sequence[Line]) -> str:
    """Give the text of lines."""
    return "\n".join("".join(part.text for part in line).rstrip() for line in lines)
