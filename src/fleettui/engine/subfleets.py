"""Subfleets: the fleets that steps of a workflow open; they end with their step and its fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fleettui.core.commands import (
    AdmitFleet,
    CancelRun,
    FinishPart,
    NoteTrouble,
    StartRun,
    StopFleet,
)
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.model import Actor, Payload
from fleettui.core.spec.workflow import Step
from fleettui.core.state.fleet import FleetState, PartState, RunState
from fleettui.core.state.outputs import handed_output
from fleettui.core.tenancy import beside, tenant_of
from fleettui.core.views.runs import run_text
from fleettui.engine.insisting import until_stored
from fleettui.engine.items import Items
from fleettui.engine.order import Order
from fleettui.engine.watching import isolated
from fleettui.ports import Specs, Vault

# Starts a task under a name, unless one of that name goes on.
Go = Callable[[str, Coroutine[Any, Any, None]], None]


class Subfleets:
    """A subfleet's run names the part it was started for in its seed: `fleet/part try`."""

    def __init__(self, order: Order, vault: Vault, specs: Specs, items: Items, go: Go) -> None:
        self._order, self._engine = order, order.engine
        self._vault, self._specs, self._items = vault, specs, items
        self._go = go

    async def start(
        self, state: FleetState, run: RunState, part: PartState, step: Step, text: str
    ) -> None:
        """Open a step's file and give it a task, once a try; whoever gave ours gives it."""
        path = str((Path(state.file).parent / (step.fleet or "")).resolve())
        self._refuse_circle(state, path)
        environment = await self._settings(state, part)
        loaded = await asyncio.to_thread(self._specs.load_fleet, path, environment)
        if part.status != "running":
            return
        fleet = beside(state.id, part.name.replace("[", "-").replace("]", ""))
        self._vault.keep(fleet, environment)
        who = Actor("system", "fleettui", state.tenant)
        admit = AdmitFleet(fleet, loaded.name, path, state.workspace, loaded.spec, loaded.warnings)
        await self._engine.send(admit, who)
        seed = f"{part.id} {part.tries}"
        mine = (one for one in self._engine.state(fleet).runs.values() if one.seed == seed)
        if any(one.started >= part.started for one in mine):
            return
        task = await self._engine.payload(state.tenant, text)
        items = await self._items.find(fleet, text)
        start = StartRun(fleet, task, run.base, run.record, run.replay, seed, items)
        by = who if ":" in run.by else Actor("operator", run.by, state.tenant, "operator")
        await self._order.send(start, by)

    def _refuse_circle(self, state: FleetState, path: str) -> None:
        """Raise where a file would be opened for a step of a fleet that it opened itself."""
        open_fleets = {one.id: one for one in self._engine.fleets()}
        above: FleetState | None = state
        while above is not None:
            if above.file == path:
                raise FleettuiError(f"{path} waits for this step itself, it can't be opened for it")
            run = above.running()
            above = open_fleets.get(_fleet_of(parent_of(run))) if run else None

    async def _settings(self, state: FleetState, part: PartState) -> dict[str, str]:
        """Give the environment of whoever opened the fleet; a new process waits for it."""
        if not self._vault.environment(state.id):
            text = f"step {part.name} waits for its fleet file to be opened again"
            await self._order.send(NoteTrouble(state.id, "", f"{text}: keys are never stored"))
            await self._vault.wait_kept(state.id)
        return dict(self._vault.environment(state.id))

    def settle_all(self) -> None:
        """Tell the steps of what has ended, and end what goes on for nobody."""
        for state in self._engine.fleets():
            for run in state.runs.values():
                self.tell_parent(run)
        self.end_lost()

    def end_lost(self) -> None:
        """End the runs whose step is over, and stop the fleets whose fleet is stopped."""
        states = {one.id: one for one in self._engine.fleets()}
        for state in states.values():
            last = next(reversed(state.runs.values()), None)
            above = states.get(_fleet_of(parent_of(last))) if last else None
            if last is None or above is None or above.tenant != state.tenant:
                continue
            if last.status == "running" and not _goes_on(above, parent_of(last)):
                why = "the step it was started for is over"
                self._send(f"cancel {last.id}", CancelRun(state.id, last.id, why))
            elif (above.stopping or above.stopped) and not (state.stopping or state.stopped):
                self._send(f"stop {state.id}", StopFleet(state.id))

    def _send(self, key: str, command: CancelRun | StopFleet) -> None:
        self._go(key, isolated(self._end, command))

    async def _end(self, command: CancelRun | StopFleet) -> None:
        try:
            await until_stored(lambda: self._engine.send(command))
        except Refused:
            return

    def tell_parent(self, ended: RunState) -> None:
        """End the step that a run was started for; one without a verdict waits for a person."""
        name = parent_of(ended)
        over = ended.status in {"finished", "failed", "cancelled"}
        states = {one.id: one for one in self._engine.fleets()} if over and name else {}
        state = states.get(_fleet_of(name))
        # A seed is text that anybody may give: it reaches nobody else's fleet.
        if state is None or state.tenant != tenant_of(_fleet_of(ended.id)):
            return
        run = next((one for one in state.runs.values() if name in one.parts), None)
        part = run.parts[name] if run else None
        current = part is not None and ended.started >= part.started
        if run is None or part is None or part.status != "running" or not current:
            return
        self._go(f"end of {ended.id}", isolated(self._finish, state, run.id, part.id, ended))

    async def _finish(self, state: FleetState, run: str, part: str, ended: RunState) -> None:
        texts = {
            given.of: await self._engine.text(state.tenant, handed_output(ended, given.of))
            for given in ended.output
        }
        output: Payload = await self._engine.payload(state.tenant, run_text(ended, texts))
        ok = ended.status == "finished"
        finished = FinishPart(state.id, run, part, ok, output, ended.reason)
        await until_stored(lambda: self._order.send(finished))


def parent_of(run: RunState) -> str:
    """Give the part that a run was started for, empty for one that a person started."""
    part, _, tries = run.seed.partition(" ")
    return part if tries.isdigit() else ""


def _fleet_of(name: str) -> str:
    return name.rpartition("/")[0]


def _goes_on(state: FleetState, name: str) -> bool:
    run = next((one for one in state.runs.values() if name in one.parts), None)
    return run is not None and run.status == "running" and run.parts[name].status == "running"
