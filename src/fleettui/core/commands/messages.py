"""Commands about a message."""

from __future__ import annotations

from fleettui.core.commands.root import Command
from fleettui.core.model import Payload, Priority


class SendMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Put a message into an agent's queue. Answers the id of the message."""

    to: str
    body: Payload
    priority: Priority = "normal"
    key: str = ""


class DeliverMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """A message is taken into the conversation of a turn; the turn's end acknowledges it."""

    message: str
    turn: str


class AckMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """A message was handled."""

    message: str


class ReturnMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """A leased message was not handled: it is delivered again, at most three times."""

    message: str
    why: str = ""


class RetryMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Put a dead letter back into its queue."""

    message: str


class DropMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Take a message that waits, or a dead letter, out of the queue."""

    message: str


class MoveMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Put a waiting message at the end of the line of a priority, or `first` in it."""

    message: str
    priority: Priority
    first: bool = False


class HoldMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Keep a waiting message from being delivered until it is released."""

    message: str


class ReleaseMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Let a held message be delivered, where it stood."""

    message: str


class RestoreMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Take back that a message was dropped: it stands where it stood."""

    message: str


class Broadcast(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent tells all others something; the call `action` ends with it."""

    action: str
    body: Payload
    priority: Priority = "normal"


class Publish(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent tells something to whoever subscribed to a topic."""

    action: str
    topic: str
    body: Payload
    priority: Priority = "normal"


class Subscribe(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent wants what is published to topics that fit a pattern."""

    action: str
    pattern: str


class AskAgent(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent asks another one; the call `action` ends with the answer."""

    action: str
    to: str
    body: Payload
    priority: Priority = "normal"


class ExpireMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """The time of a message is up: nobody took it, or nobody answered."""

    message: str
