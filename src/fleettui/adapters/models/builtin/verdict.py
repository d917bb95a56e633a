"""Turns findings into a vote: which option, how sure, and the words for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fleettui.adapters.models.builtin.findings import SEVERITIES
from fleettui.adapters.models.builtin.rules import Role, Severity
from fleettui.core.model import Finding

_OPTIONS: Final = re.compile(r"verdict \(([^;)\n]+)")
_YES: Final = frozenset(
    {
        "approve",
        "accept",
        "pass",
        "ok",
        "yes",
        "go",
        "merge",
        "ship",
        "allow",
        "lgtm",
        "good",
        "safe",
    }
)
_NO: Final = frozenset(
    {"reject", "decline", "deny", "fail", "no", "block", "stop", "refuse", "bad", "unsafe"}
)
_MANY_MEDIUM: Final = 3
_LINES_A_MEDIUM: Final = 200
_SMALL, _MIDDLE = 400, 2_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of the change was seen: lines in all, what was not read, what was not linted."""

    files: int
    lines: int
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A vote: the option, the confidence, and the reason in a sentence."""

    verdict: str
    confidence: float
    reason: str


def options_in(prompt: str) -> tuple[str, str]:
    """Give the words for yes and no that the task offers; approve and reject if it names none."""
    found = _OPTIONS.search(prompt)
    options = [option.strip() for option in found[1].split(",")] if found else []
    if len(options) < 2:
        return "approve", "reject"
    yes = next((one for one in options if one.lower() in _YES), None)
    no = next((one for one in reversed(options) if one.lower() in _NO and one != yes), None)
    yes = yes or next(one for one in options if one != no)
    return yes, no or next(one for one in reversed(options) if one != yes)


def judge(findings: Sequence[Finding], reading: Reading, options: tuple[str, str]) -> Judgement:
    """Vote by rule.

    No for anything critical (0.95) or high (0.85, each further one +0.03), or many medium
    findings (0.7): three, and in a large change one for each 200 added lines. Else yes: 0.9 up
    to 400 added lines, 0.8 up to 2,000, 0.7 above, less 0.05 for a medium (0.2 at most) and 0.02
    for a low finding (0.1 at most), 0.6 at most when something could not be read or linted, 0.5
    at least.
    """
    yes, no = options
    count = Counter(finding.severity for finding in findings)
    worst = next((finding for finding in findings), None)
    if worst and count["critical"]:
        return Judgement(no, 0.95, _because(count, worst))
    if worst and count["high"]:
        return Judgement(no, min(0.82 + 0.03 * count["high"], 0.95), _because(count, worst))
    many = max(_MANY_MEDIUM, reading.lines // _LINES_A_MEDIUM)
    if worst and count["medium"] >= many:
        return Judgement(no, 0.7, _because(count, worst))
    sure = 0.9 if reading.lines <= _SMALL else 0.8 if reading.lines <= _MIDDLE else 0.7
    sure -= min(0.05 * count["medium"], 0.2) + min(0.02 * count["low"], 0.1)
    if reading.unread or reading.notes:
        sure = min(sure, 0.6)
    told = f"{_counted(count)}, none that blocks" if findings else "the rules found nothing"
    amount = f"{reading.files} file{'s'[: reading.files != 1]}, {reading.lines} added lines"
    return Judgement(yes, round(max(sure, 0.5), 2), f"{told} in {amount}")


def as_markdown(
    roles: Sequence[Role],
    judgement: Judgement,
    findings: Sequence[Finding],
    reading: Reading,
    outside: int,
) -> str:
    """Write the reviewer's section of the report."""
    parts = [
        f"**{judgement.verdict}** ({judgement.confidence:.2f}): {judgement.reason}.",
        (
            f"Reviewed by rules for {' and '.join(roles)} (not a language model): "
            f"{reading.files} files, {reading.lines} added lines."
        ),
    ]
    rows = [
        f"- **{one.severity}** `{one.file}:{one.line}` {one.message} ({one.rule})"
        for one in findings
    ]
    parts += ["\n".join(rows)] if rows else []
    notes = list(reading.notes)
    if reading.unread:
        shown = ", ".join(reading.unread[:10])
        more = len(reading.unread) - 10
        notes.append(f"Not read: {shown}" + (f" and {more} more" if more > 0 else ""))
    if outside:
        notes.append(f"ruff has {outside} more findings outside the changed lines")
    parts += ["\n".join(f"- {note}." for note in notes)] if notes else []
    return "\n\n".join(parts)


def _because(count: Counter[Severity], worst: Finding) -> str:
    return f"{_counted(count)}, first {worst.file}:{worst.line}: {worst.message}"


def _counted(count: Counter[Severity]) -> str:
    told = [f"{count[one]} {one}" for one in SEVERITIES if count[one]]
    return f"{', '.join(told)} finding{'s'[: sum(count.values()) != 1]}"
