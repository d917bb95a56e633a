"""Every key on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from fleettui.tui.blocks import Block
from fleettui.tui.keymap import Key, keys_by_scope
from fleettui.tui.parts import Part
from fleettui.tui.widgets.strip_text import StripText


def help_blocks() -> list[Block]:
    """Draw the key table, scope by scope, as flowing text."""
    blocks: list[Block] = []
    for scope, keys in keys_by_scope().items():
        blocks.append(Block(_flow(keys), lead=(Part(f"{scope:<11}", "accent"),)))
    blocks += [
        Block(""),
        Block("an answer counts only for the highlighted item, wholly drawn for 0.3 s", "dim"),
        Block("filter: st:need tenant:acme !word   keys can be moved: keymap.yaml", "dim"),
    ]
    return blocks


def _flow(keys: Iterable[Key]) -> str:
    return "   ".join(f"{key.cap} {key.short or key.description}" for key in keys)


class HelpScreen(ModalScreen[None]):
    """The help; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "leave", "back", show=False)
    ]

    def compose(self) -> ComposeResult:
        box = Vertical(classes="box full")
        box.border_title = Content("keys")
        box.border_subtitle = Content("esc back")
        with box:
            yield StripText(id="help-text")

    def on_mount(self) -> None:
        text = self.query_one(StripText)
        text.show(help_blocks())
        text.focus()

    def action_leave(self) -> None:
        self.dismiss(None)
