"""States as a glyph and a word; colour only adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from fleettui.core.model import PartStatus, Priority
from fleettui.core.views.rows import AgentRow, Attention, PartRow, RunRow, TurnRow
from fleettui.tui.parts import Part, Tone


class Sign(NamedTuple):
    """How a state is shown: one ASCII glyph, a word of at most five letters, a tone."""

    glyph: str
    word: str
    tone: Tone

    def part(self) -> Part:
        """Give the sign as seven cells."""
        return Part(f"{self.glyph} {self.word:<5}", self.tone)


ATTENTION_SIGNS: Final[Mapping[Attention, Sign]] = {
    "need": Sign("!", "NEED", "need"),
    "fail": Sign("x", "FAIL", "fail"),
    "stale": Sign("?", "STALE", "stale"),
    "pause": Sign("=", "PAUS", "pause"),
    "run": Sign(">", "RUN", "run"),
    "idle": Sign(".", "IDLE", "idle"),
    "done": Sign("v", "DONE", "done"),
}
RUN_SIGNS: Final[Mapping[str, Sign]] = {
    "running": Sign(">", "RUN", "run"),
    "finished": Sign("v", "DONE", "done"),
    "not_reached": Sign("!", "NEED", "need"),
    "failed": Sign("x", "FAIL", "fail"),
    "cancelled": Sign("x", "CANC", "idle"),
}
TURN_SIGNS: Final[Mapping[str, Sign]] = {
    "open": Sign(">", "RUN", "run"),
    "retrying": Sign("?", "RETRY", "stale"),
    "finished": Sign("v", "done", "done"),
    "failed": Sign("x", "FAIL", "fail"),
    "cancelled": Sign("x", "canc", "idle"),
}
PART_SIGNS: Final[Mapping[PartStatus, Sign]] = {
    "waiting": Sign(".", "wait", "idle"),
    "running": Sign(">", "RUN", "run"),
    "done": Sign("v", "done", "done"),
    "failed": Sign("x", "FAIL", "fail"),
    "skipped": Sign("-", "skip", "dim"),
    "cancelled": Sign("x", "canc", "idle"),
}
PRIORITY_LETTERS: Final[Mapping[Priority, tuple[str, Tone]]] = {
    "critical": ("C", "fail"),
    "high": ("H", "need"),
    "normal": ("N", "plain"),
    "low": ("L", "dim"),
}


def agent_sign(row: AgentRow) -> Sign:
    """Give an agent's sign; a person who is waited for is never shown as idle."""
    if row.status == "stopped":
        return Sign(".", "STOP", "idle")
    if row.alerts and row.attention in {"fail", "stale"}:
        critical = row.attention == "fail"
        return Sign("x" if critical else "?", "ALERT", "fail" if critical else "stale")
    return ATTENTION_SIGNS[row.attention]


def run_sign(row: RunRow) -> Sign:
    """Give a run's sign; one that waits for a person needs somebody."""
    if row.pending:
        return Sign("!", "NEED", "need")
    if row.held_by:
        return Sign("=", "HELD", "pause")
    if row.state == "not_reached":
        return Sign("?", "OPEN", "stale")
    return RUN_SIGNS[row.state]


def turn_sign(row: TurnRow) -> Sign:
    """Give a turn's sign."""
    return TURN_SIGNS[row.state]


def part_sign(row: PartRow) -> Sign:
    """Give a part's sign: an approval waits for a person, a failure let go is no success."""
    if row.kind == "approval" and row.state == "running":
        return Sign("!", "NEED", "need")
    if row.state == "done" and row.why.startswith("failed"):
        return Sign("x", "fail", "stale")
    return PART_SIGNS[row.state]
