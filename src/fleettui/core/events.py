"""Events: what happened, in the past tense; the only thing that is stored."""

from __future__ import annotations

from typing import Any

import msgspec

from fleettui.core.ballot import Rule, Verdict, Vote
from fleettui.core.model import (
    AgentStatus,
    Facts,
    Finding,
    Payload,
    Priority,
    Risk,
    RunStatus,
    ToolCall,
    Usage,
)


class Event(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The root of every event."""


class FleetOpened(Event, frozen=True, tag=True, omit_defaults=True):
    """A fleet was opened from a file for the first time; `spec` is the checked file as JSON."""

    fleet: str
    tenant: str
    name: str
    file: str
    workspace: str
    spec: dict[str, Any]
    policy: str
    warnings: tuple[str, ...] = ()


class FleetReloaded(Event, frozen=True, tag=True, omit_defaults=True):
    """The fleet's file was read again, and it had changed."""

    spec: dict[str, Any]
    policy: str
    warnings: tuple[str, ...] = ()


class FleetStopping(Event, frozen=True, tag=True, omit_defaults=True):
    """Somebody ended the fleet; its agents come to their safe points."""

    by: str = ""


class FleetStopped(Event, frozen=True, tag=True, omit_defaults=True):
    """Every agent has stopped."""

    by: str = ""


class FleetResumed(Event, frozen=True, tag=True, omit_defaults=True):
    """A stopped fleet was opened again."""

    by: str = ""


class AgentCreated(Event, frozen=True, tag=True, omit_defaults=True):
    """An instance of an agent entry of the file; `number` counts replicas from 1, 0 if single."""

    agent: str
    entry: str
    number: int = 0


class AgentMoved(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's state changed."""

    agent: str
    to: AgentStatus
    why: str = ""


class AgentRemoved(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent left the fleet."""

    agent: str
    by: str = ""


class CheckpointMade(Event, frozen=True, tag=True, omit_defaults=True):
    """A point in an agent's history was marked."""

    agent: str
    checkpoint: str
    why: str


class AgentRolledBack(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's transcript went back to a checkpoint; rolling back to `undo` takes it forward."""

    agent: str
    checkpoint: str
    undo: str
    by: str


class TroubleNoted(Event, frozen=True, tag=True, omit_defaults=True):
    """Something in the world went wrong."""

    agent: str
    text: str


class RunStarted(Event, frozen=True, tag=True, omit_defaults=True):
    """The fleet got a task."""

    run: str
    task: Payload
    mode: str
    agents: tuple[str, ...]
    by: str
    base: str = ""
    record: str = ""
    replay: str = ""


class RunFinished(Event, frozen=True, tag=True, omit_defaults=True):
    """A run ended."""

    run: str
    status: RunStatus
    reason: str = ""


class ReportWritten(Event, frozen=True, tag=True, omit_defaults=True):
    """The report of a run is in a file."""

    run: str
    path: str
    body: Payload


class TurnOpened(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent has one piece of work; `run` is empty for an answer to a message."""

    turn: str
    run: str
    agent: str
    prompt: Payload


class TurnPrompted(Event, frozen=True, tag=True, omit_defaults=True):
    """The engine asked the agent for something more in the same turn."""

    turn: str
    prompt: Payload


class StepTaken(Event, frozen=True, tag=True, omit_defaults=True):
    """A model replied."""

    turn: str
    step: int
    content: Payload
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    finish_reason: str = "stop"


class TurnFinished(Event, frozen=True, tag=True, omit_defaults=True):
    """A turn ended with an output."""

    turn: str
    output: Payload


class TurnFailed(Event, frozen=True, tag=True, omit_defaults=True):
    """A turn failed; it is tried again at `retry_at`, or never if that is 0."""

    turn: str
    reason: str
    retry_at: float = 0.0


class TurnRetried(Event, frozen=True, tag=True, omit_defaults=True):
    """A failed turn goes on."""

    turn: str


class TurnCancelled(Event, frozen=True, tag=True, omit_defaults=True):
    """A turn was ended from outside."""

    turn: str
    why: str


class BallotOpened(Event, frozen=True, tag=True, omit_defaults=True):
    """Voters have a question to answer."""

    ballot: str
    run: str
    question: str
    rule: Rule
    ends_at: float


class VoteCast(Event, frozen=True, tag=True, omit_defaults=True):
    """A voter answered, abstained, failed, or was too late: `vote.state` says which."""

    ballot: str
    vote: Vote
    findings: tuple[Finding, ...] = ()
    output: Payload = Payload("")


class VoteWithdrawn(Event, frozen=True, tag=True, omit_defaults=True):
    """A vote no longer counts: its voter was rolled back to before it."""

    ballot: str
    voter: str


class BallotExtended(Event, frozen=True, tag=True, omit_defaults=True):
    """A ballot has more time."""

    ballot: str
    ends_at: float


class BallotClosed(Event, frozen=True, tag=True, omit_defaults=True):
    """The votes were counted."""

    ballot: str
    verdict: Verdict


class BallotOverridden(Event, frozen=True, tag=True, omit_defaults=True):
    """A person decided."""

    ballot: str
    verdict: str
    by: str
    reason: str


class ActionProposed(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent wants to do one exact thing."""

    action: str
    turn: str
    run: str
    agent: str
    call: str
    facts: Facts
    digest: str
    nonce: str
    version: int = 1
    why: str = ""


class CallRejected(Event, frozen=True, tag=True, omit_defaults=True):
    """A call made no sense; its agent was told why."""

    turn: str
    call: str
    reason: str


class ActionAllowed(Event, frozen=True, tag=True, omit_defaults=True):
    """Policy lets it pass without a person."""

    action: str
    rule: str


class ActionAsked(Event, frozen=True, tag=True, omit_defaults=True):
    """A person must answer; `expires_at` of 0 means never, and expiry means deny."""

    action: str
    rule: str
    needs: int
    expires_at: float
    always: str = ""
    risks: tuple[Risk, ...] = ()


class ApprovalGiven(Event, frozen=True, tag=True, omit_defaults=True):
    """One person approved, of several that must."""

    action: str
    by: str


class ActionApproved(Event, frozen=True, tag=True, omit_defaults=True):
    """Enough persons approved; good for one use."""

    action: str
    by: tuple[str, ...]


class ActionDenied(Event, frozen=True, tag=True, omit_defaults=True):
    """A person, the policy or a change of the world said no."""

    action: str
    by: str
    reason: str


class ActionExpired(Event, frozen=True, tag=True, omit_defaults=True):
    """Nobody answered in time, which is a no."""

    action: str


class ExpiryMoved(Event, frozen=True, tag=True, omit_defaults=True):
    """There is more time to answer."""

    action: str
    expires_at: float
    by: str


class ActionStarted(Event, frozen=True, tag=True, omit_defaults=True):
    """It is being done; this is stored before it is."""

    action: str


class ActionFinished(Event, frozen=True, tag=True, omit_defaults=True):
    """It was done."""

    action: str
    ok: bool
    output: Payload
    exit_code: int | None = None
    size: int = 0


class ActionLost(Event, frozen=True, tag=True, omit_defaults=True):
    """It was started and nobody knows whether it was done."""

    action: str
    why: str


class RuleSaved(Event, frozen=True, tag=True, omit_defaults=True):
    """An "always" rule: `agent` is its scope, empty for the whole fleet."""

    rule: str
    pattern: str
    agent: str
    by: str


class RuleRevoked(Event, frozen=True, tag=True, omit_defaults=True):
    """An "always" rule was taken back."""

    rule: str
    by: str


class MessageQueued(Event, frozen=True, tag=True, omit_defaults=True):
    """A message waits for its receiver."""

    message: str
    sender: str
    to: str
    priority: Priority
    body: Payload
    key: str = ""


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
    """A message has another priority."""

    message: str
    priority: Priority
    by: str = ""


AnyEvent = (
    FleetOpened
    | FleetReloaded
    | FleetStopping
    | FleetStopped
    | FleetResumed
    | AgentCreated
    | AgentMoved
    | AgentRemoved
    | CheckpointMade
    | AgentRolledBack
    | TroubleNoted
    | RunStarted
    | RunFinished
    | ReportWritten
    | TurnOpened
    | TurnPrompted
    | StepTaken
    | TurnFinished
    | TurnFailed
    | TurnRetried
    | TurnCancelled
    | BallotOpened
    | VoteCast
    | VoteWithdrawn
    | BallotExtended
    | BallotClosed
    | BallotOverridden
    | ActionProposed
    | CallRejected
    | ActionAllowed
    | ActionAsked
    | ApprovalGiven
    | ActionApproved
    | ActionDenied
    | ActionExpired
    | ExpiryMoved
    | ActionStarted
    | ActionFinished
    | ActionLost
    | RuleSaved
    | RuleRevoked
    | MessageQueued
    | MessageDelivered
    | MessageAcked
    | MessageReturned
    | MessageDied
    | MessageRetried
    | MessageDropped
    | MessageMoved
)


class Recorded(msgspec.Struct, frozen=True):
    """An event with its place: the stream, the number there (from 1), when, and who caused it."""

    stream: str
    seq: int
    at: float
    actor: str
    event: AnyEvent
