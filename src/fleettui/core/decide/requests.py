"""Rules about requests: each is taken once, starts once, and comes to one end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fleettui.core.commands import requests as commands
from fleettui.core.decide.outcome import NOTHING, Outcome, no_agent
from fleettui.core.errors import Forbidden, QuotaReached, Refused, Stale
from fleettui.core.events import requests as events
from fleettui.core.limits import Limit, Over, Usage
from fleettui.core.model import Asked
from fleettui.core.state.requests import RequestState
from fleettui.core.state.tenant import TenantState

_NOTHING_USED = Usage()


def queue_request(state: TenantState, command: commands.QueueRequest, asked: Asked) -> Outcome:
    """Take a message, unless it was taken before or a limit is reached."""
    no_agent(asked, "give a flow a request")
    requests = state.requests
    known = requests.repeated(command.ids)
    if known:
        return Outcome((), known)
    if state.retired:
        raise Refused(f"tenant {state.name} is retired", "its file must come back first")
    if not command.text.head.strip():
        raise Refused("the message is empty", "say what the flow should do")
    whose = command.person or (f"{command.platform}:{command.user}" if command.user else "")
    refuse_over(state, command.limits, asked.at)
    asked.standing.admit_request(whose, asked.at)
    asked.standing.admit_messages(1)
    name = f"r{requests.number + 1}"
    queued = events.RequestQueued(
        name, command.flow, command.platform, command.channel, command.user, command.text,
        command.ids, command.agent, command.person, command.event, command.priority,
        command.deadline, command.address, command.due,
    )  # fmt: skip
    return Outcome((queued,), name)


def refuse_over(state: TenantState, limits: tuple[Limit, ...], now: float) -> None:
    """Raise QuotaReached for the limit that has room last, if any has none now."""
    reached = [
        Over(limit, free_at)
        for limit in limits
        if (
            free_at := state.requests.usage.get(limit.key, _NOTHING_USED).free_at(
                limit.most, limit.span, now
            )
        )
    ]
    if reached:
        over = max(reached, key=lambda one: one.free_at)
        raise QuotaReached(str(over), "wait until there is room again", again_at=over.free_at)


def count_drop(_state: TenantState, command: commands.CountDrop, asked: Asked) -> Outcome:
    no_agent(asked, "drop a message")
    return Outcome((events.DeliveryDropped(command.platform, command.channel, command.why),))


def start_request(state: TenantState, command: commands.StartRequest, _asked: Asked) -> Outcome:
    """Note that a run began; told twice of the same run, it is once."""
    request = state.requests.one(command.request)
    if (request.status, request.fleet, request.run) == ("running", command.fleet, command.run):
        return NOTHING
    _want(request, "queued")
    return Outcome((events.RequestStarted(request.id, command.fleet, command.run),))


def finish_request(state: TenantState, command: commands.FinishRequest, _asked: Asked) -> Outcome:
    request = state.requests.one(command.request)
    _want(request, "running")
    return Outcome((events.RequestFinished(request.id, command.output, command.tokens),))


def fail_request(state: TenantState, command: commands.FailRequest, _asked: Asked) -> Outcome:
    request = state.requests.one(command.request)
    _want(request, "queued", "running")
    return Outcome((
        events.RequestFailed(request.id, command.error_type, command.reason, command.tokens),
    ))  # fmt: skip


def drop_request(state: TenantState, command: commands.DropRequest, asked: Asked) -> Outcome:
    request = state.requests.one(command.request)
    by = no_agent(asked, "drop a request")
    if request.status == "running":
        raise Refused(f"{request.id} is at work in {request.fleet}", "cancel its run instead")
    _want(request, "queued", "dead")
    return Outcome((events.RequestDropped(request.id, by, command.why),))


def hold_request(state: TenantState, command: commands.HoldRequest, asked: Asked) -> Outcome:
    request = state.requests.one(command.request)
    by = no_agent(asked, "hold a request")
    _want(request, "queued")
    return NOTHING if request.held_by else Outcome((events.RequestHeld(request.id, by),))


def release_request(state: TenantState, command: commands.ReleaseRequest, asked: Asked) -> Outcome:
    request = state.requests.one(command.request)
    by = no_agent(asked, "release a request")
    if not request.held_by:
        raise Stale(f"{request.id} is not held")
    return Outcome((events.RequestReleased(request.id, by),))


def move_request(state: TenantState, command: commands.MoveRequest, asked: Asked) -> Outcome:
    request = state.requests.one(command.request)
    by = no_agent(asked, "move a request")
    _want(request, "queued")
    return Outcome((events.RequestMoved(request.id, command.priority, by, command.first),))


def retry_request(state: TenantState, command: commands.RetryRequest, asked: Asked) -> Outcome:
    request = state.requests.one(command.request)
    by = no_agent(asked, "retry a request")
    _want(request, "dead", "dropped")
    return Outcome((events.RequestRetried(request.id, by),))


def record_reply(state: TenantState, command: commands.RecordReply, asked: Asked) -> Outcome:
    """Note what became of a reply; one that was sent is not owed any more."""
    if asked.actor.kind != "system":
        raise Forbidden("only the host knows what became of a reply")
    request = state.requests.one(command.request)
    if request.reply != "owed":
        raise Stale(f"{request.id} owes no reply: {request.reply}")
    if command.why:
        return Outcome((events.ReplyFailed(request.id, command.why, command.retry_at),))
    return Outcome((events.RequestReplied(request.id, command.message),))


def _want(request: RequestState, *statuses: str) -> None:
    if request.status not in statuses:
        raise Stale(f"{request.id} is {request.status}, not {' or '.join(statuses)}")


Rule = Callable[[TenantState, Any, Asked], Outcome]
REQUEST_RULES: Final[dict[type, Rule]] = {
    commands.QueueRequest: queue_request,
    commands.CountDrop: count_drop,
    commands.StartRequest: start_request,
    commands.FinishRequest: finish_request,
    commands.FailRequest: fail_request,
    commands.DropRequest: drop_request,
    commands.HoldRequest: hold_request,
    commands.ReleaseRequest: release_request,
    commands.MoveRequest: move_request,
    commands.RetryRequest: retry_request,
    commands.RecordReply: record_reply,
}
