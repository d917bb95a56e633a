"""What a ballot is made of: its rule, the votes, and the verdict they become."""

from __future__ import annotations

from math import isfinite
from typing import Literal

import msgspec

Algorithm = Literal["majority", "unanimous", "weighted", "first_wins", "human_review"]
VoteStatus = Literal["cast", "abstained", "failed", "late"]


class Vote(msgspec.Struct, frozen=True, omit_defaults=True):
    """One voter's answer, or why there is none; `at_seq` is its place in the order of answers."""

    voter: str
    verdict: str
    confidence: float | None = None
    weight: float = 1.0
    reason: str = ""
    state: VoteStatus = "cast"
    at_seq: int = 0

    @property
    def sure(self) -> float | None:
        """Give the confidence from 0 to 1, None where it was not given or is no number."""
        if self.confidence is None or not isfinite(self.confidence):
            return None
        return min(max(self.confidence, 0.0), 1.0)


class Rule(msgspec.Struct, frozen=True):
    """How a ballot is counted; `voters` is the electorate with everyone's weight.

    `min_votes` is how many must vote for an option at all, `allow_partial` leaves those who failed
    or never answered out of the count, `min_confidence` is what the winning side's mean must reach.
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
        """Give the share that the winner must exceed, or must have if it is 1."""
        return 1.0 if self.algorithm == "unanimous" else 0.5


class Said(msgspec.Struct, frozen=True):
    """What a voter said, as it is kept with the verdict."""

    voter: str
    verdict: str
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """The outcome of a ballot.

    Where it was not reached, `verdict` is where the voters lean (empty if nowhere), `reason` says
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
        """Give the verdict that a person sets in place of this one; what was said stays."""
        why = f"{by} decided {verdict}: {reason}"
        return Verdict(verdict, 1.0, True, why, self.weights, self.said)
