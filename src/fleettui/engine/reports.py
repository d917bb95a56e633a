"""Reports: writes what came of a run, and proposes what the file wants done with it."""

from __future__ import annotations

from pathlib import Path

from fleettui.core.commands import NoteTrouble, ProposeAction, RecordReport
from fleettui.core.decide.actions import FLEET_ITSELF
from fleettui.core.errors import ToolFailed
from fleettui.core.events import BallotOverridden, Recorded, ReportWritten, RunFinished
from fleettui.core.model import ToolCall
from fleettui.core.state.fleet import FleetState, RunState
from fleettui.core.tenancy import is_tenant_stream
from fleettui.core.views.report import report_text
from fleettui.engine.insisting import until_stored
from fleettui.engine.order import Order, nonce_of
from fleettui.engine.workplace import workplace
from fleettui.ports import Toolbox, Vault


class Reports:
    """One file a run, under the state folder."""

    def __init__(self, order: Order, toolbox: Toolbox, vault: Vault, folder: Path) -> None:
        self._order, self._engine = order, order.engine
        self._toolbox, self._vault, self._folder = toolbox, vault, folder

    async def on_event(self, recorded: Recorded) -> None:
        if is_tenant_stream(recorded.stream):
            return
        state = self._engine.state(recorded.stream)
        match recorded.event:
            case RunFinished(run=name):
                await self._write(state, state.runs[name])
            case BallotOverridden(ballot=name):
                await self._write(state, state.runs[state.ballots[name].run])
            case ReportWritten(run=name):
                await self._propose(state, state.runs[name])
            case _:
                pass

    async def catch_up(self) -> None:
        """Write and propose what a crash left out."""
        for state in self._engine.fleets():
            for run in list(state.runs.values()):
                if run.status not in {"running", "cancelled"} and not run.report:
                    await self._write(state, run)
                elif run.report:
                    await self._propose(state, run)

    async def _write(self, state: FleetState, run: RunState) -> None:
        if run.status in {"running", "cancelled"}:
            return
        outputs = {
            turn: await self._engine.text(state.tenant, state.turns[turn].output)
            for turn in run.turns
        }
        ballot = state.ballots.get(run.ballot)
        details = {
            agent: await self._engine.text(state.tenant, body)
            for agent, body in (ballot.outputs.items() if ballot else ())
        }
        told = {
            part.id: await self._engine.text(state.tenant, part.output)
            for part in run.parts.values()
            if run.mode == "workflow" and not part.turn
        }
        text = report_text(state, run, outputs, details, told)
        redaction = self._engine.redactions.of(state)
        text = text if redaction is None else redaction.text(text)
        path = self._folder / state.id / f"{run.id.rsplit('/', 1)[-1]}.md"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            await self._engine.send(
                NoteTrouble(state.id, "", f"the report could not be written: {error}")
            )
            return
        await until_stored(lambda: self._record(state, run.id, str(path), text))

    async def _record(self, state: FleetState, run: str, path: str, text: str) -> None:
        body = await self._engine.payload(state.tenant, text)
        await self._order.send(RecordReport(state.id, run, path, body))

    async def _propose(self, state: FleetState, run: RunState) -> None:
        """Propose the command of spec.report.run, once a verdict, and only for a reached one."""
        assert state.spec is not None
        ballot = state.ballots.get(run.ballot)
        argv = state.spec.spec.report.run
        reached = ballot is None or (ballot.verdict is not None and ballot.verdict.reached)
        if not argv or not reached or run.status != "finished":
            return
        key = f"report {run.id}"
        if any(action.call == key for action in state.actions.values()):
            return
        filled = [word.replace("{report}", run.report) for word in argv]
        call = ToolCall(key, "run", {"argv": filled})
        try:
            facts = await self._toolbox.freeze(
                call,
                workplace(
                    state, FLEET_ITSELF, run.id, self._vault, self._engine.tenant(state.tenant).spec
                ),
            )
        except ToolFailed as refusal:
            text = f"{' '.join(filled)}: {refusal}"
            await self._engine.send(NoteTrouble(state.id, "", text))
            return
        why = f"spec.report.run of {state.name}: attach the report of {run.id}"
        await self._engine.send(
            ProposeAction(state.id, "", call, facts, nonce_of(run, key), run.id, why)
        )
