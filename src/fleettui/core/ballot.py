"""Votes in, one Verdict out; agents or people alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

Algorithm = Literal["majority", "unanimous", "weighted", "first_wins", "human_review"]
VoteState = Literal["cast", "abstained", "failed", "late"]


class Vote(msgspec.Struct, frozen=True, omit_defaults=True):
    """One voter's answer; `order` says who was earlier, `confidence` is from 0 to 1 or unknown."""

    voter: str
    verdict: str
    confidence: float | None = None
    weight: float = 1.0
    reason: str = ""
    state: VoteState = "cast"
    order: int = 0


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outcome: `verdict` is the leading option also where it was not reached.

    `weights` gives each option's sum of weights, `dissent` names who voted otherwise.
    """

    verdict: str
    confidence: float
    reached: bool
    reason: str
    weights: dict[str, float] = {}
    dissent: tuple[str, ...] = ()

    def by_person(self, verdict: str, person: str, reason: str) -> Verdict:
        """Give the outcome after a person decided."""
        return replace(
            self, verdict=verdict, confidence=1.0, reached=True,
            reason=f"decided by {person}: {reason}",
        )  # fmt: skip


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a ballot is counted; `voters` gives everybody who may vote, and their weights."""

    algorithm: Algorithm
    options: tuple[str, ...]
    voters: dict[str, float]
    min_votes: int = 1
    allow_partial: bool = True
    min_confidence: float | None = None

    def weight_of(self, voter: str) -> float:
        return self.voters.get(voter, 1.0)


def tally(rule: Rule, votes: Sequence[Vote], *, closed: bool) -> Verdict | None:
    """Count; None while the ballot is open (`closed` says that nobody will vote any more).

    The order of `votes` never matters: only first_wins looks at their `order`. Failed, late and
    silent voters stay in the electorate unless `allow_partial`. A tie, a missed quorum or too
    little confidence is not reached.
    """
    cast = [vote for vote in votes if vote.state == "cast" and vote.verdict in rule.options]
    if rule.algorithm == "first_wins":
        return _first(rule, cast, closed=closed)
    if not closed:
        return None
    weights, whole = _weigh(rule, cast, votes)
    leading = _leader(rule, weights)
    if rule.algorithm == "human_review":
        advice = f", the agents lean to {leading}" if leading else ""
        return _outcome(rule, cast, weights, leading, f"human_review: a person decides{advice}")
    refusal = _quorum(rule, cast) or _share(rule, weights, whole, leading, cast)
    if refusal:
        return _outcome(rule, cast, weights, leading, refusal)
    return _sure_enough(rule, cast, weights, leading, whole)


def _first(rule: Rule, cast: Sequence[Vote], *, closed: bool) -> Verdict | None:
    if not cast:
        return _outcome(rule, cast, {}, "", "nobody answered") if closed else None
    first = min(cast, key=lambda vote: (vote.order, vote.voter))
    return _sure_enough(rule, [first], {first.verdict: first.weight}, first.verdict, first.weight)


def _weigh(
    rule: Rule, cast: Sequence[Vote], votes: Sequence[Vote]
) -> tuple[dict[str, float], float]:
    """Give each option's weight, and the weight of the whole electorate."""
    by_weight = rule.algorithm == "weighted"
    weights = dict.fromkeys(rule.options, 0.0)
    for vote in sorted(cast, key=lambda one: one.voter):
        weights[vote.verdict] += rule.weight_of(vote.voter) if by_weight else 1.0
    gone = {vote.voter for vote in votes if vote.state in {"failed", "late"}}
    answered = {vote.voter for vote in votes} - gone
    counted = answered if rule.allow_partial else set(rule.voters)
    whole = sum(rule.weight_of(voter) if by_weight else 1.0 for voter in sorted(counted))
    return weights, whole


def _leader(rule: Rule, weights: Mapping[str, float]) -> str:
    """Give the one option with the most weight, an empty text for a tie or no vote at all."""
    most = max(weights.values(), default=0.0)
    leaders = [option for option in rule.options if _same(weights.get(option, 0.0), most)]
    return leaders[0] if len(leaders) == 1 and most > 0 else ""


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1.0)


