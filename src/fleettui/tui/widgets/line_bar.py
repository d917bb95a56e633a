"""A bar: a line across the screen, or a few, drawn again only when it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.strip import Strip

from fleettui.tui.parts import Line, clip
from fleettui.tui.widgets.tones import Toned


class LineBar(Toned, can_focus=False):
    """Shows one line; what paints it is given its width."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._paint: Callable[[int], Line] = _nothing
        self._drawn: Line = ()
        self._below: Sequence[Line] = ()

    def show(self, paint: Callable[[int], Line]) -> None:
        """Take what paints the line from now on."""
        self._paint = paint
        if self.size.width and paint(self.size.width) != self._drawn:
            self.refresh()

    def spill(self, below: Sequence[Line]) -> None:
        """Take the lines that stand below the first one, as high as the bar then is."""
        if below != self._below:
            self._below = below
            self.styles.height = 1 + len(below)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return self.strip_of(
                clip(self._below[y - 1], width) if y <= len(self._below) else (), width
            )
        self._drawn = self._paint(width)
        return self.strip_of(clip(self._drawn, width), width)


def _nothing(_width: int) -> Line:
    return ()
