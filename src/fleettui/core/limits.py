"""Limits: at most so many in any stretch of a time, and when there is room again."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Final, Literal, NamedTuple

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0
_SPANS: Final = {MINUTE: "a minute", HOUR: "an hour", DAY: "a day"}
# What is counted is kept for the longest span, and cleared away in lots.
_LOT: Final = 512
# What was used a span ago is out of it a moment later (seconds), however numbers are rounded.
_MOMENT: Final = 0.001


class Limit(NamedTuple):
    """At most so many `what` in `span` seconds; `key` is what is counted, `whose` says it."""

    key: str
    what: Literal["requests", "tokens"]
    most: int
    span: float
    whose: str


class Over(NamedTuple):
    """A limit that is reached, and when there is room again (seconds since the epoch)."""

    limit: Limit
    free_at: float

    def __str__(self) -> str:
        limit = self.limit
        return f"{limit.whose} has had {limit.most} {limit.what} {_SPANS[limit.span]}, its limit"


@dataclass(slots=True)
class Usage:
    """What was used when: times in order, and the sum up to each."""

    times: list[float] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)

    def add(self, at: float, amount: int) -> None:
        """Count an amount; a clock that was set back does not make it older than the last."""
        at = max(at, self.times[-1]) if self.times else at
        self.times.append(at)
        self.sums.append((self.sums[-1] if self.sums else 0) + amount)
        old = bisect_right(self.times, at - DAY)
        if old > _LOT:
            # One is kept: sums are differences.
            del self.times[: old - 1], self.sums[: old - 1]

    def used(self, span: float, now: float) -> int:
        """Say how much was used in the last `span` seconds."""
        before = bisect_right(self.times, now - span)
        if before == len(self.times):
            return 0
        return self.sums[-1] - (self.sums[before - 1] if before else 0)

    def free_at(self, most: int, span: float, now: float) -> float:
        """Say when there is room for one more, 0 for now."""
        if self.used(span, now) < most:
            return 0.0
        # The first whose leaving makes room.
        leaving = bisect_left(self.sums, self.sums[-1] - most + 1)
        return self.times[min(leaving, len(self.times) - 1)] + span + _MOMENT


def free_of_all(used: Sequence[Usage], limit: Limit, now: float) -> float:
    """Say when several counts together have room, 0 for now."""
    if sum(one.used(limit.span, now) for one in used) < limit.most:
        return 0.0
    if limit.what == "tokens":
        return max(one.free_at(1, limit.span, now) for one in used)
    newest = nlargest(limit.most, (at for one in used for at in one.times[-limit.most :]))
    return newest[-1] + limit.span + _MOMENT


def request_key(*parts: str) -> str:
    """Name what requests are counted under."""
    return "\0".join(("requests", *parts))


def token_key(*parts: str) -> str:
    """Name what tokens are counted under."""
    return "\0".join(("tokens", *parts))
