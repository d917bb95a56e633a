"""What happens to a ballot among agents."""

from __future__ import annotations

from fleettui.core.ballot import Rule, Verdict, Vote
from fleettui.core.events.root import Event
from fleettui.core.model import Finding, Payload


class BallotOpened(Event, frozen=True, tag=True, omit_defaults=True):
    """Voters have a question to answer; `group` is the tier, 0 where there are none."""

    ballot: str
    run: str
    question: str
    rule: Rule
    ends_at: float
    group: int = 0


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
