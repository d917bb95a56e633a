"""A pane: a frame with its number and name, around one view of lines."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from fleettui.core.safe import one_line
from fleettui.core.views.rows import Board
from fleettui.tui.filters import Term, parse_filter
from fleettui.tui.widgets.strip_table import StripTable
from fleettui.tui.widgets.strip_text import StripText


class Pane(Vertical):
    """The frame; each kind of pane says in `fill` what of the board it shows."""

    NUMBER = ""
    NAME = ""
    # The pane's name in messages and keys, and what the view inside is called.
    KIND = ""

    def __init__(self, classes: str = "") -> None:
        super().__init__(id=self.KIND, classes=f"pane {classes}".strip())
        self.filter_text = ""
        self._terms: tuple[Term, ...] = ()
        self.label("")

    def compose(self) -> ComposeResult:
        yield StripTable(id=f"{self.KIND}-rows")

    @property
    def table(self) -> StripTable:
        """Give the rows inside."""
        return self.query_one(f"#{self.KIND}-rows", StripTable)

    @property
    def view(self) -> StripTable | StripText:
        """Give what takes the focus."""
        return self.table

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        """Show a board as of `now`; `fine` shows ages to the second."""
        raise NotImplementedError

    def label(self, title: str, count: str = "") -> None:
        """Write the frame's title and, below, a count; untrusted text is welcome."""
        words = one_line(f"{self.NUMBER} {self.NAME} {title}".strip())
        if self.filter_text:
            count = f"{count} /{self.filter_text}"
        plain_title, plain_count = words, one_line(count.strip())
        # Setting a title draws the frame again, whether or not it changed.
        if (plain_title, plain_count) != getattr(self, "_labels", None):
            self._labels = (plain_title, plain_count)
            self.border_title = Content(plain_title)
            self.border_subtitle = Content(plain_count) if count.strip() else Content("")

    def set_filter(self, text: str) -> None:
        """Show only the rows that fit a filter."""
        self.filter_text = text.strip()
        self._terms = parse_filter(text)

    @property
    def terms(self) -> tuple[Term, ...]:
        """Give the filter's terms."""
        return self._terms
