"""A dialog that offers a few keys; nothing but those keys chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from fleettui.core.safe import one_line
from fleettui.tui.arming import Arming, Target
from fleettui.tui.blocks import Block
from fleettui.tui.clock import Clock
from fleettui.tui.parts import Part
from fleettui.tui.widgets.strip_text import StripText


class Choice(NamedTuple):
    """A key as Textual names it, how it is printed, what it means and what it gives."""

    key: str
    cap: str
    words: str
    gives: str


class ChoiceScreen(ModalScreen[str]):
    """Gives what the pressed key gives; esc gives an empty text.

    With an `arming` a key counts only after the dialog was looked at, as in the inbox.
    """

    def __init__(
        self,
        title: str,
        text: Sequence[Block],
        choices: Sequence[Choice],
        *,
        arming: Arming | None = None,
        clock: Clock,
        target: Target | None = None,
    ) -> None:
        super().__init__(classes="dialog")
        self._title, self._text, self._choices = title, text, choices
        self._arming, self._clock, self._target = arming, clock, target

    def compose(self) -> ComposeResult:
        box = Vertical(classes="box tall")
        box.border_title = Content(f"{one_line(self._title)}")
        with box:
            yield StripText(id="choice-text")
            yield StripText(id="choice-keys")

    def on_mount(self) -> None:
        text, keys = self.query_one("#choice-text", StripText), self.query_one("#choice-keys")
        text.show([*self._text])
        assert isinstance(keys, StripText)
        keys.can_focus = False
        keys.show(
            [
                Block(choice.words, lead=(Part(f"{choice.cap:<6}", "accent"),))
                for choice in (*self._choices, Choice("escape", "esc", "back", ""))
            ]
        )
        text.focus()
        if self._arming is not None:
            self._arming.show(None, self._clock())
            self.call_after_refresh(self._arm)

    def _arm(self) -> None:
        text = self.query_one("#choice-text", StripText)
        if self._arming is not None and text.at_end:
            self._arming.show(self._target, self._clock())

    def on_strip_text_scrolled(self) -> None:
        self.call_after_refresh(self._arm)

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.dismiss("")
            return
        choice = next((one for one in self._choices if one.key == event.key), None)
        if choice is None:
            return
        event.stop()
        refusal = self._arming.refusal() if self._arming is not None else ""
        if refusal:
            box = self.query_one(".box")
            box.border_subtitle = Content(f"{refusal}")
            return
        self.dismiss(choice.gives)
