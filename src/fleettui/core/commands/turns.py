"""Commands of whoever performs a turn."""

from __future__ import annotations

from fleettui.core.ballot import Vote
from fleettui.core.commands.root import Command
from fleettui.core.model import Payload, ToolCall, Usage


class RecordStep(Command, frozen=True, tag=True, omit_defaults=True):
    """A model's reply was received whole."""

    turn: str
    step: int
    content: Payload
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    finish_reason: str = "stop"


class FinishTurn(Command, frozen=True, tag=True, omit_defaults=True):
    """The runtime is done; `output` is the agent's answer, `vote` the line found in it."""

    turn: str
    output: Payload
    vote: Vote | None = None


class FailTurn(Command, frozen=True, tag=True, omit_defaults=True):
    """The runtime failed; a retryable failure is tried again by the engine's rules."""

    turn: str
    reason: str
    retryable: bool = False
    retry_after: float = 0.0


class RetryTurn(Command, frozen=True, tag=True, omit_defaults=True):
    """The time to try a failed turn again has come."""

    turn: str
