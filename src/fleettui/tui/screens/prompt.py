"""A dialog that asks for one line of text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from fleettui.core.safe import one_line, sanitize


class PromptScreen(ModalScreen[str | None]):
    """Gives what was typed, or None after esc; `required` refuses an empty line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    def __init__(
        self,
        title: str,
        *,
        value: str = "",
        hint: str = "",
        suggestions: tuple[str, ...] = (),
        required: bool = True,
    ) -> None:
        super().__init__(classes="dialog")
        self._title, self._value, self._hint = title, value, hint
        self._suggestions, self._required = suggestions, required

    def compose(self) -> ComposeResult:
        suggester = SuggestFromList(self._suggestions, case_sensitive=False)
        box = Vertical(classes="box")
        box.border_title = Content(f"{one_line(self._title)}")
        box.border_subtitle = Content("TYPING  enter ok  esc back")
        with box:
            yield Static(Content(sanitize(self._hint)), markup=False, id="hint")
            yield Input(
                value=one_line(self._value),
                suggester=suggester if self._suggestions else None,
                select_on_focus=False,
                id="line",
            )

    def on_mount(self) -> None:
        self.query_one("#hint").display = bool(self._hint)
        self.query_one("#line").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip() or not self._required:
            self.dismiss(event.value)
        else:
            self.query_one("#hint", Static).update(Content("write something, or press esc"))
            self.query_one("#hint").display = True

    def action_leave(self) -> None:
        self.dismiss(None)
