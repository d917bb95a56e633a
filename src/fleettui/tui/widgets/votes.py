"""Pane 5: the ballots, the newest with its shares, votes and dissent."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual.binding import BindingType

from fleettui.core.views.rows import BallotRow, Board
from fleettui.tui.amounts import left as time_left
from fleettui.tui.filters import fits
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, Tone, bar, clip, fit, spread, width_of
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item

_EMPTY: Final = "no ballot yet\na consensus opens one"
_STATES: Final = {"open": "open", "closed": "", "overridden": "by hand"}


def ballot_line(row: BallotRow, width: int) -> Line:
    """Draw a ballot's question, rule and outcome."""
    reached = row.verdict is not None and row.verdict.reached
    if row.verdict is None:
        outcome = Part(" open", "run")
    elif reached:
        outcome = Part(f" {fit(row.verdict.verdict, min(len(row.verdict.verdict), 16))}", "done")
    else:
        outcome = Part(" not reached", "need")
    question = row.question.split("\n", maxsplit=1)[0] or row.id
    right = (Part(f" {row.algorithm}", "dim"), outcome)
    return spread((Part(fit(question, max(width - width_of(right), 4)), "bold"),), right, width)


def share_line(row: BallotRow, option: str, width: int) -> Line:
    """Draw the share of one option and who chose it."""
    who = " ".join(
        vote.agent for vote in row.votes if vote.state == "cast" and vote.verdict == option
    )
    return _bar_line(option, row.shares.get(option, 0.0), who, width)


def open_line(row: BallotRow, width: int) -> Line:
    """Draw the share of those who have not voted, and why where that is known."""
    absent = [vote for vote in row.votes if vote.state != "cast"]
    whole = sum(vote.weight for vote in row.votes) or 1.0
    who = " ".join(f"{vote.agent} ({vote.state})" for vote in absent)
    return _bar_line("---", sum(vote.weight for vote in absent) / whole, who, width)


def _bar_line(option: str, share: float, who: str, width: int) -> Line:
    bar_width = 14 if width >= 44 else 10
    name = 15 if width >= 44 else 9
    return clip(
        (
            Part(f"{fit(option, name)} "),
            Part(bar(share, bar_width), "accent"),
            Part(f" {share:.2f} "),
            Part(fit(who, max(width - name - bar_width - 8, 1)), "dim"),
        ),
        width,
    )


def ballot_end(row: BallotRow, width: int, now: float, *, fine: bool) -> Line:
    """Say when a ballot ends, or how it ended."""
    if row.verdict is None:
        ends = f"ends in {time_left(row.ends_at - now, fine=fine)}" if row.ends_at else "no end"
        return clip((Part(ends, "dim"), Part("  o override  t extend", "dim")), width)
    said = f"{row.verdict.confidence:.2f} {row.verdict.reason}".strip()
    note = _STATES[row.state]
    words = f"{note}: {said}" if note else said
    tone: Tone = "done" if row.verdict.reached else "need"
    return (Part(fit(words, width), tone),)


def dissent_line(text: str, width: int) -> Line:
    """Draw what somebody voted against the outcome."""
    return (Part("dissent ", "need"), Part(fit(text, max(width - 8, 1)), "dim"))


def _ballot_items(row: BallotRow, now: float, *, fine: bool) -> list[Item]:
    options = dict.fromkeys((*row.options, *row.shares))
    items = [
        Item(f"{row.id}/share/{option}", partial(share_line, row, option)) for option in options
    ]
    if any(vote.state != "cast" for vote in row.votes):
        items.append(Item(f"{row.id}/open", partial(open_line, row)))
    items += [
        Item(f"{row.id}/dissent/{number}", partial(dissent_line, text))
        for number, text in enumerate(row.dissent)
        if row.verdict is not None
    ]
    end = partial(ballot_end, row, now=now, fine=fine)
    return [*items, Item(f"{row.id}/end", end)]


class VotesPane(Pane):
    """The ballots of the fleet shown."""

    NUMBER, NAME, KIND = "5", "Votes", "votes"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("votes")]

    def fill(self, board: Board, now: float, *, fine: bool) -> None:
        rows = [
            row
            for row in board.ballots
            if fits(self.terms, {"st": row.state, "question": row.question, "run": row.run})
        ]
        items: list[Item] = []
        for number, row in enumerate(rows):
            items.append(Item(row.id, partial(ballot_line, row)))
            if number == 0:
                items += _ballot_items(row, now, fine=fine)
        empty = "no ballot fits the filter: esc clears it" if board.ballots else _EMPTY
        self.table.show(items, empty)
        self.label(str(len(board.ballots)) if board.ballots else "")
