"""What a change of rows costs to draw: our table beside Textual's DataTable, in JSON.

Both show 1,000 agents at 120x36; each flush changes ten of them, as a busy fleet does.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import DataTable

from fleettui.core.views.rows import AgentRow
from fleettui.tui.themes import load_theme, shipped_themes
from fleettui.tui.widgets.agents import agent_head, agent_line
from fleettui.tui.widgets.strip_table import Item, StripTable

ROWS, CHANGED, FLUSHES, ROUNDS = 1000, 10, 40, 3
GOAL = 0.25
NOW = 1_700_000_000.0
COLUMNS = ("ST", "AGENT", "STEP", "TOK", "COST", "IDLE")


class Counting(HeadlessDriver):
    """Counts what would go to the terminal."""

    is_headless = False
    written = 0

    def write(self, data: str) -> None:
        type(self).written += len(data)


def rows_of() -> list[AgentRow]:
    return [
        AgentRow(
            f"agent-{number}", "default", "bench", f"agent-{number}", "agent", "llm", "", "m", 1.0,
            "working", "run", "llm call 1", NOW, number, 0, 0.1, 1, 0, "", "", "", (),
        )
        for number in range(ROWS)
    ]  # fmt: skip


class Ours(App[None]):
    CSS_PATH = "../src/fleettui/tui/widgets/tones.tcss"

    def __init__(self) -> None:
        super().__init__(driver_class=Counting)
        self.register_theme(load_theme(shipped_themes() / "harbour.yaml"))
        self.theme = "harbour"
        self.rows = rows_of()

    def compose(self) -> ComposeResult:
        yield StripTable(id="rows", head=agent_head)

    def on_mount(self) -> None:
        self.flush()

    def change(self, number: int, step: str) -> None:
        self.rows[number] = replace(self.rows[number], step=step)

    def flush(self) -> None:
        paints = [Item(row.id, partial(agent_line, row, now=NOW, fine=True)) for row in self.rows]
        self.query_one(StripTable).show(paints)


class Theirs(App[None]):
    def __init__(self) -> None:
        super().__init__(driver_class=Counting)

    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        self.grid = self.query_one(DataTable)
        for name in COLUMNS:
            self.grid.add_column(name, key=name, width=16)
        for row in rows_of():
            cells = ("> RUN", row.name, row.step, str(row.input_tokens), "$0.10", "0s")
            self.grid.add_row(*cells, key=row.id)

    def change(self, number: int, step: str) -> None:
        self.grid.update_cell(f"agent-{number}", "STEP", step)

    def flush(self) -> None:
        """Do nothing: each change was told already."""


async def cost_of(make: Callable[[], Any]) -> tuple[float, float]:
    """Give the CPU milliseconds and the bytes of one flush."""
    app = make()
    done: list[tuple[float, float]] = []

    async def flushes(pilot: Any) -> None:
        await pilot.pause(0.5)
        written, cpu = Counting.written, time.process_time()
        for flush in range(FLUSHES):
            for number in range(CHANGED):
                app.change((flush * 3 + number * 3) % 30, f"llm call {flush}")
            app.flush()
            await asyncio.sleep(0.05)
        spent = time.process_time() - cpu
        done.append((1000 * spent / FLUSHES, (Counting.written - written) / FLUSHES))
        app.exit()

    await app.run_async(size=(120, 36), auto_pilot=flushes, mouse=False)
    return done[0]


def main() -> None:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(asyncio.run(cost_of(Ours)))
        theirs.append(asyncio.run(cost_of(Theirs)))
    mine = statistics.median(cpu for cpu, _ in ours)
    peer = statistics.median(cpu for cpu, _ in theirs)
    ratio = round(mine / peer, 3)
    result = {
        "ms": round(mine, 2), "peer": "DataTable", "peer_ms": round(peer, 2), "ratio": ratio,
        "goal": GOAL, "met": ratio <= GOAL,
        "bytes": round(statistics.median(size for _, size in ours)),
        "peer_bytes": round(statistics.median(size for _, size in theirs)),
    }  # fmt: skip
    print(json.dumps({"bench": "draw", "results": {"flush": result}}))


if __name__ == "__main__":
    main()
