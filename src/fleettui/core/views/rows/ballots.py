"""Rows about ballots."""

from __future__ import annotations

from typing import Literal

from fleettui.core.views.rows.root import Row


class VoteRow(Row, frozen=True):
    """One voter's answer, or its absence."""

    agent: str
    verdict: str
    confidence: float | None
    weight: float
    reason: str
    state: Literal["cast", "abstained", "failed", "late", "open"]


class VerdictRow(Row, frozen=True):
    """The outcome of a ballot."""

    verdict: str
    confidence: float
    reached: bool
    reason: str


class BallotRow(Row, frozen=True):
    """A ballot among agents; `shares` gives each option its share of the whole weight (0 to 1)."""

    id: str
    fleet: str
    run: str
    question: str
    algorithm: str
    need: float
    options: tuple[str, ...]
    shares: dict[str, float]
    votes: tuple[VoteRow, ...]
    state: Literal["open", "closed", "overridden"]
    ends_at: float
    verdict: VerdictRow | None
    dissent: tuple[str, ...]
