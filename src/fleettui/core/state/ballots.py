"""How events change ballots."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import (
    BallotClosed,
    BallotExtended,
    BallotOpened,
    BallotOverridden,
    VoteCast,
    VoteWithdrawn,
)
from fleettui.core.state.fleet import BallotState, FleetState, LogLine


def _opened(state: FleetState, event: BallotOpened, at: float) -> None:
    state.number += 1
    state.ballots[event.ballot] = BallotState(
        event.ballot, event.run, event.question, event.rule, at, event.ends_at, group=event.group,
        lasts=event.ends_at - at,
    )  # fmt: skip
    run = state.runs[event.run]
    run.ballot = event.ballot
    run.ballots.append(event.ballot)


def _cast(state: FleetState, event: VoteCast, at: float) -> None:
    ballot, vote = state.ballots[event.ballot], event.vote
    ballot.votes[vote.voter] = vote
    ballot.findings[vote.voter] = event.findings
    if event.output.head:
        ballot.outputs[vote.voter] = event.output
    agent = state.agents.get(vote.voter)
    if agent is not None:
        sure = "" if vote.confidence is None else f" ({vote.confidence:.2f})"
        text = f"{vote.verdict or vote.state}{sure} {vote.reason}".strip()
        agent.log.append(LogLine(at, "vote", text, agent.turn))


def _withdrawn(state: FleetState, event: VoteWithdrawn, _at: float) -> None:
    ballot = state.ballots[event.ballot]
    for kept in (ballot.votes, ballot.findings, ballot.outputs):
        kept.pop(event.voter, None)


def _extended(state: FleetState, event: BallotExtended, _at: float) -> None:
    state.ballots[event.ballot].ends_at = event.ends_at


def _closed(state: FleetState, event: BallotClosed, _at: float) -> None:
    state.ballots[event.ballot].verdict = event.verdict


def _overridden(state: FleetState, event: BallotOverridden, at: float) -> None:
    ballot = state.ballots[event.ballot]
    ballot.overridden_by, ballot.override_reason = event.by, event.reason
    assert ballot.verdict is not None
    ballot.verdict = ballot.verdict.by_person(event.verdict, event.by, event.reason)
    state.log.append(LogLine(at, "vote", f"{event.by} decided {event.verdict}: {event.reason}"))


STEPS: dict[type, Any] = {
    BallotOpened: _opened,
    VoteCast: _cast,
    VoteWithdrawn: _withdrawn,
    BallotExtended: _extended,
    BallotClosed: _closed,
    BallotOverridden: _overridden,
}
