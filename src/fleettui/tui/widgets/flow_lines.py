"""Lines of flows in pane 2: what each is, was given, and when it is due."""

from __future__ import annotations

from typing import Final

from fleettui.core.safe import one_line
from fleettui.core.views.rows import FlowRow
from fleettui.tui.amounts import age, left
from fleettui.tui.parts import Line, Part, Tone, fit, fit_right, spread, width_of
from fleettui.tui.words import Sign

# From these widths on a line has what it was given, and the platform too.
_COUNTS_FROM, _PLATFORM_FROM = 40, 56
_STATE: Final = 8
_SIGNS: Final = {
    "running": Sign(".", "on", "dim"),
    "later": Sign("-", "later", "dim"),
    "error": Sign("x", "ERROR", "fail"),
}


def flow_key(row: FlowRow) -> str:
    """Name the line of a flow."""
    return f"flow:{row.tenant}/{row.flow}"


def flow_sign(row: FlowRow) -> Sign:
    """Give a flow's sign: work goes on, waits, or came to nothing."""
    if row.state == "running" and row.at_work:
        return Sign(">", "RUN", "run")
    if row.state == "running" and row.waiting:
        return Sign(".", "wait", "plain")
    return _SIGNS[row.state]


def flow_head(width: int) -> Line:
    """Name the section of flows and the columns of their lines."""
    right: list[Part] = []
    if width >= _PLATFORM_FROM:
        right.append(Part(f" {'PLATFORM':<9}", "dim"))
    if width >= _COUNTS_FROM:
        right.append(Part(f" {'GIVEN':>5}{'LAST':>7}{'RATE':>6} {'ERR':>3} {'':<{_STATE}}", "dim"))
    return spread((Part(" flows", "accent"),), tuple(right), width)


def flow_line(row: FlowRow, width: int, now: float, *, fine: bool, tenants: bool) -> Line:
    """Draw a flow; with `tenants` those of several are there, and its own is named."""
    sign = flow_sign(row)
    due = f"in {left(row.next_due - now, fine=fine)}" if row.next_due > now else ""
    right: list[Part] = []
    if width >= _PLATFORM_FROM:
        right.append(Part(f" {fit(row.platform or 'any', 9)}", "dim"))
    if width >= _COUNTS_FROM:
        last = age(now - row.last, fine=fine) if row.last else "never"
        rate = f"{row.last_minute}/m"
        right.append(Part(f" {row.matches:>5}{fit_right(last, 7)}{rate:>6}", "dim"))
        right.append(Part(f" {row.dead or '':>3}", "fail"))
    elif row.dead:
        right.append(Part(f" x{row.dead}", "fail"))
    right.append(Part(f" {fit(due or sign.word, _STATE)}", sign.tone))
    name = f"{row.tenant}/{row.flow}" if tenants else row.flow
    room = max(width - width_of(tuple(right)) - 2, 4)
    return spread((Part(f"{sign.glyph} ", sign.tone), Part(fit(name, room))), tuple(right), width)


def problem_line(text: str, width: int) -> Line:
    """Draw what is wrong in a file, which is named without its folder; enter says it whole."""
    path, mark, rest = one_line(text).partition(":")
    warning = " warning: " in rest
    tone: Tone = "need" if warning else "fail"
    shown = f"{path.rpartition('/')[2]}{mark}{rest}"
    return (Part("? " if warning else "x ", tone), Part(fit(shown, max(width - 2, 4)), tone))


def flow_fields(row: FlowRow) -> dict[str, str]:
    """Name what a filter looks at."""
    dead = "dead" if row.dead else ""
    return {
        "flow": row.flow, "tenant": row.tenant, "platform": row.platform, "file": row.file,
        "st": f"{row.state} {flow_sign(row).word} {dead}",
    }  # fmt: skip
