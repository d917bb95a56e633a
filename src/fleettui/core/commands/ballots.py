"""Commands about a ballot."""

from __future__ import annotations

from fleettui.core.commands.root import Command
from fleettui.core.model import Finding, Payload


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


class RenewBallot(Command, frozen=True, tag=True, omit_defaults=True):
    """The host was away: nobody could vote, so an open ballot gets its whole time again."""

    ballot: str


class OverrideBallot(Command, frozen=True, tag=True, omit_defaults=True):
    """Decide as a person where agents did not, or against them; a reason is required."""

    ballot: str
    verdict: str
    reason: str
