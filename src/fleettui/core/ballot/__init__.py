"""Votes in, one Verdict out: the rules of counting, for agents and for people."""

from fleettui.core.ballot.line import parse_vote_line
from fleettui.core.ballot.people import Answer, approvals_needed
from fleettui.core.ballot.tally import tally
from fleettui.core.ballot.vote import Rule, Said, Verdict, Vote

__all__ = [
    "Answer",
    "Rule",
    "Said",
    "Verdict",
    "Vote",
    "approvals_needed",
    "parse_vote_line",
    "tally",
]
