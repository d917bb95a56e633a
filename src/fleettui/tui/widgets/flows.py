"""Pane 2: the runs of the fleet, the newest with its parts, and the flows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len
from textual.binding import BindingType

from fleettui.core.model import PartStatus
from fleettui.core.safe import one_line
from fleettui.core.views.rows import Board, PartRow, RunRow, TurnRow
from fleettui.tui.amounts import age
from fleettui.tui.filters import fits
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, Tone, fit, fit_right, spread
from fleettui.tui.plan_text import GROUPS, bare_answer, bare_item, nested
from fleettui.tui.widgets.flow_lines import (
    flow_fields,
    flow_head,
    flow_key,
    flow_line,
    problem_line,
)
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item
from fleettui.tui.words import PART_SIGNS, part_sign, run_sign, turn_sign

# Which parts are drawn with what they wait for, and from which width on.
DAG_KINDS: Final = frozenset({"agent", "run", "fleet", "approval", "join"})
WIDE: Final = 40
# From this width on names and agents stand in columns, at most this wide.
ALIGNED: Final = 64
_NAME, _AGENT = 24, 16
# From how many parts on they are counted over the rows, and in which order.
_UNCOUNTED: Final = 8
_COUNTED: Final[tuple[PartStatus, ...]] = ("failed", "running", "waiting", "skipped", "cancelled")
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


class Columns(NamedTuple):
    """How wide the names and the agents of a run's parts are: they stand below each other."""

    name: int = 0
    agent: int = 0


def part_line(
    row: PartRow, width: int, now: float, *, fine: bool, columns: Columns | None = None
) -> Line:
    """Draw a part under its run: what it is, who has it, what it waits for, its state and time.

    A narrow pane has room for what it is, the state, and the time of what goes on.
    """
    sign, narrow = part_sign(row), width < WIDE
    columns = columns or Columns(cell_len(one_line(row.name)), cell_len(one_line(row.agent)))
    took = age((row.finished or now) - row.started, fine=fine or row.finished is not None)
    timed = bool(row.started) and row.state not in {"waiting", "skipped"}
    shown = took if timed and (not narrow or row.state == "running") else ""
    room = 0 if narrow and not shown else 5
    right = (Part(f" {sign.word:<4}", sign.tone), Part(fit_right(shown, room), "dim"))
    lead = Part(f"{'   ' if row.parent else ' '}{sign.glyph} ", sign.tone)
    if narrow:
        return spread((lead, Part(one_line(_short(row)))), right, width)
    told: Tone = "fail" if row.state == "failed" else "dim"
    agent = _other_agent(row)
    if width < ALIGNED:
        # Why something failed or waits again is worth more than who has it.
        name, who = one_line(row.name), "" if row.why else one_line(agent)
        name = name if cell_len(name) <= _NAME else fit(name, _NAME)
    else:
        name = fit(row.name, columns.name - 2 * bool(row.parent))
        who = fit(agent, columns.agent)
    parts = [Part(name), *([Part(f" {who}")] if who else []), Part(f" {_about(row)}", told)]
    return spread((lead, *parts), right, width)


def _other_agent(row: PartRow) -> str:
    return row.agent if row.agent != row.name else ""


def _short(row: PartRow) -> str:
    """Say in a few cells what a part is: what has a number, by that and its text."""
    match row.kind:
        case "item" | "step" | "subtask":
            number = row.name.rsplit(" ", 1)[-1]
            return f"{number} {bare_item(row.text) or row.agent}"
        case _:
            return row.name


def _about(row: PartRow) -> str:
    """Say what a part waits for, what it is to do, and why it failed, waits again, or what came."""
    after = f"<- {', '.join(row.needs)}" if row.kind in DAG_KINDS and row.needs else ""
    text = bare_item(row.text) if row.kind in {"step", "item", "subtask"} else ""
    came = f"=> {bare_answer(row.output)}" if row.state == "done" and row.output else ""
    again = f"try {row.tries}" if row.tries > 1 else ""
    if row.state == "failed":
        return one_line("  ".join(word for word in (row.why, again, after, text) if word))
    return one_line("  ".join(word for word in (after, text, again, row.why, came) if word))


