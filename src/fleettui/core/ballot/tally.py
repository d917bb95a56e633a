"""tally: how the votes of a ballot become its verdict, and when they do."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.ballot.count import NOISE, Count
from fleettui.core.ballot.vote import Rule, Said, Verdict, Vote

_ABSENCES = {"failed": "failed", "late": "no answer", "abstained": "abstained"}


def tally(rule: Rule, votes: Sequence[Vote], *, closed: bool) -> Verdict | None:
    """Count; None means that voters who have not answered can still change the outcome.

    `closed` says that nobody will answer any more: all did, or the time is up. The order of
    `votes` does not matter. A share is of the whole electorate, with `allow_partial` of those who
    answered; an abstention is an answer for no option. Seed 004: majority is more than half,
    unanimous all, weighted more than half of the weight, first_wins the first vote, human_review
    always a person.
    """
    count = Count(rule, votes, closed=closed)
    over = not count.open
    match rule.algorithm:
        case "first_wins":
            return _first(count) if count.cast or over else None
        case "human_review":
            return _for_a_person(count) if over else None
        case _:
            return _decided(count)


def _decided(count: Count) -> Verdict | None:
    missing = _missing_votes(count)
    if missing:
        return _not_reached(count, missing)
    winner = next((name for name, got in count.weights.items() if count.enough(got)), None)
    if winner is None:
        hopeful = any(count.enough(got + count.open_weight) for got in count.weights.values())
        return None if count.open and hopeful else _not_reached(count, _no_winner(count))
    if len(count.cast) < count.rule.min_votes:
        return None
    return _sure_enough(count, winner)


def _sure_enough(count: Count, winner: str) -> Verdict | None:
    """Hold a certain winner against `min_confidence`; open voters can move the mean both ways."""
    least = count.rule.min_confidence or 0.0
    low, high = count.confidence(winner, 0.0), count.confidence(winner, 1.0)
    if least and (high is None or high < least - NOISE):
        return _not_reached(count, _unsure(winner, count.confidence(winner), least))
    if least and (low is None or low < least - NOISE):
        return None
    whole = count.answered_weight if count.rule.allow_partial else count.whole
    of = "of the weight" if count.rule.algorithm == "weighted" else "votes"
    why = f"{winner} has {count.weights[winner]:g} of {whole:g} {of}"
    return _verdict(count, winner, why, reached=True)


def _missing_votes(count: Count) -> str:
    """Say why there can't be votes enough any more; empty if there can."""
    need, have = max(count.rule.min_votes, 1), len(count.cast)
    if have + len(count.open) >= need:
        return ""
    who = f"{have} of {len(count.rule.voters)} voted" if have else "nobody voted"
    return f"{who}, {need} {'vote is' if need == 1 else 'votes are'} needed"


def _no_winner(count: Count) -> str:
    shares = ", ".join(f"{name} {got:g}" for name, got in count.weights.items() if got)
    if not shares:
        return "no vote has any weight"
    if len(count.leaders) > 1:
        return f"a tie: {shares}"
    need = "all" if count.rule.need == 1.0 else "more than half"
    return f"{shares} of {count.whole:g}: {need} is needed"


def _unsure(winner: str, sure: float | None, least: float) -> str:
    if sure is None:
        return f"{winner} leads, but nobody gave a confidence: {least:g} is needed"
    # Cut, not rounded: 0.5999 must not be shown as the 0.6 it does not reach.
    return f"{winner} leads with confidence {int(sure * 1000) / 1000:g}: {least:g} is needed"


def _first(count: Count) -> Verdict:
    if not count.cast:
        return _not_reached(count, "nobody voted: the first vote would have won")
    first, least = count.first(), count.rule.min_confidence or 0.0
    reached = not least or (first.sure is not None and first.sure >= least - NOISE)
    why = f"{first.voter} was first with {first.verdict}"
    if not reached:
        why = _unsure(first.verdict, first.sure, least)
    said = _said(count)
    return Verdict(first.verdict, first.sure or 0.0, reached, why, count.weights, said)


def _for_a_person(count: Count) -> Verdict:
    advice = _missing_votes(count)
    if not advice and count.leaning:
        got = f"{count.weights[count.leaning]:g} of {count.cast_weight:g}"
        advice = f"the agents lean to {count.leaning} ({got})"
    return _not_reached(count, f"a person decides; {advice or _no_winner(count)}")


def _not_reached(count: Count, why: str) -> Verdict:
    return _verdict(count, count.leaning, why, reached=False)


def _verdict(count: Count, option: str, why: str, *, reached: bool) -> Verdict:
    absences = [
        f"{word}: {', '.join(names)}"
        for state, word in _ABSENCES.items()
        if (names := [name for name, kept in count.absent.items() if kept == state])
    ]
    reason = "; ".join([why, *absences])
    sure = count.confidence(option) or 0.0
    return Verdict(option, sure, reached, reason, count.weights, _said(count))


def _said(count: Count) -> tuple[Said, ...]:
    return tuple(
        Said(vote.voter, vote.verdict, vote.reason)
        for vote in sorted(count.cast, key=lambda vote: vote.voter)
    )
