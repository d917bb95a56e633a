"""What a client's terminal can show, and styles brought down to that.

rich caches the codes of a style for the first colour system that draws it, so in one process
every app draws in true colour, and a filter of its own brings each style down beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_DIRECT: Final = ("-direct", "kitty", "ghostty", "alacritty", "foot", "wezterm", "contour")


def colour_system(environment: Mapping[str, str]) -> ColorSystem:
    """Say what a terminal can show, by the COLORTERM and TERM of its user."""
    if environment.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return ColorSystem.TRUECOLOR
    term = environment.get("TERM", "").strip().lower()
    if any(part in term for part in _DIRECT):
        return ColorSystem.TRUECOLOR
    return ColorSystem.EIGHT_BIT if "256color" in term else ColorSystem.STANDARD


@lru_cache(4096)
def downgrade_style(style: Style, system: ColorSystem) -> Style:
    """Give a style with colours that the system has."""
    colour = _downgrade(style.color, system)
    background = _downgrade(style.bgcolor, system)
    if colour is style.color and background is style.bgcolor:
        return style
    return style + Style.from_color(colour, background)


class Downgrade(LineFilter):
    """Brings the colours of every line down to one colour system."""

    def __init__(self, system: ColorSystem) -> None:
        super().__init__(enabled=system is not ColorSystem.TRUECOLOR)
        self.system = system

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 the shape is Textual's
        """Give the segments in colours that the client's terminal has."""
        system = self.system
        return [
            Segment(text, style if style is None else downgrade_style(style, system), control)
            for text, style, control in segments
        ]


def _downgrade(colour: RichColor | None, system: ColorSystem) -> RichColor | None:
    return None if colour is None else colour.downgrade(system)
