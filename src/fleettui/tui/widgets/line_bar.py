"""A bar: one line across the screen, drawn again only when it changed."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip

from fleettui.tui.parts import Line, clip
from fleettui.tui.widgets.tones import Toned


class LineBar(Toned, can_focus=False):
    """Shows one line; what paints it is given its width."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._paint: Callable[[int], Line] = _nothing
        self._drawn: Line = ()

    def show(self, paint: Callable[[int], Line]) -> None:
        """Take what paints the line from now on."""
        self._paint = paint
        if self.size.width and paint(self.size.width) != self._drawn:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return self.strip_of((), width)
        self._drawn = self._paint(width)
        return self.strip_of(clip(self._drawn, width), width)


def _nothing(_width: int) -> Line:
    return ()
