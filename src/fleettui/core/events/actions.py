"""What happens to an action: judged, answered, done."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.model import Facts, Payload, Risk


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
    part: str = ""


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
    chain: str = ""


class ApprovalGiven(Event, frozen=True, tag=True, omit_defaults=True):
    """One person approved, of several that must."""

    action: str
    by: str


class ApprovalWithdrawn(Event, frozen=True, tag=True, omit_defaults=True):
    """A person took an approval back, or may not approve any more: it doesn't count."""

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
