"""What happens to a message."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.model import MessageKind, Payload, Priority


class MessageQueued(Event, frozen=True, tag=True, omit_defaults=True):
    """A message waits for its receiver.

    `topic` is the topic or channel, `correlation` the call that waits for an answer, `due` when
    it is of no use any more.
    """

    message: str
    sender: str
    to: str
    priority: Priority
    body: Payload
    key: str = ""
    kind: MessageKind = "direct"
    topic: str = ""
    correlation: str = ""
    due: float = 0.0


class Subscribed(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent wants what is published to topics that fit a pattern."""

    agent: str
    pattern: str


class MessageDelivered(Event, frozen=True, tag=True, omit_defaults=True):
    """A message is part of the conversation of a turn, which has still to end well."""

    message: str
    turn: str


class MessageAcked(Event, frozen=True, tag=True, omit_defaults=True):
    """A message was handled."""

    message: str


class MessageReturned(Event, frozen=True, tag=True, omit_defaults=True):
    """A delivery came to nothing."""

    message: str
    why: str = ""


class MessageDied(Event, frozen=True, tag=True, omit_defaults=True):
    """A message was delivered too often in vain: it is a dead letter."""

    message: str
    why: str = ""


class MessageRetried(Event, frozen=True, tag=True, omit_defaults=True):
    """A dead letter waits again."""

    message: str
    by: str = ""


class MessageDropped(Event, frozen=True, tag=True, omit_defaults=True):
    """A message was taken out by hand."""

    message: str
    by: str = ""


class MessageMoved(Event, frozen=True, tag=True, omit_defaults=True):
    """A message stands at the end of the line of a priority, or before all in it."""

    message: str
    priority: Priority
    by: str = ""
    first: bool = False


class MessageHeld(Event, frozen=True, tag=True, omit_defaults=True):
    """A message is not delivered until it is released."""

    message: str
    by: str


class MessageReleased(Event, frozen=True, tag=True, omit_defaults=True):
    """A held message may be delivered, where it stood."""

    message: str
    by: str = ""


class MessageRestored(Event, frozen=True, tag=True, omit_defaults=True):
    """A dropped message waits again where it stood, or is the dead letter that it was."""

    message: str
    by: str = ""
