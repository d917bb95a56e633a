"""Pane 0: the detail of what was chosen, in tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType

from fleettui.core.views.rows import Board
from fleettui.tui.blocks import Block
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part
from fleettui.tui.widgets.line_bar import LineBar
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_text import StripText

Kind = Literal["agent", "run", "ballot", "flow", "request", "nothing"]
TABS: Final[dict[Kind, tuple[str, ...]]] = {
    "agent": ("Log", "Diff", "Msgs", "Checkpoints", "Health", "Memory", "Spec"),
    "run": ("Report", "Parts", "Turns", "Memory"),
    "ballot": ("Ballot",),
    "flow": ("Flow",),
    "request": ("Request",),
    "nothing": ("Log",),
}


class Subject(NamedTuple):
    """What the detail is of: a kind of thing and its id."""

    kind: Kind = "nothing"
    id: str = ""


class DetailPane(Pane):
    """The tabs over one text."""

    NUMBER, NAME, KIND = "0", "Detail", "detail"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("detail")]

    def __init__(self) -> None:
        super().__init__()
        self.subject = Subject()
        self._tab = 0
        self.times = True

    def compose(self) -> ComposeResult:
        yield LineBar(id="detail-tabs")
        yield StripText(id="detail-text")

    @property
    def text(self) -> StripText:
        """Give the text inside."""
        return self.query_one("#detail-text", StripText)

    @property
    def view(self) -> StripText:
        return self.text

    @property
    def tab(self) -> str:
        """Name the open tab."""
        return TABS[self.subject.kind][self._tab]

    def turn_to(self, subject: Subject) -> None:
        """Show another thing; between things of a kind the tab stays."""
        if subject.kind != self.subject.kind:
            self._tab = 0
        if subject != self.subject:
            self.subject = subject
            self._begin()

    def open_tab(self, name: str) -> None:
        """Open a tab by its name, if this kind of thing has it."""
        tabs = TABS[self.subject.kind]
        if name in tabs:
            self._tab = tabs.index(name)
            self._begin()

    def next_tab(self, way: int) -> None:
        """Open the next tab, or the one before."""
        self._tab = (self._tab + way) % len(TABS[self.subject.kind])
        self._begin()

    def _begin(self) -> None:
        self.text.forget_search()
        self.text.following = self.tab == "Log"
        self.text.scroll_to(y=0, animate=False, immediate=True)
        self._show_tabs()

    def _show_tabs(self) -> None:
        self.query_one("#detail-tabs", LineBar).show(self._tabs_line)

    def _tabs_line(self, _width: int) -> Line:
        return tuple(
            Part(f"[{name}]", "bold") if name == self.tab else Part(f" {name} ", "dim")
            for name in TABS[self.subject.kind]
        )

    def show(self, blocks: Sequence[Block]) -> None:
        """Take the text of the open tab."""
        self.text.show(blocks)
        self._show_tabs()
        self.name_it()

    def name_it(self) -> None:
        """Write the frame's title."""
        self.label(self.subject.id, "FOLLOW" if self.text.following else "")

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        """Do nothing: the screen reads the open tab and calls `show`."""
