"""Tones in colour: how a widget of lines turns parts into a strip."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fleettui.core.safe import one_line
from fleettui.tui.parts import TONES, Line


class Toned(ScrollView, can_focus=True):
    """A view of lines. Whatever text a part has, it is sanitised here, on its way out."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES} | {
        "row--cursor",
        "row--blurred",
        "row--head",
    }

    # Textual works the widget's own style out anew each time it is asked for.
    _base: Style | None = None

    def notify_style_update(self) -> None:
        """Forget the style: the theme or the focus changed."""
        super().notify_style_update()
        self._base = None

    def strip_of(self, line: Line, width: int, *, under: str = "") -> Strip:
        """Draw a line; `under` names a component class that lies under the whole of it."""
        segments = [
            Segment(one_line(part.text), self._style(f"tone--{part.tone}")) for part in line
        ]
        if self._base is None:
            self._base = self.rich_style
        base = self._base
        if under:
            base += self._style(under)
            # A state's colour must be readable on the cursor too.
            segments = [Segment(segment.text, None) for segment in segments]
        strip = Strip(segments)
        return strip.adjust_cell_length(width, base).apply_style(base)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)
