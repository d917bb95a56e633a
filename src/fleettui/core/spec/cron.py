"""Cron: five fields, or a word such as `@daily`, as times of a clock on the wall.

`minute hour day-of-month month day-of-week`, each a `*`, a number, a name (months, weekdays), a
range `a-b`, a step `*/n` or `a-b/n`, or several with commas. Sunday is 0 and 7. Where both days
are restricted (neither begins with `*`), either of them fits, as cron has it since 1979.

When clocks change: an expression for every hour goes by real time. Any other is due once for each
time it names: one that the clock jumps over is due when the jump is over, one that the clock shows
twice is due the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# The longest wait for a 29th of February on one weekday (around a year such as 2100), in days.
_FARTHEST: Final = 40 * 366
_DAYS_OF_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field(
        "month", 1, 12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    _Field("day of the week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression; `either_day` says that one of the two days is enough."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def fits_day(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either_day else of_month and of_week

    def after(self, moment: float, zone: tzinfo) -> float:
        """Give the first due time after a moment, both in seconds since the epoch."""
        now = datetime.fromtimestamp(moment, zone)
        # A day before: what the clock jumped over then may be due today.
        first = now.date() - timedelta(days=1)
        for number in range(_FARTHEST + 2):
            day = first + timedelta(days=number)
            if not self.fits_day(day):
                continue
            least = now.hour if day == now.date() else 0
            for due in self._times_of(day, zone, least):
                if due > moment:
                    return due
        raise AssertionError("parse_cron refuses what is never due")

    def _times_of(self, day: date, zone: tzinfo, least: int) -> Iterator[float]:
        """Give the times of a day in order; hours before `least` may be left out."""
        begins = datetime(day.year, day.month, day.day, tzinfo=zone)
        ends = begins + timedelta(days=1)
        if begins.utcoffset() == ends.utcoffset():
            for hour in self.hours:
                if hour >= least:
                    for minute in self.minutes:
                        yield begins.replace(hour=hour, minute=minute).timestamp()
        else:
            yield from sorted(
                {
                    due
                    for hour in self.hours
                    for minute in self.minutes
                    for due in self._real_times(begins.replace(hour=hour, minute=minute))
                }
            )

    def _real_times(self, wall: datetime) -> Iterator[float]:
        """Give when a clock shows a time on a day whose clocks change."""
        first, second = wall.timestamp(), wall.replace(fold=1).timestamp()
        every_hour = len(self.hours) == 24
        if first > second:
            # The clock jumps over it: before and after the jump count it differently.
            if not every_hour:
                yield _end_of_gap(second, first, wall.tzinfo)
        else:
            yield first
            if every_hour:
                yield second


def _end_of_gap(before: float, after: float, zone: tzinfo | None) -> float:
    """Find the moment between two at which the clock of a zone jumps, to the second."""
    low, high = int(before), int(after)
    old = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return float(high)


def parse_cron(text: str) -> Cron:
    """Parse an expression; raises ValueError saying what is wrong and what to write."""
    words = MACROS.get(text.strip().lower(), text).split()
    if words and words[0].startswith("@"):
        raise ValueError(f"{text.strip()!r} is no word of cron; write one of {', '.join(MACROS)}")
    if len(words) != len(_FIELDS):
        raise ValueError(
            f"a cron expression has 5 fields and this has {len(words)}; "
            "write minute hour day month weekday, such as `30 9 * * mon-fri`"
        )
    sets = [_values(word.lower(), field) for word, field in zip(words, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = sets
    either = not (words[2].startswith("*") or words[4].startswith("*"))
    longest = max(_DAYS_OF_MONTH[month - 1] for month in months)
    if min(days) > longest and not either:
        raise ValueError("no month of it has such a day; it would never be due")
    return Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset(day % 7 for day in weekdays),
        either,
    )


def _values(text: str, field: _Field) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        found |= _range(part, field)
    return found


def _range(part: str, field: _Field) -> set[int]:
    """Read one range with its step."""
    span, slash, step_text = part.partition("/")
    step = 1
    if slash:
        if not _is_number(step_text) or int(step_text) == 0:
            raise ValueError(f"the step {step_text!r} of the {field.name} is no number above 0")
        step = int(step_text)
    if span == "*":
        # Sunday is 0 and 7, and is stepped to once.
        return set(range(field.least, (6 if field.most == 7 else field.most) + 1, step))
    begin_text, dash, end_text = span.partition("-")
    begin = _number(begin_text, field)
    if not dash:
        if slash:
            raise ValueError(
                f"{part!r} of the {field.name} steps from one number; "
                f"write {begin}-{field.most}/{step}"
            )
        return {begin}
    end = _number(end_text, field)
    if end == 0 and field.most == 7 and begin > 0:
        end = 7
    if end < begin:
        raise ValueError(
            f"the range {span!r} of the {field.name} runs backwards; "
            f"write {begin}-{field.most},{field.least}-{end}"
        )
    return set(range(begin, end + 1, step))


def _number(text: str, field: _Field) -> int:
    if text in field.words:
        return field.words.index(text) + field.least
    if not _is_number(text) or not field.least <= int(text) <= field.most:
        names = f" or a name ({', '.join(field.words)})" if field.words else ""
        raise ValueError(
            f"{text!r} is no {field.name}; write a number from {field.least} to {field.most}{names}"
        )
    return int(text)


def _is_number(text: str) -> bool:
    """Take plain digits only: int() takes signs, blanks, underscores and digits of all scripts."""
    return text.isascii() and text.isdigit() and len(text) <= 4


def written(moment: float, zone: tzinfo) -> str:
    """Write a moment in a zone and in UTC, for people."""
    local = datetime.fromtimestamp(moment, zone)
    return f"{local:%Y-%m-%d %H:%M %Z} ({datetime.fromtimestamp(moment, UTC):%H:%M}Z)"
