"""Pane 2: the runs of the fleet and their turns, until flows exist."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual.binding import BindingType

from fleettui.core.views.rows import Board, RunRow, TurnRow
from fleettui.tui.amounts import age
from fleettui.tui.filters import fits
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, fit, fit_right, spread
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item
from fleettui.tui.words import run_sign, turn_sign

_EMPTY: Final = "no run yet\nt gives the fleet a task"


def run_line(row: RunRow, width: int, now: float, *, fine: bool) -> Line:
    """Draw a run: its task, state and how long it took."""
    sign = run_sign(row)
    took = age((row.finished or now) - row.started, fine=fine or row.finished is not None)
    right = (Part(f" {sign.word:<4}", sign.tone), Part(fit_right(took, 6), "dim"))
    task = row.task.split("\n", maxsplit=1)[0]
    left = (
        Part(f"{sign.glyph} ", sign.tone),
        Part(fit(task or row.id, max(width - 13, 4)), "bold"),
    )
    return spread(left, right, width)


def turn_line(row: TurnRow, width: int, now: float, *, fine: bool) -> Line:
    """Draw a turn under its run."""
    sign = turn_sign(row)
    took = age((row.finished or now) - row.started, fine=fine or row.finished is not None)
    right = (Part(f" {sign.word:<4}", sign.tone), Part(fit_right(took, 6), "dim"))
    left = (Part(f"  {sign.glyph} ", sign.tone), Part(fit(row.instance, max(width - 15, 4))))
    return spread(left, right, width)


def run_fields(row: RunRow) -> dict[str, str]:
    """Name what a filter looks at."""
    return {"st": row.state, "task": row.task, "run": row.id, "by": row.by}


class FlowsPane(Pane):
    """The runs, newest first, the newest with its turns."""

    NUMBER, NAME, KIND = "2", "Flows", "flows"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("flows")]

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        rows = [row for row in board.runs if fits(self.terms, run_fields(row))]
        items: list[Item] = []
        for number, row in enumerate(rows):
            items.append(Item(row.id, partial(run_line, row, now=now, fine=fine)))
            if number == 0:
                items += [
                    Item(f"turn:{turn.id}", partial(turn_line, turn, now=now, fine=fine))
                    for turn in row.turns
                ]
        empty = "no run fits the filter: esc clears it" if board.runs else _EMPTY
        self.table.show(items, empty)
        self.label("", "runs" if rows else "")
