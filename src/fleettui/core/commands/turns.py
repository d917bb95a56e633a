"""Commands of whoever performs a turn."""

from __future__ import annotations

from typing import Literal

from fleettui.core.ballot import Vote
from fleettui.core.commands.root import Command
from fleettui.core.model import Payload, Plan, ToolCall, Usage


class RecordStep(Command, frozen=True, tag=True, omit_defaults=True):
    """A model's reply was received whole."""

    turn: str
    step: int
    content: Payload
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    finish_reason: str = "stop"


class NoteProgress(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent that works by itself did something worth a line in its log."""

    turn: str
    kind: Literal["tool", "out", "note"]
    text: str


class FinishTurn(Command, frozen=True, tag=True, omit_defaults=True):
    """The runtime is done; `output` is the agent's answer.

    What the engine found in the whole text: `vote` the vote's line, `plan` the steps of a plan,
    `sent_back` why a validator wants the work done again.
    """

    turn: str
    output: Payload
    vote: Vote | None = None
    plan: Plan | None = None
    sent_back: str = ""


class FailTurn(Command, frozen=True, tag=True, omit_defaults=True):
    """The runtime failed; a retryable failure is tried again by the engine's rules.

    `crashed` says that the agent itself died or stood still: then supervision decides; `quota`
    names what its task used up.
    """

    turn: str
    reason: str
    retryable: bool = False
    retry_after: float = 0.0
    crashed: bool = False
    quota: str = ""


class RetryTurn(Command, frozen=True, tag=True, omit_defaults=True):
    """The time to try a failed turn again has come."""

    turn: str


class AwaitSettings(Command, frozen=True, tag=True, omit_defaults=True):
    """A turn's agent can't ask its model before the fleet's file is opened again."""

    turn: str


class TakeSettings(Command, frozen=True, tag=True, omit_defaults=True):
    """The fleet's file was opened again, and a turn that waited for it goes on."""

    turn: str
