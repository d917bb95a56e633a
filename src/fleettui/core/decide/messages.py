"""Rules about messages."""

from __future__ import annotations

from fleettui.core.commands import (
    AckMessage,
    DeliverMessage,
    DropMessage,
    HoldMessage,
    MoveMessage,
    ReleaseMessage,
    RestoreMessage,
    RetryMessage,
    ReturnMessage,
    SendMessage,
)
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.decide.scaling import receiver
from fleettui.core.decide.talks import answered, communication_of
from fleettui.core.errors import NotFound, Refused, Stale
from fleettui.core.events import (
    AnyEvent,
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
)
from fleettui.core.model import Asked
from fleettui.core.queue import MOST_TRIES
from fleettui.core.state.fleet import FleetState, MessageState


def send_message(state: FleetState, command: SendMessage, asked: Asked) -> Outcome:
    """Queue a message to an agent, or to one of an entry; a `key` sent before is not again."""
    to, made = receiver(state, command.to, asked.standing)
    if not command.body.head:
        raise Refused("the message is empty", "say something")
    name = f"{state.id}/{state.number + 1}"
    if command.key in state.sent_keys:
        return NOTHING
    asked.standing.admit_messages(1)
    by_agent = asked.actor.kind != "operator"
    sender = asked.actor.name if by_agent else str(asked.actor)
    direct = communication_of(state).direct
    timed = by_agent and "timeout_ms" in direct.model_fields_set
    queued = MessageQueued(
        name, sender, to, command.priority, command.body, command.key,
        due=asked.at + direct.timeout_ms / 1000 if timed else 0.0,
    )  # fmt: skip
    return Outcome((*made, queued), name)


def deliver_message(state: FleetState, command: DeliverMessage, _asked: Asked) -> Outcome:
    message, turn = state.message(command.message), state.turn(command.turn)
    if message.status not in {"queued", "returned"} or turn.status != "open" or message.held_by:
        return NOTHING
    return Outcome((MessageDelivered(message.id, turn.id),))


def ack_message(state: FleetState, command: AckMessage, _asked: Asked) -> Outcome:
    """Take a message as handled; twice is once."""
    if command.message not in state.messages:
        return NOTHING
    return Outcome((MessageAcked(command.message),))


def return_message(state: FleetState, command: ReturnMessage, _asked: Asked) -> Outcome:
    message = state.message(command.message)
    return Outcome((returned(message, command.why),)) if message.status != "dead" else NOTHING


def returned(message: MessageState, why: str) -> AnyEvent:
    """Let a message wait again, or make it a dead letter after its last try."""
    if message.tries + 1 >= MOST_TRIES:
        return MessageDied(message.id, why)
    return MessageReturned(message.id, why)


def retry_message(state: FleetState, command: RetryMessage, asked: Asked) -> Outcome:
    message = state.message(command.message)
    if message.status != "dead":
        raise Stale(f"{message.id} is {message.status}, not a dead letter")
    asked.standing.admit_messages(1)
    return Outcome((MessageRetried(message.id, str(asked.actor)),))


def drop_message(state: FleetState, command: DropMessage, asked: Asked) -> Outcome:
    message = state.message(command.message)
    by = str(asked.actor)
    untold = answered(state, message.correlation, f"{by} dropped the question")
    return Outcome((MessageDropped(message.id, by), *untold))


def move_message(state: FleetState, command: MoveMessage, asked: Asked) -> Outcome:
    message = state.message(command.message)
    if message.status == "dead":
        raise Stale(f"{message.id} is a dead letter", "retry it first")
    moved = MessageMoved(message.id, command.priority, str(asked.actor), command.first)
    return Outcome((moved,))


def hold_message(state: FleetState, command: HoldMessage, asked: Asked) -> Outcome:
    message = state.message(command.message)
    if message.held_by:
        return NOTHING
    if message.status not in {"queued", "returned"}:
        what = "a dead letter" if message.status == "dead" else "delivered already"
        raise Stale(f"{message.id} is {what}", "only what waits can be held")
    return Outcome((MessageHeld(message.id, str(asked.actor)),))


def release_message(state: FleetState, command: ReleaseMessage, asked: Asked) -> Outcome:
    message = state.message(command.message)
    if not message.held_by:
        return NOTHING
    return Outcome((MessageReleased(message.id, str(asked.actor)),))


def restore_message(state: FleetState, command: RestoreMessage, asked: Asked) -> Outcome:
    """Take back a drop; twice is once."""
    if command.message in state.messages:
        return NOTHING
    dropped = state.dropped.get(command.message)
    if dropped is None:
        raise NotFound(
            f"{command.message} was not dropped, or too long ago",
            "a question can't be restored: whoever asked knows that nobody answers",
        )
    if dropped.to not in state.agents:
        raise Refused(f"{dropped.to}, whom {dropped.id} is for, is gone", "send it to another")
    asked.standing.admit_messages(1)
    return Outcome((MessageRestored(dropped.id, str(asked.actor)),))
