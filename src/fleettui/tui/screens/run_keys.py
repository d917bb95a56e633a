"""The keys of a run: cancel, hold, release, resume, change a step that waits."""

from __future__ import annotations

from functools import partial

from fleettui.core.commands import (
    CancelRun,
    EditPlan,
    HoldRun,
    OperatorCommand,
    ReleaseRun,
    ResumeRun,
)
from fleettui.core.model import PlannedStep
from fleettui.core.state.parts import EDITABLE
from fleettui.core.views.queries import ReadParts
from fleettui.core.views.rows import PartRow, RunRow
from fleettui.tui.screens.desk import Desk
from fleettui.tui.widgets.flows import FlowsPane


class RunKeys(Desk):
    """Acts on the run under the cursor, or on the one whose part is."""

    def _run(self) -> RunRow | None:
        key = self.query_one(FlowsPane).table.cursor_key
        for row in self.board.runs:
            names = {row.id, *(f"part:{part.id}" for part in row.parts)}
            if key in names or f":{row.id}" in key:
                return row
        return None

    def action_cancel_run(self) -> None:
        """End the run under the cursor without a verdict, after a yes."""
        run = self._run()
        if run is None or run.state != "running":
            self.complain("no run that goes on is chosen")
            return
        self.confirm(
            f"cancel {run.id}",
            f"end this run without a verdict?\n\n{run.task}",
            lambda: self.start(
                self.carry_out(CancelRun(run.fleet, run.id, "by hand"), f"cancelled {run.id}")
            ),
        )

    def action_hold_run(self) -> None:
        """Let nothing new of a run begin, or let it go on."""
        run = self._run()
        if run is None or run.state != "running":
            self.complain("no run that goes on is chosen")
            return
        held = bool(run.held_by)
        command: OperatorCommand = (ReleaseRun if held else HoldRun)(run.fleet, run.id)
        said = f"{run.id} goes on" if held else f"{run.id} is held: what goes on is finished"
        self.start(self.carry_out(command, said))

    def action_resume_run(self) -> None:
        """Go on with a run that failed, from what failed."""
        run = self._run()
        if run is None:
            self.complain("no run is chosen")
            return
        self.start(self.carry_out(ResumeRun(run.fleet, run.id), f"{run.id} goes on"))

    def action_edit_step(self) -> None:
        """Change the text of a step that waits; an empty text takes it out of the plan."""
        run, key = self._run(), self.query_one(FlowsPane).table.cursor_key
        part = next((one for one in run.parts if key == f"part:{one.id}"), None) if run else None
        if run is None or part is None or part.state != "waiting" or part.kind not in EDITABLE:
            self.complain("choose a step of a plan that waits; hold the run first with H")
            return
        self.read_first(ReadParts(run.fleet, run.id), partial(self._ask_step, run, part.id))

    def _ask_step(self, run: RunRow, name: str, rows: tuple[PartRow, ...]) -> None:
        waiting = [row for row in rows if row.state == "waiting" and row.kind in EDITABLE]
        part = next((row for row in waiting if row.id == name), None)
        if part is None:
            self.complain("that step does not wait any more")
            return
        self.ask(
            f"step {part.name}, empty to take it out",
            partial(self._change_step, run, name, waiting),
            value=part.text,
            required=False,
        )

    def _change_step(self, run: RunRow, name: str, waiting: list[PartRow], text: str) -> None:
        steps = tuple(PlannedStep(text if row.id == name else row.text, row.id) for row in waiting)
        self.start(self.carry_out(EditPlan(run.fleet, run.id, steps), "the plan is changed"))
