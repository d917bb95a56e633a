"""How events change the requests of a tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleettui.core.events import requests as events
from fleettui.core.limits import request_key, token_key
from fleettui.core.state.requests import RequestsState, RequestState

Step = Callable[[RequestsState, Any, float], None]


def keys_of(request: RequestState, kind: Callable[..., str]) -> tuple[str, ...]:
    """Name all that a request counts against: its tenant, its flow, its user in both."""
    whose = request.whose
    of_user = (kind("user", whose), kind("flow", request.flow, "user", whose)) if whose else ()
    return (kind("all"), kind("flow", request.flow), *of_user)


def _queued(state: RequestsState, event: events.RequestQueued, at: float) -> None:
    state.number += 1
    request = RequestState(
        event.request, event.flow, event.agent, event.platform, event.channel, event.user,
        event.person, event.text, event.priority, at, event.event, event.deadline, event.address,
    )  # fmt: skip
    state.all[request.id] = request
    state.open[request.id] = None
    state.see(event.ids, request.id, at)
    state.count(keys_of(request, request_key), at, 1)
    if event.due:
        state.due[event.flow] = event.due


def _delivery_dropped(state: RequestsState, _event: events.DeliveryDropped, _at: float) -> None:
    state.dropped += 1


def _started(state: RequestsState, event: events.RequestStarted, at: float) -> None:
    request = state.all[event.request]
    request.status, request.started, request.first = "running", at, False
    request.fleet, request.run = event.fleet, event.run


def _finished(state: RequestsState, event: events.RequestFinished, at: float) -> None:
    request = state.all[event.request]
    request.status, request.output = "finished", event.output
    _end(state, request, event.tokens, at)


def _failed(state: RequestsState, event: events.RequestFailed, at: float) -> None:
    request = state.all[event.request]
    request.status, request.error_type, request.why = "dead", event.error_type, event.reason
    _end(state, request, event.tokens, at)


def _dropped(state: RequestsState, event: events.RequestDropped, at: float) -> None:
    request = state.all[event.request]
    request.status, request.why = "dropped", event.why or f"dropped by {event.by}"
    _end(state, request, 0, at)


def _end(state: RequestsState, request: RequestState, tokens: int, at: float) -> None:
    request.finished, request.held_by = at, ""
    request.tokens += tokens
    if tokens:
        state.count(keys_of(request, token_key), at, tokens)
    if request.address:
        request.reply, request.reply_tries, request.reply_at = "owed", 0, at
        state.owing[request.id] = None
    state.close(request.id)


def _held(state: RequestsState, event: events.RequestHeld, _at: float) -> None:
    state.all[event.request].held_by = event.by


def _released(state: RequestsState, event: events.RequestReleased, _at: float) -> None:
    state.all[event.request].held_by = ""


def _moved(state: RequestsState, event: events.RequestMoved, _at: float) -> None:
    request = state.all[event.request]
    request.priority, request.first = event.priority, event.first
    # The order of what is open is the order in which a restart puts it into the queue.
    del state.open[event.request]
    if event.first:
        state.open = {event.request: None, **state.open}
    else:
        state.open[event.request] = None


def _retried(state: RequestsState, event: events.RequestRetried, _at: float) -> None:
    request = state.all[event.request]
    if request.status == "dead" or request.run:
        request.tries += 1
    request.status, request.error_type, request.why = "queued", "", ""
    request.fleet, request.run, request.finished, request.deadline = "", "", 0.0, 0.0
    request.reply = "none"
    state.owing.pop(request.id, None)
    state.open[request.id] = None


def _replied(state: RequestsState, event: events.RequestReplied, _at: float) -> None:
    request = state.all[event.request]
    request.reply, request.reply_id, request.reply_at = "sent", event.message, 0.0
    state.owing.pop(request.id, None)


def _reply_failed(state: RequestsState, event: events.ReplyFailed, _at: float) -> None:
    request = state.all[event.request]
    request.reply_tries += 1
    request.reply_at = event.retry_at
    if not event.retry_at:
        request.reply = "lost"
        request.why = request.why or f"the reply was not taken: {event.why}"
        state.owing.pop(request.id, None)


REQUEST_STEPS: dict[type, Step] = {
    events.RequestQueued: _queued,
    events.DeliveryDropped: _delivery_dropped,
    events.RequestStarted: _started,
    events.RequestFinished: _finished,
    events.RequestFailed: _failed,
    events.RequestDropped: _dropped,
    events.RequestHeld: _held,
    events.RequestReleased: _released,
    events.RequestMoved: _moved,
    events.RequestRetried: _retried,
    events.RequestReplied: _replied,
    events.ReplyFailed: _reply_failed,
}
