"""Pane 3: the agents, those that need somebody first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType

from fleettui.core.safe import one_line
from fleettui.core.tenancy import DEFAULT
from fleettui.core.views.rows import AgentRow, Board
from fleettui.tui.amounts import age, money, spark, tokens
from fleettui.tui.filters import fits
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, fit, fit_right
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item, StripTable
from fleettui.tui.words import agent_sign

Order = Literal["attention", "name", "cost"]
ORDERS: Final[tuple[Order, ...]] = ("attention", "name", "cost")
_EMPTY: Final = "no agents yet\n\nopen a fleet: fleettui open FILE"
# Below this many cells a row has no cost, below the next no tokens; from the last ones on it has
# a trend, and a longer one.
_COST_FROM, _TOKENS_FROM = 46, 38
_TREND_FROM: Final = ((70, 8), (60, 4))
MOST_NAME: Final = 18


def agent_head(width: int, names: int = MOST_NAME) -> Line:
    """Name the columns; `names` is how wide the longest name is."""
    agent, step = _columns(width, names)
    return (Part(f" {'ST':<6} {fit('AGENT', agent)} {fit('STEP', step)}{_tail_head(width)}"),)


def agent_line(
    row: AgentRow, width: int, now: float, *, fine: bool, names: int = MOST_NAME
) -> Line:
    """Draw an agent in a width."""
    sign = agent_sign(row)
    agent, step = _columns(width, names)
    quiet = row.attention in {"idle", "done"}
    tail: str = fit_right(_idle(row, now, fine=fine), 6)
    if wide := _trend(width):
        tail = f"{fit_right(spark(row.trend[-wide:]), wide + 1)}{tail}"
    used = row.input_tokens + row.output_tokens
    # Who has no model costs nothing; a zero would look like a count.
    counts = bool(row.model or used or row.cost)
    if width >= _COST_FROM:
        tail = f"{fit_right(money(row.cost) if counts else '-', 7)}{tail}"
    if width >= _TOKENS_FROM:
        tail = f"{fit_right(tokens(used) if counts else '-', 5)}{tail}"
    return (
        sign.part(),
        Part(" "),
        Part(fit(row.name, agent), "plain" if quiet else "bold"),
        Part(" "),
        Part(fit(_step(row), step), "fail" if row.trouble else "dim" if quiet else "plain"),
        Part(tail, "dim"),
    )


def _columns(width: int, names: int) -> tuple[int, int]:
    trend = _trend(width)
    tail = (
        6
        + (trend + 1 if trend else 0)
        + (7 if width >= _COST_FROM else 0)
        + (5 if width >= _TOKENS_FROM else 0)
    )
    room = max(width - 7 - 2 - tail, 8)
    agent = min(max(room // 2, 6), MOST_NAME, max(names, 6))
    return agent, room - agent


def _tail_head(width: int) -> str:
    head: str = fit_right("IDLE", 6)
    if wide := _trend(width):
        head = fit_right("LIFE"[:wide], wide + 1) + head
    if width >= _COST_FROM:
        head = fit_right("COST", 7) + head
    if width >= _TOKENS_FROM:
        head = fit_right("TOK", 5) + head
    return head


def _trend(width: int) -> int:
    """Give how many looks the trend of a row shows in a width."""
    return next((cells for least, cells in _TREND_FROM if width >= least), 0)


def _idle(row: AgentRow, now: float, *, fine: bool) -> str:
    return age(now - row.since, fine=fine) if row.since else "-"


def _step(row: AgentRow) -> str:
    if row.trouble and row.attention != "need" and row.trouble not in row.step:
        return row.trouble
    notes = [f"no tool {', '.join(row.missing_tools)}"] if row.missing_tools else []
    if row.sandbox != "off":
        notes.append("sandboxed" if row.sandbox == "on" else "no sandbox")
    if row.queued:
        notes.append(f"{row.queued} queued")
    return "; ".join([part for part in (row.step, *notes) if part])


def agent_fields(row: AgentRow) -> dict[str, str]:
    """Name what a filter looks at."""
    return {
        "st": f"{row.attention} {row.status}", "agent": row.name, "tenant": row.tenant,
        "step": row.step, "model": row.model, "role": row.role, "type": row.type,
    }  # fmt: skip


_SORTS: Final[dict[Order, Callable[[AgentRow], object]]] = {
    "name": lambda row: row.name,
    "cost": lambda row: -(row.cost or 0.0),
}


class AgentsPane(Pane):
    """The agents of the fleet shown."""

    NUMBER, NAME, KIND = "3", "Agents", "agents"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("agents")]

    order: Order = "attention"
    _names = MOST_NAME

    def compose(self) -> ComposeResult:
        yield StripTable(id="agents-rows", head=self._head)

    def _head(self, width: int) -> Line:
        return agent_head(width, self._names)

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        rows = [row for row in board.agents if fits(self.terms, agent_fields(row))]
        if self.order in _SORTS:
            rows.sort(key=_SORTS[self.order])  # type: ignore[arg-type]  # both keys compare
        # What names leave is room for what the agents do.
        self._names = max((cell_len(one_line(row.name)) for row in rows), default=MOST_NAME)
        paint = partial(agent_line, now=now, fine=fine, names=self._names)
        items = [Item(row.id, partial(paint, row)) for row in rows]
        empty = "no agent fits the filter: esc clears it" if board.agents else _EMPTY
        if board.fleet and not board.agents:
            empty = "this fleet has no agents: its steps are in 2 Flows"
        elif not board.fleets and len(board.tenants) == 1 and board.tenants[0].name != DEFAULT:
            name = board.tenants[0].name
            empty = f"{name} has no fleet\n\nfleettui --tenant {name} \\\n  open FILE"
        self.table.show(items, empty)
        self.label(f" sort:{self.order}", f"{len(rows)} of {len(board.agents)}")

    def next_order(self) -> None:
        """Sort by the next of attention, name and cost."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
