"""Requests: what flows took is begun fairly, followed to its end, and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextvars import Context
from typing import Any

from fleettui.core.commands import StartRun
from fleettui.core.commands.requests import FailRequest, StartRequest
from fleettui.core.errors import (
    BadSpec,
    FleettuiError,
    MissingExtra,
    NotBuilt,
    Refused,
    StoreFailed,
)
from fleettui.core.events import ActionAsked, Recorded, RunFinished, StepTaken
from fleettui.core.events import requests as events
from fleettui.core.fair import FairQueue, Taken, Terms, Ticket
from fleettui.core.flow import Flow
from fleettui.core.model import Actor
from fleettui.core.request import ErrorType, request_key_of_run
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.core.state.requests import RequestState
from fleettui.core.state.tenant import TenantState
from fleettui.core.tenancy import is_tenant_stream, tenant_of_stream
from fleettui.engine.at_work import AGAIN, AtWork, parts_of
from fleettui.engine.engine import Engine
from fleettui.engine.flows import Flows
from fleettui.engine.intake import actor_of
from fleettui.engine.items import Items
from fleettui.engine.lanes import Lanes
from fleettui.engine.questions import Questions
from fleettui.engine.replies import Replies
from fleettui.engine.terms import terms_of
from fleettui.engine.watching import isolated

_log = logging.getLogger(__name__)
# How often (seconds) what goes on is looked at: time that is up, deadlines, lanes that are idle.
_LOOK = 1.0


class Requests:
    """Watches tenants and lanes; everything it knows is in their events.

    After a crash `catch_up` asks for every open request again: one that has a run goes on with
    it, one that has none waits for its turn.
    """

    def __init__(
        self,
        engine: Engine,
        flows: Flows,
        lanes: Lanes,
        items: Items,
        questions: Questions,
        replies: Replies,
        group: asyncio.TaskGroup,
    ) -> None:
        self._engine, self._flows, self._lanes, self._items = engine, flows, lanes, items
        self._questions, self._replies, self._group = questions, replies, group
        self._queue = FairQueue(self._terms_of)
        self._tasks: set[asyncio.Task[None]] = set()
        # Requests that a lane of their flow is missing for, by flow.
        self._parked: dict[tuple[str, str], list[Ticket]] = {}
        self._at_work = AtWork(engine, flows)
        self._again: set[Ticket] = set()
        self._wake = asyncio.Event()
        flows.listen(self._flows_changed)

    def tasks(self) -> Iterator[asyncio.Task[None]]:
        """Give what goes on, to be ended with the host."""
        return iter(tuple(self._tasks))

    def why(self, tenant: str, request: str) -> str:
        """Say in words why a request waits; empty for one that doesn't."""
        state = self._engine.tenant(tenant).requests.all.get(request)
        if state is None or state.status != "queued":
            return ""
        if any(one.id == f"{tenant}/{request}" for some in self._parked.values() for one in some):
            return f"flow {state.flow} has as many at work as it may"
        if state.held_by:
            return f"held by {state.held_by}"
        terms = self._terms_of(tenant)
        if terms.is_stopped:
            return f"tenant {tenant} is held by {terms.held_by}" if terms.held_by else terms.used_up
        waits = self._queue.why(f"{tenant}/{request}")
        if waits is None:
            return "about to begin"
        if waits.kind == "key_full":
            return f"{waits.by} has {waits.running} of {waits.most} at work"
        return "waits for its turn"

    def refresh(self) -> None:
        """Take over changed terms of tenants."""
        self._queue.refresh()
        self._pump()

    # --- what happens --------------------------------------------------------------------------

    async def on_event(self, recorded: Recorded) -> None:
        if is_tenant_stream(recorded.stream):
            self._on_tenant(tenant_of_stream(recorded.stream), recorded.event)
            return
        match recorded.event:
            case RunFinished(run=run):
                request = self._at_work.request_of(recorded.stream, run)
                if request is not None:
                    self._do(self._at_work.settle(*request))
            case ActionAsked(action=action):
                state = self._engine.state(recorded.stream)
                asked = state.actions.get(action)
                request = self._at_work.request_of(state.id, asked.run) if asked else None
                if asked is not None and request is not None:
                    self._ask(state, asked, *request)
            case StepTaken(turn=turn):
                state = self._engine.state(recorded.stream)
                at_work = state.run_of(state.turns[turn]) if turn in state.turns else None
                request = self._at_work.request_of(state.id, at_work.id) if at_work else None
                if at_work is not None and request is not None:
                    await self._at_work.look_at_tokens(state, at_work, request)
            case _:
                pass

    def _ask(self, state: FleetState, action: ActionState, tenant: str, request: str) -> None:
        found = self._engine.tenant(tenant).requests.one(request)
        self._do(self._questions.ask(state, action, found))

    def _on_tenant(self, tenant: str, event: Any) -> None:
        match event:
            case events.RequestQueued(request=name) | events.RequestRetried(request=name):
                self._push(tenant, self._engine.tenant(tenant).requests.one(name))
            case events.RequestMoved(request=name, priority=priority, first=first):
                self._queue.move(f"{tenant}/{name}", priority, first=first)
            case events.RequestHeld(request=name, by=by):
                self._queue.hold(f"{tenant}/{name}", by)
            case events.RequestReleased(request=name):
                self._queue.release(f"{tenant}/{name}")
            case (
                events.RequestFinished(request=name)
                | events.RequestFailed(request=name)
                | events.RequestDropped(request=name)
            ):
                self._forget(tenant, name)
                self._replies.owe(tenant, name)
            case _:
                return
        self._pump()

    def catch_up(self) -> None:
        """Take up all that is open, in the order it has."""
        tenants = self._engine.tenants()
        waiting = [
            (one.name, one.requests.all[name]) for one in tenants for name in one.requests.open
        ]
        for tenant, request in waiting:
            if request.status == "running":
                self._follow(tenant, request)
        for tenant, request in waiting:
            self._push(tenant, request)
        for one in tenants:
            for name in one.requests.owing:
                self._replies.owe(one.name, name)
        self._pump()

    async def run(self) -> None:
        """Look at what goes on now and then, for ever; with nothing to do, at nothing."""
        while True:
            self._wake.clear()
            if not (self._at_work or self._again or len(self._queue) or self._lanes.any_open):
                await self._wake.wait()
            await asyncio.sleep(_LOOK)
            now = self._engine.clock.now()
            await self._at_work.look(_LOOK)
            while (late := self._queue.late(now)) is not None:
                self._do(self._fail(*parts_of(late.id), "deadline", "it waited too long"))
            for ticket in self._again:
                self._queue.push(ticket)
            self._again.clear()
            await isolated(self._lanes.release_idle, now)
            self._pump()

    # --- the queue -----------------------------------------------------------------------------

    def _terms_of(self, tenant: str) -> Terms:
        """Give what a tenant may have: its turns are bounded elsewhere, its users here."""
        mine = (
            self._flows.settings.most_of_user,
            self._engine.tenant(tenant).spec.quotas.per_user.concurrent_requests,
        )
        most_of_key = min((one for one in mine if one), default=0)
        return terms_of(self._engine, tenant)._replace(most=0, most_of_key=most_of_key)

    def _push(self, tenant: str, request: RequestState) -> None:
        if request.status != "queued" or self._is_known(tenant, request.id):
            return
        ticket = Ticket(
            f"{tenant}/{request.id}", tenant, request.priority, request.at,
            request.deadline or None, request.whose,
        )  # fmt: skip
        self._queue.push(ticket, first=request.first)
        if request.held_by:
            self._queue.hold(ticket.id, request.held_by)
        self._wake.set()

    def _is_known(self, tenant: str, request: str) -> bool:
        ticket = f"{tenant}/{request}"
        return self._queue.is_running(ticket) or self._queue.priority(ticket) is not None

    def _pump(self) -> None:
        if not self._flows.loaded:
            return
        while max(self._queue.running, len(self._at_work)) < self._flows.settings.most:
            taken = self._queue.take(self._engine.clock.now())
            if taken is None:
                return
            self._do(self._begin(taken))

    def _forget(self, tenant: str, request: str) -> None:
        """Free the place of a request that came to its end, and whoever waits for it."""
        ticket = f"{tenant}/{request}"
        self._queue.drop(ticket)
        self._queue.done(ticket)
        self._at_work.forget(ticket)
        flow = self._engine.tenant(tenant).requests.one(request).flow
        for some in self._parked.values():
            some[:] = [one for one in some if one.id != ticket]
        for waiting in reversed(self._parked.pop((tenant, flow), [])):
            self._queue.push(waiting, first=True)

    def _flows_changed(self) -> None:
        self._lanes.restore()
        self._queue.refresh()
        for some in self._parked.values():
            for ticket in reversed(some):
                self._queue.push(ticket, first=True)
        self._parked.clear()
        self._pump()

    # --- beginning -----------------------------------------------------------------------------

    async def _begin(self, taken: Taken) -> None:
        ticket = taken.ticket
        tenant_name, name = parts_of(ticket.id)
        tenant = self._engine.tenant(tenant_name)
        request = tenant.requests.one(name)
        if taken.expired:
            await self._fail(tenant_name, name, "deadline", "it waited too long")
            return
        try:
            await self._start(ticket, tenant, request)
        except (Refused, BadSpec, NotBuilt, MissingExtra) as error:
            await self._fail(tenant_name, name, "unable", str(error))
        except FleettuiError as error:
            _log.warning("%s waits: %s", ticket.id, error)
            self._queue.done(ticket.id)
            self._again.add(ticket)
            self._wake.set()

    async def _start(self, ticket: Ticket, tenant: TenantState, request: RequestState) -> None:
        """Start the run of a request, or join the one that a life before this one started."""
        flow = self._flows.find(tenant.name, request.flow)
        if flow is None:
            raise Refused(f"flow '{request.flow}' is not there any more", "put its file back")
        key = request_key_of_run(tenant.name, request.id, request.tries)
        found = self._lanes.run_of(flow, request.agent, key)
        if found is not None:
            lane, run = found[0], found[1].id
        else:
            started = await self._start_run(ticket, flow, tenant, request, key)
            if started is None:
                return
            lane, run = started
        await self._engine.send(StartRequest(tenant.name, request.id, lane, run))
        self._follow(tenant.name, request)
        # What was asked before this was known.
        state = self._engine.state(lane)
        for action in [state.actions[one] for one in state.open_actions]:
            if action.run == run and action.status == "asking":
                self._ask(state, action, tenant.name, request.id)

    async def _start_run(
        self, ticket: Ticket, flow: Flow, tenant: TenantState, request: RequestState, key: str
    ) -> tuple[str, str] | None:
        """Start a run in a lane that is free; None where it has to wait for one."""
        actor = self._actor(flow, tenant, request)
        talk = f"{request.platform} {request.channel} {request.whose}"
        most = flow.spec.limits.max_concurrent_tasks or self._flows.settings.most
        mine = flow.spec.limits.max_tasks_per_user
        busy = sum(
            one.flow == flow.name and one.whose == request.whose and one.status == "running"
            for one in (tenant.requests.all[name] for name in tenant.requests.open)
        )
        lane = (
            None
            if mine and request.whose and busy >= mine
            else self._lanes.reserve(flow, request.agent, talk, most)
        )
        if lane is None:
            self._queue.done(ticket.id)
            self._parked.setdefault((tenant.name, flow.name), []).append(ticket)
            return None
        try:
            await self._lanes.open(lane, flow, request.agent)
            text = await self._engine.text(tenant.name, request.text)
            items = await self._items.find(lane, text)
            command = StartRun(lane, request.text, items=items, request=key)
            return lane, await self._engine.send(command, actor)
        finally:
            self._lanes.give_back(lane)

    def _actor(self, flow: Flow, tenant: TenantState, request: RequestState) -> Actor:
        """Give who asked: what they may do is looked up again."""
        return actor_of(request.platform, request.whose, flow, tenant)

    # --- ending --------------------------------------------------------------------------------

    def _follow(self, tenant: str, request: RequestState) -> None:
        """Wait for the end of a request's run, which may have come already."""
        ticket = f"{tenant}/{request.id}"
        if not self._queue.is_running(ticket):
            # It was begun in a life before this one: it has a place, whoever waits.
            self._queue.admit(
                Ticket(ticket, tenant, request.priority, request.at, None, request.whose)
            )
        self._wake.set()
        if self._at_work.follow(tenant, request):
            self._do(self._at_work.settle(tenant, request.id))

    async def _fail(self, tenant: str, name: str, kind: ErrorType, reason: str) -> None:
        while True:
            try:
                await self._engine.send(FailRequest(tenant, name, kind, reason))
            except StoreFailed:
                await asyncio.sleep(AGAIN)
                continue
            except Refused as refusal:
                _log.info("%s/%s: %s", tenant, name, refusal)
                self._queue.done(f"{tenant}/{name}")
            return

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside everything else; its errors are recorded and stay its own."""
        # Of no tenant: whoever caused it may belong to another than it is done for.
        task = self._group.create_task(isolated(lambda: work), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
