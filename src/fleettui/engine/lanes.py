"""Lanes: the fleets that flows run in; a flow has several, as a fleet has one run at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from fleettui.core.commands import AdmitFleet, StopFleet
from fleettui.core.errors import FleettuiError
from fleettui.core.flow import Flow, fleet_of
from fleettui.core.model import Actor
from fleettui.core.state.fleet import FleetState, RunState
from fleettui.core.tenancy import fleet_id
from fleettui.engine.engine import Engine
from fleettui.engine.flows import Flows
from fleettui.engine.keeping import Keeping
from fleettui.ports import Vault

_log = logging.getLogger(__name__)
# How long (seconds) a lane with nothing to do stays open.
LINGER = 300.0


class Lanes:
    """Opens the fleets of flows when they are needed, and releases those that are idle."""

    def __init__(
        self, engine: Engine, flows: Flows, vault: Vault, keeping: Keeping, home: Path
    ) -> None:
        self._engine, self._flows, self._vault, self._keeping = engine, flows, vault, keeping
        self._home = home
        # Fleets that a request is about to begin in; which version of its flow each was opened by.
        self._reserved: set[str] = set()
        self._opened: dict[str, Flow] = {}
        # Lanes that may be open, also those of a life before this one, and their tenants.
        self._known: dict[str, str] = {}
        # Who talked last in which lane: a conversation goes on where it was.
        self._talked: dict[str, str] = {}
        self._idle_since: dict[str, float] = {}

    @property
    def any_open(self) -> bool:
        """Say whether there is a lane that may have to be released."""
        return bool(self._known)

    def restore(self) -> None:
        """Give lanes of a life before this one what is in no store: the values their flows name."""
        flows = {_file_of(one, ""): one for one in self._flows.flows}
        default = self._flows.settings.default
        if default is not None:
            flows[_file_of(default, "")] = default
        for state in self._engine.fleets():
            file, mark, named = state.file.rpartition("#")
            flow = flows.get(f"{file}{mark}{named.partition('/')[0]}")
            if mark and flow is not None:
                self._vault.keep(state.id, self._flows.settings.environment)
                if not state.stopped:
                    self._known[state.id] = state.tenant

    def run_of(self, flow: Flow, agent: str, request: str) -> tuple[str, RunState] | None:
        """Find the run that was started for a try of a request, in whichever lane."""
        for state in self._lanes(flow, agent):
            for run in reversed(state.runs.values()):
                if run.request == request:
                    return state.id, run
        return None

    def reserve(self, flow: Flow, agent: str, talk: str, most: int) -> str | None:
        """Give a lane that is free, the one of the same talk if it can be; None if all are busy."""
        lanes = list(self._lanes(flow, agent))
        free = [one.id for one in lanes if self._is_free(one)]
        if free:
            chosen = next((one for one in free if self._talked.get(one) == talk), free[0])
        elif len(lanes) >= most:
            return None
        else:
            chosen = self._fresh(flow, agent)
        self._reserved.add(chosen)
        self._talked[chosen] = talk
        return chosen

    def give_back(self, lane: str) -> None:
        """Let others have a lane that was reserved."""
        self._reserved.discard(lane)

    async def open(self, lane: str, flow: Flow, agent: str) -> None:
        """Open a lane as its flow is now; raises what an admission raises."""
        state = next((one for one in self._engine.fleets() if one.id == lane), None)
        if self._opened.get(lane) is flow and state is not None and not state.stopped:
            return
        self._vault.keep(lane, self._flows.settings.environment)
        workspace = self._workspace(flow)
        actor = Actor("system", f"flow {flow.name}", flow.tenant)
        spec = fleet_of(flow, agent)
        admit = AdmitFleet(lane, flow.name, _file_of(flow, agent), workspace, spec)
        await self._engine.send(admit, actor)
        await self._keeping.note_ground(lane)
        self._opened[lane], self._known[lane] = flow, flow.tenant
        _log.info("flow %s runs in fleet %s", flow.name, lane)

    async def release_idle(self, now: float) -> None:
        """Stop lanes that had nothing to do for long; they are opened again when needed."""
        for lane, tenant in list(self._known.items()):
            state = self._engine.state(lane)
            if not self._is_free(state) or state.open_actions:
                self._idle_since.pop(lane, None)
                continue
            if now - self._idle_since.setdefault(lane, now) < LINGER:
                continue
            del self._idle_since[lane], self._known[lane]
            self._opened.pop(lane, None)
            try:
                await self._engine.send(StopFleet(lane), Actor("system", "flows", tenant))
            except FleettuiError as error:
                _log.warning("fleet %s was not released: %s", lane, error)

    def _lanes(self, flow: Flow, agent: str) -> Iterator[FleetState]:
        file = _file_of(flow, agent)
        for state in self._engine.fleets():
            if state.tenant == flow.tenant and state.file == file:
                yield state

    def _is_free(self, state: FleetState) -> bool:
        return state.id not in self._reserved and state.running() is None and not state.stopping

    def _fresh(self, flow: Flow, agent: str) -> str:
        """Name a fleet that there is not yet."""
        alone = len(flow.spec.agents) <= 1 or not agent
        name = flow.name if alone else f"{flow.name}-{agent}"
        taken = {state.id for state in self._engine.fleets()} | self._reserved
        number = 1
        while (free := fleet_id(flow.tenant, name if number == 1 else f"{name}-{number}")) in taken:
            number += 1
        return free

    def _workspace(self, flow: Flow) -> str:
        """Give the folder a flow works in: the one it names, else one of its own."""
        written = flow.spec.context.working_dir
        if written:
            beside = Path(flow.file).absolute().parent
            return str((beside / Path(written).expanduser()).resolve())
        own = self._home / flow.tenant / flow.name
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(own)


def _file_of(flow: Flow, agent: str) -> str:
    """Name what a lane was opened for: no fleet of a file has such a place."""
    return f"{flow.file}#{flow.name}" + (f"/{agent}" if agent else "")
