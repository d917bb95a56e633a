"""Pane 4: the queue of messages, dead letters last."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType

from fleettui.core.views.rows import Board, MessageRow
from fleettui.tui.amounts import age
from fleettui.tui.filters import fits
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, Tone, fit, fit_right
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item, StripTable
from fleettui.tui.words import PRIORITY_LETTERS

_EMPTY: Final = "no messages wait\nm on an agent sends one"
_TAIL = 7


def queue_head(width: int) -> Line:
    """Name the columns."""
    sender, to, text = _columns(width)
    words = f"PRI {fit('FROM', sender)} {fit('TO', to)} {fit('TEXT', text)}"
    return (Part(words + fit_right("AGE", _TAIL)),)


def queue_line(row: MessageRow, width: int, now: float, *, fine: bool) -> Line:
    """Draw a message in a width."""
    letter, urgent = PRIORITY_LETTERS[row.priority]
    sender, to, text = _columns(width)
    state = {"dead": "DEAD", "leased": "SENT", "returned": "again"}.get(row.status, "")
    end = "HELD" if row.held_by else state or age(now - row.at, fine=fine)
    told = row.why if row.status == "dead" and row.why else row.text
    tone: Tone = "fail" if row.status == "dead" else "pause" if row.held_by else "dim"
    return (
        Part(f"{letter}   ", urgent),
        Part(f"{fit(row.sender, sender)} {fit(row.to, to)} "),
        Part(fit(f"held by {row.held_by}: {told}" if row.held_by else told, text), "dim"),
        Part(fit_right(end, _TAIL), tone),
    )


def _columns(width: int) -> tuple[int, int, int]:
    room = max(width - 4 - 2 - _TAIL, 9)
    name = min(max(room // 3, 3), 16)
    return name, name, room - 2 * name


def queue_fields(row: MessageRow) -> dict[str, str]:
    """Name what a filter looks at."""
    return {
        "st": f"{row.status} {'held' if row.held_by else ''}", "pri": row.priority,
        "from": row.sender, "to": row.to, "text": row.text,
    }  # fmt: skip


class QueuePane(Pane):
    """The messages of the fleet shown."""

    NUMBER, NAME, KIND = "4", "Queue", "queue"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("queue")]

    def compose(self) -> ComposeResult:
        yield StripTable(id="queue-rows", head=queue_head)

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        rows = [row for row in board.messages if fits(self.terms, queue_fields(row))]
        items = [Item(row.id, partial(queue_line, row, now=now, fine=fine)) for row in rows]
        empty = "no message fits the filter: esc clears it" if board.messages else _EMPTY
        self.table.show(items, empty)
        dead = sum(row.status == "dead" for row in board.messages)
        tried = sum(row.tries > 1 and row.status != "dead" for row in board.messages)
        self.label(str(len(board.messages)), f"dead {dead}  retry {tried}" if items else "")
