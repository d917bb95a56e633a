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


def help_blocks(width: int) -> list[Block]:
    """Draw the key table, scope by scope, in a width; a key and its word stay together."""
    blocks: list[Block] = []
    for scope, keys in keys_by_scope().items():
        lead = (Part(f"{scope:<11}", "accent"),)
        blocks.append(Block(_flow(keys, width - 11), lead=lead))
    blocks += [
        Block(""),
        Block("an answer counts only for the highlighted item, wholly drawn for 0.3 s", "dim"),
        Block("filter: st:need tenant:acme !word   keys can be moved: keymap.yaml", "dim"),
    ]
    return blocks


def _flow(keys: Iterable[Key], width: int) -> str:
    lines = [""]
    for key in keys:
        cell = f"{key.cap} {key.short or key.description}"
        if lines[-1] and len(lines[-1]) + 2 + len(cell) > width:
            lines.append("")
        lines[-1] += f"  {cell}" if lines[-1] else cell
    return "\n".join(lines)


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
        self.query_one(StripText).focus()

    def on_resize(self) -> None:
        text = self.query_one(StripText)
        self.call_after_refresh(lambda: text.show(help_blocks(max(text.size.width - 2, 20))))

    def action_leave(self) -> None:
        self.dismiss(None)
