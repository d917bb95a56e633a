"""Votes in, one Verdict out: the rules of counting, for agents and for people."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isfinite
from typing import Final, Literal

import msgspec

Algorithm = Literal["majority", "unanimous", "weighted", "first_wins", "human_review"]
VoteStatus = Literal["cast", "abstained", "failed", "late"]

# Sums of weights and confidences are floats; what differs by less than this is the same.
_NOISE: Final = 1e-9


class Vote(msgspec.Struct, frozen=True, omit_defaults=True):
    """One voter's answer, or why there is none; `at_seq` is its place in the order of answers."""

    voter: str
    verdict: str
    confidence: float | None = None
    weight: float = 1.0
    reason: str = ""
    state: VoteStatus = "cast"
    at_seq: int = 0


class Rule(msgspec.Struct, frozen=True):
    """How a ballot is counted; `voters` is the electorate with everyone's weight.

    `min_votes` is how many must vote for an option at all, `allow_partial` leaves everybody who
    did not out of the count, `min_confidence` is what the winning side's mean must reach.
    """

    algorithm: Algorithm
    options: tuple[str, ...]
    voters: dict[str, float]
    min_votes: int = 1
    allow_partial: bool = True
    min_confidence: float | None = None

    def weight_of(self, voter: str) -> float:
        """Give a voter's weight; a stranger, or a weight that is no positive number, has 0."""
        weight = self.voters.get(voter, 0.0)
        return weight if weight > 0 and isfinite(weight) else 0.0

    def counts(self, voter: str) -> float:
        """Give what a vote counts: its weight where votes are weighted, else one."""
        return self.weight_of(voter) if self.algorithm == "weighted" else 1.0

    @property
    def need(self) -> float:
        """Give the share the winner must exceed, or have if it is 1."""
        return 1.0 if self.algorithm == "unanimous" else 0.5


class Said(msgspec.Struct, frozen=True):
    """What a voter said, as it is kept with the verdict."""

    voter: str
    verdict: str
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """The outcome of a ballot.

    When it was not reached, `verdict` is where the voters lean (empty if nowhere), `reason` says
    what was missing, and a person decides. `weights` has what each option got.
    """

    verdict: str
    confidence: float
    reached: bool
    reason: str
    weights: dict[str, float] = {}
    said: tuple[Said, ...] = ()

    @property
    def dissent(self) -> tuple[Said, ...]:
        """Give what was said against the verdict."""
        return tuple(one for one in self.said if one.verdict != self.verdict)

    def by_person(self, verdict: str, by: str, reason: str) -> Verdict:
        """Give the verdict a person sets in place of this one; what was said stays."""
        return Verdict(
            verdict, 1.0, True, f"{by} decided {verdict}: {reason}", self.weights, self.said
        )


class _Count:
    """The votes sorted by what they are; the same whatever order they came in."""

    def __init__(self, rule: Rule, votes: Sequence[Vote], closed: bool) -> None:
        firsts: dict[str, Vote] = {}
        for vote in sorted(votes, key=_order):
            if vote.voter in rule.voters:
                firsts.setdefault(vote.voter, vote)
        options = rule.options or tuple(sorted({vote.verdict for vote in votes if vote.verdict}))
        self.rule = rule
        self.cast = [
            vote for vote in firsts.values() if vote.state == "cast" and vote.verdict in options
        ]
        voted = {vote.voter for vote in self.cast}
        self.states = {
            name: "abstained" if firsts[name].state == "cast" else firsts[name].state
            for name in firsts
            if name not in voted
        }
        silent = [name for name in rule.voters if name not in firsts]
        self.states |= dict.fromkeys(silent if closed else (), "late")
        self.open = () if closed else tuple(silent)
        self.open_weight = fsum(rule.counts(name) for name in self.open)
        self.cast_weight = fsum(rule.counts(vote.voter) for vote in self.cast)
        self.weights = {
            option: fsum(rule.counts(vote.voter) for vote in self.cast if vote.verdict == option)
            for option in options
        }

    @property
    def whole(self) -> float:
        """Give the weight the shares are of, once every open voter has voted."""
        if self.rule.allow_partial:
            return self.cast_weight + self.open_weight
        return fsum(self.rule.counts(name) for name in self.rule.voters)

    @property
    def leaders(self) -> list[str]:
        """Give the options with the most weight, if any has some."""
        most = max(self.weights.values(), default=0.0)
        return [name for name, got in self.weights.items() if got and most - got < _NOISE]

    @property
    def leaning(self) -> str:
        leaders = self.leaders
        return leaders[0] if len(leaders) == 1 else ""

    def enough(self, weight: float) -> bool:
        """Say whether a weight wins by the rule."""
        if self.rule.need == 1.0:
            return weight > 0 and weight > self.whole - _NOISE
        return weight > self.whole * self.rule.need + _NOISE

    def confidences(self, option: str, added: float = 0.0) -> float | None:
        """Give the mean of a side if every open voter joined it with confidence `added`."""
        known = [
            (self.rule.counts(vote.voter), _clamped(vote.confidence))
            for vote in self.cast
            if vote.verdict == option and vote.confidence is not None
        ]
        weight = fsum(one for one, _ in known) + self.open_weight
        if not weight:
            return None
        return fsum([self.open_weight * added, *(one * sure for one, sure in known)]) / weight


