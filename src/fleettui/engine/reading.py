"""Reading: answers a query with a view of the states, and of large texts where it needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from msgspec.structs import replace

from fleettui.core.breaker import BreakerState
from fleettui.core.decide.checkpoints import find_checkpoint
from fleettui.core.errors import Ambiguous, NotFound
from fleettui.core.model import Payload
from fleettui.core.state.fleet import AgentState, FleetState, RunState
from fleettui.core.state.outputs import handed_output
from fleettui.core.tenancy import DEFAULT, no_fleet
from fleettui.core.views import queries
from fleettui.core.views.agents import Waiting, agent_rows
from fleettui.core.views.alerts import alert_rows
from fleettui.core.views.board import board, fleet_row, stats_row
from fleettui.core.views.inbox import action_rows, inbox_rows
from fleettui.core.views.log import log_rows
from fleettui.core.views.memory import memory_rows
from fleettui.core.views.outfit import Outfit
from fleettui.core.views.parts import part_rows
from fleettui.core.views.rows import (
    Board,
    CacheRow,
    InboxRow,
    LogRow,
    MemoryRow,
    RuleRow,
    RunReport,
    TenantRow,
)
from fleettui.core.views.runs import ballot_rows, message_rows, run_report, run_rows
from fleettui.core.views.tenants import Programs, budget_rows, tenant_detail, tenant_row
from fleettui.engine.breakers import Breakers
from fleettui.engine.built import BuiltAgents
from fleettui.engine.dispatch import Dispatch
from fleettui.engine.engine import Engine
from fleettui.engine.file_views import FileViews
from fleettui.engine.flow_door import FlowDoor
from fleettui.engine.loads import Loads
from fleettui.engine.membership import Membership, no_tenant
from fleettui.engine.metrics import Metrics
from fleettui.engine.pulse import Pulse
from fleettui.engine.remembering import Remembering
from fleettui.engine.tenant_files import TenantFiles


class Reading:
    """Views of an engine; `outfit` is what this machine brings."""

    def __init__(
        self,
        engine: Engine,
        memories: Remembering,
        built: BuiltAgents,
        files: FileViews,
        pulse: Pulse,
        breakers: Breakers,
        tenant_files: TenantFiles,
        dispatch: Dispatch,
        loads: Loads,
        metrics: Metrics,
        outfit: Outfit,
        flows: FlowDoor,
    ) -> None:
        self._flows = flows
        self._engine, self._memories = engine, memories
        self._built, self._files, self._outfit = built, files, outfit
        self._pulse, self._breakers, self._dispatch = pulse, breakers, dispatch
        self._tenant_files, self._loads, self._metrics = tenant_files, loads, metrics

    async def answer(  # noqa: C901 one arm a query
        self, query: queries.AnyQuery, states: Sequence[FleetState], who: Membership
    ) -> Any:  # the query's docstring names it
        """Answer from the states that whoever asks may see."""
        some = [state for state in states if query.fleet in {"", state.id}]
        if query.fleet and not some:
            raise no_fleet(query.fleet)
        match query:
            case queries.ReadBoard():
                return self._board(states, _shown(some), who)
            case queries.ReadFleets():
                return tuple(fleet_row(state) for state in some)
            case queries.ReadAgents():
                waiting = self._waiting()
                return tuple(
                    row
                    for state in some
                    for row in agent_rows(state, self._outfit, self._pulse.looks, waiting)
                )
            case queries.ReadInbox():
                rows = [row for state in some for row in inbox_rows(state)]
                rows += self._budgets(who) if not query.fleet else ()
                return tuple(sorted(rows, key=lambda row: (row.asked_at, row.id)))
            case queries.ReadActions(agent=agent):
                return tuple(row for state in some for row in action_rows(state, agent))
            case queries.ReadQueue():
                return tuple(row for state in some for row in message_rows(state))
            case queries.ReadBallots():
                return tuple(row for state in some for row in ballot_rows(state))
            case queries.ReadRuns():
                return tuple(row for state in some for row in run_rows(state))
            case queries.ReadRun(run=run):
                return await self._run_report(*_run(some, run))
            case queries.ReadParts(run=run):
                return part_rows(_run(some, run)[1])
            case queries.ReadReport(run=run):
                return await self._report(*_run(some, run))
            case queries.ReadLog():
                return await self._log(query, some)
            case queries.ReadCheckpoints(agent=agent):
                state, found = _agent(some, agent)
                return await self._files.checkpoints(state, found)
            case queries.PreviewRollback(agent=agent, checkpoint=checkpoint):
                state, found = _agent(some, agent)
                point = find_checkpoint(found, checkpoint)
                return await self._files.preview(state, found, point)
            case queries.ReadWorkspaces():
                return await self._files.workspaces(some)
            case queries.ReadDiff(agent=agent):
                return await self._files.diff(*_agent(some, agent))
            case queries.ReadRules():
                return tuple(
                    RuleRow(rule.id, state.id, rule.pattern, rule.agent, rule.by, rule.at)
                    for state in some
                    for rule in state.rules.values()
                )
            case queries.ReadHealth(agent=agent):
                state, found = _agent(some, agent)
                return self._pulse.looks(state.id, found.id)
            case queries.ReadMemory():
                return await self._memory(some)
            case queries.ReadAlerts():
                return tuple(row for state in some for row in alert_rows(state))
            case queries.ReadStats():
                return stats_row(some, *self._held(who.tenants()))
            case queries.ReadMetrics(tenant=tenant):
                return self._metrics.rows(_some_tenants(who, tenant))
            case queries.ReadSpec():
                spec = _only(some).spec
                return spec.model_dump(mode="json", exclude_unset=True) if spec else {}
            case queries.ReadTenants():
                return tuple(self._tenants(who))
            case queries.ReadTenant(tenant=name):
                if name not in who.tenants():
                    raise no_tenant(name)
                row = next(one for one in self._tenants(who) if one.name == name)
                return tenant_detail(self._engine.tenant(name), row)
            case queries.ReadTenantFolder():
                return self._tenant_files.place if who.role(DEFAULT) == "admin" else ""
            case queries.ReadProblems():
                return self._tenant_files.problems if who.role(DEFAULT) == "admin" else ()
            case queries.ReadFlows():
                return self._flows.flow_rows(who.tenants())
            case queries.ReadRequests(flow=flow, request=request, most=most, tenant=tenant):
                names = [name for name in who.tenants() if tenant in {"", name}]
                return await self._flows.request_rows(names, flow, request, most)
            case queries.ReadEvents(after=after, most=most):
                return tuple(await self._engine.events(_only(some).id, after, most))
            case _:
                assert_never(query)

    def _board(
        self, states: Sequence[FleetState], shown: FleetState | None, who: Membership
    ) -> Board:
        whole = board(
            states, self._tenants(who), shown, self._outfit, self._pulse.looks,
            self._waiting(), self._engine.clock.now(), self._engine.trouble, self._budgets(who),
        )  # fmt: skip
        return replace(
            whole,
            flows=self._flows.flow_rows(who.tenants()),
            requests=self._flows.open_rows(who.tenants()),
            problems=self._flow_problems(who),
        )

    def _flow_problems(self, who: Membership) -> tuple[str, ...]:
        """Give what is wrong in the files of flows: they are the whole host's."""
        return tuple(self._flows.problems()) if who.role(DEFAULT) == "admin" else ()

    def _tenants(self, who: Membership) -> list[TenantRow]:
        """Give the tenants of whoever asks."""
        everything = self._engine.tenant(DEFAULT).all_held_by
        now = self._engine.clock.now()
        rows = []
        for name in who.tenants():
            load, role = self._loads.of(name), who.actor(name).role
            programs = Programs(load.memory, load.cores)
            rows.append(tenant_row(
                self._engine.standing(name), role, programs, now,
                turns=self._dispatch.running_of(name), all_held_by=everything,
            ))  # fmt: skip
        return rows

    def _budgets(self, who: Membership) -> list[InboxRow]:
        """Give the budgets that wait for a person in the tenants of whoever asks."""
        now = self._engine.clock.now()
        standings = [self._engine.standing(name) for name in who.tenants()]
        return [row for one in standings for row in budget_rows(one, now)]

    def _waiting(self) -> Waiting:
        """Say why turns, or tools of them, wait as it is now."""
        turns, tools = self._dispatch.lookout(), self._loads.lookout()
        return lambda turn: turns(turn) or tools(turn)

    def _held(self, tenants: Sequence[str]) -> tuple[CacheRow, Mapping[str, BreakerState]]:
        """Give what is kept for some tenants: built agents, and whom their calls went to."""
        counts = self._built.counted(tenants)
        uses = counts.hits + counts.misses
        cache = CacheRow(
            counts.kept, counts.hits, counts.misses, counts.expired, counts.evicted,
            counts.hits / uses if uses else None,
        )  # fmt: skip
        return cache, self._breakers.states(tenants)

    async def _run_report(self, state: FleetState, run: RunState) -> RunReport:
        outputs = {
            turn: await self._engine.text(state.tenant, state.turns[turn].output)
            for turn in run.turns
        }
        parts = {
            given.of: await self._engine.text(state.tenant, handed_output(run, given.of))
            for given in run.output
        }
        return run_report(state, run, outputs, parts)

    async def _memory(self, some: Sequence[FleetState]) -> Sequence[MemoryRow]:
        rows: list[MemoryRow] = []
        for state in some:
            rows += memory_rows(state, await self._memories.entries(state.id))
        return rows

    async def _report(self, state: FleetState, run: RunState) -> str:
        if not run.report:
            raise NotFound(f"{run.id} has no report", "it is written when the run ends")
        return await self._engine.text(state.tenant, run.report_body)

    async def _log(self, query: queries.ReadLog, some: Sequence[FleetState]) -> Sequence[LogRow]:
        state, agent = (_only(some), None) if not query.agent else _agent(some, query.agent)
        texts: dict[str, str] = {}
        if query.full:
            for payload in _payloads(state, agent):
                if payload.blob and payload.blob not in texts:
                    texts[payload.blob] = await self._engine.text(state.tenant, payload)
        return log_rows(state, agent, texts)[-query.most :]


