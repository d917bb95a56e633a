"""Log lines: when, how bad, and what, in the common formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

LEVELS: Final = ("fatal", "error", "warning", "info")
_LEVEL: Final = (
    (
        "fatal",
        re.compile(
            r"\b(?:FATAL|PANIC|EMERG(?:ENCY)?|CRIT(?:ICAL)?|OOM)\b|out of memory", re.IGNORECASE
        ),
    ),
    (
        "error",
        re.compile(r"\b(?:ERR(?:OR)?|SEVERE|EXCEPTION|Traceback|[A-Z]\w+(?:Error|Exception))\b"),
    ),
    ("warning", re.compile(r"\bWARN(?:ING)?\b", re.IGNORECASE)),
)
_TIMES: Final = (
    (re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?"), "iso"),
    (re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"), "access"),
    (re.compile(r"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) "), "syslog"),
)
_STATUS: Final = re.compile(r'" (?P<status>[1-5]\d\d) (?:\d+|-)')
_CHANGE: Final = re.compile(
    r"(?i)\b(deploy(?:ed|ing|ment)?|roll(?:ed|ing)? ?out|restart(?:ed|ing)?|migrat(?:e|ed|ion)"
    r"|config(?:uration)? (?:changed|reloaded|updated)|upgrad(?:e|ed|ing)|started version)\b"
)
_VARIES: Final = re.compile(
    r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(?:\.\d+)*|\"[^\"]*\"|'[^']*'", re.IGNORECASE
)
_DETAIL: Final = re.compile(r"^(?:\s+|Caused by|\tat |\.\.\. \d+ more)")


class LogLine(NamedTuple):
    """One event of a log; `at` is seconds since 1970, None where the line does not say."""

    file: str
    number: int
    at: float | None
    level: str
    change: bool
    text: str

    @property
    def kind(self) -> str:
        """Give what lines of the same kind have in common: the text without what varies."""
        return " ".join(_VARIES.sub("#", self.text).split())[:160]

    @property
    def place(self) -> str:
        return f"{self.file}:{self.number}"


def read_lines(file: str, lines: Iterable[str], first: int = 1) -> Iterator[LogLine]:
    """Give the events of a log that are more than information; details belong to the line above."""
    at: float | None = None
    for number, line in enumerate(lines, first):
        if not line.strip() or _DETAIL.match(line):
            continue
        text, level, at = _parsed(line, at)
        change = bool(_CHANGE.search(text))
        if level != "info" or change:
            yield LogLine(file, number, at, level, change, text.strip()[:300])


def _parsed(line: str, before: float | None) -> tuple[str, str, float | None]:
    if line.lstrip()[:1] == "{":
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            level = str(found.get("level", found.get("severity", "")))
            text = str(found.get("msg", found.get("message", found.get("error", line))))
            stamp = str(found.get("time", found.get("timestamp", found.get("ts", ""))))
            return text, _level(f"{level.upper()} {text}"), _time(stamp) or before
    status = _STATUS.search(line)
    if status:
        level = "error" if status["status"][0] == "5" else "info"
        return line, level, _time(line) or before
    return line, _level(line), _time(line) or before


def _level(text: str) -> str:
    return next((name for name, pattern in _LEVEL if pattern.search(text)), "info")


def _time(text: str) -> float | None:
    """Give the time in a line; without a zone it is taken as UTC, without a year as this one."""
    for pattern, form in _TIMES:
        match = pattern.search(text)
        if not match:
            continue
        try:
            if form == "iso":
                zone = match[3] or "Z"
                return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}").timestamp()
            if form == "access":
                return datetime.strptime(match[1], "%d/%b/%Y:%H:%M:%S %z").timestamp()
            return datetime.strptime(f"1972 {match[1]} +0000", "%Y %b %d %H:%M:%S %z").timestamp()
        except ValueError:
            continue
    return None


def clock(at: float | None) -> str:
    return "--:--:--" if at is None else datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