def tally(rule: Rule, votes: Sequence[Vote], *, closed: bool) -> Verdict | None:
    """Count; None means that the voters who have not answered can still change the outcome.

    `closed` says that nobody will answer any more: all did, or the time is up. The order of
    `votes` does not matter; of two votes of one voter the one with the smaller `at_seq` counts.
    """
    count = _Count(rule, votes, closed)
    over = not count.open
    match rule.algorithm:
        case "first_wins":
            return _first(count) if count.cast or over else None
        case "human_review":
            return _for_a_person(count) if over else None
        case _:
            return _decided(count, over=over)


def _decided(count: _Count, *, over: bool) -> Verdict | None:
    missing = _missing_votes(count)
    if missing:
        return _not_reached(count, missing)
    winner = next((name for name, got in count.weights.items() if count.enough(got)), None)
    if winner is None:
        hopeful = any(count.enough(got + count.open_weight) for got in count.weights.values())
        return None if hopeful and not over else _not_reached(count, _no_winner(count))
    if len(count.cast) < count.rule.min_votes:
        return None
    low, high = count.confidences(winner, 0.0), count.confidences(winner, 1.0)
    least = count.rule.min_confidence
    if least is not None and (high is None or high < least - _NOISE):
        return _not_reached(count, _too_unsure(winner, high, least))
    if least is not None and (low is None or low < least - _NOISE):
        return None
    return _reached(count, winner)


def _missing_votes(count: _Count) -> str:
    """Say why the quorum can't be met any more; empty if it can."""
    need, have = max(count.rule.min_votes, 1), len(count.cast)
    if have + len(count.open) >= need:
        return ""
    voters = len(count.rule.voters)
    who = f"{have} of {voters} voted" if have else "nobody voted"
    return f"{who}, {need} {'vote is' if need == 1 else 'votes are'} needed"


def _no_winner(count: _Count) -> str:
    shares = ", ".join(f"{name} {got:g}" for name, got in count.weights.items() if got)
    if not shares:
        return "no vote has any weight"
    if len(count.leaders) > 1:
        return f"a tie: {shares}"
    need = "all" if count.rule.need == 1.0 else "more than half"
    return f"{shares} of {count.whole:g}: {need} of it is needed"


def _too_unsure(winner: str, sure: float | None, least: float) -> str:
    if sure is None:
        return f"{winner} leads, but nobody on its side gave a confidence, {least:.2f} is needed"
    # Rounded down, so that 0.599 is never shown as reaching 0.60.
    return f"{winner} leads with a confidence of {int(sure * 100) / 100:.2f}, {least:.2f} is needed"


def _reached(count: _Count, winner: str) -> Verdict:
    got, whole = count.weights[winner], count.whole - count.open_weight
    if count.rule.allow_partial:
        whole = count.cast_weight
    kind = "of the weight" if count.rule.algorithm == "weighted" else "votes"
    return _verdict(count, winner, f"{winner} has {got:g} of {whole:g} {kind}", reached=True)


def _not_reached(count: _Count, why: str) -> Verdict:
    return _verdict(count, count.leaning, why, reached=False)


def _first(count: _Count) -> Verdict:
    if not count.cast:
        return _not_reached(count, "nobody voted, the first vote would have won")
    first = min(count.cast, key=_order)
    least = count.rule.min_confidence
    sure = None if first.confidence is None else _clamped(first.confidence)
    said = (Said(first.voter, first.verdict, first.reason),)
    reason, reached = f"{first.voter} was first with {first.verdict}", True
    if least is not None and (sure is None or sure < least - _NOISE):
        reason, reached = _too_unsure(first.verdict, sure, least), False
    return Verdict(first.verdict, sure or 0.0, reached, reason, count.weights, said)


def _for_a_person(count: _Count) -> Verdict:
    missing = _missing_votes(count)
    if missing:
        advice = missing
    elif count.leaning:
        got = f"{count.weights[count.leaning]:g} of {count.cast_weight:g}"
        advice = f"the agents lean to {count.leaning} ({got})"
    else:
        advice = _no_winner(count)
    return _verdict(count, count.leaning, f"a person decides; {advice}", reached=False)


def _verdict(count: _Count, option: str, why: str, *, reached: bool) -> Verdict:
    absent = [
        f"{word}: {', '.join(names)}"
        for state, word in (("failed", "failed"), ("late", "silent"), ("abstained", "abstained"))
        if (names := sorted(name for name, kept in count.states.items() if kept == state))
    ]
    said = tuple(
        Said(vote.voter, vote.verdict, vote.reason)
        for vote in sorted(count.cast, key=lambda vote: vote.voter)
    )
    # What open voters would add is left out: this is the confidence of those who answered.
    known = _Count(count.rule, count.cast, closed=True)
    sure = known.confidences(option) if option else None
    return Verdict(option, sure or 0.0, reached, "; ".join([why, *absent]), count.weights, said)


def _order(vote: Vote) -> tuple[int, str, str, str, float, str]:
    sure = -1.0 if vote.confidence is None else vote.confidence
    return vote.at_seq, vote.voter, vote.state, vote.verdict, sure, vote.reason


def _clamped(confidence: float) -> float:
    return min(max(confidence, 0.0), 1.0)