def _payloads(state: FleetState, agent: AgentState | None) -> Sequence[Payload]:
    agents = [agent] if agent is not None else list(state.agents.values())
    return [entry.text for one in agents for entry in one.transcript]


def _shown(states: Sequence[FleetState]) -> FleetState | None:
    """Give the fleet a board shows when none is named: the newest that is open."""
    open_ones = [state for state in states if not state.stopped]
    return (open_ones or list(states))[-1] if states else None


def _some_tenants(who: Membership, wanted: str) -> Sequence[str]:
    """Name the tenants asked for that whoever asks may see; raises NotFound."""
    if wanted and who.role(wanted) is None:
        raise no_tenant(wanted)
    return [wanted] if wanted else who.tenants()


def _only(states: Sequence[FleetState]) -> FleetState:
    if not states:
        raise NotFound("no fleet is open", "fleettui open FILE opens one")
    if len(states) > 1:
        raise Ambiguous("several fleets are open", f"name one: {', '.join(s.id for s in states)}")
    return states[0]


def _agent(states: Sequence[FleetState], name: str) -> tuple[FleetState, AgentState]:
    found = [(state, state.agents[name]) for state in states if name in state.agents]
    if len(found) > 1:
        where = ", ".join(f"{state.id}/{name}" for state, _ in found)
        raise Ambiguous(f"several agents are named '{name}'", f"name the fleet too: {where}")
    if not found:
        raise NotFound(f"no agent is named '{name}'", "fleettui ps names them")
    return found[0]


def _run(states: Sequence[FleetState], name: str) -> tuple[FleetState, RunState]:
    """Give a run by its id, or the newest of all."""
    runs = [(state, run) for state in states for run in state.runs.values()]
    if name:
        runs = [(state, run) for state, run in runs if run.id == name]
    if not runs:
        if not name:
            raise NotFound("nothing has run yet", "fleettui run FILE runs a fleet")
        raise NotFound(f"there is no run '{name}'", "fleettui runs names them")
    return max(runs, key=lambda pair: pair[1].started)
