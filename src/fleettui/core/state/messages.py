"""How events change messages and the mailboxes they wait in."""

from __future__ import annotations

from typing import Any, Final

from fleettui.core.events import (
    MessageAcked,
    MessageDelivered,
    MessageDied,
    MessageDropped,
    MessageHeld,
    MessageMoved,
    MessageQueued,
    MessageReleased,
    MessageRestored,
    MessageRetried,
    MessageReturned,
    Subscribed,
)
from fleettui.core.model import Payload
from fleettui.core.queue import Mailbox
from fleettui.core.state.fleet import Entry, FleetState, MessageState

# How many dropped messages can be restored.
MOST_DROPPED: Final = 100


def _queued(state: FleetState, event: MessageQueued, at: float) -> None:
    state.number += 1
    if event.key:
        state.sent_keys.add(event.key)
    message = MessageState(
        event.message, event.sender, event.to, event.priority, event.body, at, kind=event.kind,
        topic=event.topic, correlation=event.correlation, due=event.due, order=state.seq,
    )  # fmt: skip
    state.messages[event.message] = message
    state.waiting += 1
    _push(state, message)


def _delivered(state: FleetState, event: MessageDelivered, at: float) -> None:
    message = state.messages[event.message]
    state.waiting -= message.waits
    message.status, message.turn = "leased", event.turn
    _mailbox(state, message.box).ack(event.message)
    text = message.body
    lead = f"{_named(message)} from {message.sender} ({message.priority}): "
    body = Payload(lead + text.head, text.size, text.blob)
    entry = Entry("message", at, event.turn, body, lead=len(lead))
    state.agents[message.to].transcript.append(entry)


def _acked(state: FleetState, event: MessageAcked, _at: float) -> None:
    message = state.messages.pop(event.message)
    state.waiting -= message.waits
    _mailbox(state, message.box).ack(event.message)


def _returned(state: FleetState, event: MessageReturned, _at: float) -> None:
    message = state.messages[event.message]
    state.waiting += not message.waits
    message.status, message.why = "returned", event.why
    message.tries += 1
    if message.turn:
        message.turn = ""
        _push(state, message)
    else:
        _mailbox(state, message.box).give_back(event.message)


def _died(state: FleetState, event: MessageDied, _at: float) -> None:
    message = state.messages[event.message]
    state.waiting -= message.waits
    message.status, message.why = "dead", event.why
    message.tries += 1
    message.held_by = ""
    _mailbox(state, message.box).ack(event.message)


def _retried(state: FleetState, event: MessageRetried, at: float) -> None:
    message = state.messages[event.message]
    state.waiting += not message.waits
    message.status, message.tries, message.at = "queued", 0, at
    message.order = state.seq
    _push(state, message)


def _dropped(state: FleetState, event: MessageDropped, _at: float) -> None:
    message = state.messages.pop(event.message)
    state.waiting -= message.waits
    _mailbox(state, message.box).ack(event.message)
    if not message.correlation:
        state.dropped[message.id] = message
        if len(state.dropped) > MOST_DROPPED:
            del state.dropped[next(iter(state.dropped))]


def _restored(state: FleetState, event: MessageRestored, _at: float) -> None:
    message = state.messages[event.message] = state.dropped.pop(event.message)
    message.turn = ""
    if message.status != "dead":
        message.status = "queued"
        state.waiting += 1
        _push(state, message)


def _moved(state: FleetState, event: MessageMoved, _at: float) -> None:
    message = state.messages[event.message]
    message.priority = event.priority
    message.order = -state.seq if event.first else state.seq
    if message.status != "leased":
        _push(state, message)


def _held(state: FleetState, event: MessageHeld, _at: float) -> None:
    message = state.messages[event.message]
    message.held_by = event.by
    _mailbox(state, message.box).hold(event.message)


def _released(state: FleetState, event: MessageReleased, _at: float) -> None:
    message = state.messages[event.message]
    message.held_by = ""
    _mailbox(state, message.box).give_back(event.message)


def _push(state: FleetState, message: MessageState) -> None:
    """Let a message wait where it stands."""
    box = _mailbox(state, message.box)
    box.push(message.id, message.priority, message.at, message.order)
    if message.held_by:
        box.hold(message.id)


def _named(message: MessageState) -> str:
    match message.kind:
        case "question":
            return "Question (your answer goes back)"
        case "broadcast":
            return f"Message to all{f' on {message.topic}' if message.topic else ''}"
        case "topic":
            return f"Message on {message.topic}"
        case "direct":
            return "Message"


def _subscribed(state: FleetState, event: Subscribed, _at: float) -> None:
    known = state.subscriptions.get(event.agent, ())
    state.subscriptions[event.agent] = (*known, event.pattern)


def _mailbox(state: FleetState, agent: str) -> Mailbox:
    box = state.mailboxes.get(agent)
    if box is None:
        box = state.mailboxes[agent] = Mailbox()
    return box


STEPS: dict[type, Any] = {
    MessageQueued: _queued,
    MessageDelivered: _delivered,
    MessageAcked: _acked,
    MessageReturned: _returned,
    MessageDied: _died,
    MessageRetried: _retried,
    MessageDropped: _dropped,
    MessageRestored: _restored,
    MessageHeld: _held,
    MessageReleased: _released,
    MessageMoved: _moved,
    Subscribed: _subscribed,
}
