"""Log lines: when, how bad, and what, in the common formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
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
        re.compile(
            r"\b(?:ERR(?:OR)?|SEVERE|EXCEPTION|Traceback|[A-Z]\w+(?:Error|Exception))\b|\[error\]"
        ),
    ),
    ("warning", re.compile(r"\bWARN(?:ING)?\b", re.IGNORECASE)),
)
_TIMES: Final = (
    (
        re.compile(r"(\d{4}[-/]\d\d[-/]\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?"),
        "iso",
    ),
    (re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"), "access"),
    (re.compile(r"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) "), "syslog"),
)
# Times of a form without a year are of 1972, a leap year, until the other lines say which it was.
_NO_YEAR, _NO_YEAR_ENDS, _DAY = "1972", 94_694_400.0, 86_400.0
_UNTIMED: Final = "????-??-?? ??:??:??"
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
        at = _parsed(line, at)[2]
        yield from read_line(file, number, line, at)


def read_line(file: str, number: int, line: str, before: float | None = None) -> Iterator[LogLine]:
    """Give the event of one line if it is more than information; `before` is the time above it."""
    if not line.strip() or _DETAIL.match(line):
        return
    text, level, at = _parsed(line, before)
    change = bool(_CHANGE.search(text))
    if level != "info" or change:
        yield LogLine(file, number, at, level, change, text.strip()[:300])


def in_one_year(lines: Sequence[LogLine]) -> list[LogLine]:
    """Give lines whose form has no year the year of the latest line that has one."""
    latest = max((line.at for line in lines if line.at and line.at >= _NO_YEAR_ENDS), default=None)
    if latest is None:
        return list(lines)
    return [
        line._replace(at=_with_year(line.at, latest))
        if line.at is not None and line.at < _NO_YEAR_ENDS
        else line
        for line in lines
    ]


def _with_year(at: float, latest: float) -> float:
    """Put a time of the year 1972 into the year that ends a day after `latest`."""
    month = datetime.fromtimestamp(at, UTC)
    year = datetime.fromtimestamp(latest, UTC).year
    for one in (year + 1, year):
        try:
            moved = month.replace(year=one).timestamp()
        except ValueError:
            continue
        if moved <= latest + _DAY:
            return moved
    return month.replace(year=year - 1, day=min(month.day, 28)).timestamp()


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
    """Give the time in a line; without a zone it is taken as UTC, without a year as 1972."""
    for pattern, form in _TIMES:
        match = pattern.search(text)
        if not match:
            continue
        try:
            if form == "iso":
                zone = match[3] or "Z"
                return datetime.fromisoformat(
                    f"{match[1].replace('/', '-')}T{match[2]}{zone}"
                ).timestamp()
            if form == "access":
                return datetime.strptime(match[1], "%d/%b/%Y:%H:%M:%S %z").timestamp()
            return datetime.strptime(
                f"{_NO_YEAR} {match[1]} +0000", "%Y %b %d %H:%M:%S %z"
            ).timestamp()
        except ValueError:
            continue
    return None


def clock(at: float | None) -> str:
    """Write a time in nineteen characters."""
    if at is None:
        return _UNTIMED
    return (
        datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S").replace(_NO_YEAR, "----", 1)
    )


def moment(text: str) -> float | None:
    """Read a time as `clock` writes it."""
    return None if text == _UNTIMED else _time(text.replace("----", _NO_YEAR, 1))
