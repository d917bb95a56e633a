"""A text drawn line by line: blocks with a lead, wrapped by cells, that can follow their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from fleettui.tui.blocks import Block
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, clip, plain
from fleettui.tui.widgets.tones import Toned


class StripText(Toned, can_focus=True):
    """Shows blocks; wraps each once for a width."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("list")]

    class Scrolled(Message):
        """Another part of the text is shown."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._blocks: Sequence[Block] = ()
        self._lines: list[Line] = []
        self._wrapped: dict[Block, list[Line]] = {}
        self._width = 0
        self.following = False
        self.wrapping = True
        self._search = ""
        self._found = -1

    # --- what it shows ---------------------------------------------------------------------------

    def show(self, blocks: Sequence[Block]) -> None:
        """Take new blocks; lines that stay as they are cost nothing."""
        if blocks == self._blocks and self._lines:
            return
        self._blocks = blocks
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width - 1
        if width <= 0:
            return
        if width != self._width:
            self._width, self._wrapped = width, {}
        kept = {
            block: self._wrapped.get(block) or block.lines(width, wrapped=self.wrapping)
            for block in self._blocks
        }
        self._wrapped = kept
        lines = [line for block in self._blocks for line in kept[block]]
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.virtual_size = Size(width, len(lines))
        if self.following:
            self.scroll_end(animate=False, immediate=True, x_axis=False)
        if before != lines:
            self._refresh_changed(before)
            self.post_message(self.Scrolled())

    def _refresh_changed(self, before: Sequence[Line]) -> None:
        top = self.scroll_offset.y
        for y in range(top, top + self.size.height):
            old = before[y] if y < len(before) else None
            new = self._lines[y] if y < len(self._lines) else None
            if old != new:
                self.refresh_line(y)

    @property
    def whole(self) -> bool:
        """Say whether every line is on the screen now."""
        laid_out = bool(self._lines) or not self._blocks
        return self.is_on_screen and laid_out and len(self._lines) <= self._high

    @property
    def at_end(self) -> bool:
        """Say whether the last line is on the screen now."""
        shown = self.scroll_offset.y + self._high
        return self.is_on_screen and bool(self._lines) and shown >= len(self._lines)

    @property
    def _high(self) -> int:
        return self.scrollable_content_region.height

    def text(self) -> str:
        """Give what it shows as text, for the clipboard."""
        return plain(self._lines)

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrapping = not self.wrapping
        self._wrapped = {}
        self._lay_out()

    # --- finding ---------------------------------------------------------------------------------

    def find(self, text: str) -> bool:
        """Go to the last line that has a text; says whether there is one."""
        self._search, self._found = text.lower(), len(self._lines)
        return self.find_on(-1)

    def find_on(self, way: int) -> bool:
        """Go to the next line (1) or the one before (-1) that has the text."""
        if not self._search:
            return False
        rows = range(len(self._lines))
        order = [row for row in rows if (row - self._found) * way > 0][::way]
        for row in order:
            if self._search in plain([self._lines[row]]).lower():
                self._found = row
                self.following = False
                self.scroll_to(y=max(row - self._high // 2, 0), animate=False, immediate=True)
                self.refresh()
                return True
        return False

    def forget_search(self) -> None:
        """Look for nothing any more."""
        self._search, self._found = "", -1
        self.refresh()

    # --- drawing and moving ----------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        if not 0 <= row < len(self._lines):
            return self.strip_of((), self.size.width)
        under = "row--blurred" if self._search and row == self._found else ""
        line = clip((Part(" "), *self._lines[row]), self.size.width)
        return self.strip_of(line, self.size.width, under=under)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Scrolled())

    def on_resize(self) -> None:
        self._lay_out()
        self.post_message(self.Scrolled())

    def _move(self, by: int) -> None:
        self.following = False
        self.scroll_to(y=self.scroll_offset.y + by, animate=False, immediate=True)

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def action_first(self) -> None:
        self._move(-len(self._lines))

    def action_last(self) -> None:
        self._move(len(self._lines))

    def action_page(self, way: int) -> None:
        self._move(way * max(self._high - 1, 1))

    def action_mark(self) -> None:
        """Do nothing: a text has no rows to mark."""

    def action_mark_all(self) -> None:
        """Do nothing: a text has no rows to mark."""

    def action_open(self) -> None:
        """Do nothing: a text has no rows to open."""
