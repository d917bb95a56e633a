"""Pane 2: the runs of the fleet, the newest with its parts."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual.binding import BindingType

from fleettui.core.safe import one_line
from fleettui.core.views.rows import Board, PartRow, RunRow, TurnRow
from fleettui.tui.amounts import age
from fleettui.tui.filters import fits
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, fit, fit_right, spread
from fleettui.tui.plan_text import GROUPS
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item
from fleettui.tui.words import PART_SIGNS, run_sign, turn_sign

# Which parts are drawn with what they wait for, and from which width on.
DAG_KINDS: Final = frozenset({"agent", "run", "fleet", "approval", "join"})
WIDE: Final = 40
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


def part_line(row: PartRow, width: int, now: float, *, fine: bool) -> Line:
    """Draw a part under its run: its name, who has it, what it waits for, its state and time.

    A narrow pane has room for the name, the state, and the time of what goes on.
    """
    sign, narrow = PART_SIGNS[row.state], width < WIDE
    took = age((row.finished or now) - row.started, fine=fine) if row.started else ""
    shown = took if not narrow else took if row.state == "running" else ""
    right = (Part(f" {sign.word:<4}", sign.tone), Part(fit_right(shown, 5 * bool(shown)), "dim"))
    indent = "   " if row.parent else " "
    name = (Part(f"{indent}{sign.glyph} ", sign.tone), Part(one_line(row.name)))
    tail = "" if narrow else _about(row)
    return spread((*name, Part(one_line(tail), "dim")), right, width)


def _about(row: PartRow) -> str:
    who = f" {row.agent}" if row.agent and row.agent != row.name else ""
    after = f" <- {', '.join(row.needs)}" if row.kind in DAG_KINDS and row.needs else ""
    told = row.why if row.state in {"failed", "skipped"} else ""
    what = told or (row.text if row.kind in {"step", "item", "subtask"} else "")
    return f"{who}{after}{'  ' + what if what else ''}"


def head_line(text: str, width: int) -> Line:
    """Draw a heading over some parts."""
    return (Part(fit(f" {text}", width), "accent"),)


def part_items(row: RunRow, now: float, *, fine: bool) -> list[Item]:
    """Give the lines of a run's parts, under their tiers or iterations; many are counted."""
    items: list[Item] = []
    if row.held_by:
        items.append(Item(f"held:{row.id}", partial(head_line, f"HELD by {row.held_by}")))
    whole = sum(row.counts.values())
    if whole > len(row.parts):
        said = ", ".join(f"{count} {state}" for state, count in sorted(row.counts.items()))
        items.append(Item(f"counts:{row.id}", partial(head_line, f"{whole}: {said}")))
    group = 0
    for part in row.parts:
        if part.group != group and row.mode in GROUPS:
            items.append(Item(
                f"group:{row.id}:{part.group}:{len(items)}",
                partial(head_line, f"{GROUPS[row.mode]} {part.group}" if part.group else "end"),
            ))  # fmt: skip
        group = part.group
        items.append(Item(f"part:{part.id}", partial(part_line, part, now=now, fine=fine)))
    return items


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
            if number == 0 and row.parts:
                items += part_items(row, now, fine=fine)
            elif number == 0:
                items += [
                    Item(f"turn:{turn.id}", partial(turn_line, turn, now=now, fine=fine))
                    for turn in row.turns
                ]
        empty = "no run fits the filter: esc clears it" if board.runs else _EMPTY
        self.table.show(items, empty)
        self.label("", "runs" if rows else "")
