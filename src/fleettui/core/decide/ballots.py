"""Rules about ballots among agents."""

from __future__ import annotations

from fleettui.core.ballot import Rule, Vote, tally
from fleettui.core.ballot.vote import VoteStatus
from fleettui.core.commands import CastVote, CloseBallot, ExtendExpiry, OverrideBallot, RenewBallot
from fleettui.core.coordination.listing import SAYS_NO
from fleettui.core.coordination.pipeline import may_send_back
from fleettui.core.coordination.voting import ABSTAIN
from fleettui.core.decide.outcome import NOTHING, Outcome, only_people
from fleettui.core.errors import Refused, Stale
from fleettui.core.events import (
    AnyEvent,
    BallotClosed,
    BallotExtended,
    BallotOverridden,
    RunFinished,
    RunResumed,
    TurnCancelled,
    VoteCast,
    WorkSentBack,
)
from fleettui.core.model import Asked
from fleettui.core.state.fleet import BallotState, FleetState, TurnState


def cast_vote(state: FleetState, command: CastVote, _asked: Asked) -> Outcome:
    """Take a vote; twice the same is taken once, another one is refused."""
    turn = state.turn(command.turn)
    ballot = state.ballots.get(turn.ballot)
    if ballot is None:
        return _judged(state, turn, command)
    verdict = _option(ballot.rule, command.verdict)
    before = ballot.votes.get(turn.agent)
    if before is not None:
        if before.verdict == verdict:
            return NOTHING
        raise Refused(f"{turn.agent} has voted {before.verdict or before.state} already")
    weight = ballot.rule.weight_of(turn.agent)
    confidence = command.confidence
    if confidence is not None and not 0 <= confidence <= 1:
        raise Refused(f"a confidence of {confidence} makes no sense", "give a number from 0 to 1")
    kind: VoteStatus = "cast" if verdict else "abstained"
    if ballot.verdict is not None:
        kind = "late"
    vote = Vote(turn.agent, verdict, confidence, weight, command.reason, kind, state.seq + 1)
    return Outcome((VoteCast(ballot.id, vote, command.findings, command.output),))


def _judged(state: FleetState, turn: TurnState, command: CastVote) -> Outcome:
    """Take a validator's verdict where nobody votes: a no sends the work back."""
    no = command.verdict.strip().casefold() in SAYS_NO
    if not no or turn.sent_back or not may_send_back(state, turn):
        return NOTHING
    return Outcome((WorkSentBack(turn.id, command.reason or "no reason given"),))


def _option(rule: Rule, verdict: str) -> str:
    """Give the option meant, an empty text for an abstention; raises Refused for another word."""
    wanted = verdict.strip().casefold()
    if wanted == ABSTAIN:
        return ""
    for option in rule.options:
        if option.casefold() == wanted:
            return option
    raise Refused(
        f"'{verdict}' is no verdict of this ballot",
        f"give one of {', '.join(rule.options)}, or {ABSTAIN}",
    )


def close_ballot(state: FleetState, command: CloseBallot, asked: Asked) -> Outcome:
    """Count what is there when the time is up; a voter held back by a person gets more."""
    ballot = state.ballot(command.ballot)
    if ballot.verdict is not None or asked.at < ballot.ends_at:
        return NOTHING
    missing = [name for name in ballot.rule.voters if name not in ballot.votes]
    held = {"paused", "waiting"}
    if any(name in state.agents and state.agents[name].status in held for name in missing):
        return Outcome((BallotExtended(ballot.id, asked.at + max(ballot.lasts, 1.0)),))
    why = "the time to vote is up"
    late = [
        Vote(name, "", None, ballot.rule.weight_of(name), why, "late", state.seq)
        for name in missing
    ]
    verdict = tally(ballot.rule, (*ballot.votes.values(), *late), closed=True)
    assert verdict is not None
    turns = [
        TurnCancelled(name, why)
        for name in state.runs[ballot.run].turns
        if state.turns[name].status in {"open", "retrying"}
        and state.turns[name].ballot == ballot.id
    ]
    votes: list[AnyEvent] = [VoteCast(ballot.id, vote) for vote in late]
    return Outcome((*votes, BallotClosed(ballot.id, verdict), *turns))


def renew_ballot(state: FleetState, command: RenewBallot, asked: Asked) -> Outcome:
    return Outcome(renewed(state.ballot(command.ballot), asked.at))


def renewed(ballot: BallotState, at: float) -> list[AnyEvent]:
    """Give an open ballot its whole time again, from now."""
    if ballot.verdict is not None or at + ballot.lasts <= ballot.ends_at:
        return []
    return [BallotExtended(ballot.id, at + ballot.lasts)]


def override_ballot(state: FleetState, command: OverrideBallot, asked: Asked) -> Outcome:
    """Decide as a person, where agents did not or against them."""
    by = only_people(asked, "override a ballot")
    ballot = state.ballot(command.ballot)
    if ballot.verdict is None:
        raise Refused("the agents are still voting", "wait, or cancel the run")
    if ballot.overridden_by:
        raise Stale(f"{ballot.overridden_by} has decided already: {ballot.verdict.verdict}")
    verdict = _option(ballot.rule, command.verdict)
    if not verdict:
        raise Refused("a person decides, or leaves it open", "choose one of the options")
    if not command.reason.strip():
        raise Refused("a decision against the count needs a reason", "say why")
    reason = f"{by} decided {verdict}: {command.reason}"
    overridden = BallotOverridden(ballot.id, verdict, by, command.reason)
    run = state.runs[ballot.run]
    if run.status == "running":
        return Outcome((overridden,))
    if run.mode == "tiered":
        return Outcome((overridden, RunResumed(run.id, by)))
    return Outcome((overridden, RunFinished(run.id, "finished", reason, run.output)))


def extend_ballot(state: FleetState, command: ExtendExpiry, asked: Asked) -> Outcome:
    ballot = state.ballot(command.item)
    if ballot.verdict is not None:
        raise Stale("the votes are counted already")
    return Outcome((BallotExtended(ballot.id, max(ballot.ends_at, asked.at) + command.seconds),))
