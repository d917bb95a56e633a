"""An item of the inbox on the whole screen; an answer counts once its end was seen."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from fleettui.core.safe import one_line
from fleettui.core.views.rows import InboxRow
from fleettui.tui.arming import Arming
from fleettui.tui.clock import Clock
from fleettui.tui.item_text import answers_of, item_blocks
from fleettui.tui.parts import Part
from fleettui.tui.widgets.inbox import target_of
from fleettui.tui.widgets.line_bar import LineBar
from fleettui.tui.widgets.strip_text import StripText

Verb = Literal["allow", "always", "deny", "deny_why", "edit", "extend", "override"]


class Answer(NamedTuple):
    """What was pressed, for exactly the item that was shown."""

    verb: Verb
    row: InboxRow


class ItemScreen(ModalScreen[Answer | None]):
    """Shows an item; gives the answer, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", show=False),
        Binding("a", "answer('allow')", "allow", show=False, id="inbox.allow"),
        Binding("A", "answer('always')", "always", show=False, id="inbox.always"),
        Binding("d", "answer('deny')", "deny", show=False, id="inbox.deny"),
        Binding("D", "answer('deny_why')", "deny", show=False, id="inbox.deny_why"),
        Binding("e", "answer('edit')", "edit", show=False, id="inbox.edit"),
        Binding("t", "answer('extend')", "extend", show=False, id="inbox.extend"),
        Binding("o", "answer('override')", "decide", show=False, id="inbox.decide"),
    ]

    def __init__(self, row: InboxRow, arming: Arming, clock: Clock) -> None:
        super().__init__(classes="dialog")
        self.row = row
        self._arming, self._clock = arming, clock
        self._seen_to_end = False

    def compose(self) -> ComposeResult:
        box = Vertical(classes="box full")
        box.border_title = Content(f"{one_line(self.row.id)} of {one_line(self.row.fleet)}")
        with box:
            yield StripText(id="item-text")
            yield LineBar(id="item-keys")

    def on_mount(self) -> None:
        text = self.query_one(StripText)
        text.focus()
        self._arming.show(None, self._clock())
        self.show_row(self.row)

    def show_row(self, row: InboxRow | None) -> None:
        """Show the item as it is now; None says that it is answered."""
        if row is None:
            self._tell("this was answered already: esc")
            self._arming.show(None, self._clock())
            return
        if target_of(row) != target_of(self.row):
            self._seen_to_end = False
            self._arming.show(None, self._clock())
            self.query_one(StripText).scroll_to(y=0, animate=False, immediate=True)
            self._tell("this changed while you looked: read it again")
        self.row = row
        self.query_one(StripText).show(item_blocks(row))
        self.query_one(LineBar).show(lambda _width: (Part(f" {answers_of(row)}", "accent"),))
        self.call_after_refresh(self._aim)

    def on_strip_text_scrolled(self) -> None:
        self.call_after_refresh(self._aim)

    def _aim(self) -> None:
        if self.query_one(StripText).at_end:
            self._seen_to_end = True
        if self._seen_to_end and self.is_current:
            self._arming.show(target_of(self.row), self._clock())

    def action_answer(self, verb: Verb) -> None:
        """Answer the item, if the key counts."""
        if verb in {"allow", "always"} and not self._seen_to_end:
            self._tell("read it to its end first: PgDn")
            return
        refusal = self._arming.refusal() if self._seen_to_end else ""
        if refusal:
            self._tell(refusal)
            return
        self.dismiss(Answer(verb, self.row))

    def _tell(self, text: str) -> None:
        self.query_one(".box").border_subtitle = Content(f"{one_line(text)}")

    def action_leave(self) -> None:
        self.dismiss(None)
