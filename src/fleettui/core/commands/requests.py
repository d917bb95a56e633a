"""Commands about requests: messages that flows took, on their way to an answer."""

from __future__ import annotations

import msgspec

from fleettui.core.commands.tenants import TenantCommand
from fleettui.core.limits import Limit
from fleettui.core.model import Payload, Priority
from fleettui.core.request import ErrorType


class SendToFlow(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Give a message to flows by hand: to the one named, else to whichever the router chooses.

    Answers the id of the request. `user` is whom the router takes it to be from; who asks is the
    operator all the same. A `key` makes a repetition known.
    """

    text: str
    flow: str = ""
    platform: str = "manual"
    channel: str = ""
    user: str = ""
    event: str = ""
    key: str = ""


class UseFlows(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Serve the flows of a folder, where the host was not started with one.

    `environment` has the values that they name; it is kept in memory only.
    """

    folder: str
    agents: str = ""
    fleets: str = ""
    environment: dict[str, str] = msgspec.field(default_factory=dict)


class QueueRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Take a message for a flow. Answers the id of the request, the same for a repetition.

    `ids` are the names under which its platform may deliver it again, `limits` those of its flow;
    `user` is whose bounds it counts against. `deadline` (seconds since the epoch, 0 for none) is
    when it is of no use any more, `address` where the reply goes.
    """

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
    limits: tuple[Limit, ...] = ()


class CountDrop(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """A message that was accepted and that nobody takes."""

    platform: str
    channel: str
    why: str


class StartRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """A request's run began in a fleet."""

    request: str
    fleet: str
    run: str


class FinishRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """A request's run came to its answer."""

    request: str
    output: Payload
    tokens: int = 0


class FailRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """A request came to no answer: it is a dead letter until an operator retries or drops it."""

    request: str
    error_type: ErrorType
    reason: str
    tokens: int = 0


class DropRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Take a request that waits, or a dead one, out; RetryRequest undoes it."""

    request: str
    why: str = ""


class HoldRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Let a request wait until it is released."""

    request: str


class ReleaseRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Let a held request wait for its turn again."""

    request: str


class MoveRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Give a request that waits another priority, at the end or the beginning of its line."""

    request: str
    priority: Priority
    first: bool = False


class RetryRequest(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Let a dead or dropped request wait for its turn again, as a new run."""

    request: str


class RecordReply(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """What became of a reply: the platform's id of it, or why it was not taken.

    `retry_at` is when it is tried again, 0 for never.
    """

    request: str
    message: str = ""
    why: str = ""
    retry_at: float = 0.0
