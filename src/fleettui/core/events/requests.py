"""What happens to requests."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.model import Payload, Priority
from fleettui.core.request import ErrorType


class RequestQueued(Event, frozen=True, tag=True, omit_defaults=True):
    """A flow took a message; it is answered, however often the host dies meanwhile."""

    request: str
    flow: str
    platform: str
    channel: str
    user: str
    text: Payload
    ids: tuple[str, ...]
    agent: str = ""
    person: str = ""
    event: str = ""
    priority: Priority = "normal"
    deadline: float = 0.0
    address: str = ""
    due: float = 0.0


class DeliveryDropped(Event, frozen=True, tag=True, omit_defaults=True):
    """A message was accepted, and nobody takes it."""

    platform: str
    channel: str
    why: str


class RequestStarted(Event, frozen=True, tag=True, omit_defaults=True):
    """A run began for a request."""

    request: str
    fleet: str
    run: str


class RequestFinished(Event, frozen=True, tag=True, omit_defaults=True):
    """A request has its answer."""

    request: str
    output: Payload
    tokens: int = 0


class RequestFailed(Event, frozen=True, tag=True, omit_defaults=True):
    """A request has no answer: it is a dead letter."""

    request: str
    error_type: ErrorType
    reason: str
    tokens: int = 0


class RequestDropped(Event, frozen=True, tag=True, omit_defaults=True):
    """Somebody took a request out of the queue."""

    request: str
    by: str
    why: str = ""


class RequestHeld(Event, frozen=True, tag=True, omit_defaults=True):
    """A request waits until it is released."""

    request: str
    by: str


class RequestReleased(Event, frozen=True, tag=True, omit_defaults=True):
    """A held request waits for its turn again."""

    request: str
    by: str


class RequestMoved(Event, frozen=True, tag=True, omit_defaults=True):
    """A request got another place in the queue."""

    request: str
    priority: Priority
    by: str
    first: bool = False


class RequestRetried(Event, frozen=True, tag=True, omit_defaults=True):
    """A dead or dropped request waits again."""

    request: str
    by: str


class RequestReplied(Event, frozen=True, tag=True, omit_defaults=True):
    """The platform took the reply, and calls it `message`."""

    request: str
    message: str


class ReplyFailed(Event, frozen=True, tag=True, omit_defaults=True):
    """The platform did not take the reply; without `retry_at` it is not tried again."""

    request: str
    why: str
    retry_at: float = 0.0
