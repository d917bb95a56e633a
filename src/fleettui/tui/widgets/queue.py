"""Pane 4: the queue of requests and messages, dead letters last."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType

from fleettui.core.model import PRIORITIES
from fleettui.core.views.rows import Board, MessageRow, RequestRow
from fleettui.tui.amounts import age
from fleettui.tui.filters import fits
from fleettui.tui.flow_text import who
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


def request_key(row: RequestRow) -> str:
    """Name the line of a request."""
    return f"request:{row.tenant}/{row.id}"


def request_line(
    row: RequestRow, width: int, now: float, *, fine: bool, tenants: bool = False
) -> Line:
    """Draw a request that waits for its flow, or came to nothing: who asked, and why it waits."""
    letter, urgent = PRIORITY_LETTERS[row.priority]
    sender, to, text = _columns(width)
    dead = row.status == "dead"
    end = "DEAD" if dead else "HELD" if row.held_by else age(now - row.at, fine=fine)
    flow = f"{row.tenant}/{row.flow}" if tenants else row.flow
    told = f"{row.why}: {row.text}" if row.why else row.text
    return (
        Part(f"{letter}   ", urgent),
        Part(f"{fit(who(row), sender)} {fit(flow, to)} "),
        Part(fit(told, text), "dim"),
        Part(fit_right(end, _TAIL), "fail" if dead else "pause" if row.held_by else "dim"),
    )


def request_fields(row: RequestRow) -> dict[str, str]:
    """Name what a filter looks at."""
    return {
        "st": f"{row.status} {'held' if row.held_by else ''}", "pri": row.priority,
        "from": who(row), "to": row.flow, "flow": row.flow, "tenant": row.tenant,
        "text": row.text, "why": row.why,
    }  # fmt: skip


class QueuePane(Pane):
    """The requests that wait for their flows, and the messages of the fleet shown."""

    NUMBER, NAME, KIND = "4", "Queue", "queue"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("queue")]

    def compose(self) -> ComposeResult:
        yield StripTable(id="queue-rows", head=queue_head)

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        items = [item for _, item in sorted(self._lines(board, now, fine=fine), key=_first)]
        waits: list[MessageRow | RequestRow] = [*board.messages, *board.requests]
        empty = "no message fits the filter: esc clears it" if waits else _EMPTY
        self.table.show(items, empty)
        dead = sum(row.status == "dead" for row in waits)
        tried = sum(row.tries > 1 and row.status != "dead" for row in waits)
        self.label(str(len(waits)), f"dead {dead}  retry {tried}" if items else "")

    def _lines(self, board: Board, now: float, *, fine: bool) -> Iterator[tuple[_Rank, Item]]:
        """Give every line with its rank: dead ones last, then by priority; requests go first."""
        asked = partial(request_line, now=now, fine=fine, tenants=len(board.tenants) > 1)
        for one in board.requests:
            if fits(self.terms, request_fields(one)):
                yield _rank(one), Item(request_key(one), partial(asked, one))
        for row in board.messages:
            if fits(self.terms, queue_fields(row)):
                yield _rank(row), Item(row.id, partial(queue_line, row, now=now, fine=fine))


_Rank = tuple[bool, int]


def _rank(row: MessageRow | RequestRow) -> _Rank:
    return row.status == "dead", PRIORITIES.index(row.priority)


def _first(line: tuple[_Rank, Item]) -> _Rank:
    return line[0]
