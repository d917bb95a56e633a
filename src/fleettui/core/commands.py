"""Commands: what somebody asks for, in the imperative; one handler each, in decide."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from fleettui.core.ballot import Vote
from fleettui.core.model import (
    Facts,
    Finding,
    Payload,
    Priority,
    ToolCall,
    ToolResult,
    Usage,
)


class Command(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The root: every command names the fleet whose stream it changes."""

    fleet: str


# --- of a person, through any face ---------------------------------------------------------------


class OpenFleet(Command, frozen=True, tag=True, omit_defaults=True):
    """Open a fleet file; `fleet` may be empty, then it is named after the file's fleet.

    `path` and `workspace` are absolute, `environment` is the caller's (kept in memory only) and
    `choose` names the fleet of a file that holds several. Answers the id of the fleet.
    """

    path: str = ""
    workspace: str = ""
    choose: str = ""
    environment: dict[str, str] = {}


class AdmitFleet(Command, frozen=True, tag=True, omit_defaults=True):
    """What the Session makes of OpenFleet once the file was read and checked."""

    name: str
    file: str
    workspace: str
    spec: dict[str, Any]
    warnings: tuple[str, ...] = ()


class StopFleet(Command, frozen=True, tag=True, omit_defaults=True):
    """End a fleet at a safe point: what runs is finished, what waits is denied."""


class StartRun(Command, frozen=True, tag=True, omit_defaults=True):
    """Give the fleet a task. Answers the id of the run.

    `base` is a git revision the tools compare with; `record` and `replay` name files of model
    exchanges.
    """

    task: Payload
    base: str = ""
    record: str = ""
    replay: str = ""


class CancelRun(Command, frozen=True, tag=True, omit_defaults=True):
    """End a run without a verdict; what was done is kept."""

    run: str
    why: str = ""


class MoveAgent(Command, frozen=True, tag=True, omit_defaults=True):
    """Start, pause, resume, stop, restart or remove an agent."""

    agent: str
    verb: Literal["start", "pause", "resume", "stop", "restart", "remove"]


class MakeCheckpoint(Command, frozen=True, tag=True, omit_defaults=True):
    """Mark this point of an agent's history. Answers the id of the checkpoint."""

    agent: str
    why: str = "by hand"


class RollBack(Command, frozen=True, tag=True, omit_defaults=True):
    """Take an agent's transcript and memory back. Answers the checkpoint that undoes it."""

    agent: str
    checkpoint: str


class SendMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Put a message into an agent's queue. Answers the id of the message."""

    to: str
    body: Payload
    priority: Priority = "normal"
    key: str = ""


class RetryMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Put a dead letter back into its queue."""

    message: str


class DropMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Take a message that waits, or a dead letter, out of the queue."""

    message: str


class MoveMessage(Command, frozen=True, tag=True, omit_defaults=True):
    """Give a waiting message another priority."""

    message: str
    priority: Priority


class Approve(Command, frozen=True, tag=True, omit_defaults=True):
    """Allow one exact action once; `always` saves a rule for the agent or the whole fleet.

    `version`, `digest` and `nonce` are those of the item that was shown; a face that shows the
    item now fills them in.
    """

    action: str
    version: int
    digest: str
    nonce: str
    always: Literal["", "agent", "fleet"] = ""
    confirmed: bool = False


class Deny(Command, frozen=True, tag=True, omit_defaults=True):
    """Refuse an action; the agent gets the reason."""

    action: str
    version: int
    reason: str = ""


class EditAction(Command, frozen=True, tag=True, omit_defaults=True):
    """Put another argv in place of the one an action asks for; it asks again, as a new version."""

    action: str
    version: int
    argv: tuple[str, ...]
    facts: Facts | None = None
    nonce: str = ""


class ExtendExpiry(Command, frozen=True, tag=True, omit_defaults=True):
    """Give an action or a ballot more time, in seconds from now."""

    item: str
    seconds: float = 900.0


class RevokeRule(Command, frozen=True, tag=True, omit_defaults=True):
    """Take back an "always" rule."""

    rule: str


class OverrideBallot(Command, frozen=True, tag=True, omit_defaults=True):
    """Decide as a person where agents did not, or against them; a reason is required."""

    ballot: str
    verdict: str
    reason: str


# --- of an agent or the system, while it works --------------------------------------------------


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


class CastVote(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent votes in the ballot of its turn's run."""

    turn: str
    verdict: str
    confidence: float | None = None
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    output: Payload = Payload("")


class CloseBallot(Command, frozen=True, tag=True, omit_defaults=True):
    """The time of a ballot is up."""

    ballot: str


class ProposeAction(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent wants to do one exact thing. Answers the id of the action.

    `turn` is empty for what the fleet itself proposes after a run. `nonce` is fresh randomness.
    """

    turn: str
    call: ToolCall
    facts: Facts
    nonce: str
    run: str = ""
    why: str = ""


class RejectCall(Command, frozen=True, tag=True, omit_defaults=True):
    """A call that makes no sense: nobody is asked, the agent gets the reason."""

    turn: str
    call: str
    reason: str


class StartAction(Command, frozen=True, tag=True, omit_defaults=True):
    """The action is about to be done; `facts` were frozen again just now and must be the same."""

    action: str
    facts: Facts


class FinishAction(Command, frozen=True, tag=True, omit_defaults=True):
    """The action was done; `result.output` is empty, its text is in `output`."""

    action: str
    result: ToolResult
    output: Payload


class LoseAction(Command, frozen=True, tag=True, omit_defaults=True):
    """Nobody knows whether a started action was done: the process that did it died."""

    action: str
    why: str = ""


class ExpireAction(Command, frozen=True, tag=True, omit_defaults=True):
    """The time to answer an action is up."""

    action: str


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


class RecordReport(Command, frozen=True, tag=True, omit_defaults=True):
    """The report of a run was written to `path`."""

    run: str
    path: str
    body: Payload


class NoteTrouble(Command, frozen=True, tag=True, omit_defaults=True):
    """Something in the world went wrong that belongs into an agent's log, or the fleet's."""

    agent: str
    text: str


OperatorCommand = (
    OpenFleet
    | StopFleet
    | StartRun
    | CancelRun
    | MoveAgent
    | MakeCheckpoint
    | RollBack
    | SendMessage
    | RetryMessage
    | DropMessage
    | MoveMessage
    | Approve
    | Deny
    | EditAction
    | ExtendExpiry
    | RevokeRule
    | OverrideBallot
)
