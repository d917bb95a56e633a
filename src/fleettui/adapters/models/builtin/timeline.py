"""What logs tell in the order of time: the kinds of events, and where the trouble began."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fleettui.adapters.models.builtin.loglines import LEVELS, LogLine, clock, moment

_MOST_KINDS, _MOST_CHANGES = 12, 3
# Events further apart than this are of two stories; changes older than that explain nothing.
_GAP, _RECENT = 1800.0, 3600.0
_WEIGHTS: Final = {"fatal": 10, "error": 1}
_HEAD: Final = re.compile(
    r"^\d+ (?:errors and warnings|changes?) of \d+ kinds? in \d+ logs?\.", re.MULTILINE
)
_EVENT: Final = re.compile(
    r"^- (?P<count>\d+)x (?P<level>fatal|error|warning|info)(?P<change> change)? since"
    r" (?P<at>.{19}) at (?P<place>.+?:\d+): (?P<text>.*)$",
    re.MULTILINE,
)
_UNREAD: Final = re.compile(r"^Not read whole: .*$", re.MULTILINE)


class Event(NamedTuple):
    """A kind of line: when and where it was seen first, and how often."""

    at: float | None
    level: str
    change: bool
    place: str
    text: str
    times: int

    @property
    def grave(self) -> bool:
        return self.level in _WEIGHTS

    def told(self) -> str:
        return f"{clock(self.at)} {self.level} {self.place} {self.times}x {self.text}"


def findings(lines: Sequence[LogLine], logs: int, *, changes: bool) -> str:
    """Say what kinds of events there are, the worst and most frequent first."""
    kept = [line for line in lines if (line.change if changes else line.level != "info")]
    by_kind: dict[str, list[LogLine]] = {}
    for line in kept:
        by_kind.setdefault(line.kind, []).append(line)
    ranked = sorted(by_kind.values(), key=lambda some: (LEVELS.index(some[0].level), -len(some)))
    what = "changes" if changes else "errors and warnings"
    told = [f"{len(kept)} {what} of {_many(len(by_kind), 'kind')} in {_many(logs, 'log')}.", ""]
    for some in ranked[:_MOST_KINDS]:
        first = min(some, key=lambda line: (line.at is None, line.at or 0.0))
        mark = " change" if first.change else ""
        since = f"{clock(first.at)} at {first.place}"
        told.append(f"- {len(some)}x {first.level}{mark} since {since}: {first.text}")
    if len(ranked) > _MOST_KINDS:
        told += ["", f"{_many(len(ranked) - _MOST_KINDS, 'kind')} more are left out."]
    return "\n".join(told).rstrip()


def says_findings(text: str) -> bool:
    """Say whether a text is what `findings` writes."""
    return _HEAD.search(text) is not None


def conclusion(texts: Sequence[str]) -> str:
    """Name where the trouble began, what was changed before it, and everything in order of time."""
    events = sorted(
        {(one.place, one.text): one for text in texts for one in _events(text)}.values(),
        key=lambda one: (one.at is None, one.at or 0.0),
    )
    unread = dict.fromkeys(match[0] for text in texts for match in _UNREAD.finditer(text))
    told = (
        _told(events)
        if events
        else ["Nothing that was read is worse than information: no cause found."]
    )
    return "\n\n".join([*told, *unread])


def _told(events: Sequence[Event]) -> Iterator[str]:
    story = max(_stories(events), key=_weight)
    began = next((one for one in story if one.grave), story[0])
    yield f"**Likely beginning**: {began.text} ({began.place}, {clock(began.at)})"
    before = [one for one in events if one.change and _shortly_before(one, began)]
    if before:
        listed = "\n".join(
            f"- {clock(one.at)} {one.place} {one.text}" for one in before[-_MOST_CHANGES:]
        )
        yield f"**Changed in the hour before it**, so look here first:\n\n{listed}"
    yield "Timeline:\n\n" + "\n".join(f"- {one.told()}" for one in events)
    counts = Counter({one.level: 0 for one in events})
    for one in events:
        counts[one.level] += one.times
    total = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    yield (
        f"In all: {total}. By rule, the first error of the stretch with the most errors (no gap"
        " over 30 minutes) is where it began; whether it is the cause, a person has to say."
    )


def _stories(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Split events where nothing happened for long."""
    story: list[Event] = []
    for one in events:
        if story and one.at is not None and one.at - (story[-1].at or one.at) > _GAP:
            yield story
            story = []
        story.append(one)
    yield story


def _weight(story: Sequence[Event]) -> int:
    return sum(_WEIGHTS.get(one.level, 0) * one.times for one in story)


def _shortly_before(one: Event, began: Event) -> bool:
    if one.at is None or began.at is None:
        return False
    return 0 <= began.at - one.at <= _RECENT


def _events(text: str) -> Iterator[Event]:
    for match in _EVENT.finditer(text):
        yield Event(
            moment(match["at"]), match["level"], bool(match["change"]), match["place"],
            match["text"], int(match["count"]),
        )  # fmt: skip


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
