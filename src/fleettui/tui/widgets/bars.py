"""What the bars say: header, tab bar, status line and footer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from fleettui.core.safe import one_line
from fleettui.core.tenancy import DEFAULT, short_id
from fleettui.core.views.rows import ATTENTION, Attention, Board, RunRow, TenantRow
from fleettui.tui.amounts import money, tokens
from fleettui.tui.keymap import Key
from fleettui.tui.parts import Line, Part, Tone, clip, fit, spread, width_of, wrap
from fleettui.tui.words import ATTENTION_SIGNS

_COUNTED: Final[tuple[Attention, ...]] = ("run", "need", "pause", "fail", "stale")
_LONG: Final = 100
_SHORT: Final = 60
_MOST_NAME: Final = 40
# An error in the status line takes so many lines at most.
_MOST_LINES: Final = 3
TABS: Final = (
    ("tenants", "1", "Ten", "Tenants"),
    ("flows", "2", "Flow", "Flows"),
    ("agents", "3", "Agt", "Agents"),
    ("queue", "4", "Que", "Queue"),
    ("votes", "5", "Vote", "Votes"),
    ("inbox", "6", "Inbox", "Inbox"),
    ("detail", "0", "Det", "Detail"),
)


def header_line(
    board: Board, operator: str, operators: int, width: int, *,
    tenants: int = 1, scope: str = "", others: int = 0,
) -> Line:  # fmt: skip
    """Draw the fleet, the counts of states, cost and who is here.

    `tenants` are how many the operator sees, `scope` the one that is shown; `others` counts what
    needs somebody outside of it.
    """
    long = width >= _LONG
    left = [Part(" fleettui ", "accent"), *_fleet_shown(board, tenants, scope, long=long)]
    right = _counts(board, scope, long=long)
    if others:
        right.append(Part(f"+{others} elsewhere " if long else f"+{others}! ", "need"))
    right.append(Part(" | ", "dim"))
    usage = board.usage
    right.append(Part(money(usage.cost)))
    if width >= 60:
        right.append(Part(f" {tokens(usage.input_tokens + usage.output_tokens)} tok", "dim"))
        right.append(Part(" | ", "dim"))
        right.append(Part(f"{fit(operator, min(len(operator), 16))} "))
        right.append(Part(f"ops:{operators} ", "dim"))
    return spread(tuple(left), tuple(right), width)


def _fleet_shown(board: Board, tenants: int, scope: str, *, long: bool) -> list[Part]:
    """Name the fleet shown, as its tenant does where only that one is shown."""
    fleet = next((row for row in board.fleets if row.id == board.fleet), None)
    if fleet is None:
        tenant = [Part(f" {_short(scope)} ", "bold")] if scope else []
        return [*tenant, Part(" no fleet", "dim")]
    alone = tenants == 1 and fleet.tenant == DEFAULT
    if alone:
        name, about = fleet.name, f" {fleet.tenant} {fleet.mode}"
    elif scope or tenants == 1:
        name, about = f"{fleet.tenant}/{short_id(fleet.id)}", f" {fleet.mode}"
    else:
        name, about = fleet.id, f" {fleet.mode}, of {tenants} tenants"
    parts = [Part(f" {_short(name)} ", "bold")]
    if long:
        parts.append(Part(about, "dim"))
    if fleet.state == "stopped":
        parts.append(Part(" STOPPED", "fail"))
    return parts


def _short(name: str) -> str:
    return fit(name, min(cell_len(one_line(name)), _MOST_NAME))


def is_held(row: TenantRow) -> bool:
    """Say whether nothing of a tenant begins, for whatever reason."""
    return bool(row.all_held_by or row.held_by or row.used_up or row.retired)


def held_line(row: TenantRow, width: int) -> Line:
    """Say that nothing begins, by whose will, and what lets it go on."""
    if row.all_held_by:
        words = f"{row.all_held_by} holds everything: nothing begins, of no tenant"
        mend = "! releases"
    elif row.held_by:
        words = f"{row.held_by} holds {row.name}: nothing of it begins"
        mend = "H in 1 Tenants releases"
    elif row.used_up:
        words, mend = f"{row.name} waits: {row.used_up}", ""
    else:
        words, mend = f"the file of {row.name} is gone: nothing of it begins", "put it back"
    right = (Part(f" {mend} "),) if width >= _SHORT else ()
    sign = " = WAIT  " if row.used_up and not (row.all_held_by or row.held_by) else " = HELD  "
    return spread((Part(sign), Part(one_line(words))), right, width)


def _counts(board: Board, scope: str, *, long: bool) -> list[Part]:
    counted = Counter(row.attention for row in board.agents)
    for row in board.agents:
        counted[row.attention] -= bool(row.alerts and row.attention in {"fail", "stale"})
    counted["need"] = sum(bool(scope) or row.fleet == board.fleet for row in board.inbox)
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
        "queue": len(board.messages) + len(board.requests),
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


def status_lines(left: Part, undo: str, board: Board, width: int) -> list[Line]:
    """Draw the last message, what z undoes, and how the store is.

    An error that is longer than that leaves takes lines of its own: its end says what mends it.
    """
    right = [Part(f"seq {board.seq} ", "dim")] if width >= 60 else []
    if width >= _LONG or board.store != "ok":
        tone: Tone = "dim" if board.store == "ok" else "fail"
        right.append(Part(f"| db {fit(board.store, min(len(board.store), 40))} ", tone))
    if undo and width >= 60:
        right.insert(0, Part(f"z undo: {fit(undo, min(len(undo), 24))} | ", "dim"))
    room = max(width - 2, 1)
    if left.tone != "fail" or cell_len(one_line(left.text)) < width - width_of(tuple(right)):
        return [spread((Part(" "), left), tuple(right), width)]
    lines = wrap(one_line(left.text), room)
    shown = [*lines[: _MOST_LINES - 1], "".join(lines[_MOST_LINES - 1 :])]
    return [(Part(" "), Part(fit(line, room), left.tone)) for line in shown if line]


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
