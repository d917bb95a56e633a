"""Count: the votes of a ballot, sorted and added up, whatever order they came in."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Final

from fleettui.core.ballot.vote import Rule, Vote

# Weights and confidences are floats; what differs by less than this is the same.
NOISE: Final = 1e-9


class Count:
    """Who voted what, who did not, and who still may; sums are exact, so order can't matter.

    Of two votes of one voter the one with the smaller `at_seq` counts; strangers don't. A word
    that is no option is an abstention.
    """

    def __init__(self, rule: Rule, votes: Sequence[Vote], *, closed: bool) -> None:
        self.rule = rule
        first: dict[str, Vote] = {}
        for vote in sorted(votes, key=_order):
            if vote.voter in rule.voters:
                first.setdefault(vote.voter, vote)
        self.cast = [
            vote for vote in first.values() if vote.state == "cast" and vote.verdict in rule.options
        ]
        voted = {vote.voter for vote in self.cast}
        silent = sorted(name for name in rule.voters if name not in first)
        self.absent = {
            name: "abstained" if vote.state == "cast" else vote.state
            for name, vote in sorted(first.items())
            if name not in voted
        } | dict.fromkeys(silent if closed else (), "late")
        self.open = [] if closed else silent
        answered = voted | {name for name, why in self.absent.items() if why == "abstained"}
        self.answered_weight = fsum(map(rule.counts, answered))
        self.open_weight = fsum(map(rule.counts, self.open))
        self.cast_weight = fsum(map(rule.counts, voted))
        self.weights = {option: self._weight(option) for option in rule.options}

    def _weight(self, option: str) -> float:
        return fsum(self.rule.counts(vote.voter) for vote in self.cast if vote.verdict == option)

    @property
    def whole(self) -> float:
        """Give the weight that shares are of, once every open voter has voted."""
        if self.rule.allow_partial:
            return self.answered_weight + self.open_weight
        return fsum(map(self.rule.counts, self.rule.voters))

    @property
    def leaders(self) -> list[str]:
        """Give the options with the most weight; several are a tie, none means no weight."""
        most = max(self.weights.values(), default=0.0)
        return [name for name, got in self.weights.items() if got and most - got < NOISE]

    @property
    def leaning(self) -> str:
        """Give the option that leads alone, or an empty text."""
        leaders = self.leaders
        return leaders[0] if len(leaders) == 1 else ""

    def enough(self, weight: float) -> bool:
        """Say whether a weight wins by the rule."""
        if self.rule.need == 1.0:
            return weight > max(self.whole - NOISE, 0.0)
        return weight > self.whole * self.rule.need + NOISE

    def confidence(self, option: str, joining: float | None = None) -> float | None:
        """Give the weighted mean of a side's confidences; voters who gave none are left out.

        With `joining`, as if every open voter joined that side with this confidence.
        """
        terms = [
            (self.rule.counts(vote.voter), vote.sure)
            for vote in self.cast
            if vote.verdict == option and vote.sure is not None
        ]
        if joining is not None:
            terms.append((self.open_weight, joining))
        weight = fsum(one for one, _ in terms)
        return fsum(one * sure for one, sure in terms) / weight if weight else None

    def first(self) -> Vote:
        """Give the vote that came first."""
        return min(self.cast, key=_order)


def _order(vote: Vote) -> tuple[int, str, str, str, float, str]:
    sure = -1.0 if vote.sure is None else vote.sure
    return vote.at_seq, vote.voter, vote.state, vote.verdict, sure, vote.reason