def head_line(text: str, width: int) -> Line:
    """Draw a heading over some parts."""
    return (Part(fit(f" {text}", width), "accent"),)


def counts_words(counts: Mapping[str, int]) -> str:
    """Count parts by state, as short as the rows' own signs."""
    said = (f"{PART_SIGNS[state].glyph}{counts[state]}" for state in _COUNTED if counts.get(state))
    done = sum(counts.get(state, 0) for state in ("done", "skipped"))
    return f"{done}/{sum(counts.values())} " + " ".join(said)


def part_items(row: RunRow, now: float, *, fine: bool) -> list[Item]:
    """Give the lines of a run's parts, under their tiers or iterations; many are counted."""
    items: list[Item] = []
    if row.held_by:
        items.append(Item(f"held:{row.id}", partial(head_line, f"HELD by {row.held_by}")))
    if sum(row.counts.values()) > _UNCOUNTED:
        items.append(Item(f"counts:{row.id}", partial(head_line, counts_words(row.counts))))
    columns = Columns(
        min(max((cell_len(one_line(part.name)) for part in row.parts), default=0), _NAME),
        min(max((cell_len(one_line(_other_agent(part))) for part in row.parts), default=0), _AGENT),
    )
    group = 0
    for part in nested(row.parts):
        if part.group != group and row.mode in GROUPS:
            items.append(Item(
                f"group:{row.id}:{part.group}:{len(items)}",
                partial(head_line, f"{GROUPS[row.mode]} {part.group}" if part.group else "end"),
            ))  # fmt: skip
        group = part.group
        paint = partial(part_line, part, now=now, fine=fine, columns=columns)
        items.append(Item(f"part:{part.id}", paint))
    return items


def run_fields(row: RunRow) -> dict[str, str]:
    """Name what a filter looks at."""
    return {"st": row.state, "task": row.task, "run": row.id, "by": row.by}


class FlowsPane(Pane):
    """The newest run with its parts, the flows, and the runs before it."""

    NUMBER, NAME, KIND = "2", "Flows", "flows"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("flows")]

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        rows = [row for row in board.runs if fits(self.terms, run_fields(row))]
        runs = [Item(row.id, partial(run_line, row, now=now, fine=fine)) for row in rows]
        items = [*self._problems(board), *runs[:1]]
        if rows and rows[0].parts:
            items += part_items(rows[0], now, fine=fine)
        elif rows:
            items += [
                Item(f"turn:{turn.id}", partial(turn_line, turn, now=now, fine=fine))
                for turn in rows[0].turns
            ]
        flows = self._flows(board, now, fine=fine)
        if flows:
            before = [Item("head:runs", partial(head_line, "runs before"))] if runs[1:] else []
            items += [Item("head:flows", flow_head), *flows, *before]
        items += runs[1:]
        empty = "nothing fits the filter: esc clears it" if board.runs or board.flows else _EMPTY
        self.table.show(items, empty)
        wrong = len(board.problems)
        problems = f"{wrong} problem{'s' if wrong > 1 else ''}" if wrong else ""
        self.label(str(len(board.flows) or ""), problems or ("runs" if rows else ""))

    def _flows(self, board: Board, now: float, *, fine: bool) -> list[Item]:
        paint = partial(flow_line, now=now, fine=fine, tenants=len(board.tenants) > 1)
        return [
            Item(flow_key(row), partial(paint, row))
            for row in board.flows
            if not self.terms or fits(self.terms, flow_fields(row))
        ]

    def _problems(self, board: Board) -> list[Item]:
        return [
            Item(f"problem:{place}", partial(problem_line, text))
            for place, text in enumerate(board.problems)
            if fits(self.terms, {"st": "error problem", "file": text})
        ]
