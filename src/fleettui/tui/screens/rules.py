"""The rules in force: what is allowed without asking, and who said so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from fleettui.core.views.rows import RuleRow
from fleettui.tui.parts import Line, Part, clip
from fleettui.tui.widgets.strip_table import Item, StripTable


def rule_line(row: RuleRow, width: int) -> Line:
    """Draw a rule: what it allows, for whom, by whom."""
    whose = row.agent or "every agent"
    words = (Part(row.pattern, "bold"), Part(f"  {whose} of {row.fleet}, by {row.by}", "dim"))
    return clip(words, width)


class RulesScreen(ModalScreen[str | None]):
    """Gives the rule to revoke, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", show=False),
        Binding("x", "revoke", "revoke", show=False),
    ]

    def __init__(self, rows: Sequence[RuleRow]) -> None:
        super().__init__(classes="dialog")
        self._rows = rows

    def compose(self) -> ComposeResult:
        box = Vertical(classes="box tall")
        box.border_title = Content("rules in force")
        box.border_subtitle = Content("x revoke  esc back")
        with box:
            yield StripTable(id="rules-rows")

    def on_mount(self) -> None:
        table = self.query_one(StripTable)
        items = [Item(row.id, partial(rule_line, row)) for row in self._rows]
        table.show(items, "no rule: everything that isn't reading asks\nA in the inbox saves one")
        table.focus()

    def action_revoke(self) -> None:
        self.dismiss(self.query_one(StripTable).cursor_key or None)

    def action_leave(self) -> None:
        self.dismiss(None)
