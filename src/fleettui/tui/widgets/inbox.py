"""Pane 6: what waits for a person, oldest first, with the highlighted item whole below."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType

from fleettui.core.views.rows import Board, InboxRow
from fleettui.tui.amounts import age, left
from fleettui.tui.arming import Target
from fleettui.tui.filters import fits
from fleettui.tui.item_text import answers_of, item_blocks
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, fit, spread
from fleettui.tui.widgets.line_bar import LineBar
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item, StripTable
from fleettui.tui.widgets.strip_text import StripText

_EMPTY: Final = "nothing waits for you"
_OTHERS: Final = {
    "action": "act", "unknown": "lost", "ballot": "vote", "failed": "fail", "budget": "cost",
}  # fmt: skip
_WARN: Final = 60.0
# From so many cells on there is room for a tenant and an agent.
_BOTH_FROM: Final = 14
# Tools by how their names begin: what the list calls them, and what it need not say twice.
_KINDS: Final = (
    ("edit_file", "edit", "edit "), ("write_file", "write", "write "), ("http_request", "http", ""),
    ("mcp__", "mcp", "mcp__"),
)  # fmt: skip


def inbox_line(row: InboxRow, width: int, now: float, *, fine: bool, tenants: bool = False) -> Line:
    """Draw an item in one line: what kind, whose, what, since when and how long still.

    With `tenants` those of several are there: whose it is must be seen.
    """
    glyph = "?" if row.kind != "action" else "!"
    kind, what = _kind_and_summary(row)
    waited = age(now - row.asked_at, fine=fine)
    ends = f" ttl {left(row.expires_at - now, fine=fine)}" if row.expires_at else ""
    late = row.expires_at is not None and row.expires_at - now < _WARN
    tail = (Part(f" {waited}", "dim"), Part(ends, "fail" if late else "dim"))
    who = min(max((width - 18) // 3, 6), 24 if tenants else 16)
    name = row.agent or _whose(row)
    if tenants:
        name = row.tenant if who < _BOTH_FROM else f"{row.tenant}/{name}"
    head = (
        Part(f"{glyph} ", "need"),
        Part(f"{fit(kind, 5)} "),
        Part(f"{fit(name, who)} ", "bold"),
    )
    rest = max(width - who - 9 - sum(len(part.text) for part in tail), 0)
    return spread((*head, Part(fit(what, rest))), tail, width)


def _whose(row: InboxRow) -> str:
    return row.tenant if row.kind == "budget" else row.fleet


def _kind_and_summary(row: InboxRow) -> tuple[str, str]:
    """Give what an item is in five letters, and the rest of it without saying that again."""
    if row.kind != "action" or row.action is None:
        return _OTHERS[row.kind], row.summary
    for tool, kind, said in _KINDS:
        if row.action.tool.startswith(tool):
            return kind, row.summary.removeprefix(said)
    return row.action.tool, row.summary


def target_of(row: InboxRow) -> Target:
    """Name the exact thing an answer to an item is for."""
    return Target(row.id, row.version, row.action.digest if row.action else "", row.nonce)


def inbox_fields(row: InboxRow) -> dict[str, str]:
    """Name what a filter looks at."""
    return {
        "kind": row.kind, "agent": row.agent, "fleet": row.fleet, "tenant": row.tenant,
        "what": row.summary, "tool": row.action.tool if row.action else "",
    }  # fmt: skip


class InboxPane(Pane):
    """The inbox. A new item appends: it never moves the cursor, the scroll or the focus."""

    NUMBER, NAME, KIND = "6", "Inbox", "inbox"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("inbox")]

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, InboxRow] = {}

    def compose(self) -> ComposeResult:
        yield StripTable(id="inbox-rows")
        preview = StripText(id="inbox-item")
        preview.can_focus = False
        yield preview
        yield LineBar(id="inbox-keys")

    @property
    def preview(self) -> StripText:
        """Give the view of the highlighted item."""
        return self.query_one("#inbox-item", StripText)

    def row(self, key: str) -> InboxRow | None:
        """Give an item by its id."""
        return self._rows.get(key)

    @property
    def row_here(self) -> InboxRow | None:
        """Give the highlighted item."""
        return self._rows.get(self.table.cursor_key)

    @property
    def drawn_target(self) -> Target | None:
        """Name the highlighted item if its row and the whole of it are on the screen."""
        row = self.row_here
        shown = self.table.has_focus and self.table.cursor_shown and self.preview.whole
        return target_of(row) if row is not None and shown else None

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        fresh = {row.id: row for row in board.inbox}
        known = [name for name in self._rows if name in fresh]
        self._rows = {name: fresh[name] for name in dict.fromkeys((*known, *fresh))}
        rows = [row for row in self._rows.values() if fits(self.terms, inbox_fields(row))]
        paint = partial(inbox_line, now=now, fine=fine, tenants=len(board.tenants) > 1)
        items = [Item(row.id, partial(paint, row)) for row in rows]
        empty = "no item fits the filter: esc clears it" if self._rows else _EMPTY
        self.table.show(items, empty)
        self.show_item()
        count = f"{len(self._rows)}" if self._rows else ""
        self.label(count, "oldest first" if len(rows) > 1 else "")

    def show_item(self) -> None:
        """Draw the highlighted item below the rows."""
        row = self.row_here
        self.preview.show(item_blocks(row) if row is not None else [])
        self.query_one("#inbox-keys", LineBar).show(
            lambda _width: (Part(f" {answers_of(row)}", "accent"),) if row is not None else ()
        )