def _quorum(rule: Rule, cast: Sequence[Vote]) -> str:
    if not cast:
        return "nobody voted"
    if len(cast) < rule.min_votes:
        return f"{len(cast)} of the {rule.min_votes} votes needed"
    return ""


def _share(
    rule: Rule, weights: Mapping[str, float], whole: float, leading: str, cast: Sequence[Vote]
) -> str:
    """Say why the leading option does not win, or nothing."""
    if rule.algorithm == "unanimous":
        agree = weights.get(leading, 0.0)
        if not leading or not _same(agree, whole):
            return f"not unanimous: {_counts(weights, rule)} of {whole:g}"
        return ""
    if not leading:
        return f"a tie: {_counts(weights, rule)}"
    del cast
    if weights[leading] * 2 <= whole or _same(weights[leading] * 2, whole):
        return f"no option has more than half of {whole:g}: {_counts(weights, rule)}"
    return ""


def _counts(weights: Mapping[str, float], rule: Rule) -> str:
    return ", ".join(f"{option} {weights.get(option, 0.0):g}" for option in rule.options)


def _sure_enough(
    rule: Rule, cast: Sequence[Vote], weights: dict[str, float], leading: str, whole: float
) -> Verdict:
    sure = _confidence(rule, cast, leading)
    if rule.min_confidence is not None and sure < rule.min_confidence - 1e-9:
        reason = f"{leading} leads, but its confidence {sure:.2f} is below {rule.min_confidence:g}"
        return _outcome(rule, cast, weights, leading, reason)
    share = f"{weights[leading]:g} of {whole:g}"
    return _outcome(rule, cast, weights, leading, f"{rule.algorithm}: {share}", reached=True)


def _confidence(rule: Rule, cast: Sequence[Vote], leading: str) -> float:
    """Weigh the confidence of those who voted for an option; a vote without one counts as 1."""
    mine = sorted((vote for vote in cast if vote.verdict == leading), key=lambda one: one.voter)
    weight = sum(rule.weight_of(vote.voter) for vote in mine)
    if not weight:
        return 0.0
    sure = (1.0 if vote.confidence is None else vote.confidence for vote in mine)
    return sum(rule.weight_of(v.voter) * s for v, s in zip(mine, sure, strict=True)) / weight


def _outcome(
    rule: Rule,
    cast: Sequence[Vote],
    weights: dict[str, float],
    leading: str,
    reason: str,
    *,
    reached: bool = False,
) -> Verdict:
    dissent = sorted(vote.voter for vote in cast if vote.verdict != leading)
    return Verdict(
        leading, round(_confidence(rule, cast, leading), 6), reached, reason, weights,
        tuple(dissent),
    )  # fmt: skip


_LINE: Final = re.compile(
    r"^[\s>*_#`-]{0,12}VOTE[*_`]{0,3}\s{0,4}:[*_`\s]{0,6}([A-Za-z][\w-]{0,40})[*_`]{0,3}"
    r"\s{0,4}(?:\(\s{0,4}(?:confidence\s{0,2}[:=]?\s{0,2})?([0-9.]{1,8})\s{0,2}(%?)[^)]{0,20}\))?"
    r"[*_`]{0,3}\s{0,4}(.{0,2000})$",
    re.IGNORECASE,
)


def parse_vote_line(text: str) -> tuple[str, float | None, str] | None:
    """Find the last line `VOTE: verdict (confidence) reason` outside code fences.

    Gives (verdict, confidence from 0 to 1 or None, reason), or None.
    """
    found: tuple[str, float | None, str] | None = None
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            continue
        match = None if fenced else _LINE.match(line)
        if match is not None:
            verdict, number, percent, reason = match.groups()
            found = (verdict, _read_confidence(number, percent), reason.strip(" -:*_`"))
    return found


def _read_confidence(number: str | None, percent: str) -> float | None:
    if not number:
        return None
    try:
        value = float(number)
    except ValueError:
        return None
    if percent or 1.0 < value <= 100.0:
        value /= 100
    return value if 0.0 <= value <= 1.0 else None
