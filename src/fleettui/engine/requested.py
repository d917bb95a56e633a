"""What is counted and logged of a request: one that a flow took, or a run that somebody started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from fleettui.core.events import Recorded, RunFinished
from fleettui.core.events.requests import RequestDropped, RequestFailed, RequestFinished
from fleettui.core.state.fleet import FleetState, RunState
from fleettui.core.state.requests import RequestState
from fleettui.core.state.tenant import TenantState
from fleettui.core.tenancy import tenant_of_stream
from fleettui.engine.engine import Engine
from fleettui.engine.subfleets import parent_of

_STATUS: Final = {"finished": "finished", "dead": "failed", "dropped": "dropped"}
# Where a run came from that a person or a script started here.
LOCAL = "local"


class Ended(NamedTuple):
    """A request that ended: whose, in which run, by whom, what, and what it took."""

    tenant: str
    flow: str
    platform: str
    channel: str
    user: str
    agent: str
    action: str
    status: str
    at: float
    seconds: float
    tokens: int
    request: str
    run: str
    error: str = ""
    waited: float = 0.0


def ended_by(engine: Engine, recorded: Recorded) -> Ended | None:
    """Describe what ended with an event, None where nothing did that is a request of its own."""
    match recorded.event:
        case RunFinished(run=run):
            state = engine.state(recorded.stream)
            return ended_run(state, state.runs[run])
        case (
            RequestFinished(request=name)
            | RequestFailed(request=name)
            | RequestDropped(request=name)
        ):
            tenant = engine.tenant(tenant_of_stream(recorded.stream))
            request = tenant.requests.all.get(name)
            return None if request is None else ended_request(tenant, request)
        case _:
            return None


def all_ended(engine: Engine) -> Sequence[Ended]:
    """Describe all that came to an end and is remembered."""
    runs = (
        ended_run(state, run)
        for state in engine.fleets()
        for run in state.runs.values()
        if run.status != "running"
    )
    requests = (
        ended_request(tenant, request)
        for tenant in engine.tenants()
        for request in tenant.requests.all.values()
        if request.status in _STATUS
    )
    return [*(one for one in runs if one is not None), *requests]


def ended_run(state: FleetState, run: RunState) -> Ended | None:
    """Describe a run that ended; None for one that is a step of another, or for a request."""
    if parent_of(run) or run.request:
        return None
    finished = run.finished or run.started
    return Ended(
        state.tenant, state.name, LOCAL, "", run.by, run.agents[0] if len(run.agents) == 1 else "",
        run.task.head, run.status, finished, finished - run.started, run.bill.tokens, run.id,
        run.id,
    )  # fmt: skip


def ended_request(tenant: TenantState, request: RequestState) -> Ended:
    """Describe a request of a flow that came to its end."""
    finished = request.finished or request.at
    return Ended(
        tenant.name, request.flow, request.platform, request.channel,
        request.person or request.user, request.agent, request.text.head, _STATUS[request.status],
        finished, finished - request.at, request.tokens, request.id, request.run,
        request.error_type, request.started - request.at if request.started else 0.0,
    )  # fmt: skip
