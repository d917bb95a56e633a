"""AtWork: the runs that requests wait for: followed to their ends, and bounded meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fleettui.core.commands import CancelRun
from fleettui.core.commands.requests import FailRequest, FinishRequest
from fleettui.core.errors import Stale, StoreFailed
from fleettui.core.model import Actor
from fleettui.core.request import ErrorType
from fleettui.core.state.fleet import FleetState, RunState
from fleettui.core.state.outputs import handed_output
from fleettui.core.state.requests import RequestState
from fleettui.core.tenancy import tenant_of
from fleettui.core.views.runs import run_text
from fleettui.engine.engine import Engine
from fleettui.engine.flows import Flows
from fleettui.engine.terms import terms_of
from fleettui.engine.watching import isolated

# How long (seconds) until what could not be stored is tried again.
AGAIN = 2.0
_ENDED: Mapping[str, ErrorType] = {
    "failed": "failed",
    "not_reached": "not_reached",
    "cancelled": "cancelled",
}


class AtWork:
    """Requests by the run (fleet, id) they wait for, and how long each has taken without people."""

    def __init__(self, engine: Engine, flows: Flows) -> None:
        self._engine, self._flows = engine, flows
        self._runs: dict[tuple[str, str], str] = {}
        self._spent: dict[tuple[str, str], float] = {}
        self._ending: dict[tuple[str, str], ErrorType] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def follow(self, tenant: str, request: RequestState) -> bool:
        """Count a request as at work from now on, and say whether its run is at its end already."""
        key = (request.fleet, request.run)
        self._runs[key] = f"{tenant}/{request.id}"
        self._spent.setdefault(key, 0.0)
        run = self._run(*key)
        return run is None or run.status != "running"

    def forget(self, ticket: str) -> None:
        """Count a request as at work no longer."""
        for key in [key for key, name in self._runs.items() if name == ticket]:
            del self._runs[key]
            self._spent.pop(key, None)

    def request_of(self, fleet: str, run: str) -> tuple[str, str] | None:
        """Name the request that a run is at work for."""
        name = self._runs.get((fleet, run))
        return parts_of(name) if name else None

    def _run(self, fleet: str, run: str) -> RunState | None:
        state = next((one for one in self._engine.fleets() if one.id == fleet), None)
        return state.runs.get(run) if state else None

    # --- ends ----------------------------------------------------------------------------------

    async def settle(self, tenant: str, name: str) -> None:
        """Note how the run of a request ended; the store may have to be asked more than once."""
        request = self._engine.tenant(tenant).requests.one(name)
        while request.status == "running":
            run = self._run(request.fleet, request.run)
            if run is not None and run.status == "running":
                return
            try:
                await self._note_end(tenant, request, run)
            except StoreFailed:
                await asyncio.sleep(AGAIN)
            except Stale:
                return
        self._ending.pop((request.fleet, request.run), None)

    async def _note_end(self, tenant: str, request: RequestState, run: RunState | None) -> None:
        if run is None:
            await self._engine.send(
                FailRequest(tenant, request.id, "cancelled", "its fleet is not there any more")
            )
            return
        tokens = run.bill.tokens
        if run.status == "finished":
            output = await self._engine.payload(
                tenant, await self._output(tenant, request.fleet, run)
            )
            await self._engine.send(FinishRequest(tenant, request.id, output, tokens))
            return
        kind = self._ending.get((request.fleet, request.run)) or _ENDED[run.status]
        reason = run.reason or run.status
        await self._engine.send(FailRequest(tenant, request.id, kind, reason, tokens))

    async def _output(self, tenant: str, fleet: str, run: RunState) -> str:
        """Give what a run came to: the output of its parts, or else what was decided."""
        texts = {
            given.of: await self._engine.text(tenant, handed_output(run, given.of))
            for given in run.output
        }
        text = run_text(run, texts)
        ballot = self._engine.state(fleet).ballots.get(run.ballot)
        if not text and ballot is not None and ballot.verdict is not None:
            text = f"{ballot.verdict.verdict}: {ballot.verdict.reason}"
        return text or run.reason

    # --- what bounds it ------------------------------------------------------------------------

    async def look(self, seconds: float) -> None:
        """Cancel what takes too long; `seconds` have passed since the last look."""
        for key, ticket in list(self._runs.items()):
            await isolated(self._look_at_time, key, ticket, seconds)

    async def _look_at_time(self, key: tuple[str, str], ticket: str, seconds: float) -> None:
        """Cancel a run that takes too long; the time in which it waits for people is free."""
        run = self._run(*key)
        state = self._engine.state(key[0]) if run else None
        if run is None or state is None or run.status != "running" or run.held_by:
            return
        waits = any(
            state.actions[one].status == "asking" and state.actions[one].run == run.id
            for one in state.open_actions
        )
        held = bool(terms_of(self._engine, parts_of(ticket)[0]).held_by)
        if not (waits or held):
            self._spent[key] = self._spent.get(key, 0.0) + seconds
        longest = self._flows.settings.timeout
        if self._spent[key] > longest and key not in self._ending:
            await self._cancel(key, "timeout", f"it took longer than {longest:.0f} s")

    async def look_at_tokens(
        self, state: FleetState, run: RunState, request: tuple[str, str]
    ) -> None:
        """Cancel a run that used more tokens than one request may."""
        tenant = self._engine.tenant(request[0])
        flow = self._flows.find(tenant.name, tenant.requests.one(request[1]).flow)
        bounds = [
            most
            for most in (
                flow.spec.limits.max_tokens_per_request if flow else None,
                tenant.spec.quotas.tokens_per_request,
            )
            if most is not None
        ]
        used = run.bill.tokens
        key = (state.id, run.id)
        if bounds and used > min(bounds) and run.status == "running" and key not in self._ending:
            why = f"it used {used:,} tokens, and one request may use {min(bounds):,}"
            await self._cancel(key, "failed", why)

    async def _cancel(self, key: tuple[str, str], kind: ErrorType, why: str) -> None:
        self._ending[key] = kind
        actor = Actor("system", "flows", tenant_of(key[0]))
        await self._engine.send(CancelRun(*key, why), actor)


def parts_of(ticket: str) -> tuple[str, str]:
    """Give the tenant and the id of the request that a ticket is of."""
    tenant, _, request = ticket.rpartition("/")
    return tenant, request
