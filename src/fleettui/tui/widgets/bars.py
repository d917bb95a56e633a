"""What the bars say: header, tab bar, status line and footer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from fleettui.core.views.rows import ATTENTION, Attention, Board, RunRow
from fleettui.tui.amounts import money, tokens
from fleettui.tui.keymap import Key
from fleettui.tui.parts import Line, Part, Tone, clip, fit, spread, width_of
from fleettui.tui.words import ATTENTION_SIGNS

_COUNTED: Final[tuple[Attention, ...]] = ("run", "need", "pause", "fail", "stale")
_LONG: Final = 100
TABS: Final = (
    ("tenants", "1", "Ten", "Tenants"),
    ("flows", "2", "Flow", "Flows"),
    ("agents", "3", "Agt", "Agents"),
    ("queue", "4", "Que", "Queue"),
    ("votes", "5", "Vote", "Votes"),
    ("inbox", "6", "Inbox", "Inbox"),
    ("detail", "0", "Det", "Detail"),
)


def header_line(board: Board, operator: str, operators: int, width: int) -> Line:
    """Draw the fleet, the counts of states, cost and who is here."""
    fleet = next((row for row in board.fleets if row.id == board.fleet), None)
    left: list[Part] = [Part(" fleettui ", "accent")]
    if fleet is None:
        left.append(Part(" no fleet", "dim"))
    else:
        left += [Part(f" {fit(fleet.name, min(len(fleet.name), 30))} ", "bold")]
        if width >= _LONG:
            left.append(Part(f" {fleet.tenant} {fleet.mode}", "dim"))
        if fleet.state == "stopped":
            left.append(Part(" STOPPED", "fail"))
    right = [*_counts(board, long=width >= _LONG), Part(" | ", "dim")]
    usage = board.usage
    right.append(Part(money(usage.cost)))
    if width >= 60:
        right.append(Part(f" {tokens(usage.input_tokens + usage.output_tokens)} tok", "dim"))
        right.append(Part(" | ", "dim"))
        right.append(Part(f"{fit(operator, min(len(operator), 16))} "))
        right.append(Part(f"ops:{operators} ", "dim"))
    return spread(tuple(left), tuple(right), width)


def _counts(board: Board, *, long: bool) -> list[Part]:
    counted = Counter(row.attention for row in board.agents)
    for row in board.agents:
        counted[row.attention] -= bool(row.alerts and row.attention in {"fail", "stale"})
    counted["need"] = sum(row.fleet == board.fleet for row in board.inbox)
    parts = []
    if board.alerts:
        tone: Tone = "fail" if board.alerts[0].severity == "critical" else "stale"
        word = "ALERT " if long else "x"
        parts.append(Part(f"{word}{len(board.alerts)} ", tone))
    for state in _COUNTED:
        if counted[state]:
            sign = ATTENTION_SIGNS[state]
            word = f"{sign.word} {counted[state]} " if long else f"{sign.glyph}{counted[state]} "
            parts.append(Part(word, sign.tone))
    if not parts and not board.agents and any(_goes_on(row, board) for row in board.runs):
        # The steps of a fleet without agents run all the same.
        parts.append(Part("RUN " if long else "> ", "run"))
    if not parts:
        quiet = ATTENTION_SIGNS["done" if counted["done"] else "idle"]
        parts.append(Part(f"{quiet.word} {sum(counted[name] for name in ATTENTION)} ", "dim"))
    return parts


def _goes_on(row: RunRow, board: Board) -> bool:
    return row.state == "running" and row.fleet == board.fleet


def tabs_line(board: Board, active: str, width: int) -> Line:
    """Draw the panes as tabs, with how much is in them."""
    counts = {
        "queue": len(board.messages),
        "votes": sum(row.state == "open" for row in board.ballots),
        "inbox": len(board.inbox),
    }
    parts: list[Part] = []
    for name, number, short, word in TABS:
        count = counts.get(name, 0)
        label = f"{number}{word if name == active else short if width >= 60 else ''}"
        tone: Tone = "need" if name == "inbox" and count else "dim"
        shown = f"{label}{count or ''}{'!' if name == 'inbox' and count else ''}"
        parts.append(Part(f"[{shown}]", "bold") if name == active else Part(f" {shown} ", tone))
    return clip(tuple(parts), width)


def status_line(left: Part, undo: str, board: Board, width: int) -> Line:
    """Draw the last message, what z undoes, and how the store is."""
    right = [Part(f"seq {board.seq} ", "dim")] if width >= 60 else []
    if width >= _LONG or board.store != "ok":
        tone: Tone = "dim" if board.store == "ok" else "fail"
        right.append(Part(f"| db {fit(board.store, min(len(board.store), 40))} ", tone))
    if undo and width >= 60:
        right.insert(0, Part(f"z undo: {fit(undo, min(len(undo), 24))} | ", "dim"))
    return spread((Part(" "), left), tuple(right), width)


def footer_line(keys: Sequence[Key], common: Sequence[Key], width: int) -> Line:
    """Draw the keys of the pane at the left, those of everywhere at the right."""
    while common and width_of(_caps(common)) > max(width - width_of(_caps(keys)), width // 2):
        common = common[1:]
    right = _caps(common)
    while keys and width_of(_caps(keys)) >= width - width_of(right):
        keys = keys[:-1]
    return spread((Part(" "), *_caps(keys)), right, width)


def _caps(keys: Sequence[Key]) -> Line:
    return tuple(
        part for key in keys for part in (Part(key.cap, "accent"), Part(f" {key.short}  ", "dim"))
    )
