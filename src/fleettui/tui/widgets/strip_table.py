"""A table drawn line by line: only rows that changed are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, plain
from fleettui.tui.widgets.tones import Toned


class Item(NamedTuple):
    """A row: what it is called, and how to draw it in a width."""

    key: str
    paint: Callable[[int], Line]


class StripTable(Toned, can_focus=True):
    """Rows with a cursor that stays on its row, whatever comes, goes or moves around it.

    The first cell of a row is the table's: `>` the cursor, `*` marked, `#` both.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("list")]

    class Moved(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, table: StripTable, key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

    class Opened(Message):
        """Somebody wants to see more of a row."""

        def __init__(self, table: StripTable, key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

    def __init__(self, *, id: str, head: Callable[[int], Line] | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._head = head
        self._head_drawn: Line = ()
        self._items: Sequence[Item] = ()
        self._places: dict[str, int] = {}
        self._empty: tuple[str, ...] = ()
        self._drawn: dict[int, Line] = {}
        self._strips: dict[tuple[Line, int, str], Strip] = {}
        self.marked: frozenset[str] = frozenset()
        self.cursor_key = ""

    # --- what it shows ---------------------------------------------------------------------------

    def show(self, items: Sequence[Item], empty: str = "") -> None:
        """Take new rows; `empty` is said when there are none."""
        before, self._items = self._items, items
        had = len(before)
        places = {item.key: place for place, item in enumerate(items)}
        self.marked &= places.keys()
        if self.cursor_key not in places:
            old = next((n for n, item in enumerate(before) if item.key == self.cursor_key), 0)
            self._places = places
            self._place(items[min(old, len(items) - 1)].key if items else "")
        self._places = places
        words = tuple(empty.split("\n")) if empty and not items else ()
        if words != self._empty or len(items) != had:
            self._empty = words
            self.virtual_size = Size(self.size.width, len(items) + self._head_lines)
            self.refresh()
        self._refresh_changed()

    @property
    def keys(self) -> list[str]:
        """Give the names of the rows, in order."""
        return [item.key for item in self._items]

    @property
    def cursor(self) -> int:
        """Give the number of the row the cursor is on, -1 for none."""
        return self._places.get(self.cursor_key, -1)

    @property
    def cursor_shown(self) -> bool:
        """Say whether the cursor's row is wholly on the screen."""
        top = self.scroll_offset.y
        height = self._rows_high
        return self.is_on_screen and 0 <= self.cursor - top < height

    def chosen(self) -> tuple[str, ...]:
        """Give the marked rows in order, or the one under the cursor."""
        marked = tuple(key for key in self.keys if key in self.marked)
        return marked or ((self.cursor_key,) if self.cursor_key else ())

    def text(self) -> str:
        """Give the rows as text, for the clipboard."""
        width = self._inner_width
        return plain([item.paint(width) for item in self._items])

    # --- drawing ---------------------------------------------------------------------------------

    @property
    def _head_lines(self) -> int:
        return 1 if self._head is not None else 0

    @property
    def _rows_high(self) -> int:
        return max(self.scrollable_content_region.height - self._head_lines, 0)

    @property
    def _inner_width(self) -> int:
        return max(self.scrollable_content_region.width - 1, 0)

    def _refresh_changed(self) -> None:
        """Draw again the visible rows whose line is not what was drawn."""
        if self._head is not None and self._head(self._inner_width) != self._head_drawn:
            self.refresh(Region(0, 0, self.size.width, 1))
        top = self.scroll_offset.y
        for y in range(top, min(top + self._rows_high, len(self._items))):
            line = self._line(y)
            if self._drawn.get(y) != line:
                self._drawn[y] = line
                self._redraw(y)

    def _redraw(self, row: int) -> None:
        y = row - self.scroll_offset.y + self._head_lines
        self.refresh(Region(0, y, self.size.width, 1))

    def _line(self, row: int) -> Line:
        item = self._items[row]
        here, marked = item.key == self.cursor_key, item.key in self.marked
        gutter = "#" if here and marked else ">" if here else "*" if marked else " "
        return (Part(gutter, "accent"), *item.paint(self._inner_width))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._head is not None and y == 0:
            if not self._items:
                return self.strip_of((), width)
            self._head_drawn = self._head(self._inner_width)
            line = (Part(" "), *self._head_drawn)
            return self.strip_of(line, width, under="row--head")
        row = y - self._head_lines + self.scroll_offset.y
        if 0 <= row < len(self._items):
            line = self._drawn[row] = self._line(row)
            here = self._items[row].key == self.cursor_key
            return self._cached(line, width, here=here)
        blank = y - self._head_lines
        if not self._items and 0 <= blank < len(self._empty):
            return self.strip_of((Part(" " + self._empty[blank], "dim"),), width)
        return self.strip_of((), width)

    def _cached(self, line: Line, width: int, *, here: bool) -> Strip:
        under = ("row--cursor" if self.has_focus else "row--blurred") if here else ""
        strip = self._strips.get((line, width, under))
        if strip is None:
            if len(self._strips) > 512:
                self._strips.clear()
            strip = self._strips[line, width, under] = self.strip_of(line, width, under=under)
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    # --- moving ----------------------------------------------------------------------------------

    def select(self, key: str) -> None:
        """Put the cursor on a row and bring it into view; a name that is not there is ignored."""
        if key in self._places:
            self._place(key)
            self._reveal()

    def _place(self, key: str) -> None:
        if key == self.cursor_key:
            return
        before = self.cursor
        self.cursor_key = key
        for row in (before, self.cursor):
            if row >= 0:
                self._redraw(row)
        self.post_message(self.Moved(self, key))

    def _reveal(self) -> None:
        row, top, high = self.cursor, self.scroll_offset.y, self._rows_high
        if row < top:
            self.scroll_to(y=row, animate=False, immediate=True)
        elif high and row >= top + high:
            self.scroll_to(y=row - high + 1, animate=False, immediate=True)

    def _step(self, by: int) -> None:
        if self._items:
            row = min(max(self.cursor + by, 0), len(self._items) - 1)
            self.select(self._items[row].key)

    def action_down(self) -> None:
        self._step(1)

    def action_up(self) -> None:
        self._step(-1)

    def action_first(self) -> None:
        self._step(-len(self._items))

    def action_last(self) -> None:
        self._step(len(self._items))

    def action_page(self, way: int) -> None:
        self._step(way * max(self._rows_high - 1, 1))

    def action_mark(self) -> None:
        if self.cursor_key:
            self.marked ^= {self.cursor_key}
            self._redraw(self.cursor)
            self._step(1)

    def action_mark_all(self) -> None:
        everything = frozenset(self.keys)
        self.clear_marks() if self.marked == everything else self._mark(everything)

    def clear_marks(self) -> None:
        """Mark nothing."""
        self._mark(frozenset())

    def _mark(self, keys: frozenset[str]) -> None:
        self.marked = keys
        self.refresh()

    def action_open(self) -> None:
        if self.cursor_key:
            self.post_message(self.Opened(self, self.cursor_key))

    def on_click(self, event: events.Click) -> None:
        row = event.y - self._head_lines + self.scroll_offset.y
        if 0 <= row < len(self._items) and event.y >= self._head_lines:
            self._place(self._items[row].key)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self._drawn.clear()
        self.virtual_size = Size(self.size.width, len(self._items) + self._head_lines)
